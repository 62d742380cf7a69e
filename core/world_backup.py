"""Makes backups: one SQLite file and a manifest, whatever database the world lies in."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from core.backup import copy_sqlite, make_one_file, on_own_thread, remove_logs
from core.backup_shelf import (
    BackupReason,
    BackupShelf,
    Manifest,
    describe,
    write_manifest,
)
from core.database import async_url, sqlite_path
from core.durable_files import create_for_owner, put_in_place
from core.errors import BackupError, DatabaseError
from core.migrate import create_at_revision, revisions_of
from core.paths import sqlite_url
from core.persistence.transfer import copy_rows_to_file, holds_a_world
from core.persistence.worlds import Progress

log = logging.getLogger(__name__)

_FAILURES = (OSError, sqlite3.Error, DatabaseError)


async def make_backup(
    url: str,
    shelf: BackupShelf,
    reason: BackupReason,
    progress: Progress,
    before_listing: Callable[[], None] = lambda: None,
) -> Manifest:
    """Make a backup of a database that may be in use, and list it. Raise BackupError.

    `before_listing` is called when the copy is complete: whoever cancels after that has a backup.
    """
    made_at = datetime.now(UTC)
    try:
        await on_own_thread(shelf.begin)
        name = shelf.new_name(made_at, reason)
        copy = shelf.folder / f"{name}.new"
        await _copy_database(url, copy, progress)
        manifest = await on_own_thread(describe, copy, name, made_at, reason)
        before_listing()
        await on_own_thread(shelf.add, copy, manifest)
    except _FAILURES as error:
        raise BackupError(f"no backup could be made: {error}") from error
    log.info("backed up (%s) to %s: %d bytes", reason.value, name, manifest.bytes)
    return manifest


async def make_backup_at(url: str, target: Path, progress: Progress) -> Manifest:
    """Make a backup under a name of the user's choice. Raise BackupError."""
    made_at = datetime.now(UTC)
    copy = target.with_name(f"{target.name}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        await _copy_database(url, copy, progress)
        manifest = await on_own_thread(describe, copy, target.name, made_at, BackupReason.MANUAL)
        # A manifest from before would describe another file.
        write_manifest(target, manifest)
        put_in_place(copy, target)
    except _FAILURES as error:
        raise BackupError(f"no backup could be made: {error}") from error
    finally:
        # Nobody clears that folder up later.
        copy.unlink(missing_ok=True)
    return manifest


async def keep_damaged(url: str, shelf: BackupShelf, error: Exception) -> Manifest:
    """Keep the files of an SQLite database that cannot be read, byte by byte. Raise BackupError."""
    path = sqlite_path(async_url(url))
    if path is None:
        raise BackupError(f"the present could not be backed up: {error}") from error
    made_at = datetime.now(UTC)
    manifest = Manifest(
        name=shelf.new_name(made_at, BackupReason.BEFORE_RESTORE),
        made_at=made_at,
        reason=BackupReason.BEFORE_RESTORE,
        revision=None,
        world_time=None,
        tick=None,
        rows={},
        bytes=path.stat().st_size,
        verified=False,
        findings=(f"the database could not be read, its files were copied as they are: {error}",),
    )
    try:
        await on_own_thread(_keep_files, path, shelf, manifest)
    except OSError as trouble:
        raise BackupError(f"the present could not be backed up: {trouble}") from trouble
    return manifest


def _keep_files(path: Path, shelf: BackupShelf, manifest: Manifest) -> None:
    shelf.begin()
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists():
        # Beside the copy under the name that SQLite looks for.
        shutil.copyfile(wal, shelf.folder / f"{manifest.name}-wal")
    copy = shelf.folder / f"{manifest.name}.new"
    create_for_owner(copy)
    shutil.copyfile(path, copy)
    shelf.add(copy, manifest)


async def _copy_database(url: str, copy: Path, progress: Progress) -> None:
    path = sqlite_path(async_url(url))
    if path is not None:
        await copy_sqlite(path, copy, progress)
        return
    partial = copy.with_name(f"{copy.name}.part")
    try:
        await on_own_thread(create_for_owner, partial)
        await _copy_rows(url, partial, progress)
        await on_own_thread(make_one_file, partial)
        await on_own_thread(put_in_place, partial, copy)
    except BaseException:
        partial.unlink(missing_ok=True)
        remove_logs(partial)
        raise


async def _copy_rows(url: str, file: Path, progress: Progress) -> None:
    revisions = await revisions_of(async_url(url))
    if not revisions and await holds_a_world(async_url(url)):
        raise BackupError("the database was made without migrations (DEV_CREATE_ALL)")
    for revision in revisions:
        await create_at_revision(async_url(sqlite_url(file)), revision)
    await copy_rows_to_file(async_url(url), file, progress)
