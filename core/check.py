"""Looks at a whole world at rest: the file, its rows, and whether the world can live.

Nothing that is looked at is changed. A file of an older revision is migrated on a copy.
"""

from __future__ import annotations

import logging
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from core.backup import copy_sqlite, existing, on_own_thread
from core.backup_shelf import count_rows, read_manifest, revision_of
from core.clock import SystemClock
from core.components import PLANET, PLAYER
from core.config import Settings
from core.database import async_url, sqlite_path
from core.errors import DatabaseError, StarkeepError, StorageError
from core.game import CATCH_UP_STEP, GameWorld
from core.loading import build_game
from core.metrics import Metrics
from core.migrate import migrate, newest_revisions, revisions_of
from core.paths import sqlite_url
from core.persistence.worlds import LoadedWorld, Progress, load_world_at_rest
from core.save_batch import SaveBatch
from core.sound_world import unsound

log = logging.getLogger(__name__)

# The world goes on by this much to see whether it can.
TRIAL_S = 1.0
_LINES_MAX = 20


@dataclass(slots=True)
class CheckReport:
    """What a check has found; no finding means that all is well."""

    what: str
    findings: list[str] = field(default_factory=list)
    revision: str | None = None
    world_time: float | None = None
    players: int = 0
    planets: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "ok": not self.findings,
            "findings": self.findings,
            "revision": self.revision,
            "world_time": self.world_time,
            "players": self.players,
            "planets": self.planets,
            "seconds": round(self.seconds, 3),
        }


async def check_database(url: str, settings: Settings, progress: Progress) -> CheckReport:
    """Check the world of a database that nobody has open."""
    path = sqlite_path(async_url(url))
    if path is not None:
        return await check_file(path, settings, progress)
    begun_at = time.perf_counter()
    report = CheckReport(async_url(url).render_as_string(hide_password=True))
    revisions = await revisions_of(async_url(url))
    report.revision = ", ".join(revisions) or None
    if revisions and revisions != newest_revisions():
        report.findings.append(
            f"the database is at revision {report.revision}; migrate it before it can be checked"
        )
    elif revisions:
        await _check_world(report, url, settings, progress)
    report.seconds = time.perf_counter() - begun_at
    return report


async def check_file(path: Path, settings: Settings, progress: Progress) -> CheckReport:
    """Check a world in a file, against its manifest if it has one. Raise StarkeepError if there is
    no such file.
    """
    if not await on_own_thread(path.is_file):
        raise StarkeepError(f"there is no file {path}")
    begun_at = time.perf_counter()
    report = CheckReport(str(path))
    progress("Checking the file", 0, 0)
    await on_own_thread(_check_file, report, path)
    # A file that is damaged is not worth loading: it would only fail in stranger words.
    if not report.findings:
        try:
            async with _at_newest_revision(path, report.revision, progress) as current:
                await _check_world(report, sqlite_url(current), settings, progress)
        except DatabaseError as error:
            report.findings.append(str(error))
    report.seconds = time.perf_counter() - begun_at
    return report


# The file -----------------------------------------------------------------------------------------


def _check_file(report: CheckReport, path: Path) -> None:
    try:
        with closing(existing(path, "ro")) as connection:
            report.findings += _damage(connection)
            report.findings += _broken_references(connection)
            report.revision = revision_of(connection)
            report.findings += _missing_rows(connection, path)
    except (sqlite3.Error, OSError) as error:
        report.findings.append(f"the file cannot be read: {error}")


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({_LINES_MAX})"):
        if line != "ok":
            yield f"the file is damaged: {line}"


def _broken_references(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute("PRAGMA foreign_key_check").fetchmany(_LINES_MAX)
    for table, row, parent, _ in rows:
        yield f"row {row} of {table} refers to a row of {parent} that does not exist"


def _missing_rows(connection: sqlite3.Connection, path: Path) -> Iterator[str]:
    manifest = read_manifest(path)
    if manifest is None:
        return
    there = count_rows(connection)
    for table in sorted(manifest.rows.keys() | there.keys()):
        expected, found = manifest.rows.get(table, 0), there.get(table, 0)
        if expected != found:
            yield f"{table} has {found} rows; there were {expected} when the backup was made"


@asynccontextmanager
async def _at_newest_revision(
    path: Path, revision: str | None, progress: Progress
) -> AsyncIterator[Path]:
    """Yield the file, or a migrated copy of it if it is older. Raise DatabaseError if newer."""
    if revision is None or (revision,) == newest_revisions():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="starkeep-check-") as folder:
        copy = Path(folder) / "world.db"
        await copy_sqlite(path, copy, progress)
        await migrate(async_url(sqlite_url(copy)), lambda text: progress(text, 0, 0))
        yield copy


# The world ----------------------------------------------------------------------------------------


async def _check_world(
    report: CheckReport, url: str, settings: Settings, progress: Progress
) -> None:
    try:
        loaded = await load_world_at_rest(async_url(url), progress)
    except Exception as error:
        # Whatever the rows make the loader stumble over is what is wrong with them.
        log.exception("the world cannot be loaded")
        report.findings.append(f"the world cannot be loaded: {_one_line(error)}")
        return
    report.players = len(loaded.tables[PLAYER].ids)
    report.planets = len(loaded.tables[PLANET].ids)
    report.world_time = None if loaded.clock is None else loaded.clock.world_time
    report.findings += unsound(loaded)
    if not report.findings:
        progress("Letting the world go on", 0, 0)
        report.findings += await on_own_thread(lambda: list(trial(loaded, settings)))


def trial(loaded: LoadedWorld, settings: Settings) -> Iterator[str]:
    """Let a loaded world go on for a moment; yield what went wrong. Nothing is saved."""
    at = 0.0 if loaded.clock is None else loaded.clock.world_time
    try:
        game = build_game(
            loaded, settings, _StandingClock(at + TRIAL_S), Metrics(), _refuse_to_save
        )
        if not _goes_on(game, at + TRIAL_S):
            yield "the world does not come to its own time: events follow one another without end"
            return
        game.process(at + TRIAL_S)
    except Exception as error:
        log.exception("the world cannot go on")
        yield f"the world cannot go on: {_one_line(error)}"
        return
    if game.set_aside_count:
        yield f"{game.set_aside_count} things fail when the world goes on; the log says which"


def _goes_on(game: GameWorld, until: float) -> bool:
    """Let a world go on up to an instant; return False if that takes far more than was due."""
    most = 10 * (game.calendar.pending_count(until) + CATCH_UP_STEP)
    applied = 0

    def note(done: int, _left: int) -> None:
        nonlocal applied
        applied = done

    game.catch_up(until, note, lambda: applied > most)
    return applied <= most


def _refuse_to_save(_batch: SaveBatch) -> NoReturn:
    raise StorageError("a world that is only looked at is not saved")


class _StandingClock(SystemClock):
    """World time stands still at an instant."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self._at = at

    def now(self) -> float:
        return self._at


def _one_line(error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).splitlines()
    return said[0] if said else type(error).__name__
