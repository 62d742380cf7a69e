"""The whole way of a player, through real sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.hosting import client_of, clock_of, enter, hosting


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_player_registers_orders_waits_cancels_and_leaves(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        me = (await mira.get("/auth/me")).json()
        assert (me["id"], me["username"], me["email"]) == (mira.id, "mira", "mira@example.org")
        assert (me["is_active"], me["is_admin"], me["needs_start_choice"]) == (True, False, False)
        assert me["created_at"].endswith("Z")
        assert me["last_login"].endswith("Z")

        order = (await mira.build("metal_mine")).json()
        assert order["item"]["type"] == "metal_mine"
        assert order["item"]["level"] == 1
        assert order["item"]["cost"] == {"metal": 60, "crystal": 15, "deuterium": 0}
        assert order["item"]["completion_time"] > order["item"]["started_at"]
        waiting = (await mira.build("solar_plant")).json()["item"]
        assert (waiting["started_at"], waiting["completion_time"]) == (None, None)
        assert [item["type"] for item in (await mira.planet())["build_queue"]] == [
            "metal_mine",
            "solar_plant",
        ]

        clock_of(host).jump(3600)
        planet = await mira.planet()
        assert planet["buildings"]["metal_mine"] == 1
        assert planet["buildings"]["solar_plant"] == 1
        assert planet["build_queue"] == []
        assert planet["production"]["energy_produced"] > 0

        demolition = (await mira.delete("/player/{id}/buildings/solar_plant")).json()
        assert demolition["item"]["demolish"] is True
        cancelled = await mira.delete("/player/{id}/build-queue/0")
        assert cancelled.json()["build_queue"] == []
        assert (await mira.planet())["buildings"]["solar_plant"] == 1

        assert (await mira.post("/auth/logout")).status_code == 200
        assert (await mira.get("/auth/me")).status_code == 401
