"""A save with rows that the database refuses: the rest is written, and groups are never parted."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from core.components import PLANET, PLAYER
from core.database import SessionLocal
from core.ecs import EVERY_ID
from core.errors import SaveRefusedError
from core.persistence import bisecting, worlds
from core.save_batch import RowName, SaveBatch, SaveReceipt, TableRows
from tests import faults
from tests.databases import open_database
from tests.persistence.test_worlds import a_player, batch_of, register, some_planets

SLICE_ROWS = 8192


async def write(batch: SaveBatch) -> SaveReceipt:
    return await bisecting.write_what_is_accepted(batch, time.perf_counter())


def with_poor(planets: TableRows, *poor_ids: int) -> TableRows:
    """Give some planets an amount that the database refuses."""
    amounts = planets.columns["Stocks.amount"].copy()
    amounts[np.isin(planets.ids, poor_ids)] = -1.0
    return replace(planets, columns={**planets.columns, "Stocks.amount": amounts})


def planets(*ids: int) -> frozenset[RowName]:
    return frozenset(("planet", planet_id) for planet_id in ids)


async def stored_planets() -> list[int]:
    loaded = await worlds.load_world()
    ids: list[int] = loaded.tables[PLANET].ids.tolist()
    return ids


async def begin_world() -> None:
    await register("ada", "bea")
    await write(batch_of(a_player()))


async def test_that_one_refused_row_keeps_nothing_else_from_being_written(
    database_url: URL,
) -> None:
    async with open_database(database_url):
        await begin_world()
        receipt = await write(batch_of(with_poor(some_planets(300), 123)))
        assert [refusal.rows for refusal in receipt.refused] == [planets(123)]
        assert "stocks_not_negative" in receipt.refused[0].reason
        assert receipt.aggregates == 299
        assert await stored_planets() == [i for i in range(1, 301) if i != 123]


async def test_that_a_group_is_refused_as_a_whole(database_url: URL) -> None:
    async with open_database(database_url):
        await begin_world()
        batch = batch_of(with_poor(some_planets(40), 7, 30))
        groups = (planets(7, 8), planets(20, 29, 30, 31), planets(1, 2, 3))
        receipt = await write(replace(batch, groups=groups))
        assert {refusal.rows for refusal in receipt.refused} == set(groups[:2])
        left_out = {7, 8, 20, 29, 30, 31}
        assert await stored_planets() == [i for i in range(1, 41) if i not in left_out]


async def test_that_a_change_of_all_rows_is_refused_by_one_name(database_url: URL) -> None:
    async with open_database(database_url):
        await begin_world()
        group: frozenset[RowName] = frozenset({("planet", EVERY_ID), ("universe", 1)})
        batch = replace(batch_of(with_poor(some_planets(30), 5)), groups=(group,))
        receipt = await write(batch)
        assert [refusal.rows for refusal in receipt.refused] == [{("planet", EVERY_ID)}]
        assert await stored_planets() == []


async def test_that_what_refers_to_a_refused_row_is_refused_with_it(database_url: URL) -> None:
    async with open_database(database_url):
        await begin_world()
        # There is no account 3, so no player 3 either, and no planet of his.
        nobody = TableRows("player", np.array([3]), a_player().columns)
        theirs = some_planets(4)
        owners = np.array([1, 3, 1, 3])
        theirs = replace(theirs, columns={**theirs.columns, "Planet.owner_id": owners})
        receipt = await write(batch_of(nobody, theirs))
        assert [refusal.rows for refusal in receipt.refused] == [planets(2, 4) | {("player", 3)}]
        assert await stored_planets() == [1, 3]


async def test_that_what_only_came_before_what_it_refers_to_is_written(database_url: URL) -> None:
    async with open_database(database_url):
        await register("ada", "bea")
        # The planets' half is written first, and player 1 only with the other one.
        batch = batch_of(a_player(), with_poor(some_planets(4), 3))
        groups = (planets(1, 2), planets(3), planets(4), frozenset({("player", 1)}))
        receipt = await write(replace(batch, groups=groups))
        assert [refusal.rows for refusal in receipt.refused] == [planets(3)]
        assert await stored_planets() == [1, 2, 4]


async def test_that_a_deletion_that_is_refused_is_named_and_the_others_are_made(
    database_url: URL,
) -> None:
    async with open_database(database_url):
        await begin_world()
        await write(batch_of(some_planets(5)))
        batch = replace(batch_of(), deleted={"planet": (2, 4), "player": (1,)})
        receipt = await write(batch)
        # His other planets still refer to him.
        assert [refusal.rows for refusal in receipt.refused] == [{("player", 1)}]
        assert await stored_planets() == [1, 3, 5]


async def test_that_a_number_that_is_none_is_found_before_the_database_sees_it(
    database_url: URL,
) -> None:
    async with open_database(database_url):
        await begin_world()
        rows = some_planets(9)
        rates = rows.columns["Stocks.production"].copy()
        rates[3, 0] = np.inf
        rows = replace(rows, columns={**rows.columns, "Stocks.production": rates})
        receipt = await write(batch_of(rows))
        assert [refusal.rows for refusal in receipt.refused] == [planets(4)]
        assert "finite" in receipt.refused[0].reason


@pytest.mark.parametrize("poor_id", [1, pytest.param(4097, marks=pytest.mark.slow), SLICE_ROWS])
async def test_that_a_full_slice_with_one_refused_row_takes_few_transactions(
    database_url: URL, poor_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_tried: list[int] = []
    write_batch = worlds.write_batch

    async def counted(batch: SaveBatch, submitted_at: float) -> SaveReceipt:
        rows_tried.append(batch.aggregates)
        return await write_batch(batch, submitted_at)

    monkeypatch.setattr(worlds, "write_batch", counted)
    async with open_database(database_url):
        await begin_world()
        rows_tried.clear()
        receipt = await write(batch_of(with_poor(some_planets(SLICE_ROWS), poor_id)))
        assert receipt.aggregates == SLICE_ROWS - 1
        loaded = await worlds.load_world()
    assert len(loaded.tables[PLANET].ids) == SLICE_ROWS - 1
    # Two for each halving, and no row is written more than three times over on average.
    assert len(rows_tried) <= 2 * SLICE_ROWS.bit_length() + 2
    assert sum(rows_tried) <= 3 * SLICE_ROWS


async def test_that_nothing_is_set_aside_where_no_row_is_to_blame(database_url: URL) -> None:
    async with open_database(database_url):
        await begin_world()
        async with SessionLocal() as session, session.begin():
            if database_url.get_backend_name() == "sqlite":
                await session.execute(
                    text(
                        "CREATE TRIGGER no BEFORE UPDATE ON world_clock"
                        " BEGIN SELECT RAISE(ABORT, 'no time'); END"
                    )
                )
            else:
                await session.execute(
                    text("ALTER TABLE world_clock ADD CONSTRAINT no CHECK (tick < 8)")
                )
        batch = batch_of(some_planets(5))
        batch = replace(batch, clock=replace(batch.clock, tick=9))
        with pytest.raises(SaveRefusedError):
            await write(batch)
        assert await stored_planets() == []


async def test_that_nothing_is_set_aside_where_too_much_is_refused(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bisecting, "REFUSALS_MAX", 4)
    async with open_database(database_url):
        await begin_world()
        with pytest.raises(SaveRefusedError, match="more than 4"):
            await write(batch_of(some_planets(30, -1.0)))


async def test_that_a_row_that_is_there_twice_is_refused_as_one(database_url: URL) -> None:
    async with open_database(database_url):
        await begin_world()
        batch = batch_of(some_planets(2), with_poor(some_planets(3), 2))
        receipt = await write(batch)
        assert [refusal.rows for refusal in receipt.refused] == [planets(2)]
        assert await stored_planets() == [1, 3]


@pytest.mark.sqlite_file
async def test_that_trouble_that_passes_ends_the_halving(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"):
        await begin_world()
        batch = batch_of(with_poor(some_planets(30), 9))
        with faults.failing_writes(after=6), pytest.raises(OSError, match="on fire"):
            await write(batch)
        # What was committed meanwhile is written again, and the same comes of it.
        receipt = await write(batch)
        assert [refusal.rows for refusal in receipt.refused] == [planets(9)]
        assert await stored_planets() == [i for i in range(1, 31) if i != 9]


async def test_that_rows_are_read_as_they_are_on_disk(database_url: URL) -> None:
    async with open_database(database_url):
        await begin_world()
        await write(batch_of(some_planets(600)))
        some = await worlds.read_rows([("planet", 3), ("planet", 599), ("planet", 777)])
        everything = await worlds.read_rows([("planet", EVERY_ID), ("player", 1)])
        loaded = await worlds.load_world()
    assert [part.table for part in some] == ["planet"]
    assert some[0].ids.tolist() == [3, 599]
    assert [part.table for part in everything] == ["player", "planet"]
    for part, kind, chosen in ((some[0], PLANET, [2, 598]), (everything[0], PLAYER, [0])):
        for key, column in part.columns.items():
            assert column.tolist() == loaded.tables[kind].columns[key][chosen].tolist()
    assert everything[1].ids.tolist() == loaded.tables[PLANET].ids.tolist()
