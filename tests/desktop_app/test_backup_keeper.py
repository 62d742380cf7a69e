"""The backups of a host: made, looked at and rotated beside a world that ticks."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import backup, world_backup
from core.backup_shelf import BackupReason, BackupShelf, Manifest
from core.commands import StartBuilding
from core.errors import BackupError
from desktop_app import backup_keeper
from desktop_app.application import Host, HostState
from tests.backups import change, manifest, players_in
from tests.benchmarks.neighbours import idle_loop
from tests.desktop_app.showcase import until
from tests.desktop_app.test_administration import log_as_before, seed
from tests.desktop_app.test_application import accepted, settle
from tests.hosts import make_host, running_host


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Have every backup be sound at once, but for those that a test says something of."""
    said: dict[str, tuple[str, ...]] = {}

    async def verify(_program: Any, file: Path, _data_dir: Path) -> tuple[str, ...]:
        return said.get(file.name, said.get("all", ()))

    monkeypatch.setattr(backup_keeper, "verify", verify)
    return said


__all__ = ["log_as_before"]


def value(metric: Any) -> float:
    return float(next(iter(metric.collect())).samples[0].value)


def shelve(folder: Path, made_at: datetime, **facts: Any) -> Manifest:
    shelf = BackupShelf(folder / "backups")
    shelf.begin()
    reason = facts.pop("reason", BackupReason.SCHEDULED)
    made = manifest(made_at, reason, name=shelf.new_name(made_at, reason), **facts)
    copy = shelf.folder / f"{made.name}.new"
    copy.write_bytes(b"a database")
    shelf.add(copy, made)
    return made


async def until_made(host: Host, count: int) -> tuple[Manifest, ...]:
    async with asyncio.timeout(30):
        while len(made := await host.backups.manifests()) < count:
            await asyncio.sleep(0.01)
    return made


async def test_that_a_backup_holds_what_is_changed_now_and_is_verified(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        player_id = await settle(host)
        await accepted(host, StartBuilding(player_id, "metal_mine"))
        made = await host.backups.make_and_verify()
        assert made.verified is True
        assert host.backups.last == made
        assert value(host.metrics.backups_failed) == 0
        assert next(iter(host.metrics.backup_duration.collect())).samples[-3].value == 1
        path = host.backups.shelf.path_of(made.name)
    with closing(sqlite3.connect(path)) as connection:
        queued = connection.execute("SELECT queued_1 FROM planets").fetchall()
    assert queued == [("metal_mine",)]


async def test_that_a_damaged_backup_is_marked_and_says_why(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        await settle(host)
        made = await host.backups.make(BackupReason.MANUAL)
        change(host.backups.shelf.path_of(made.name), "DELETE FROM planets")
        looked_at = await host.backups.verify(made.name)
        assert looked_at.verified is False
        assert "planets has 0 rows; there were 1" in looked_at.findings[0]
        assert value(host.metrics.backups_failed) == 1


async def test_that_a_backup_is_made_when_one_is_due(
    tmp_path: Path, looks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_keeper, "FIRST_BACKUP_S", 0.01)
    async with running_host(tmp_path, backup_interval_seconds=0.1) as host:
        made = await until_made(host, 2)
    assert {m.reason for m in made} == {BackupReason.SCHEDULED}
    assert made[0].verified


async def test_that_the_schedule_goes_on_over_restarts(
    tmp_path: Path, looks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_keeper, "FIRST_BACKUP_S", 0.01)
    host = make_host(tmp_path, backup_interval_seconds=3600)
    half_an_hour_ago = datetime.now(UTC) - timedelta(minutes=30)
    shelve(tmp_path, half_an_hour_ago)
    assert 1700 < await host.backups._seconds_to_next(3600) <= 1800
    shelve(tmp_path, datetime.now(UTC) + timedelta(days=900))
    assert await host.backups._seconds_to_next(3600) == 3600


async def test_that_the_window_is_told_when_the_next_one_is_due(tmp_path: Path) -> None:
    shelve(tmp_path, datetime.now(UTC) - timedelta(minutes=30))
    async with running_host(tmp_path, backup_interval_seconds=3600) as host:
        await until(lambda: host.backups.next_at is not None)
        assert host.backups.next_at is not None
        left_s = (host.backups.next_at - datetime.now(UTC)).total_seconds()
        assert 1700 < left_s <= 1800


async def test_that_no_schedule_is_no_schedule(tmp_path: Path) -> None:
    async with running_host(tmp_path, backup_interval_seconds=0) as host:
        await host.backups.run_schedule()
        assert await host.backups.manifests() == ()


async def test_that_what_was_left_unverified_is_looked_at_later(
    tmp_path: Path, looks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_keeper, "FIRST_BACKUP_S", 0.01)
    left = shelve(tmp_path, datetime.now(UTC), verified=None)
    async with running_host(tmp_path) as host:
        async with asyncio.timeout(30):
            while host.backups.last is None or host.backups.last.verified is None:
                await asyncio.sleep(0.01)
        assert host.backups.last.name == left.name


async def test_that_what_is_too_old_goes_when_a_new_one_is_verified(
    tmp_path: Path, looks: dict[str, tuple[str, ...]]
) -> None:
    old = [
        shelve(tmp_path, datetime.now(UTC) - timedelta(days=d), reason=BackupReason.MANUAL)
        for d in (3, 2, 1)
    ]
    async with running_host(tmp_path, backup_keep_manual=2) as host:
        made = await host.backups.make_and_verify()
        names = [m.name for m in await host.backups.manifests()]
    assert names == [old[2].name, made.name]


async def test_that_a_backup_that_cannot_be_made_is_counted_and_said(tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file in the way")
    async with running_host(tmp_path) as host:
        with pytest.raises(BackupError, match="no backup could be made"):
            await host.backups.make_and_verify()
        assert value(host.metrics.backups_failed) == 1
        assert host.backups.failure is not None
        # The world goes on.
        await settle(host)


async def test_that_a_database_that_is_stuck_is_backed_up_as_it_is(
    tmp_path: Path, looks: dict[str, tuple[str, ...]]
) -> None:
    async with running_host(tmp_path, storage_grace_seconds=0.2) as host:
        player_id = await settle(host)
        with closing(sqlite3.connect(tmp_path / "world.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert host.simulation is not None
            pending = host.simulation.submit(StartBuilding(player_id, "metal_mine"))
            made = await host.backups.make_and_verify()
            other.execute("ROLLBACK")
        await asyncio.wrap_future(pending)
    assert players_in(host.backups.shelf.path_of(made.name)) == ["ada"]


async def test_that_a_stop_breaks_a_backup_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def endless(*_: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(world_backup, "_copy_database", endless)
    async with running_host(tmp_path) as host:
        making = asyncio.ensure_future(host.backups.make(BackupReason.MANUAL))
        await begun.wait()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert await host.backups.manifests() == ()


# The world keeps time -----------------------------------------------------------------------------


async def test_that_no_tick_waits_for_a_backup(
    tmp_path: Path, looks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_host(tmp_path, tick_rate=50.0) as host:
        copy, ticks, asleep = backup._copy, host.metrics.ticks, threading.Event()

        def slow(*paths: Path) -> None:
            before = ticks.count
            while ticks.count < before + 50:
                asleep.wait(0.01)
            copy(*paths)

        monkeypatch.setattr(backup, "_copy", slow)
        made = await host.backups.make_and_verify()
    assert made.verified


async def test_that_a_backup_of_a_large_world_costs_no_tick(tmp_path: Path) -> None:
    await seed(tmp_path, "--players", "300", "--planets", "15000")
    rate = 5.0
    async with running_host(tmp_path, tick_rate=rate) as host:
        await settle(host)
        before = host.metrics.ticks.count
        with idle_loop(10 * rate) as idle:
            made = await host.backups.make(BackupReason.MANUAL)
            looked_at = await host.backups.verify(made.name)
        ticks = host.metrics.ticks.latest(host.metrics.ticks.count - before)
        assert host.simulation is not None
        assert host.simulation.status.planets == 15_001
    assert looked_at.verified, looked_at.findings
    assert made.rows["planets"] == 15_001
    assert len(ticks["at"])
    # What waits for a backup waits for longer than one tick, which others may cost us, too.
    assert ticks["skipped"].sum() <= 1 or idle.was_late_by(0.25 / rate)


# Restoring ----------------------------------------------------------------------------------------


async def restored(host: Host, name: str) -> None:
    """Restore a backup and wait until the world is there again."""
    await host.begin_restore(name)
    restoring = host._restoring
    assert restoring is not None
    await restoring


async def test_that_a_backup_is_restored_and_the_world_started_again(
    tmp_path: Path, looks: dict[str, tuple[str, ...]]
) -> None:
    async with running_host(tmp_path) as host:
        await settle(host, "ada")
        made = await host.backups.make_and_verify()
        await settle(host, "bea")
        address, secret = host.address, host.folder.secret.read_text()
        states: list[HostState] = []
        host.changed.connect(lambda: states.append(host.state))
        await restored(host, made.name)
        assert states == [
            HostState.STOPPING,
            HostState.STOPPED,
            HostState.STARTING,
            HostState.RUNNING,
        ]
        assert host.address == address
        # Tokens of before are worth nothing: bea's would open cyd's account, who gets her id.
        assert host.folder.secret.read_text() != secret
        assert host.simulation is not None
        assert host.simulation.status.players == 1
        await settle(host, "cyd")
        kept = (await host.backups.manifests())[-1]
        assert kept.reason is BackupReason.BEFORE_RESTORE
        assert players_in(host.backups.shelf.path_of(kept.name)) == ["ada", "bea"]
    assert players_in(tmp_path / "world.db") == ["ada", "cyd"]


async def test_that_an_unsound_backup_stops_nothing(
    tmp_path: Path, looks: dict[str, tuple[str, ...]]
) -> None:
    async with running_host(tmp_path) as host:
        made = await host.backups.make_and_verify()
        looks[made.name] = ("a row is missing",)
        with pytest.raises(BackupError, match="a row is missing"):
            await host.begin_restore(made.name)
        assert host.state is HostState.RUNNING


async def test_that_a_restore_that_fails_starts_the_world_as_it_was(
    tmp_path: Path, looks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any) -> None:
        raise BackupError("the disk is full")

    async with running_host(tmp_path) as host:
        await settle(host, "ada")
        made = await host.backups.make_and_verify()
        await settle(host, "bea")
        monkeypatch.setattr(backup_keeper, "restore", full)
        await restored(host, made.name)
        assert host.state is HostState.RUNNING
        assert host.backups.failure == "the disk is full"
    assert players_in(tmp_path / "world.db") == ["ada", "bea"]


async def test_that_a_world_that_does_not_come_back_has_failed(
    tmp_path: Path, looks: dict[str, tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_host(tmp_path) as host:
        made = await host.backups.make_and_verify()

        async def broken() -> None:
            raise ValueError("a bug")

        monkeypatch.setattr(host, "_open_database", broken)
        await restored(host, made.name)
        assert host.state is HostState.FAILED
        assert host.error == "a bug"


async def test_that_a_stop_waits_for_a_restore_and_then_stops(
    tmp_path: Path, looks: dict[str, tuple[str, ...]]
) -> None:
    async with running_host(tmp_path) as host:
        made = await host.backups.make_and_verify()
        await host.begin_restore(made.name)
        await host.stop()
        assert host.state is HostState.STOPPED
        assert host._restoring is None
    assert players_in(tmp_path / "world.db") == []
