"""Whole databases from PostgreSQL into an SQLite file and back, row by row."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, column, func, inspect, select, table, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.backup import OwnThread, existing
from core.database import async_url, make_engine
from core.errors import DatabaseError
from core.models.database import Base
from core.paths import sqlite_url
from core.persistence.worlds import Progress

_PARAMETERS_MAX = 6_000
_ROWS_MAX = 256
_READ_ROWS = 1_024
# Alembic's own table: what is in it is made with the tables, not copied.
REVISIONS = "alembic_version"


@asynccontextmanager
async def _engine(url: URL, *, read_only: bool) -> AsyncIterator[AsyncEngine]:
    """Make an engine for a while; the driver's errors become DatabaseError, without statements
    and passwords.
    """
    engine = make_engine(url, read_only=read_only)
    try:
        yield engine
    except SQLAlchemyError as error:
        words = str(getattr(error, "orig", None) or error).splitlines()
        raise DatabaseError(f"the database failed: {words[0] if words else error!r}") from error
    finally:
        await engine.dispose()


async def copy_rows_to_file(url: URL, file: Path, progress: Progress) -> None:
    """Copy every row of a PostgreSQL database, all as of one instant, into the empty tables of an
    SQLite file of the same revision. Writers of the database are not kept waiting.
    """
    async with (
        _engine(url, read_only=True) as engine,
        engine.connect() as bare,
        _FileWriter.over(file) as writer,
    ):
        source = await bare.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        for name, columns in await writer.tables():
            await _copy_table(source, writer, name, columns, progress)
        if (last := await _last_account_id(source)) is not None:
            await writer.set_last_account_id(last)


async def _copy_table(
    source: AsyncConnection,
    writer: _FileWriter,
    name: str,
    columns: Sequence[str],
    progress: Progress,
) -> None:
    rows = table(name, *(column(each) for each in columns))
    total = await source.scalar(select(func.count()).select_from(rows)) or 0
    done = 0
    result = await source.stream(select(*rows.c), execution_options={"yield_per": _READ_ROWS})
    async for page in result.partitions():
        await writer.insert(name, columns, page)
        done += len(page)
        progress(f"Backing up {name}", done, total)


async def _last_account_id(source: AsyncConnection) -> int | None:
    """Return the highest id that was ever given to an account, None if none was."""
    last: int | None = await source.scalar(
        text("SELECT last_value FROM pg_sequences WHERE sequencename = 'users_id_seq'")
    )
    highest = await source.scalar(text("SELECT max(id) FROM users"))
    known = [number for number in (last, highest) if number is not None]
    return max(known) if known else None


class _FileWriter:
    """Writes into an SQLite file on a thread of its own, a page of rows at a time."""

    def __init__(self, thread: OwnThread, connection: sqlite3.Connection) -> None:
        self._call = thread.call
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def over(cls, file: Path) -> AsyncIterator[_FileWriter]:
        """Write in one transaction, committed at the end."""
        with OwnThread() as thread:
            connection = await thread.call(existing, file)
            try:
                # A file that is not complete is thrown away: it need not survive a power cut.
                await thread.call(connection.execute, "PRAGMA synchronous=OFF")
                await thread.call(connection.execute, "PRAGMA foreign_keys=OFF")
                yield cls(thread, connection)
                await thread.call(connection.commit)
            finally:
                await thread.call(connection.close)

    async def tables(self) -> list[tuple[str, list[str]]]:
        """Return all tables with their columns."""
        return await self._call(lambda: list(_tables_of(self._connection)))

    async def insert(self, name: str, columns: Sequence[str], rows: Sequence[Any]) -> None:
        step = max(1, min(_ROWS_MAX, _PARAMETERS_MAX // len(columns)))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            values = [_plain(value) for value in itertools.chain.from_iterable(part)]
            statement = _insertion(name, columns, len(part))
            await self._call(self._connection.execute, statement, values)

    async def set_last_account_id(self, last: int) -> None:
        delete = "DELETE FROM sqlite_sequence WHERE name = 'users'"
        insert = "INSERT INTO sqlite_sequence (name, seq) VALUES ('users', ?)"
        await self._call(self._connection.execute, delete)
        await self._call(self._connection.execute, insert, (last,))


def _tables_of(connection: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in names:
        if name != REVISIONS and not name.startswith("sqlite_"):
            yield name, [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]


def _insertion(name: str, columns: Sequence[str], rows: int) -> str:
    names = ", ".join(f'"{each}"' for each in columns)
    row = f"({', '.join('?' * len(columns))})"
    return f'INSERT INTO "{name}" ({names}) VALUES {", ".join([row] * rows)}'  # noqa: S608


def _plain(value: Any) -> Any:
    """Return a value as the program keeps it in SQLite."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


# Back ---------------------------------------------------------------------------------------------


async def replace_all_rows(
    file: Path, url: URL, progress: Progress, before_commit: Callable[[], None] = lambda: None
) -> None:
    """Replace every row of a PostgreSQL database by those of an SQLite file, in one transaction.

    Both are at the newest revision. Accounts get ids above all that were ever given out.
    """
    tables = Base.metadata.sorted_tables
    async with (
        _engine(async_url(sqlite_url(file)), read_only=True) as source_engine,
        _engine(url, read_only=False) as target_engine,
        source_engine.connect() as source,
        target_engine.begin() as target,
    ):
        for each in reversed(tables):
            await target.execute(each.delete())
        for each in tables:
            await _copy_back(source, target, each, progress)
        await target.execute(
            text("SELECT setval(pg_get_serial_sequence('users', 'id'), :next, false)"),
            {"next": await _last_id_in_file(source) + 1},
        )
        before_commit()


async def _copy_back(
    source: AsyncConnection, target: AsyncConnection, each: Table, progress: Progress
) -> None:
    total = await source.scalar(select(func.count()).select_from(each)) or 0
    done = 0
    result = await source.stream(select(each), execution_options={"yield_per": _READ_ROWS})
    async for page in result.mappings().partitions():
        await target.execute(each.insert(), [dict(row) for row in page])
        done += len(page)
        progress(f"Restoring {each.name}", done, total)


async def _last_id_in_file(source: AsyncConnection) -> int:
    query = text(
        "SELECT max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'users'), 0),"
        " coalesce((SELECT max(id) FROM users), 0))"
    )
    return int(await source.scalar(query) or 0)


async def holds_a_world(url: URL) -> bool:
    """Return whether a PostgreSQL database has tables of a world."""

    def look(connection: Connection) -> bool:
        return inspect(connection).has_table("users")

    async with _engine(url, read_only=True) as engine, engine.connect() as connection:
        return await connection.run_sync(look)


async def summary_rows(url: URL) -> tuple[dict[int, str], int, tuple[float, int] | None]:
    """Return the accounts by id, the number of planets, and world time and tick of a database."""
    async with _engine(url, read_only=True) as engine, engine.connect() as connection:
        users = await connection.execute(text("SELECT id, username FROM users"))
        accounts = {row.id: row.username for row in users}
        planets = await connection.scalar(text("SELECT count(*) FROM planets"))
        clock = (
            await connection.execute(text("SELECT world_time, tick FROM world_clock"))
        ).one_or_none()
        return accounts, planets or 0, None if clock is None else (clock[0], clock[1])
