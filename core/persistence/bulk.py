"""Writing many rows: prepared multi-row statements, their text made once.

Never a row per statement: each statement takes and gives back the interpreter lock, and beside one
busy Python thread 500 of them take thirty times as long. One with many rows of VALUES takes it
twice.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.components import KINDS
from core.ecs import Kind
from core.models.database import WORLD_CLOCK, WORLD_TABLES
from core.persistence.columns import StoredColumn, check_finite, stored_columns
from core.persistence.driver_thread import run_statements
from core.save_batch import TableRows, WorldClock

_PARAMETERS_MAX = 8_000
_ROWS_MAX = 256
# Rows whose parameters are prepared in one go, a few milliseconds on the window's thread.
_ENCODED_ROWS = 1024
# One hop is carried out and one waits, while the next is prepared.
_HOPS_UNDER_WAY = 2
# A statement and the parameters with which it is repeated.
_Repeated = tuple[str, list[tuple[Any, ...]]]
_KINDS = {kind.name: kind for kind in KINDS}


class BulkWriter:
    """Writes rows over one connection, inside the transaction that is open on it.

    `finish` is to be called at the end: statements may still be under way before.
    """

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        sqlite_ = connection.dialect.name == "sqlite"
        self._statements = _SqliteStatements(driver) if sqlite_ else _PostgresStatements(connection)
        self.rows = 0

    @classmethod
    async def over(cls, connection: AsyncConnection) -> BulkWriter:
        raw = await connection.get_raw_connection()
        return cls(connection, raw.driver_connection)

    @property
    def statements(self) -> int:
        return self._statements.count

    async def upsert(self, rows: TableRows) -> None:
        """Insert rows, or replace the columns that may change where the id is known."""
        kind = _KINDS[rows.table]
        check_finite(rows.columns, kind)
        for start in range(0, len(rows.ids), _ENCODED_ROWS):
            part = rows.part(start, start + _ENCODED_ROWS)
            encoded = (column.encode(part.columns) for column in stored_columns_of(kind))
            await self._statements.upsert(kind, [part.ids.tolist(), *encoded])
        self.rows += len(rows.ids)

    async def write_clock(self, clock: WorldClock) -> None:
        """Write the one row with the world's time and its counters."""
        counters = {f"next_{name}_id": number for name, number in clock.next_ids.items()}
        row = {"id": 1, "world_time": clock.world_time, "tick": clock.tick, **counters}
        await self._statements.upsert_row(WORLD_CLOCK, row)
        self.rows += 1

    async def delete(self, table: str, ids: Sequence[int]) -> None:
        """Delete rows by id; those that are not there are no error."""
        if ids:
            await self._statements.delete(_quoted(WORLD_TABLES[_KINDS[table]]), list(ids))
        self.rows += len(ids)

    async def finish(self) -> None:
        """Wait for every statement. Raise the first error; none is still running afterwards."""
        await self._statements.finish()


class _SqliteStatements:
    """Hands statements to the driver's thread, so that it need not wait between two of them.

    A hop to that thread and back costs as much as a statement of many rows, so a small save is one
    hop. While one hop's statements are carried out, the parameters of the next are prepared here.
    """

    def __init__(self, driver: Any) -> None:
        self.count = 0
        self._driver = driver
        self._under_way: deque[asyncio.Task[None]] = deque()
        self._collected: list[_Repeated] = []
        self._collected_rows = 0

    async def upsert(self, kind: Kind, columns: list[list[Any]]) -> None:
        width, count, size = len(columns), len(columns[0]), _statement_rows(kind)
        flat = tuple(chain.from_iterable(zip(*columns, strict=True)))
        step = size * width
        whole = [flat[start : start + step] for start in range(0, count // size * step, step)]
        if whole:
            self._collect(_sqlite_upsert(kind, size), whole)
        rest = flat[len(whole) * step :]
        if rest:
            # A power of two rows, so that a few texts serve; the last row fills it up.
            padded = 1 << (len(rest) // width - 1).bit_length()
            rest += rest[-width:] * (padded - len(rest) // width)
            self._collect(_sqlite_upsert(kind, padded), [rest])
        self._collected_rows += count
        if self._collected_rows >= _ENCODED_ROWS:
            await self._hand_over()

    async def upsert_row(self, table: Table, row: Mapping[str, Any]) -> None:
        marks = ", ".join("?" * len(row))
        self._collect(_upsert(table, tuple(row), f"VALUES ({marks})"), [(*row.values(),)])

    async def delete(self, table: str, ids: list[int]) -> None:
        sql = f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
        self._collect(sql, [(json.dumps(ids),)])

    async def finish(self) -> None:
        await self._hand_over()
        while self._under_way:
            await self._await_oldest()

    def _collect(self, sql: str, parameters: list[tuple[Any, ...]]) -> None:
        self.count += len(parameters)
        self._collected.append((sql, parameters))

    async def _hand_over(self) -> None:
        if not self._collected:
            return
        if len(self._under_way) >= _HOPS_UNDER_WAY:
            await self._await_oldest()
        statements, self._collected, self._collected_rows = self._collected, [], 0
        self._under_way.append(asyncio.ensure_future(run_statements(self._driver, statements)))

    async def _await_oldest(self) -> None:
        try:
            await self._under_way[0]
        except BaseException as error:
            # The others may still run: nobody may roll back under their feet.
            await asyncio.gather(*self._under_way, return_exceptions=True)
            if isinstance(error, sqlite3.Error):
                # The driver's own error; everywhere else SQLAlchemy wraps it.
                raise DBAPIError.instance("a bulk save", None, error, sqlite3.Error) from error
            raise
        _ = self._under_way.popleft()


class _PostgresStatements:
    """One statement for a thousand rows, over arrays."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.count = 0
        self._connection = connection

    async def upsert(self, kind: Kind, columns: list[list[Any]]) -> None:
        self.count += 1
        await self._connection.exec_driver_sql(_postgres_upsert(kind), tuple(columns))

    async def upsert_row(self, table: Table, row: Mapping[str, Any]) -> None:
        self.count += 1
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = _upsert(table, tuple(row), f"VALUES ({marks})")
        await self._connection.exec_driver_sql(sql, (*row.values(),))

    async def delete(self, table: str, ids: list[int]) -> None:
        self.count += 1
        sql = f"DELETE FROM {table} WHERE id = ANY($1::bigint[])"  # noqa: S608
        await self._connection.exec_driver_sql(sql, (ids,))

    async def finish(self) -> None:
        """Every statement was awaited."""


@cache
def stored_columns_of(kind: Kind) -> tuple[StoredColumn, ...]:
    return stored_columns(kind)


@cache
def _statement_rows(kind: Kind) -> int:
    """Return how many rows a statement takes: a power of two within the limits."""
    fitting = _PARAMETERS_MAX // (1 + len(stored_columns_of(kind)))
    return min(1 << (fitting.bit_length() - 1), _ROWS_MAX)


def _quoted(table: Table) -> str:
    return sqlite.dialect().identifier_preparer.format_table(table)


@cache
def _sqlite_upsert(kind: Kind, rows: int) -> str:
    names = _column_names(kind)
    row = f"({', '.join('?' * len(names))})"
    return _upsert(WORLD_TABLES[kind], names, f"VALUES {', '.join([row] * rows)}", _fixed(kind))


@cache
def _postgres_upsert(kind: Kind) -> str:
    table, names = WORLD_TABLES[kind], _column_names(kind)
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    arrays = ", ".join(
        f"${number}::{table.c[name].type.compile(dialect=dialect)}[]"
        for number, name in enumerate(names, start=1)
    )
    rows = f"SELECT * FROM unnest({arrays})"  # noqa: S608
    return _upsert(table, names, rows, _fixed(kind))


def _column_names(kind: Kind) -> tuple[str, ...]:
    return ("id", *(column.name for column in stored_columns_of(kind)))


def _fixed(kind: Kind) -> frozenset[str]:
    """Return the columns that never change: rewriting them would rewrite their indexes."""
    stored = stored_columns_of(kind)
    return frozenset(column.name for column in stored if column.field.column.fixed)


@cache
def _upsert(
    table: Table, names: tuple[str, ...], source: str, fixed: frozenset[str] = frozenset()
) -> str:
    changes = ", ".join(f"{n} = excluded.{n}" for n in names if n != "id" and n not in fixed)
    return (
        f"INSERT INTO {_quoted(table)} ({', '.join(names)}) {source} "
        f"ON CONFLICT (id) DO UPDATE SET {changes}"
    )
