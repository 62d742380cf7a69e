"""Ships and defences as players order them and get them, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.hosting import (
    WITH_SHIPYARD,
    Player,
    build_shipyard,
    client_of,
    clock_of,
    enter,
    hosting,
    socket_of,
    world_of,
)
from tests.api.test_websocket import receive_kind, welcomed


async def order(player: Player, ship_type: Any, quantity: Any = 1, **more: Any) -> Any:
    body = {"ship_type": ship_type, "quantity": quantity, **more}
    return await player.post("/player/{id}/build-ships", body)


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_units_are_ordered_seen_and_delivered(tmp_path: Path) -> None:
    async with hosting(tmp_path, **WITH_SHIPYARD) as host, client_of(host) as client:
        mira = await enter(client)
        await build_shipyard(host, mira)
        metal = (await mira.planet())["resources"]["metal"]
        async with socket_of(host) as socket:
            await welcomed(socket, mira)
            ordered = (await order(mira, "rocket_launcher", 60)).raise_for_status().json()
            # A thousand times 1440 seconds: one each, truncated from 1.44.
            assert ordered["message"] == "60 rocket_launcher: started."
            item = ordered["item"]
            assert (item["type"], item["count"]) == ("rocket_launcher", 60)
            assert item["cost"] == {"metal": 120_000, "crystal": 0, "deuterium": 0}
            assert item["completion_time"] > item["started_at"]
            waiting = (await order(mira, "solar_satellite", 3)).json()
            assert waiting["message"] == "3 solar_satellite: queued."
            assert waiting["item"]["started_at"] is waiting["item"]["completion_time"] is None

            planet = await mira.planet()
            assert planet["resources"]["metal"] < metal - 100_000
            first, second = planet["ship_build_queue"]
            assert (first["type"], second) == ("rocket_launcher", waiting["item"])
            assert 0 < first["count"] <= 60
            assert first["count"] + planet["defence"]["rocket_launcher"] == 60
            assert first["completion_time"] == item["completion_time"]

            clock_of(host).jump(3600)
            told = [await receive_kind(socket, "ship_build_complete") for _ in range(2)]
            assert [each["items"] for each in told] == [
                [{"type": "rocket_launcher", "count": 60}],
                [{"type": "solar_satellite", "count": 3}],
            ]
            assert {each["planet"] for each in told} == {planet["planet"]["id"]}
            assert told[0]["completed_at"] == item["completion_time"]
        after = await mira.planet()
        assert after["ship_build_queue"] == []
        assert after["defence"]["rocket_launcher"] == 60
        assert after["fleet"]["solar_satellite"] == 3
        assert after["production"]["energy_produced"] > planet["production"]["energy_produced"]


async def test_that_refusals_say_what_is_missing_and_change_nothing(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        before = world_of(host)
        refusal = await order(mira, "light_fighter", 5)
        assert (refusal.status_code, refusal.json()["code"]) == (409, "requirements_not_met")
        assert refusal.json()["missing"] == {"shipyard": 1, "combustion_drive": 1}
        for unknown in ("palace", "metal_mine", "x" * 200):
            answer = await order(mira, unknown)
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_type")
        for quantity in (0, -1, 1_000_001, 1.5, "3", None, True):
            answer = await order(mira, "rocket_launcher", quantity)
            assert (answer.status_code, answer.json()["field"]) == (422, "quantity")
        assert (await order(mira, 3)).status_code == 422
        assert (await order(mira, "rocket_launcher", planet=999)).status_code == 403
        assert world_of(host) == before


async def test_that_every_ship_and_defence_is_named(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        planet = await mira.planet()
        rules = (await client.get("/rules")).json()
        assert planet["fleet"].keys() | planet["defence"].keys() == rules["units"].keys()
        assert planet["fleet"].keys() == planet["ship_stats"].keys()
        assert set(planet["fleet"].values()) | set(planet["defence"].values()) == {0}
        assert {"rocket_launcher", "interceptor_missile"} <= planet["defence"].keys()
