"""Copies of a world's SQLite database, made on a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from core.durable_files import create_for_owner, put_in_place
from core.errors import DatabaseError
from core.persistence.worlds import Progress

P = ParamSpec("P")
T = TypeVar("T")

COPYING = "Backing up"
# How often it is looked how far a copy is; what takes less than that reports nothing.
_LOOK_INTERVAL_S = 0.25


async def on_own_thread(function: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
    """Run what waits for the disk on a thread of its own.

    Who is cancelled meanwhile still waits for it: a thread that goes on with files that everybody
    believes to be at rest is worse than a late stop.
    """
    # Qt's default executor would start ten threads.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="backup") as executor:
        call = executor.submit(function, *arguments, **options)
        future = asyncio.wrap_future(call)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait((future,))
            future.exception()  # looked at: nobody else will
            raise


class OwnThread:
    """One thread for calls that must come from the same one; to be used as a context manager."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="backup")

    async def call(self, function: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
        return await asyncio.wrap_future(self._executor.submit(function, *arguments, **options))

    def __enter__(self) -> OwnThread:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()


async def copy_sqlite(
    source: Path, target: Path, progress: Progress = lambda _what, _done, _total: None
) -> None:
    """Copy an SQLite database while it may be in use; a file with a write-ahead log cannot just
    be copied. The copy is one file and appears under its name when it is complete.
    """
    partial = target.with_name(target.name + ".part")
    copying = asyncio.ensure_future(on_own_thread(_copy, source, partial, target))
    try:
        while not (await asyncio.wait((copying,), timeout=_LOOK_INTERVAL_S))[0]:
            progress(COPYING, *_sizes(partial, source))
        await copying
    except asyncio.CancelledError:
        copying.cancel()
        await asyncio.wait((copying,))
        raise


def _sizes(partial: Path, source: Path) -> tuple[int, int]:
    """Return how many kilobytes of how many are copied, about."""
    try:
        done, total = partial.stat().st_size, source.stat().st_size
    except FileNotFoundError:
        return 0, 0
    return min(done, total) // 1024, total // 1024


def _copy(source: Path, partial: Path, target: Path) -> None:
    # What a process that was killed has left would be played into the new file.
    remove_logs(partial)
    create_for_owner(partial)
    with (
        contextlib.closing(existing(source)) as original,
        contextlib.closing(existing(partial)) as copy,
    ):
        # Only the world's own connection may move the log into the database.
        original.execute("PRAGMA wal_autocheckpoint=0")
        # In one step: a copy in several starts anew whenever the world is saved meanwhile.
        original.backup(copy)
        # One file: whoever opens a copy for reading leaves no log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
    put_in_place(partial, target)


def existing(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Connect to a file that is there: SQLite would make one that is not."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)


def make_one_file(path: Path) -> None:
    """Move the write-ahead log of a database that nobody has open into it, for good.

    Raise DatabaseError if somebody has it open all the same: the log is still needed then.
    """
    with contextlib.closing(existing(path)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise DatabaseError(f"another program is reading {path}")
        connection.execute("PRAGMA journal_mode=DELETE")


def remove_logs(path: Path) -> None:
    """Remove the logs that lie beside a database; SQLite plays them into whatever has its name."""
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
