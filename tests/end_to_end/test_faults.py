"""What a whole program makes of a damaged file, and of being suspended."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.end_to_end.program import player, wait_until
from tests.end_to_end.warm_run import hosting_warm, put_world, run_warm

# Longer than a grace period of a few ticks, and than what is being built takes.
SUSPENDED_S = 1.5
PAGE_BYTES = 4096


@pytest.mark.sqlite_file
def test_that_a_damaged_file_is_refused_in_one_line_and_left_alone(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    put_world(data_dir)
    seeded = run_warm("seed", "--players", "5", "--planets", "50", "--data-dir", str(data_dir))
    assert seeded.returncode == 0, seeded.stderr
    database = data_dir / "world.db"
    intact = database.read_bytes()
    damaged = intact[:PAGE_BYTES] + b"\x55" * (len(intact) - PAGE_BYTES)
    database.write_bytes(damaged)
    ended = run_warm("--headless", "--data-dir", str(data_dir), "--port", "0")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert "database" in ended.stderr
    assert database.read_bytes() == damaged


def test_that_a_program_that_was_suspended_catches_up_and_has_lost_nothing(tmp_path: Path) -> None:
    data_dir = tmp_path / "world"
    options = ("--speed", "1000")
    with hosting_warm(data_dir, *options) as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        ada.build("solar_plant")
        program.process.send_signal(signal.SIGSTOP)
        time.sleep(SUSPENDED_S)  # the time itself is what is tested
        program.process.send_signal(signal.SIGCONT)
        planet = wait_until("it is built", lambda: built(ada.planet(), "solar_plant"))
        assert planet["build_queue"] == []
        # It may be asked before the first tick, and then says that there was none for a while.
        wait_until("it ticks again", lambda: ada.status_of("GET", "/healthz") == 200)
        assert ada.get("/healthz")["loop"]["running"]
        ada.build("metal_mine")
        program.kill()
    with hosting_warm(data_dir, *options) as program, player(program.url) as ada:
        ada.log_in()
        assert built(ada.planet(), "solar_plant")
        wait_until("both are built", lambda: built(ada.planet(), "metal_mine"))
        assert program.stop() == 0


def built(planet: dict[str, object], building: str) -> dict[str, object] | None:
    levels = planet["buildings"]
    assert isinstance(levels, dict)
    return planet if levels[building] else None
