"""A batch that is none: refused as a whole, before the database sees any of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.components import PLANET
from core.errors import SaveRefusedError
from core.persistence import bisecting, worlds
from core.persistence.well_formed import refuse_malformed
from core.save_batch import SaveBatch, TableRows
from tests.databases import open_database
from tests.persistence.test_worlds import a_player, batch_of, register, some_planets

Spoil = Callable[[SaveBatch], SaveBatch]


def with_rows(**changes: Any) -> Spoil:
    """Return what changes the planets of a batch."""

    def spoil(batch: SaveBatch) -> SaveBatch:
        return replace(batch, rows=(*batch.rows[:-1], replace(batch.rows[-1], **changes)))

    return spoil


def with_column(key: str, values: Any) -> Spoil:
    def spoil(batch: SaveBatch) -> SaveBatch:
        return with_rows(columns={**batch.rows[-1].columns, key: values})(batch)

    return spoil


def without_column(batch: SaveBatch) -> SaveBatch:
    columns = dict(batch.rows[-1].columns)
    del columns["Planet.fields"]
    return with_rows(columns=columns)(batch)


def with_clock(**changes: Any) -> Spoil:
    return lambda batch: replace(batch, clock=replace(batch.clock, **changes))


def with_deleted(table: str, *ids: int) -> Spoil:
    return lambda batch: replace(batch, deleted={table: ids})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (with_rows(table="moon"), "no table 'moon'"),
        (with_rows(ids=np.array([0, 1, 2])), "planet has impossible ids"),
        (with_rows(ids=np.array([1.0, 2.0, 3.0])), "ids of planet are float64"),
        (with_rows(ids=np.array([[1, 2, 3]])), "ids of planet are int64 of shape"),
        (without_column, r"not its columns: Planet\.fields"),
        (with_column("Planet.motto", np.zeros(3)), r"not its columns: Planet\.motto"),
        (with_column("Planet.fields", np.zeros(2, np.int16)), r"Planet\.fields is int16 of shape"),
        (with_column("Planet.fields", np.full(3, 100_000)), r"Planet\.fields is int64"),
        (with_column("Stocks.amount", np.zeros(3)), r"Stocks\.amount is float64 of shape \(3,\)"),
        (with_column("Stocks.settled_at", np.full(3, "noon")), r"Stocks\.settled_at is <U4"),
        (with_clock(world_time=float("nan")), "time is not a finite number"),
        (with_clock(world_time=float("inf")), "the world.s time is not a finite number"),
        (with_clock(tick=2**63), "counter of the clock is impossible"),
        (with_clock(next_ids={"planet": 2}), r"the clock counts \['planet'\]"),
        (with_deleted("moon", 1), "no table 'moon'"),
        (with_deleted("planet", 2**63), "to be deleted of planet has impossible ids"),
    ],
)
def test_that_what_is_no_batch_is_refused_in_words(spoil: Spoil, words: str) -> None:
    batch = batch_of(a_player(), some_planets(3))
    refuse_malformed(batch)
    with pytest.raises(SaveRefusedError, match=f"the save is malformed: .*{words}"):
        refuse_malformed(spoil(batch))


async def test_that_no_part_of_what_is_no_batch_is_written(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        short = with_column("Planet.fields", np.zeros(2, np.int16))
        batch = batch_of(a_player(), some_planets(3))
        with pytest.raises(SaveRefusedError):
            await bisecting.write_what_is_accepted(short(batch), time.perf_counter())
        loaded = await worlds.load_world()
        assert loaded.clock is None
        await bisecting.write_what_is_accepted(batch, time.perf_counter())
        assert (await worlds.load_world()).tables[PLANET].ids.tolist() == [1, 2, 3]


def test_that_nothing_to_save_but_the_clock_is_a_batch() -> None:
    refuse_malformed(batch_of())
    refuse_malformed(batch_of(TableRows("planet", *_no_planets())))


def _no_planets() -> tuple[Any, Any]:
    rows = some_planets(1).part(0, 0)
    return rows.ids, rows.columns
