"""Faults at the driver's edge: calls of SQLite's connections that fail, hang or take their time.

All of it is put in the place of calls of aiosqlite, so that everything above is the program's.
"""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from core.persistence import bulk, driver_thread
from core.persistence.bulk import BEGIN, Statements
from core.persistence.sqlite_connections import Connection, Work

ON_FIRE = OSError(errno.EIO, "the disk is on fire")

Call = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(slots=True)
class Count:
    """How often a fault has struck."""

    struck: int = 0


@contextmanager
def failing_commits(
    times: float = float("inf"), *, though_made: bool = False, error: Exception = ON_FIRE
) -> Iterator[Count]:
    """Have commits report a failure so many times; with `though_made` they are made all the same.

    The statements that a commit carries out are carried out. Commits of reads, which have nothing
    to commit, are left alone.
    """
    count = Count()

    async def commit(connection: Connection, work: Call) -> Any:
        if not _has_something_to_commit(connection) or count.struck >= times:
            return await work(connection)
        count.struck += 1
        if though_made:
            await work(connection)
        elif connection._at_commit is not None:
            statements, connection._at_commit = connection._at_commit, None
            await connection.do_now(statements)
        raise error

    with _in_place_of_commit(commit):
        yield count


@contextmanager
def failing_writes(*, after: int = 0, error: Exception = ON_FIRE) -> Iterator[Count]:
    """Have the statements of saves fail, but for the first few; a transaction can be begun."""
    count, passed = Count(), 0
    work = driver_thread.carrying_out

    def but_for_the_first(statements: Statements) -> Statements:
        nonlocal passed
        for statement in statements:
            if statement[0] != BEGIN:
                if passed >= after:
                    count.struck += 1
                    raise error
                passed += 1
            yield statement

    def carrying_out(statements: Statements) -> Work:
        return work(but_for_the_first(statements))

    with (
        patch.object(bulk, "carrying_out", carrying_out),
        patch.object(driver_thread, "carrying_out", carrying_out),
    ):
        yield count


@contextmanager
def slow_saves(seconds: float) -> Iterator[None]:
    """Have every commit, with the statements that it carries out, take its time."""

    async def slow(connection: Connection, work: Call) -> Any:
        await asyncio.sleep(seconds)
        return await work(connection)

    with _in_place_of_commit(slow):
        yield


@contextmanager
def hanging_commit(*, though_made: bool = False) -> Iterator[asyncio.Future[asyncio.Task[Any]]]:
    """Have the next commit never return; the future is done, with the task, when it hangs."""
    caught: asyncio.Future[asyncio.Task[Any]] = asyncio.get_running_loop().create_future()

    async def commit(connection: Connection, work: Call) -> Any:
        if caught.done() or not _has_something_to_commit(connection):
            return await work(connection)
        if though_made:
            await work(connection)
        task = asyncio.current_task()
        assert task is not None
        caught.set_result(task)
        await asyncio.Event().wait()
        return None

    with _in_place_of_commit(commit):
        yield caught


def _has_something_to_commit(connection: Connection) -> bool:
    return connection.in_transaction or connection.has_work


@contextmanager
def _in_place_of_commit(
    fault: Callable[[Connection, Call], Coroutine[Any, Any, Any]],
) -> Iterator[None]:
    work = Connection.commit

    async def commit(connection: Connection) -> Any:
        return await fault(connection, work)

    with patch.object(Connection, "commit", commit):
        yield


_LOCK = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
database.execute("ROLLBACK")
database.close()
"""


@contextmanager
def locked_by_another_process(database: Path) -> Iterator[None]:
    """Keep everybody else from writing to a file, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-c", _LOCK, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "locked\n"
        yield
    finally:
        process.communicate()


def sql(database: Path, *statements: str) -> list[Any]:
    """Run statements over a connection of their own; return the rows of the last one."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=20.0)
    try:
        rows: list[Any] = []
        for statement in statements:
            rows = connection.execute(statement).fetchall()
        return rows
    finally:
        connection.close()
