"""The promise itself: what a player was told has happened survives a SIGKILL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.program import hosting, player, wait_until
from tests.end_to_end.warm_run import hosting_warm, put_world


def test_that_an_answered_order_survives_a_kill(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    put_world(data_dir)
    with hosting(data_dir) as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        before = ada.planet()
        item = ada.build("metal_mine")["item"]
        program.kill()
    with hosting_warm(data_dir) as program, player(program.url) as ada:
        ada.log_in()
        after = ada.planet()
        assert after["build_queue"] == [item]
        # Paid once, and production went on meanwhile: 15 crystal an hour and a little patience.
        paid = before["resources"]["crystal"] - item["cost"]["crystal"]
        assert paid <= after["resources"]["crystal"] <= paid + 1
        assert after["planet"] == before["planet"]
        assert program.stop() == 0


def test_that_an_order_repeated_with_its_key_after_a_kill_is_there_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    with hosting_warm(data_dir) as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        before = ada.planet()
        first = ada.build("metal_mine", key="once")
        program.kill()
    with hosting_warm(data_dir) as program, player(program.url) as ada:
        ada.log_in()
        assert ada.build("metal_mine", key="once") == first
        after = ada.planet()
        assert after["build_queue"] == [first["item"]]
        paid = before["resources"]["crystal"] - first["item"]["cost"]["crystal"]
        assert paid <= after["resources"]["crystal"] <= paid + 1
        # Another order has another key.
        assert ada.build("metal_mine", key="twice")["item"]["level"] == 2
        assert program.stop() == 0


def test_that_a_world_at_high_speed_goes_on_while_it_is_killed(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    with hosting_warm(data_dir, "--speed", "1000") as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        ada.build("solar_plant")
        ada.build("metal_mine")
        program.kill()
    # At this speed both are finished within a second, by nobody but the calendar.
    with hosting_warm(data_dir) as program, player(program.url) as ada:
        ada.log_in()
        wait_until("both are built", lambda: ada.planet()["build_queue"] == [])
        planet = ada.planet()
        assert planet["buildings"]["solar_plant"] == 1
        assert planet["buildings"]["metal_mine"] == 1
        assert planet["production"]["metal_rate"] >= 63_000
        program.kill()
    with hosting_warm(data_dir) as program, player(program.url) as ada:
        ada.log_in()
        assert ada.planet()["buildings"] == planet["buildings"]


@pytest.mark.parametrize("times", [3])
def test_that_restarts_lose_no_player(tmp_path: Path, times: int) -> None:
    data_dir = tmp_path / "world"
    for number in range(times):
        with hosting_warm(data_dir) as program, player(program.url, f"player{number}") as newcomer:
            newcomer.register()
            newcomer.log_in()
            assert newcomer.get("/game-status")["players"] == number + 1
            program.kill()
