"""The bars of durability, measured in little: ratios within one run, and nothing of a clock.

The real measurement is `python3 dev.py bench -- blocked`, `postgres`, `backup` and `soak`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from tests.benchmarks import absence, backup, blocked, memory, populous, postgres, soak, ticks
from tests.benchmarks.hosted import Stretch

# Beside other tests a ratio is no better than this.
TOLERANCE = 0.5


def keeps_time(stretch: Stretch, tick_rate: float) -> bool:
    """Return whether most of the ticks were there that belong into a stretch."""
    return len(stretch.lateness_s) >= TOLERANCE * stretch.seconds * tick_rate - 1


@pytest.mark.sqlite_file
async def test_that_ticks_go_on_while_the_database_is_blocked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(blocked, "WARM_UP_S", 0.5)
    monkeypatch.setattr(blocked, "PLAYERS", 2)
    (played,) = await blocked.measure(tmp_path, planets=500, rounds=1, seconds=2.0)
    assert keeps_time(played.blocked, blocked.TICK_RATE)
    assert len(played.blocked.lateness_s) >= TOLERANCE * len(played.healthy.lateness_s)
    assert "the bar is 2 or less" in capsys.readouterr().out


async def test_that_saves_on_postgresql_take_no_more_than_a_multiple_of_asyncpgs_time(
    postgres_url: URL, capsys: pytest.CaptureFixture[str]
) -> None:
    least = await postgres.measure(postgres_url, sizes=(1_000,), rounds=3)
    assert least >= TOLERANCE * postgres.SHARE_MIN
    assert "the bar is 0.5 or more" in capsys.readouterr().out


@pytest.mark.sqlite_file
async def test_that_ticks_go_on_while_a_backup_is_made_and_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backup, "WARM_UP_S", 0.1)
    monkeypatch.setattr(backup, "COMPARED_S_MAX", 0.5)
    (made,) = await backup.measure(tmp_path, planets=500, backups=1, window=False)
    assert made.verified
    assert keeps_time(made.verifying, backup.TICK_RATE)
    assert "1 of 1 were verified" in capsys.readouterr().out


def test_that_worlds_in_memory_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ticks, "SIZES", (50, 100))
    monkeypatch.setattr(ticks, "SECONDS", 0.2)
    monkeypatch.setattr(ticks, "WARM_UP_TICKS", 1)
    ticks.run()
    assert "100 planets, idle" in capsys.readouterr().out
    monkeypatch.setattr(memory, "PLANETS", 1_000)
    memory.run()
    assert "resident, all in all" in capsys.readouterr().out


def test_that_memory_that_comes_and_goes_does_not_grow() -> None:
    samples = [(float(at), 200.0 + at % 7) for at in range(0, 600, 2)]
    assert abs(soak.growth(samples)) < 2
    leaking = [(at, mib + at / 60) for at, mib in samples]
    assert soak.growth(leaking) > 6
    # The first minute does not count.
    early = [(at, mib + min(at, 50.0)) for at, mib in samples]
    assert abs(soak.growth(early)) < 2


SMALL = populous.Size(bots=30, people=20, planets=150, fleets=50)


@pytest.mark.sqlite_file
async def test_that_a_world_of_computer_players_and_fleets_keeps_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await populous.write_populous_world(tmp_path / "world.db", SMALL)
    run = await populous.measure(tmp_path, seconds=1.0, warm_up_s=0.2)
    assert len(run.work_s) >= TOLERANCE * populous.TICK_RATE
    assert run.counts["failures"] == 0
    assert 0 < run.fleets[1] <= SMALL.fleets
    populous.report(SMALL, run)
    assert "the bar is under 20 ms" in capsys.readouterr().out


@pytest.mark.sqlite_file
async def test_that_a_start_after_a_week_catches_up_and_says_how_far_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    week_s = 7 * 24 * 3600.0
    await populous.write_populous_world(
        tmp_path / "world.db", SMALL, age_s=week_s, long_queues=True, speed=10.0
    )
    back = await absence.measure(tmp_path)
    # All fleets have come home, and more than one item of each queue was done.
    assert back.events > 2 * SMALL.fleets
    assert back.reports >= 2
    absence.report("a week", back)
    assert "the bar is under 60 s" in capsys.readouterr().out
