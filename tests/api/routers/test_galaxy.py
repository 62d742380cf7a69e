"""The view of a system, against a real world."""

from __future__ import annotations

from pathlib import Path

from tests.api.hosting import client_of, enter, hosting
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
