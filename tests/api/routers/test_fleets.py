"""Fleets over real sockets: what is under way, sent and called back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.components import PLANET
from tests.api.hosting import client_of, enter, game_of, give_ships, hosting

FUELLED: dict[str, Any] = {"starter_deuterium": 500.0}


def next_door(host: Any) -> dict[str, int]:
    """Return the place of planet 2."""
    table = game_of(host).state.world.tables[PLANET]
    names = ("galaxy", "system", "position")
    return {name: int(table.get(2, f"Position.{name}")) for name in names}


async def test_that_a_fleet_is_sent_seen_and_called_back(tmp_path: Path) -> None:
    async with hosting(tmp_path, **FUELLED) as host, client_of(host) as client:
        mira = await enter(client)
        await enter(client, "jonas")
        give_ships(host, {"small_cargo": 5})
        order = {**next_door(host), "mission": "transport", "ships": {"small_cargo": 2}}
        order |= {"cargo": {"metal": 100}, "speed": 0.5}
        sent = await mira.post("/player/{id}/fleet/dispatch", order)
        assert sent.status_code == 200, sent.text
        mission = sent.json()["mission"]
        assert mission["ships"] == {"small_cargo": 2}
        assert mission["cargo"] == {"metal": 100, "crystal": 0, "deuterium": 0}
        assert (mission["state"], mission["speed"]) == ("outbound", 0.5)
        seen = (await mira.get("/player/{id}/fleet")).json()
        assert seen["missions"] == [mission]
        assert seen["slots"] == {"used": 1, "total": 1}
        assert (seen["fleet"]["small_cargo"], seen["incoming"]) == (3, [])
        full = await mira.post("/player/{id}/fleet/dispatch", order)
        assert (full.status_code, full.json()["code"]) == (409, "fleet_slots_full")
        back = await mira.post(f"/player/{{id}}/fleet/{mission['id']}/recall", {})
        assert back.json()["recalled"] is True
        assert back.json()["return_eta"] < mission["return_time"]
        again = await mira.post(f"/player/{{id}}/fleet/{mission['id']}/recall", {})
        assert again.status_code == 400
        assert again.json()["detail"].startswith("No in-flight fleet")


async def test_that_what_the_rules_refuse_is_told_with_its_facts(tmp_path: Path) -> None:
    async with hosting(tmp_path, **FUELLED) as host, client_of(host) as client:
        mira = await enter(client)
        await enter(client, "jonas")
        give_ships(host, {"small_cargo": 1})
        order = {**next_door(host), "mission": "transport", "ships": {"small_cargo": 2}}
        path = "/player/{id}/fleet/dispatch"
        short = await mira.post(path, order)
        assert (short.status_code, short.json()["missing"]) == (409, {"small_cargo": 1})
        unknown = await mira.post(path, order | {"ships": {"canoe": 1}})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_type")
        later = await mira.post(path, order | {"mission": "missiles"})
        assert (later.status_code, later.json()["code"]) == (409, "cannot_fly")
        slow = await mira.post(path, order | {"speed": 0.55})
        assert slow.status_code == 422


async def test_that_a_flight_is_reckoned_for_anybody(tmp_path: Path) -> None:
    async with hosting(tmp_path, **FUELLED) as host, client_of(host) as client:
        place = {"galaxy": 1, "system": 1, "position": 4}
        question: dict[str, Any] = {"origin": place, "target": place | {"position": 5}}
        question |= {"ships": {"small_cargo": 1}, "speed": 1}
        reckoned = await client.post("/flight-time", json=question)
        # 3500 · sqrt(10 · 1005 / 5000) + 10 = 4972.11.
        assert reckoned.json() == {"distance": 1005, "duration_seconds": 4_972, "fuel": 1}
        mira = await enter(client)
        assert (await mira.post("/flight-time", question)).json() == reckoned.json()
        none = await client.post("/flight-time", json=question | {"ships": {}})
        assert (none.status_code, none.json()["code"]) == (422, "bad_value")
