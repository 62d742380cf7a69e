"""Making backups: nothing half is listed, and who wants to stop does not wait."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from core import backup
from core.backup_shelf import BackupReason, BackupShelf, read_manifest
from core.errors import BackupError
from core.migrate import create_all
from core.world_backup import make_backup, make_backup_at
from tests.backups import make_world, no_progress, players_in


@pytest.fixture
def shelf(tmp_path: Path) -> BackupShelf:
    return BackupShelf(tmp_path / "backups")


async def test_that_a_backup_says_what_is_in_it(tmp_path: Path, shelf: BackupShelf) -> None:
    await make_world(tmp_path / "world.db", "ada", "bea")
    url = f"sqlite:///{tmp_path}/world.db"
    made = await make_backup(url, shelf, BackupReason.SCHEDULED, no_progress)
    assert shelf.manifests() == (made,)
    path = shelf.path_of(made.name)
    assert (made.rows["players"], made.rows["planets"]) == (2, 2)
    assert made.bytes == path.stat().st_size
    assert made.world_time is not None
    assert made.verified is None
    assert path.stat().st_mode & 0o077 == 0


async def test_that_a_backup_gets_the_name_that_is_asked_for(tmp_path: Path) -> None:
    await make_world(tmp_path / "world.db", "ada")
    target = tmp_path / "usb" / "mine.db"
    made = await make_backup_at(f"sqlite:///{tmp_path}/world.db", target, no_progress)
    assert players_in(target) == ["ada"]
    assert read_manifest(target) == made
    assert {path.name for path in target.parent.iterdir()} == {"mine.db", "mine.db.json"}


async def test_that_a_backup_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, shelf: BackupShelf
) -> None:
    (tmp_path / "world.db").write_text("this is a diary " * 500)
    with pytest.raises(BackupError, match="not a database"):
        await make_backup(f"sqlite:///{tmp_path}/world.db", shelf, BackupReason.MANUAL, no_progress)
    assert shelf.manifests() == ()
    with pytest.raises(BackupError, match="unable to open"):
        await make_backup(f"sqlite:///{tmp_path}/no.db", shelf, BackupReason.MANUAL, no_progress)
    assert not (tmp_path / "no.db").exists()


async def test_that_a_long_copy_tells_how_far_it_is(
    tmp_path: Path, shelf: BackupShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_world(tmp_path / "world.db", "ada")
    told: list[tuple[str, int, int]] = []
    go_on = threading.Event()
    copy = backup._copy

    def slow(*paths: Path) -> None:
        go_on.wait(20)
        copy(*paths)

    def progress(*values: Any) -> None:
        told.append(values)
        go_on.set()

    monkeypatch.setattr(backup, "_copy", slow)
    monkeypatch.setattr(backup, "_LOOK_INTERVAL_S", 0.01)
    url = f"sqlite:///{tmp_path}/world.db"
    await make_backup(url, shelf, BackupReason.MANUAL, progress)
    assert told[0][0] == "Backing up"


async def test_that_a_backup_that_is_broken_off_is_not_listed(
    tmp_path: Path, shelf: BackupShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_world(tmp_path / "world.db", "ada")
    loop = asyncio.get_running_loop()
    begun, go_on, copy = asyncio.Event(), threading.Event(), backup._copy

    def slow(*paths: Path) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(20)
        copy(*paths)

    monkeypatch.setattr(backup, "_copy", slow)
    url = f"sqlite:///{tmp_path}/world.db"
    making = asyncio.ensure_future(make_backup(url, shelf, BackupReason.MANUAL, no_progress))
    await begun.wait()
    making.cancel()
    loop.call_later(0.01, go_on.set)
    # The thread is waited for, without holding the event loop up.
    with pytest.raises(asyncio.CancelledError):
        await making
    assert shelf.manifests() == ()
    shelf.begin()
    assert list(shelf.folder.iterdir()) == []


async def test_that_tables_without_a_revision_are_not_taken_for_nothing(
    postgres_url: URL, shelf: BackupShelf
) -> None:
    await create_all(postgres_url)
    url = postgres_url.render_as_string(hide_password=False)
    with pytest.raises(BackupError, match="DEV_CREATE_ALL"):
        await make_backup(url, shelf, BackupReason.MANUAL, no_progress)
    assert shelf.manifests() == ()


async def test_that_a_backup_of_postgresql_has_its_revision(
    postgres_url: URL, shelf: BackupShelf
) -> None:
    await make_world(postgres_url, "ada")
    url = postgres_url.render_as_string(hide_password=False)
    made = await make_backup(url, shelf, BackupReason.BEFORE_MIGRATION, no_progress)
    with sqlite3.connect(shelf.path_of(made.name)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    assert revision == made.revision
