"""Phalanxes, gates, missiles and expeditions over real sockets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.components import BUILDINGS, PLANET, PLAYER, TECHNOLOGIES
from desktop_app.application import Host
from tests.api.hosting import client_of, enter, game_of, give_moon, give_ships, hosting
from tests.api.routers.test_fleets import FUELLED, next_door
from tests.api.routers.test_trade import code_of


def build_everything(host: Host, *planet_ids: int) -> None:
    """Have a level of every building stand on planets, and fuel lie there."""
    planets = game_of(host).state.world.tables[PLANET]
    for planet_id in planet_ids:
        planets.set(planet_id, "Buildings.level", (1,) * len(BUILDINGS))
        for key in ("Stocks.amount", "Ledger.received"):
            planets.set(planet_id, key, (0.0, 0.0, 9_000.0))


def teach(host: Host, technology: str, level: int) -> None:
    """Have player 1 and his planet know a technology."""
    levels = tuple(level * (name == technology) for name in TECHNOLOGIES.labels)
    tables = game_of(host).state.world.tables
    tables[PLAYER].set(1, "Research.level", levels)
    tables[PLANET].set(1, "Knowledge.technology", levels)


async def test_that_a_phalanx_shows_the_fleets_of_others(tmp_path: Path) -> None:
    async with hosting(tmp_path, systems=1, galaxies=1, **FUELLED) as host, client_of(host) as c:
        mira, jonas = await enter(c, "mira"), await enter(c, "jonas")
        moon_id = await give_moon(host)
        build_everything(host, moon_id)
        give_ships(host, {"small_cargo": 2}, planet_id=2)
        home = (await mira.planet())["position"]
        target = {"galaxy": 1, "system": 1, "position": home["planet"]}
        order = {**target, "mission": "transport", "ships": {"small_cargo": 2}}
        order["cargo"] = {"metal": 90}
        sent = (await jonas.post("/player/{id}/fleet/dispatch", order)).json()["mission"]
        looked = await mira.post("/player/{id}/phalanx", {"moon": moon_id, **next_door(host)})
        assert looked.status_code == 200, looked.text
        seen = looked.json()
        assert (seen["planet"], seen["unseen"]) == (2, 0)
        (fleet,) = seen["fleets"]
        assert fleet["owner"] == {"id": jonas.id, "name": "jonas"}
        assert (fleet["id"], fleet["ships"], fleet["state"]) == (
            sent["id"],
            {"small_cargo": 2},
            "outbound",
        )
        assert fleet["arrival_time"] == sent["arrival_time"]
        assert fleet["target"] == {**target, "type": "planet"}
        assert "cargo" not in fleet
        again = await mira.post("/player/{id}/phalanx", {"moon": moon_id, **next_door(host)})
        assert code_of(again) == (409, "insufficient_resources")
        foreign = await jonas.post("/player/{id}/phalanx", {"moon": moon_id, **target})
        assert code_of(foreign) == (403, "not_yours")


async def test_that_ships_jump_and_gates_rest(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, eve = await enter(client, "mira"), await enter(client, "eve")
        planets = game_of(host).state.world.tables[PLANET]
        planets.set(2, "Planet.owner_id", mira.id)
        start, end = await give_moon(host, 1), await give_moon(host, 2)
        planets.set(2, "Planet.owner_id", eve.id)
        build_everything(host, start, end)
        give_ships(host, {"small_cargo": 5}, planet_id=start)
        order = {"from": start, "to": end, "ships": {"small_cargo": 3}}
        jumped = await mira.post("/player/{id}/jump", order)
        assert jumped.status_code == 200, jumped.text
        assert jumped.json()["ships"] == {"small_cargo": 3}
        moon = (await mira.get(f"/player/{{id}}?planet={end}")).json()
        assert moon["fleet"]["small_cargo"] == 3
        assert moon["planet"]["gate_ready"] == jumped.json()["to_ready"]
        assert (await mira.planet())["planet"]["gate_ready"] is None
        tired = await mira.post("/player/{id}/jump", order)
        assert code_of(tired) == (409, "gate_not_ready")
        assert 3_590 < tired.json()["seconds_left"] <= 3_600


async def test_that_missiles_are_fired_and_expeditions_sent(tmp_path: Path) -> None:
    async with hosting(tmp_path, systems=1, galaxies=1, **FUELLED) as host, client_of(host) as c:
        mira = await enter(c, "mira")
        await enter(c, "jonas")
        path = "/player/{id}/fleet/dispatch"
        missiles: dict[str, Any] = {**next_door(host), "mission": "missiles"}
        missiles |= {"ships": {"interplanetary_missile": 2}, "target_unit": "rocket_launcher"}
        give_ships(host, {"interplanetary_missile": 3, "large_cargo": 1})
        assert code_of(await mira.post(path, missiles)) == (409, "out_of_range")
        teach(host, "impulse_drive", 1)
        fired = await mira.post(path, missiles)
        assert fired.status_code == 200, fired.text
        mission = fired.json()["mission"]
        assert mission["return_time"] == mission["arrival_time"]
        back = await mira.post(f"/player/{{id}}/fleet/{mission['id']}/recall", {})
        assert code_of(back) == (400, "no_in_flight_fleet")
        far: dict[str, Any] = {"galaxy": 1, "system": 1, "position": 16, "mission": "expedition"}
        far |= {"ships": {"large_cargo": 1}, "hold_hours": 1}
        assert code_of(await mira.post(path, far)) == (409, "requirements_not_met")
