"""Whether a batch is one at all: known tables, whole columns of their types, a whole clock.

What is amiss here is no row's fault but a mistake of ours, and no part of such a batch is trusted:
a database might take it and give back something else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

import numpy as np

from core.components import KINDS
from core.ecs import EVERY_ID, Field, fields_of
from core.errors import SaveRefusedError
from core.save_batch import SaveBatch, TableRows, WorldClock

# There are many sets of columns that may have changed.
_SETS_KEPT = 256
# What has room in 64 bits. In a group the id 0 stands for every row of a table, so no row has it.
_IDS = range(EVERY_ID + 1, 2**63)
_COUNTERS = range(2**63)
_KINDS = {kind.name: kind for kind in KINDS}


def refuse_malformed(batch: SaveBatch) -> None:
    """Raise SaveRefusedError if a batch is malformed, and say where."""
    for fault in _faults(batch):
        raise SaveRefusedError(f"the save is malformed: {fault}")


def _faults(batch: SaveBatch) -> Iterator[str]:
    yield from _faults_of_clock(batch.clock)
    for rows in batch.rows:
        yield from _faults_of_rows(rows)
    for table, ids in batch.deleted.items():
        if table not in _KINDS:
            yield f"there is no table {table!r}"
        elif not all(id_ in _IDS for id_ in ids):
            yield f"what is to be deleted of {table} has impossible ids"


def _faults_of_clock(clock: WorldClock) -> Iterator[str]:
    if not math.isfinite(clock.world_time):
        yield "the world's time is not a finite number"
    if clock.next_ids.keys() != _KINDS.keys():
        yield f"the clock counts {sorted(clock.next_ids)}"
    if not all(number in _COUNTERS for number in (clock.tick, *clock.next_ids.values())):
        yield "a counter of the clock is impossible"


def _faults_of_rows(rows: TableRows) -> Iterator[str]:
    if rows.table not in _KINDS:
        yield f"there is no table {rows.table!r}"
        return
    if rows.ids.dtype != np.int64 or rows.ids.ndim != 1:
        yield f"the ids of {rows.table} are {rows.ids.dtype} of shape {rows.ids.shape}"
        return
    if rows.ids.min(initial=_IDS.start) < _IDS.start:
        yield f"{rows.table} has impossible ids"
    keys = frozenset(rows.columns)
    if wrong := _wrong_columns(rows.table, keys, rows.whole):
        yield f"{rows.table} has not its columns: {wrong}"
        return
    count, fields = len(rows.ids), _fields_of(rows.table)
    for key, values in rows.columns.items():
        dtype, vector = fields[key].dtype, fields[key].vector
        if values.dtype != dtype or values.shape != (count, *vector):
            yield f"{rows.table}: {key} is {values.dtype} of shape {values.shape}"


@lru_cache(_SETS_KEPT)
def _wrong_columns(table: str, has: frozenset[str], whole: bool) -> str | None:
    """Return one of the columns that are too many, or that are missing."""
    wanted = frozenset(_fields_of(table))
    if not whole:
        # Of every component that one of them is of, all.
        changed = {key.partition(".")[0] for key in has}
        wanted = frozenset(key for key in wanted if key.partition(".")[0] in changed)
    return min(has ^ wanted, default=None if has else "it has none")


@cache
def _fields_of(table: str) -> Mapping[str, Field]:
    components = _KINDS[table].components
    return {field.key: field for component in components for field in fields_of(component)}
