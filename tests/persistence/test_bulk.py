"""Bulk statements: every number of rows, written to a real file and read back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.components import KINDS, NEVER, PLANET, PLAYER, UNIVERSE
from core.database import ReadSession, SessionLocal
from core.ecs import Field, Kind, fields_of
from core.errors import RowsMissingError, StorageError
from core.models.database import WORLD_TABLES
from core.persistence import accounts, sqlite_connections, worlds
from core.persistence.bulk import BulkWriter
from core.persistence.single_session import NewAccount
from core.save_batch import SaveBatch, SaveReason, TableRows, WorldClock
from tests import faults
from tests.databases import open_database

# On either side of the rows in a statement and of the rows that are prepared in one go.
COUNTS = (1, 2, 3, 127, 128, 129, 255, 256, 257, 1023, 1024, 1025)
STATEMENT_SIZES = {1 << power for power in range(9)}
CLOCK = WorldClock(1.5, 7, {kind.name: 4 for kind in KINDS})


def rows_of(kind: Kind, count: int, *, first_id: int = 1, shift: int = 0) -> TableRows:
    """Return rows that differ in every column that has room for it; `shift` makes others."""
    numbers = np.arange(first_id, first_id + count)
    columns = {
        field.key: _column_of(field, numbers + shift)
        for component in kind.components
        for field in fields_of(component)
    }
    if kind is PLANET:
        columns["Planet.owner_id"] = np.ones(count, dtype=np.int64)
        columns["Position.system"] = numbers.astype(np.int16)
    return TableRows(kind.name, numbers.astype(np.int64), columns)


def _column_of(field: Field, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    column = field.empty(len(numbers))
    if field.axis is not None:
        numbers = numbers[:, np.newaxis] + np.arange(len(field.axis))
    if field.column.names is not None:
        numbers = numbers % (2 * len(field.column.names) + 1) - len(field.column.names)
    elif field.dtype.kind == "i" and field.dtype.itemsize == 1:
        numbers = numbers % 100
    elif field.dtype.kind == "b":
        numbers = numbers % 2
    elif field.dtype.kind == "f":
        numbers = numbers / 3
    column[...] = _text_of(field, numbers) if field.dtype.kind == "T" else numbers
    if field.column.may_be_never:
        column[::3] = NEVER
    return column


def _text_of(field: Field, numbers: np.ndarray[Any, Any]) -> list[str]:
    # Where only some texts mean something: a queue of units.
    pattern = "{}" if field.column.check is None else "cruiser {}"
    return [pattern.format(number) for number in numbers]


@asynccontextmanager
async def open_world(folder: Path, player_count: int = 1) -> AsyncIterator[None]:
    """Open a database with accounts for players, the first of whom owns all planets."""
    names = (f"player{number}" for number in range(1, player_count + 1))
    new = [NewAccount(name, f"{name}@b.c", "x") for name in names]
    async with open_database(folder / "world.db"):
        async with SessionLocal() as session, session.begin():
            await accounts.insert_accounts(session, new, lambda *_progress: None)
        await write(rows_of(PLAYER, 1))
        yield


async def writer_over(connection: AsyncConnection) -> BulkWriter:
    raw = await connection.get_raw_connection()
    return BulkWriter(connection, raw.driver_connection)


async def write(
    *rows: TableRows, deleted: Sequence[int] = (), clock: WorldClock | None = None
) -> BulkWriter:
    """Write planets' and other rows in one transaction, and return what wrote them."""
    async with SessionLocal() as session, session.begin():
        writer = await writer_over(await session.connection())
        await writer.delete("planet", deleted)
        for table in rows:
            await writer.write(table)
        if clock is not None:
            await writer.write_clock(clock)
        await writer.finish()
    return writer


async def read(kind: Kind) -> TableRows:
    table = (await worlds.load_world()).tables[kind]
    return TableRows(kind.name, table.ids, table.columns)


async def empty(kind: Kind) -> None:
    async with SessionLocal() as session, session.begin():
        await session.execute(WORLD_TABLES[kind].delete())


def same(one: TableRows, other: TableRows) -> bool:
    return np.array_equal(one.ids, other.ids) and all(
        np.array_equal(values, other.columns[key]) for key, values in one.columns.items()
    )


async def traced(rows: TableRows) -> tuple[list[int], BulkWriter]:
    """Write rows; return how many each statement carried, as SQLite saw it, and the writer."""
    seen: list[str] = []
    async with SessionLocal() as session, session.begin():
        connection = await session.connection()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        writer = await writer_over(connection)
        await driver.set_trace_callback(seen.append)
        await writer.write(rows)
        await writer.finish()
        await driver.set_trace_callback(None)
    return [statement.count("), (") + 1 for statement in seen], writer


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_that_every_number_of_rows_is_written_once_and_comes_back(
    tmp_path: Path, kind: Kind
) -> None:
    async with open_world(tmp_path, max(COUNTS)):
        for count in COUNTS:
            await empty(kind)
            rows = rows_of(kind, count)
            writer = await write(rows)
            assert writer.rows == count
            assert same(await read(kind), rows), count


@pytest.mark.sqlite_file
@pytest.mark.parametrize(("kind", "most"), [(UNIVERSE, 128), (PLAYER, 128), (PLANET, 64)])
async def test_that_a_few_texts_of_statements_serve_every_number_of_rows(
    tmp_path: Path, kind: Kind, most: int
) -> None:
    async with open_world(tmp_path, max(COUNTS)):
        for count in COUNTS:
            sizes, writer = await traced(rows_of(kind, count))
            assert set(sizes) <= STATEMENT_SIZES
            assert max(sizes) <= most
            assert count <= sum(sizes) <= count + most // 8
            assert len(sizes) == writer.statements <= count // most + most.bit_length()


@pytest.mark.sqlite_file
async def test_that_statements_for_rows_in_part_are_small(tmp_path: Path) -> None:
    async with open_world(tmp_path):
        await write(rows_of(PLANET, 1025))
        for count in (1, 3, 64, 65, 1025):
            sizes, writer = await traced(part_of(rows_of(PLANET, count, shift=1), "Stocks"))
            assert set(sizes) <= {1 << power for power in range(7)}
            assert count <= sum(sizes) <= count + 64 // 8
            assert len(sizes) == writer.statements <= count // 64 + 7


async def test_that_no_rows_are_no_statement(tmp_path: Path) -> None:
    async with open_world(tmp_path):
        writer = await write(rows_of(PLANET, 0))
        assert (writer.rows, writer.statements) == (0, 0)


async def test_that_of_rows_with_the_same_id_the_last_ones_stay(tmp_path: Path) -> None:
    portions = [(1, 300), (151, 1_100), (1_251, 1), (5, 0), (11, 257)]
    parts = [
        rows_of(UNIVERSE, count, first_id=first_id, shift=number)
        for number, (first_id, count) in enumerate(portions)
    ]
    expected: dict[int, int] = {}
    for part in parts:
        galaxies = part.columns["Universe.galaxies"].tolist()
        expected |= dict(zip(part.ids.tolist(), galaxies, strict=True))
    async with open_world(tmp_path):
        writer = await write(*parts)
        stored = await read(UNIVERSE)
    assert writer.rows == sum(count for _, count in portions)
    galaxies = stored.columns["Universe.galaxies"].tolist()
    assert dict(zip(stored.ids.tolist(), galaxies, strict=True)) == expected


@pytest.mark.parametrize("count", [3, 129, 1025])
async def test_that_writing_twice_is_writing_once(tmp_path: Path, count: int) -> None:
    rows = rows_of(PLANET, count)
    async with open_world(tmp_path):
        await write(rows, rows, clock=CLOCK)
        once = await worlds.load_world()
        await write(rows, clock=CLOCK)
        twice = await worlds.load_world()
        assert same(await read(PLANET), rows)
    assert once.clock == twice.clock == CLOCK


async def test_that_a_known_id_gets_new_values_but_for_what_never_changes(tmp_path: Path) -> None:
    before, after = rows_of(PLANET, 200), rows_of(PLANET, 200, shift=50)
    after.columns["Position.system"][...] += 1000
    fixed = {"Position.galaxy", "Position.system", "Position.position", "Planet.owner_id"}
    fixed |= {"Planet.is_moon", "Planet.diameter_km"}
    async with open_world(tmp_path):
        await write(before)
        await write(after)
        stored = await read(PLANET)
    for key, values in stored.columns.items():
        expected = before if key in fixed else after
        assert np.array_equal(values, expected.columns[key]), key


@pytest.mark.parametrize("count", [1, 3, 256, 1025])
async def test_that_of_rows_that_are_not_whole_only_what_they_have_is_replaced(
    tmp_path: Path, count: int
) -> None:
    before, after = rows_of(PLANET, count + 1), rows_of(PLANET, count, shift=50)
    part = part_of(after, "Stocks", "BuildQueue")
    async with open_world(tmp_path):
        await write(before)
        writer = await write(part)
        stored = await read(PLANET)
    assert writer.rows == count
    for key, values in stored.columns.items():
        assert np.array_equal(values[count:], before.columns[key][count:]), key
        expected = (part if key in part.columns else before).columns[key]
        assert np.array_equal(values[:count], expected[:count]), key


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_that_each_component_of_each_kind_can_be_written_by_itself(
    tmp_path: Path, kind: Kind
) -> None:
    rows = rows_of(kind, 3)
    async with open_world(tmp_path, 3):
        await empty(kind)
        await write(rows)
        for number, component in enumerate(kind.components):
            changed = part_of(rows_of(kind, 3, shift=number + 1), component.__name__)
            if all(field.column.fixed for field in fields_of(component)):
                continue
            await write(changed)
            stored = await read(kind)
            for field in fields_of(component):
                expected = rows if field.column.fixed else changed
                assert np.array_equal(stored.columns[field.key], expected.columns[field.key])


@pytest.mark.parametrize("missing", [1, 130, 300])
async def test_that_a_row_that_should_be_there_and_is_not_fails_the_whole_save(
    tmp_path: Path, missing: int
) -> None:
    async with open_world(tmp_path):
        await write(rows_of(PLANET, 300))
        await write(deleted=[missing])
        before = await read(PLANET)
        with pytest.raises(RowsMissingError, match=r"1 of \d+ rows that were saved before"):
            await write(part_of(rows_of(PLANET, 300, shift=9), "Stocks"))
        assert same(await read(PLANET), before)


def part_of(rows: TableRows, *components: str) -> TableRows:
    columns = {k: v for k, v in rows.columns.items() if k.partition(".")[0] in components}
    return TableRows(rows.table, rows.ids, columns, whole=False)


async def test_that_the_database_gets_plain_values(tmp_path: Path) -> None:
    async with open_world(tmp_path):
        await write(rows_of(PLANET, 129), rows_of(UNIVERSE, 3), clock=CLOCK)
        async with ReadSession() as session:
            for table in ("planets", "universe", "world_clock", "players"):
                for row in (await session.execute(text(f"SELECT * FROM {table}"))).mappings():
                    assert not [name for name, value in row.items() if isinstance(value, bytes)]
            never = await session.scalar(
                text("SELECT count(*) FROM planets WHERE finish_at IS NULL")
            )
    assert never == 43


@pytest.mark.parametrize("count", [1, 128, 1025])
async def test_that_rows_are_deleted_and_missing_ones_are_no_error(
    tmp_path: Path, count: int
) -> None:
    async with open_world(tmp_path):
        await write(rows_of(PLANET, count + 1))
        gone = [*range(1, count + 1), 999_999]
        writer = await write(deleted=gone)
        assert (writer.rows, writer.statements) == (len(gone), 1)
        assert (await read(PLANET)).ids.tolist() == [count + 1]
        writer = await write(deleted=[])
        assert (writer.rows, writer.statements) == (0, 0)


async def test_that_the_clock_is_one_row_that_is_replaced(tmp_path: Path) -> None:
    later = WorldClock(2.5, 8, {kind.name: 2**40 for kind in KINDS})
    async with open_world(tmp_path):
        await write(clock=CLOCK)
        writer = await write(clock=later)
        assert (writer.rows, writer.statements) == (1, 1)
        assert (await worlds.load_world()).clock == later


@pytest.mark.parametrize("bad_row", [0, 130, 2_999])
async def test_that_a_failing_statement_raises_and_leaves_nothing_running(
    tmp_path: Path, bad_row: int
) -> None:
    rows = rows_of(PLANET, 3_000)
    rows.columns["Stocks.amount"][bad_row] = -1.0
    async with open_world(tmp_path):
        before = asyncio.all_tasks()
        async with SessionLocal() as session:
            writer = await writer_over(await session.connection())

            async def write_bad_rows() -> None:
                await writer.write(rows)
                await writer.finish()

            with pytest.raises(IntegrityError, match="stocks_not_negative"):
                await write_bad_rows()
            assert asyncio.all_tasks() == before
        assert not len((await read(PLANET)).ids)
        # The connection is as good as before.
        await write(rows_of(PLANET, 129))
        assert len((await read(PLANET)).ids) == 129


async def test_that_a_number_no_database_gives_back_is_refused_before_any_statement(
    tmp_path: Path,
) -> None:
    rows = rows_of(PLANET, 3)
    rows.columns["Stocks.amount"][2, 1] = float("nan")
    async with open_world(tmp_path), SessionLocal() as session:
        writer = await writer_over(await session.connection())
        with pytest.raises(StorageError, match=r"Stocks\.amount is not a finite number"):
            await writer.write(rows)
        assert (writer.rows, writer.statements) == (0, 0)


@pytest.mark.sqlite_file
async def test_that_a_save_cancelled_while_it_waits_for_the_lock_leaves_no_transaction_open(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path):
        batch = SaveBatch(1, SaveReason.URGENT, (rows_of(PLANET, 129),), {}, CLOCK, 0.0)
        # Whoever has just connected looks around first.
        await worlds.write_batch(batch, 0.0)
        with faults.locked_by_another_process(tmp_path / "world.db"), begun() as has_begun:
            save = asyncio.create_task(worlds.write_batch(batch, 0.0))
            await has_begun
            save.cancel()
        with pytest.raises(asyncio.CancelledError):
            await save
        async with SessionLocal() as session, session.begin():
            # Within another transaction this one could not begin.
            _ = await session.connection()
        await worlds.write_batch(batch, 0.0)
        assert same(await read(PLANET), batch.rows[0])


@contextmanager
def begun() -> Iterator[asyncio.Future[None]]:
    """Tell when a save has handed its statements to the driver."""
    handed_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    work = sqlite_connections.Connection.commit

    async def commit(connection: sqlite_connections.Connection) -> None:
        handed_over.get_loop().call_soon(handed_over.set_result, None)
        await work(connection)

    with patch.object(sqlite_connections.Connection, "commit", commit):
        yield handed_over


async def test_that_no_statement_is_carried_out_after_an_error_between_two_of_them(
    tmp_path: Path,
) -> None:
    whole, bad = rows_of(PLANET, 1024), rows_of(PLANET, 1, first_id=2000)
    bad.columns["Stocks.amount"][0, 0] = float("nan")
    async with open_world(tmp_path):
        before = asyncio.all_tasks()
        with pytest.raises(StorageError, match="is not a finite number"):
            await write(whole, bad)
        assert asyncio.all_tasks() == before
        await write(clock=CLOCK)
        assert not len((await read(PLANET)).ids)
