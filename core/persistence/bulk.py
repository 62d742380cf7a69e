"""Writing many rows: prepared multi-row statements, their text made once.

Never a row per statement: each statement takes and gives back the interpreter lock, and beside one
busy Python thread 500 of them take thirty times as long. One with many rows of VALUES takes it
twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from core.components import KINDS
from core.ecs import Kind
from core.errors import RowsMissingError
from core.models.database import WORLD_CLOCK, WORLD_TABLES, AnsweredRequest, User
from core.persistence.columns import StoredColumn, check_finite, stored_columns
from core.persistence.driver_thread import Statement, carrying_out, run_statements
from core.save_batch import TableRows, WorldClock

BEGIN = "BEGIN IMMEDIATE"
_PARAMETERS_MAX = 8_000
_ROWS_MAX = 256
# There are many sets of components that may have changed, each with statements of its own, and
# SQLite keeps up to 128 that it has prepared: of this size some 0.2 MiB each.
_ROWS_IN_PART_MAX = 64
_TEXTS_KEPT = 256
# Rows whose parameters are prepared in one go, a few milliseconds on the window's thread.
_ENCODED_ROWS = 1024
# Made one by one as they are carried out.
Statements = Iterator[Statement]
# Keys of columns in memory.
Keys = tuple[str, ...]
_KINDS = {kind.name: kind for kind in KINDS}


class BulkWriter:
    """Writes rows over one connection, inside the transaction that is open on it.

    It `begins` SQLite's transaction itself over a connection with the option BEGINS_ITSELF.
    Nothing is sure to be carried out before `finish`, which may be called several times, or before
    the commit if it is left to that.
    """

    def __init__(self, connection: AsyncConnection, driver: Any, *, begins: bool = False) -> None:
        sqlite_ = connection.dialect.name == "sqlite"
        self._statements = (
            _SqliteStatements(driver, begins=begins) if sqlite_ else _PostgresStatements(connection)
        )
        self.rows = 0

    @property
    def statements(self) -> int:
        return self._statements.count

    async def write(self, rows: TableRows) -> None:
        """Insert rows, or replace the columns that may change where the id is known.

        Of rows that are not whole only the columns that they have are replaced. If one of those is
        not there RowsMissingError is raised, by `finish` at the latest.
        """
        kind = _KINDS[rows.table]
        check_finite(rows.columns, kind)
        await self._statements.write(kind, rows)
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

    async def delete_accounts(self, ids: Sequence[int]) -> None:
        """Delete the accounts of players who were deleted before in this transaction."""
        for table, column in ((AnsweredRequest, "account_id"), (User, "id")):
            if ids:
                await self._statements.delete(table.__tablename__, list(ids), column)

    async def finish(self) -> None:
        """Carry out what is not yet; no statement is still running afterwards."""
        await self._statements.finish()

    def leave_to_commit(self) -> None:
        """Have the commit carry out what is not yet, where that is cheaper."""
        self._statements.leave_to_commit()

    @property
    def begun_at(self) -> float:
        """When the transaction had begun, time.perf_counter()."""
        return self._statements.begun_at

    @property
    def executed_at(self) -> float:
        """When the last statement was carried out, time.perf_counter(); 0.0 before."""
        return self._statements.executed_at


class _SqliteStatements:
    """Collects what is to be written and has the driver's thread write it in a single hop.

    A hop to that thread and back costs as much as a statement of many rows. The parameters are
    prepared there, too: whoever waits for this loop, the window, does not wait for them.
    """

    def __init__(self, driver: Any, *, begins: bool) -> None:
        self.count = 0
        self.begun_at = time.perf_counter()
        self.executed_at = 0.0
        self._driver = driver
        self._steps: list[Statements] = [self._begin()] if begins else []

    async def write(self, kind: Kind, rows: TableRows) -> None:
        most = _statement_rows(kind, (*rows.columns,), rows.whole)
        self.count += sum(1 for _ in _sizes(len(rows.ids), most))
        self._steps.append(_sqlite_writes(kind, rows))

    async def upsert_row(self, table: Table, row: Mapping[str, Any]) -> None:
        self.count += 1
        marks = ", ".join("?" * len(row))
        sql = _upsert(table, tuple(row), f"VALUES ({marks})")
        self._steps.append(iter([(sql, (*row.values(),), None)]))

    async def delete(self, table: str, ids: list[int], column: str = "id") -> None:
        self.count += 1
        some = "(SELECT value FROM json_each(?))"
        sql = f"DELETE FROM {table} WHERE {column} IN {some}"  # noqa: S608
        self._steps.append(iter([(sql, (json.dumps(ids),), None)]))

    async def finish(self) -> None:
        await run_statements(self._driver, self._take_all())

    def leave_to_commit(self) -> None:
        self._driver.do_at_commit(carrying_out(self._take_all()))

    def _take_all(self) -> Statements:
        steps, self._steps = self._steps, []
        return chain.from_iterable([*steps, self._note_end()])

    def _begin(self) -> Statements:
        yield BEGIN, (), None
        # Whoever else writes has been waited for.
        self.begun_at = time.perf_counter()

    def _note_end(self) -> Statements:
        self.executed_at = time.perf_counter()
        yield from ()


def _sqlite_writes(kind: Kind, rows: TableRows) -> Statements:
    """Yield statements for any number of rows, of which a few texts serve."""
    keys = (*rows.columns,)
    most, width = _statement_rows(kind, keys, rows.whole), 1 + len(_columns_of(kind, keys))
    make_sql = _sqlite_upsert if rows.whole else _sqlite_update
    # As many as the largest statement takes: all sizes divide it, so none is cut short in between.
    for start in range(0, len(rows.ids), _ROWS_MAX):
        part = rows.part(start, start + _ROWS_MAX)
        values = tuple(chain.from_iterable(zip(*_encoded(kind, part), strict=True)))
        position = 0
        for room, count in _sizes(len(part.ids), most):
            end = position + count * width
            # Room that is left is filled by repeating the last row.
            parameters = values[position:end] + values[end - width : end] * (room - count)
            position = end
            yield make_sql(kind, keys, room), parameters, None if rows.whole else count


def _sizes(rows: int, most: int) -> Iterator[tuple[int, int]]:
    """Yield how many rows each statement has room for, and how many of all rows it takes.

    Room is for a power of two, and hardly any of it is left over.
    """
    while rows:
        size = min(1 << (rows - 1).bit_length(), most)
        if size - rows > size // 8:
            size //= 2
        taken = min(size, rows)
        yield size, taken
        rows -= taken


class _PostgresStatements:
    """One statement for a thousand rows, over arrays."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.count = 0
        self.begun_at = time.perf_counter()
        self.executed_at = 0.0
        self._connection = connection

    async def write(self, kind: Kind, rows: TableRows) -> None:
        make_sql = _postgres_upsert if rows.whole else _postgres_update
        sql = make_sql(kind, (*rows.columns,))
        for start in range(0, len(rows.ids), _ENCODED_ROWS):
            self.count += 1
            part = rows.part(start, start + _ENCODED_ROWS)
            result = await self._connection.exec_driver_sql(sql, (*_encoded(kind, part),))
            if not rows.whole and result.rowcount != len(part.ids):
                raise RowsMissingError(result.rowcount, len(part.ids))

    async def upsert_row(self, table: Table, row: Mapping[str, Any]) -> None:
        self.count += 1
        marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = _upsert(table, tuple(row), f"VALUES ({marks})")
        await self._connection.exec_driver_sql(sql, (*row.values(),))

    async def delete(self, table: str, ids: list[int], column: str = "id") -> None:
        self.count += 1
        sql = f"DELETE FROM {table} WHERE {column} = ANY($1::bigint[])"  # noqa: S608
        await self._connection.exec_driver_sql(sql, (ids,))

    async def finish(self) -> None:
        """Every statement was awaited."""
        self.leave_to_commit()

    def leave_to_commit(self) -> None:
        self.executed_at = time.perf_counter()


def _encoded(kind: Kind, rows: TableRows) -> list[list[Any]]:
    """Return the rows as the driver wants them, column by column, the id first."""
    return [
        rows.ids.tolist(),
        *(column.encode(rows.columns) for column in _columns_of(kind, (*rows.columns,))),
    ]


@cache
def stored_columns_of(kind: Kind) -> tuple[StoredColumn, ...]:
    return stored_columns(kind)


@cache
def _columns_of(kind: Kind, keys: Keys) -> tuple[StoredColumn, ...]:
    """Return the database columns of some columns in memory."""
    return tuple(column for column in stored_columns_of(kind) if column.field.key in keys)


@cache
def _statement_rows(kind: Kind, keys: Keys, whole: bool) -> int:
    """Return how many rows a statement takes: a power of two within the limits."""
    fitting = _PARAMETERS_MAX // (1 + len(_columns_of(kind, keys)))
    return min(1 << (fitting.bit_length() - 1), _ROWS_MAX if whole else _ROWS_IN_PART_MAX)


def _quoted(table: Table) -> str:
    return sqlite.dialect().identifier_preparer.format_table(table)


@cache
def _sqlite_upsert(kind: Kind, keys: Keys, rows: int) -> str:
    names = _column_names(kind, keys)
    return _upsert(WORLD_TABLES[kind], names, _marks(len(names), rows), _fixed(kind))


@lru_cache(_TEXTS_KEPT)
def _sqlite_update(kind: Kind, keys: Keys, rows: int) -> str:
    names = _column_names(kind, keys)
    # What SQLite calls the columns of VALUES.
    given = tuple(f"column{number}" for number in range(1, len(names) + 1))
    return _update(kind, names, f"({_marks(len(names), rows)}) AS given", given)


def _marks(columns: int, rows: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"VALUES {', '.join([row] * rows)}"


@cache
def _postgres_upsert(kind: Kind, keys: Keys) -> str:
    rows = f"SELECT * FROM {_unnested(kind, keys)}"  # noqa: S608
    return _upsert(WORLD_TABLES[kind], _column_names(kind, keys), rows, _fixed(kind))


@cache
def _postgres_update(kind: Kind, keys: Keys) -> str:
    names = _column_names(kind, keys)
    return _update(kind, names, f"{_unnested(kind, keys)} AS given ({', '.join(names)})", names)


def _unnested(kind: Kind, keys: Keys) -> str:
    """Return a table made of an array for each column."""
    table = WORLD_TABLES[kind]
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    arrays = ", ".join(
        f"${number}::{table.c[name].type.compile(dialect=dialect)}[]"
        for number, name in enumerate(_column_names(kind, keys), start=1)
    )
    return f"unnest({arrays})"


def _column_names(kind: Kind, keys: Keys) -> tuple[str, ...]:
    return ("id", *(column.name for column in _columns_of(kind, keys)))


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
        f"ON CONFLICT (id) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
    )


def _update(kind: Kind, names: tuple[str, ...], source: str, given: tuple[str, ...]) -> str:
    """Return what replaces columns of the rows with the ids of a source.

    `given` are its own names of what `names` are in the table, the id first.
    """
    table, fixed = _quoted(WORLD_TABLES[kind]), _fixed(kind)
    changes = ", ".join(
        f"{name} = given.{its_own}"
        for name, its_own in zip(names[1:], given[1:], strict=True)
        if name not in fixed
    )
    return f"UPDATE {table} SET {changes} FROM {source} WHERE {table}.id = given.{given[0]}"  # noqa: S608
