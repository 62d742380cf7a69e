"""Payloads of saves that are made up: right ones, wrong ones and ones that are none at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from core.components import KINDS
from core.ecs import EVERY_ID, Field, Kind, World
from core.save_batch import RowName, SaveBatch, SaveReason, TableRows, WorldClock

INT64_MAX = 2**63 - 1
# Some that are there, some that are not, the last there can be; and some that cannot be.
IDS = st.one_of(st.integers(1, 3), st.integers(1, 6), st.sampled_from([99, INT64_MAX]))
IMPOSSIBLE_IDS = st.sampled_from([0, -1, -INT64_MAX - 1, 2**63, -(2**63) - 1])
WIDE_INTEGERS = st.one_of(st.integers(-(2**70), 2**70), st.sampled_from([2**63, -(2**63) - 1]))
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["", "\0", "a\0b", "x" * 1_000_000, "💥"]))

Change = Callable[[TableRows], TableRows]


def payloads(base: Mapping[Kind, TableRows], now: float) -> st.SearchStrategy[SaveBatch]:
    """Return batches over a world of which `base` is everything."""
    return st.one_of(
        _batches(_spoilt_rows(base), now),
        _batches(_spoilt_rows(base), now),
        _batches(_malformed_rows(base), now),
    )


@st.composite
def _batches(draw: st.DrawFn, tables: st.SearchStrategy[TableRows], now: float) -> SaveBatch:
    rows = tuple(draw(st.lists(tables, max_size=3)))
    deleted = draw(st.one_of(st.just({}), _deletions()))
    batch = SaveBatch(7, SaveReason.URGENT, rows, deleted, draw(_clocks(now)), 0.0)
    return replace(batch, groups=draw(_groups(batch)))


def _deletions() -> st.SearchStrategy[dict[str, tuple[int, ...]]]:
    names = st.one_of(st.sampled_from([kind.name for kind in KINDS]), st.text(max_size=5))
    ids = st.lists(IDS, max_size=4).map(tuple)
    wrong = st.lists(st.one_of(IDS, IMPOSSIBLE_IDS), max_size=4).map(tuple)
    return st.one_of(
        st.dictionaries(st.sampled_from([kind.name for kind in KINDS]), ids, max_size=3),
        st.dictionaries(names, wrong, max_size=3),
    )


@st.composite
def _clocks(draw: st.DrawFn, now: float) -> WorldClock:
    right = WorldClock(now, 9, {kind.name: 50 for kind in KINDS})
    if draw(st.integers(0, 5)):
        return right
    next_ids = st.dictionaries(
        st.one_of(st.sampled_from([kind.name for kind in KINDS]), st.text(max_size=5)),
        WIDE_INTEGERS,
        max_size=4,
    )
    return draw(
        st.one_of(
            st.floats().map(lambda at: replace(right, world_time=at)),
            WIDE_INTEGERS.map(lambda tick: replace(right, tick=tick)),
            next_ids.map(lambda ids: replace(right, next_ids=ids)),
            next_ids.map(lambda ids: replace(right, next_ids={**right.next_ids, **ids})),
        )
    )


@st.composite
def _groups(draw: st.DrawFn, batch: SaveBatch) -> tuple[frozenset[RowName], ...]:
    """Part what is in a batch into groups, and leave some of it out of all of them."""
    names = {(rows.table, id_) for rows in batch.rows for id_ in _plain_ids(rows)}
    names |= {(table, id_) for table, ids in batch.deleted.items() for id_ in ids}
    if names and draw(st.integers(0, 7)) == 0:
        table = draw(st.sampled_from(sorted({table for table, _ in names})))
        names = {name for name in names if name[0] != table} | {(table, EVERY_ID)}
    groups: list[set[RowName]] = [set(), set(), set()]
    for name in sorted(names):
        place = draw(st.integers(0, 3))
        if place < len(groups):
            groups[place].add(name)
    return tuple(frozenset(group) for group in groups if group)


def _plain_ids(rows: TableRows) -> list[int]:
    flat: list[Any] = np.ravel(rows.ids).tolist()
    return [id_ for id_ in flat if isinstance(id_, int)]


# Rows ---------------------------------------------------------------------------------------------


@st.composite
def _chosen_rows(draw: st.DrawFn, base: Mapping[Kind, TableRows]) -> TableRows:
    """Return rows of the world, some of them under another id, none of them twice or all."""
    kind = draw(st.sampled_from(KINDS))
    there = base[kind]
    places = draw(st.lists(st.integers(0, len(there.ids) - 1), max_size=4))
    ids = there.ids[places]
    if draw(st.booleans()):
        ids = np.array(draw(st.lists(IDS, min_size=len(ids), max_size=len(ids))), dtype=np.int64)
    columns = {key: values[places].copy() for key, values in there.columns.items()}
    return TableRows(kind.name, ids, columns)


@st.composite
def _spoilt_rows(draw: st.DrawFn, base: Mapping[Kind, TableRows]) -> TableRows:
    """Return rows of the right form whose values may be anything that has room in a column."""
    rows = draw(_chosen_rows(base))
    fields = {field.key: field for field in World(KINDS).tables[_kind_of(rows)].fields}
    for _ in range(draw(st.integers(0, 3)) if len(rows.ids) else 0):
        field = fields[draw(st.sampled_from(sorted(fields)))]
        column = rows.columns[field.key]
        place = draw(st.integers(0, column.size - 1))
        # A StringDType array has no view that is flat.
        column[np.unravel_index(place, column.shape)] = draw(_values(field))
    return rows


def _values(field: Field) -> st.SearchStrategy[Any]:
    match field.dtype.kind:
        case "f":
            return st.one_of(st.floats(), st.floats(-1e6, 1e6))
        case "i":
            most = 2 ** (8 * field.dtype.itemsize - 1) - 1
            return st.one_of(st.integers(-most - 1, most), st.integers(-3, 20))
        case "b":
            return st.booleans()
        case _:
            return TEXTS


@st.composite
def _malformed_rows(draw: st.DrawFn, base: Mapping[Kind, TableRows]) -> TableRows:
    """Return rows that nothing but a mistake of ours could make."""
    rows = draw(_chosen_rows(base))
    key = draw(st.sampled_from(sorted(rows.columns)))
    column = rows.columns[key]
    wide = np.full(column.shape, draw(WIDE_INTEGERS), dtype=object)
    wrong_columns: list[Any] = [
        column[:-1],
        np.concatenate((column, column)),
        np.stack((column, column), axis=-1),
        np.zeros(column.shape, dtype=np.complex128),
        np.full(column.shape, "wrong"),
        np.full(column.shape, None),
        np.full(column.shape, 100_000, dtype=np.int64),
        wide,
    ]
    wrong_ids: list[Any] = [
        rows.ids[:-1],
        rows.ids.astype(np.float64) + 0.5,
        rows.ids.astype(np.uint64) + np.uint64(2**63),
        rows.ids.reshape(1, -1),
        np.zeros(rows.ids.shape, dtype=np.int64),
        -rows.ids,
        np.full(rows.ids.shape, draw(WIDE_INTEGERS), dtype=object),
    ]
    return draw(
        st.one_of(
            st.text(max_size=5).map(lambda name: replace(rows, table=name)),
            st.just(replace(rows, columns={k: v for k, v in rows.columns.items() if k != key})),
            st.just(replace(rows, columns={**rows.columns, "Planet.motto": column})),
            st.sampled_from(wrong_columns).map(
                lambda wrong: replace(rows, columns={**rows.columns, key: wrong})
            ),
            st.sampled_from(wrong_ids).map(lambda wrong: replace(rows, ids=wrong)),
        )
    )


def _kind_of(rows: TableRows) -> Kind:
    return next(kind for kind in KINDS if kind.name == rows.table)
