"""What kind a failure of a save is: real exceptions of both databases, wrapped and bare."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import create_async_engine

from core.errors import PersistenceClosed, StorageError, UnstorableError
from core.persistence.failures import REASON_LENGTH_MAX, FailureKind, kind_of, reason_of

SqliteFault = Callable[[sqlite3.Connection, Path], None]


def break_a_check(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("INSERT INTO things VALUES (1, -1)")


def repeat_a_key(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("INSERT INTO things VALUES (1, 1), (1, 1)")


def pull_a_trigger(database: sqlite3.Connection, _path: Path) -> None:
    database.execute(
        "CREATE TRIGGER no BEFORE INSERT ON things BEGIN SELECT RAISE(ABORT, 'not this'); END"
    )
    database.execute("INSERT INTO things VALUES (1, 1)")


def bind_too_much(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("INSERT INTO things VALUES (?, 1)", (2**63,))


def bind_half_a_character(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("INSERT INTO things VALUES (1, ?)", ("\ud800",))


def bind_an_object(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("INSERT INTO things VALUES (1, ?)", (object(),))


def misuse_a_key(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("INSERT INTO things VALUES ('one', 1)")


def find_it_locked(database: sqlite3.Connection, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO things VALUES (1, 1)")


def fill_the_disk(database: sqlite3.Connection, _path: Path) -> None:
    database.execute("PRAGMA max_page_count=1")
    database.execute("CREATE TABLE more (x)")
    for number in range(1000):
        database.execute("INSERT INTO things VALUES (?, 1)", (number,))


def find_it_closed(database: sqlite3.Connection, _path: Path) -> None:
    database.close()
    database.execute("SELECT 1")


def miss_the_file(_database: sqlite3.Connection, path: Path) -> None:
    sqlite3.connect(path / "nowhere" / "world.db")


def sqlite_error(fault: SqliteFault, path: Path) -> BaseException:
    path = path / "things.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as database:
        database.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, x INTEGER CHECK (x >= 0))")
        with pytest.raises(Exception) as caught:  # noqa: PT011 - which one is the question
            fault(database, path)
    return caught.value


@pytest.mark.parametrize(
    "fault",
    [
        break_a_check,
        repeat_a_key,
        pull_a_trigger,
        bind_too_much,
        bind_half_a_character,
        bind_an_object,
        misuse_a_key,
    ],
)
def test_that_what_sqlite_refuses_is_permanent(fault: SqliteFault, tmp_path: Path) -> None:
    assert kind_of(sqlite_error(fault, tmp_path)) is FailureKind.PERMANENT


@pytest.mark.parametrize("fault", [find_it_locked, fill_the_disk, find_it_closed, miss_the_file])
def test_that_what_sqlite_cannot_do_now_is_transient(fault: SqliteFault, tmp_path: Path) -> None:
    assert kind_of(sqlite_error(fault, tmp_path)) is FailureKind.TRANSIENT


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CardinalityViolationError("cannot affect row a second time"),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.CheckViolationError("new row violates"),
        asyncpg.ForeignKeyViolationError("no such player"),
        asyncpg.NumericValueOutOfRangeError("out of range"),
        asyncpg.CharacterNotInRepertoireError("0x00"),
        asyncpg.DataError("invalid input for query argument $1"),
        asyncpg.RaiseError("not this"),
        asyncpg.ProgramLimitExceededError("index row requires 11472 bytes, maximum size is 8191"),
    ],
)
def test_that_what_postgresql_refuses_is_permanent(error: Exception) -> None:
    assert kind_of(error) is FailureKind.PERMANENT
    assert kind_of(wrapped(error)) is FailureKind.PERMANENT


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.SerializationError("could not serialize access"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.CrashShutdownError("terminating connection"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.DiskFullError("no space left on device"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ConnectionDoesNotExistError("connection was closed"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError(),
    ],
)
def test_that_what_postgresql_cannot_do_now_is_transient(error: Exception) -> None:
    assert kind_of(error) is FailureKind.TRANSIENT
    assert kind_of(wrapped(error)) is FailureKind.TRANSIENT


def wrapped(error: Exception) -> Exception:
    """Return an exception as SQLAlchemy's asyncpg adapter wraps it."""
    adapter = RuntimeError(f"{type(error)}: {error}")
    adapter.__cause__ = error
    return DBAPIError("INSERT …", None, adapter)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PersistenceClosed("the database is not open"), FailureKind.TRANSIENT),
        (StorageError("it did not answer"), FailureKind.TRANSIENT),
        (UnstorableError("planet: Stocks.amount is not a finite number"), FailureKind.PERMANENT),
        (ValueError("no active connection"), FailureKind.TRANSIENT),
        (StatementError("no", "INSERT …", None, OverflowError("too large")), FailureKind.PERMANENT),
    ],
)
def test_that_our_own_words_are_known(error: Exception, kind: FailureKind) -> None:
    assert kind_of(error) is kind


async def test_that_a_wrapped_error_is_what_it_wraps_and_says_so_in_a_line(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/things.db")
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE things (x INTEGER CHECK (x >= 0))"))
        with pytest.raises(IntegrityError) as refused:
            await connection.execute(text("INSERT INTO things VALUES (-1)"))
        with pytest.raises(DBAPIError) as unknown:
            await connection.execute(text("INSERT INTO nothing VALUES (-1)"))
    await engine.dispose()
    assert kind_of(refused.value) is FailureKind.PERMANENT
    assert reason_of(refused.value) == "CHECK constraint failed: x >= 0"
    assert kind_of(unknown.value) is FailureKind.TRANSIENT
    assert len(reason_of(ValueError("x" * 1000))) == REASON_LENGTH_MAX
    assert reason_of(TimeoutError()) == "TimeoutError"
