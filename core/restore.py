"""Bringing a backup back to life in place of the present world.

The world does not run. Until the very last step the present is untouched; that step is one rename
(SQLite) or one commit (PostgreSQL), so whoever is killed at any instant has the old world or the
new one, never half of either.

No token of a player from before is worth anything afterwards: what was logged out since the backup
would work again, and the backup gives the ids of later accounts to others. So the secret that signs
them goes first. Whoever is killed in between has the old world, and everybody logs in again.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.backup import copy_sqlite, existing, make_one_file, on_own_thread, remove_logs
from core.backup_shelf import BackupReason, BackupShelf, Manifest, count_rows, revision_of
from core.database import async_url, sqlite_path
from core.durable_files import put_in_place, sync_folder
from core.errors import BackupError, DatabaseError
from core.migrate import migrate, refuse_newer, revisions_of
from core.paths import sqlite_url
from core.persistence.transfer import holds_a_world, replace_all_rows, summary_rows
from core.persistence.worlds import Progress
from core.secrets import forget_secret
from core.world_backup import keep_damaged, make_backup

log = logging.getLogger(__name__)

NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Summary:
    """What a world amounts to; all zero and None where there is none."""

    revision: str | None = None
    players: int = 0
    planets: int = 0
    world_time: float | None = None
    tick: int | None = None


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What a restore changes: the world now and then, and who would vanish or come back.

    At most NAMED_MAX of them are named.
    """

    file: str
    now: Summary
    then: Summary
    vanishing: tuple[str, ...]
    vanishing_count: int
    returning: tuple[str, ...]
    returning_count: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> tuple[str, ...]:
        """Return it in words, a line each."""
        now, then = self.now, self.then
        return (
            f"restoring {self.file}",
            f"players: now {now.players}, then {then.players}",
            f"planets: now {now.planets}, then {then.planets}",
            f"world time: now {_time(now.world_time)}, then {_time(then.world_time)}",
            f"revision: now {now.revision or 'none'}, then {then.revision or 'none'}",
            *_named("players that vanish", self.vanishing, self.vanishing_count),
            *_named("players that come back", self.returning, self.returning_count),
        )


def _named(what: str, names: tuple[str, ...], count: int) -> tuple[str, ...]:
    if not count:
        return ()
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return (f"{what}: {', '.join(names)}{more}",)


def _time(world_time: float | None) -> str:
    if world_time is None:
        return "none"
    return datetime.fromtimestamp(world_time, UTC).isoformat(timespec="seconds")


# What will change ---------------------------------------------------------------------------------


async def plan_restore(file: Path, url: str) -> RestoreReport:
    """Return what a restore of a file would change; the present world may be running.

    Raise BackupError if the file is no backup, DatabaseError if it is newer than this program.
    """
    try:
        then, then_accounts = await on_own_thread(_summary_of_file, file)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{file} is no backup of a world: {error}") from error
    if then.revision is not None:
        refuse_newer((then.revision,))
    try:
        now, now_accounts = await _present(url)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        log.warning("the present world cannot be read: %s", error)
        now, now_accounts = Summary(), {}
    # By id and name: the backup may be of another world.
    vanishing = [name for _, name in sorted(now_accounts.items() - then_accounts.items())]
    returning = [name for _, name in sorted(then_accounts.items() - now_accounts.items())]
    return RestoreReport(
        file.name,
        now,
        then,
        tuple(vanishing[:NAMED_MAX]),
        len(vanishing),
        tuple(returning[:NAMED_MAX]),
        len(returning),
    )


async def _present(url: str) -> tuple[Summary, Mapping[int, str]]:
    path = sqlite_path(async_url(url))
    if path is not None:
        if not path.exists():
            return Summary(), {}
        return await on_own_thread(_summary_of_file, path)
    if not await holds_a_world(async_url(url)):
        return Summary(), {}
    revisions = await revisions_of(async_url(url))
    accounts, planets, clock = await summary_rows(async_url(url))
    world_time, tick = clock or (None, None)
    revision = ", ".join(revisions) or None
    return Summary(revision, len(accounts), planets, world_time, tick), accounts


def _summary_of_file(path: Path) -> tuple[Summary, Mapping[int, str]]:
    with contextlib.closing(existing(path, "ro")) as connection:
        rows = count_rows(connection)
        if "users" not in rows:
            return Summary(revision_of(connection)), {}
        accounts = dict(connection.execute("SELECT id, username FROM users"))
        clock = connection.execute("SELECT world_time, tick FROM world_clock").fetchone()
        world_time, tick = clock or (None, None)
        return (
            Summary(revision_of(connection), len(accounts), rows["planets"], world_time, tick),
            accounts,
        )


# Changing it --------------------------------------------------------------------------------------


async def restore(
    file: Path, url: str, shelf: BackupShelf, secret: Path, progress: Progress
) -> Manifest | None:
    """Replace the present world by a backup that was checked; return the backup of the present.

    The caller has the world's lock, and nobody has the database open. Raise BackupError or
    DatabaseError; the present is then as it was.
    """
    kept = await back_up_the_present(url, shelf, progress)
    await replace_the_present(file, url, shelf, secret, progress)
    return kept


async def replace_the_present(
    file: Path,
    url: str,
    shelf: BackupShelf,
    secret: Path,
    progress: Progress,
    before_change: Callable[[], None] = lambda: None,
) -> None:
    """Do the second half of `restore`, without a backup.

    `before_change` is called when the present is about to be changed: whoever cancels after that
    cannot know which world there is. `secret` is the file of the one that signs tokens.
    """

    def log_out_and_change() -> None:
        before_change()
        forget_secret(secret)

    path = sqlite_path(async_url(url))
    try:
        if path is not None:
            await _replace_file(file, path, progress, log_out_and_change)
        else:
            await _replace_rows(file, url, shelf, progress, log_out_and_change)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        raise BackupError(f"nothing was restored, the world is as it was: {error}") from error
    log.info("restored %s", file)


async def back_up_the_present(
    url: str,
    shelf: BackupShelf,
    progress: Progress,
    before_change: Callable[[], None] = lambda: None,
) -> Manifest | None:
    """Do the first half of `restore`; return None where there is no world.

    `before_change` is called when the backup is about to be listed.
    """
    path = sqlite_path(async_url(url))
    if not (path.exists() if path is not None else await holds_a_world(async_url(url))):
        return None
    try:
        reason = BackupReason.BEFORE_RESTORE
        return await make_backup(url, shelf, reason, progress, before_change)
    except BackupError as error:
        # Damaged, that is; its subclasses say that the disk is full or somebody is in the way.
        if type(error.__cause__) is not sqlite3.DatabaseError:
            raise
        # A world that is damaged is what backups are for.
        before_change()
        return await keep_damaged(url, shelf, error)


async def _replace_file(
    file: Path, path: Path, progress: Progress, before_change: Callable[[], None]
) -> None:
    async with _newest(file, path.with_name(f"{path.name}.restoring"), progress) as complete:
        await on_own_thread(_close_for_good, path)
        before_change()
        put_in_place(complete, path)


async def _replace_rows(
    file: Path,
    url: str,
    shelf: BackupShelf,
    progress: Progress,
    before_change: Callable[[], None],
) -> None:
    staging = shelf.folder / f"{file.name}.restoring.new"
    async with _newest(file, staging, progress) as complete:
        target = async_url(url)
        await migrate(target, lambda words: progress(words, 0, 0), before_change=before_change)
        await replace_all_rows(complete, target, progress, before_change)


@contextlib.asynccontextmanager
async def _newest(file: Path, copy: Path, progress: Progress) -> AsyncIterator[Path]:
    """Yield a complete copy of a backup at the newest revision, as one file."""
    try:
        remove_logs(copy)  # of a restore that was killed
        await copy_sqlite(file, copy, progress)
        await migrate(async_url(sqlite_url(copy)), lambda words: progress(words, 0, 0))
        await on_own_thread(make_one_file, copy)
        yield copy
    finally:
        _remove(copy)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
    remove_logs(path)


def _close_for_good(path: Path) -> None:
    """Leave no log beside a database: it would be played into the file that takes its place."""
    if path.exists():
        try:
            make_one_file(path)
        except sqlite3.DatabaseError as error:
            # Its subclasses say that the disk is full or somebody is in the way.
            if type(error) is not sqlite3.DatabaseError:
                raise
            # Its files are kept beside the other backups.
            log.warning("the present database is damaged: %s", error)
    remove_logs(path)
    sync_folder(path.parent)
