"""Rows that are taken in at once are what they are column by column, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from core.components import KINDS, PLANET
from core.ecs import Kind, fields_of
from core.ecs.table import AnyArray, Ids
from core.errors import DatabaseError
from core.persistence.row_packing import RowPacking, row_packing

COUNT = 12


def columns_of(kind: Kind) -> dict[str, AnyArray]:
    """Return columns that reach from the least to the most of every field."""
    random = np.random.default_rng(7)
    columns: dict[str, AnyArray] = {}
    for component in kind.components:
        for field in fields_of(component):
            column = columns[field.key] = field.empty(COUNT)
            if field.column.names is not None:
                names = len(field.column.names)
                column[...] = random.integers(-names, names, column.shape, endpoint=True)
            elif field.dtype.kind == "i":
                limits = np.iinfo(field.dtype)
                column[...] = random.integers(
                    limits.min, limits.max, column.shape, dtype=field.dtype, endpoint=True
                )
                column.reshape(COUNT, -1)[:2] = [[limits.min], [limits.max]]
            elif field.dtype.kind == "f":
                column[...] = random.standard_normal(column.shape) * 1e12
                column.reshape(COUNT, -1)[0] = -0.0
                if field.column.may_be_never:
                    column[1] = np.inf
            elif field.dtype.kind == "b":
                column[...] = random.integers(0, 2, column.shape).astype(bool)
            elif field.column.check is None:
                column[...] = [f"ü{number}" * number for number in range(COUNT)]
    return columns


def rows_for(packing: RowPacking, ids: Ids, columns: Mapping[str, AnyArray]) -> list[Any]:
    """Return rows as a database gives them."""
    encoded = [column.encode(columns) for column in packing.columns]
    return list(zip(ids.tolist(), *encoded, strict=True))


def taken_in(kind: Kind, rows: list[Any]) -> tuple[Ids, dict[str, AnyArray]]:
    ids = np.zeros(len(rows), dtype=np.int64)
    fields = (field for component in kind.components for field in fields_of(component))
    columns = {field.key: field.empty(len(rows)) for field in fields}
    row_packing(kind).take_in(rows, ids, columns)
    return ids, columns


def assert_same(one: Mapping[str, AnyArray], other: Mapping[str, AnyArray]) -> None:
    assert one.keys() == other.keys()
    for key, column in one.items():
        assert column.dtype == other[key].dtype
        assert column.tolist() == other[key].tolist(), key
        if column.dtype.kind == "f":
            assert np.signbit(column).tolist() == np.signbit(other[key]).tolist()


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_that_rows_of_every_kind_come_back(kind: Kind) -> None:
    ids, columns = np.arange(2**62, 2**62 + COUNT), columns_of(kind)
    found_ids, found = taken_in(kind, rows_for(row_packing(kind), ids, columns))
    assert found_ids.tolist() == ids.tolist()
    assert_same(found, columns)


def with_cell(name: str, value: object) -> list[Any]:
    packing = row_packing(PLANET)
    rows = [list(row) for row in rows_for(packing, np.arange(1, COUNT + 1), columns_of(PLANET))]
    place = 1 + [column.name for column in packing.columns].index(name)
    rows[3][place] = value
    return rows


def test_that_a_whole_number_of_another_type_is_taken_as_what_it_is() -> None:
    _, columns = taken_in(PLANET, with_cell("fields", 163.0))
    assert columns["Planet.fields"][3] == 163
    _, columns = taken_in(PLANET, with_cell("metal_amount", 163))
    assert columns["Stocks.amount"][3, 0] == 163.0


def test_that_a_number_that_has_no_room_is_refused() -> None:
    with pytest.raises(OverflowError):
        taken_in(PLANET, with_cell("fields", 40_000))


def test_that_a_name_the_rules_do_not_know_is_refused() -> None:
    with pytest.raises(DatabaseError, match="queued_2 names 'palace'"):
        taken_in(PLANET, with_cell("queued_2", "palace"))
