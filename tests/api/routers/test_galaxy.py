"""The view of a system, against a real world."""

from __future__ import annotations

from pathlib import Path

from tests.api.hosting import client_of, enter, give_moon, hosting, leave_debris
from tests.api.routers.test_trade import code_of


async def test_that_a_system_shows_who_lives_in_it(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        planet = await mira.planet()
        place = planet["position"]
        path = f"/galaxy/{place['galaxy']}/{place['system']}"
        answer = await mira.get(path)
        assert answer.status_code == 200, answer.text
        view = answer.json()
        assert [each["position"] for each in view["positions"]] == list(range(1, 16))
        assert view["positions"][place["planet"] - 1] == {
            "position": place["planet"],
            "planet": {"name": "Homeworld"},
            "owner": {"id": mira.id, "name": "mira"},
            "flags": ["own"],
            "debris": None,
            "moon": None,
        }
        theirs = (await jonas.get(path)).json()["positions"][place["planet"] - 1]
        assert theirs["flags"] == []
        empty = [each for each in view["positions"] if each["planet"] is None]
        assert all(each["owner"] is None and each["flags"] == [] for each in empty)
        assert code_of(await mira.get("/galaxy/10/1")) == (422, "outside_universe")
        assert (await mira.get("/galaxy/0/1")).status_code == 422
        assert (await client.get(path)).status_code == 401


async def test_that_a_moon_is_seen_and_is_a_planet_of_its_owner(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        moon_id = await give_moon(host, diameter_km=8_366)
        place = (await mira.planet())["position"]
        view = (await mira.get(f"/galaxy/{place['galaxy']}/{place['system']}")).json()
        assert view["positions"][place["planet"] - 1]["moon"] == {"name": "Moon", "size": 8_366}
        listed = (await mira.get("/player/{id}/planets")).json()["planets"]
        assert [(each["id"], each["type"]) for each in listed] == [(1, "planet"), (moon_id, "moon")]
        moon = (await mira.get(f"/player/{{id}}?planet={moon_id}")).json()
        assert moon["position"] == place
        assert (moon["planet"]["type"], moon["planet"]["size"]) == ("moon", 8_366)
        assert (moon["planet"]["fields"], moon["planet"]["fields_used"]) == (1, 0)
        assert moon["production"]["metal_rate"] == 0
        order = {"building_type": "metal_mine", "planet": moon_id}
        assert code_of(await mira.post("/player/{id}/build", order)) == (409, "cannot_stand_here")


async def test_that_debris_is_seen_where_it_lies(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        place = (await mira.planet())["position"]
        home = (place["galaxy"], place["system"], place["planet"])
        # Nobody lives at 15: a home lies at 12 at most.
        await leave_debris(host, home, (300, 200, 0))
        await leave_debris(host, (*home[:2], 15), (0, 7, 1))
        view = (await mira.get(f"/galaxy/{home[0]}/{home[1]}")).json()["positions"]
        assert view[home[2] - 1]["debris"] == {"metal": 300, "crystal": 200, "deuterium": 0}
        assert view[14]["debris"] == {"metal": 0, "crystal": 7, "deuterium": 1}
        assert view[14]["planet"] is None
        assert [each["position"] for each in view if each["debris"]] == [home[2], 15]
