"""A whole world at rest: what is wrong is found and said, and nothing is changed."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from core import check
from core.backup_shelf import BackupReason, BackupShelf
from core.check import TRIAL_S, CheckReport, check_database, check_file, trial
from core.clock import SystemClock
from core.commands import StartBuilding
from core.config import Settings
from core.errors import StarkeepError
from core.game import CATCH_UP_STEP
from core.world_backup import make_backup
from tests.backups import change, make_world, no_progress
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, found, loaded_from, new_game, set_up


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


async def checked(path: Path) -> CheckReport:
    return await check_file(path, Settings(), no_progress)


def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_that_a_sound_world_has_no_findings_and_is_left_alone(path: Path) -> None:
    await make_world(path, "ada", "bea")
    before = fingerprint(path)
    report = await checked(path)
    assert report.findings == []
    assert (report.players, report.planets) == (2, 2)
    assert fingerprint(path) == before


async def test_that_a_world_nobody_has_entered_is_sound(path: Path) -> None:
    await make_world(path)
    assert (await checked(path)).findings == []


async def test_that_a_world_in_postgresql_is_checked(postgres_url: URL) -> None:
    await make_world(postgres_url, "ada")
    url = postgres_url.render_as_string(hide_password=False)
    report = await check_database(url, Settings(), no_progress)
    assert report.findings == []
    assert report.planets == 1


async def test_that_a_file_that_is_not_there_is_said(path: Path) -> None:
    with pytest.raises(StarkeepError, match="no file"):
        await checked(path)


async def test_that_a_file_that_is_no_database_is_said(path: Path) -> None:
    path.write_text("this is a diary, and a long one. " * 200)
    (finding,) = (await checked(path)).findings
    assert "file is not a database" in finding


async def test_that_damaged_pages_are_found(path: Path) -> None:
    await make_world(path, *(f"player{number}" for number in range(30)))
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 4)
    findings = (await checked(path)).findings
    assert findings
    assert any("damaged" in finding or "cannot be read" in finding for finding in findings)


async def test_that_rows_missing_from_a_backup_are_counted(path: Path, tmp_path: Path) -> None:
    await make_world(path, "ada", "bea")
    shelf = BackupShelf(tmp_path / "backups")
    made = await make_backup(f"sqlite:///{path}", shelf, BackupReason.MANUAL, no_progress)
    copy = shelf.path_of(made.name)
    assert (await checked(copy)).findings == []
    change(copy, "DELETE FROM planets WHERE id = 2", "DELETE FROM players WHERE id = 2")
    findings = (await checked(copy)).findings
    assert "planets has 1 rows; there were 2 when the backup was made" in findings


BUILDING = (
    "UPDATE planets SET unit_building = 'cruiser', units_due_at = 9e9, units_waiting = 'cruiser 1'"
)


VACATION = tuple(f"UPDATE {table} SET on_vacation = TRUE" for table in ("players", "planets"))


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["DELETE FROM users WHERE id = 2"], "refers to a row of users that does not exist"),
        (["UPDATE planets SET settled_at = settled_at + 9e9"], "after the time of the world"),
        (["UPDATE planets SET queued_3 = 'metal_mine'"], "its building queue has a gap"),
        (["UPDATE players SET queued_2 = 'laser'"], "his research queue has a gap"),
        (["UPDATE players SET queued_1 = 'laser'"], "researches something without an end"),
        (["UPDATE players SET laser_level = 3"], "does not know what its owner has researched"),
        (["UPDATE planets SET lab_busy = TRUE"], "does not know whether its owner researches"),
        (["UPDATE players SET on_vacation = TRUE"], "does not know whether its owner is on vac"),
        ([*VACATION, "UPDATE planets SET metal_production = 7"], "produces on vacation"),
        ([*VACATION, "UPDATE planets SET metal_consumption = 7"], "produces on vacation"),
        (["UPDATE planets SET finish_at = NULL"], "without an end"),
        (
            ["UPDATE planets SET metal_moved = 5, metal_spent = metal_spent + 5"],
            "come from nowhere",
        ),
        (["UPDATE planets SET galaxy = 99 WHERE id = 1"], "planet 1: it lies outside"),
        (["UPDATE players SET home_id = 2 WHERE id = 1"], "player 1: his home is not there"),
        (["UPDATE players SET active_planet_id = 77"], "player 1, 2: his active planet"),
        (["UPDATE world_clock SET next_planet_id = 2"], "planet 2: its id would be given out"),
        (["UPDATE planets SET metal_amount = 9e999"], "Stocks.amount is not a finite number"),
        (["UPDATE planets SET metal_capacity = -1"], "Stocks.capacity is negative"),
        (["UPDATE planets SET boundary_at = 5"], "reach their boundary before"),
        (["UPDATE planets SET units_due_at = 9e9"], "builds units without an end, or none"),
        (["UPDATE planets SET unit_building = 'cruiser'"], "builds units without an end, or none"),
        (["UPDATE planets SET units_waiting = 'cruiser 1'"], "its shipyard waits for nothing"),
        (["UPDATE planets SET units_delivered = 1"], "delivers what nobody ordered"),
        (["UPDATE planets SET cruiser_count = -1"], "there are less than no units"),
        ([f"{BUILDING}, units_ordered = 0"], "delivers what nobody ordered"),
        ([f"{BUILDING}, seconds_per_unit = 0"], "units are done before they are begun"),
        ([f"{BUILDING}, units_begun_at = 8e9"], "begun after the time of the world"),
        (["UPDATE planets SET units_waiting = 'palace 1'"], "there is no unit called palace"),
        (["UPDATE planets SET queued_1 = 'palace'"], "cannot be loaded: column queued_1"),
        (["UPDATE planets SET settled_at = 'soon'"], "cannot be loaded"),
        (["DELETE FROM world_clock"], "without its settings or its clock"),
        (["DELETE FROM universe"], "without its settings or its clock"),
        (["UPDATE alembic_version SET version_num = '9999'"], "newer than this program"),
        (["DROP TABLE planets"], "cannot be loaded"),
    ],
)
async def test_that_what_is_wrong_is_said(path: Path, statements: Iterable[str], said: str) -> None:
    await make_world(path, "ada", "bea")
    change(path, *statements)
    findings = (await checked(path)).findings
    assert any(said in finding for finding in findings), findings


async def test_that_two_planets_in_one_place_are_found(path: Path) -> None:
    await make_world(path, "ada", "bea")
    change(
        path,
        "CREATE TABLE p AS SELECT * FROM planets",
        "UPDATE p SET galaxy = 1, system = 1, position = 4",
        "DROP TABLE planets",
        "ALTER TABLE p RENAME TO planets",
    )
    findings = (await checked(path)).findings
    assert "planet 2: its place is taken by another planet" in findings


def test_that_a_world_that_never_reaches_its_own_time_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given up after a few thousand events rather than twenty thousand.
    monkeypatch.setattr(check, "CATCH_UP_STEP", CATCH_UP_STEP // 10)
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    found(game, 1)
    # A reactor that runs dry and starts again, every few days.
    levels = {"fusion_reactor": 9, "deuterium_synthesizer": 1, "solar_plant": 2}
    set_up(game, 1, levels=levels, amounts=(0.0, 0.0, 900.0))
    clock.advance(30 * 86_400.0)
    game.advance(clock.now())
    game.save_player_data()
    loaded = loaded_from(store)
    assert loaded.clock is not None
    assert list(trial(loaded, Settings())) == []
    far_away = replace(loaded.clock, world_time=6e16)
    (finding,) = trial(replace(loaded, clock=far_away), Settings())
    assert "without end" in finding


def test_that_a_world_is_not_given_up_because_the_computer_is_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    for player_id in range(1, 16):
        found(game, player_id)
    items = [carry_out(game, StartBuilding(each, "solar_plant")) for each in range(1, 16)]
    clock.advance(items[0].due_at - clock.now() - TRIAL_S / 2)
    game.advance(clock.now())
    game.save_player_data()
    assert game.calendar.pending_count(clock.now() + TRIAL_S) == 15
    minutes = itertools.count(step=60.0)
    monkeypatch.setattr(SystemClock, "monotonic", lambda _clock: next(minutes))
    assert list(trial(loaded_from(store), Settings())) == []
