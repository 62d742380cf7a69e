"""A world kept in local time is a bug that shows only elsewhere."""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.program import player
from tests.end_to_end.warm_run import hosting_warm

ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles")


def test_that_a_world_travels_through_time_zones_unchanged(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    with hosting_warm(data_dir, env={"TZ": "Asia/Tokyo"}) as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        item = ada.build("solar_plant")["item"]
        created_at = ada.get("/auth/me")["created_at"]
        program.stop()
    for zone in ZONES:
        with hosting_warm(data_dir, env={"TZ": zone}) as program, player(program.url) as ada:
            ada.log_in()
            assert ada.get("/auth/me")["created_at"] == created_at
            queue = ada.planet()["build_queue"]
            assert queue in ([item], [])  # finished by now on a slow machine
            program.stop()
