"""Fields as columns: what goes to the database comes back to the bit, as plain Python objects."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Double, SmallInteger, Text

from core.components import (
    BUILDINGS,
    KINDS,
    NEVER,
    NOTHING_QUEUED,
    PLANET,
    PLAYER,
    UNITS,
    UNIVERSE,
    Planet,
    Player,
    Stocks,
)
from core.ecs import Field, Kind, fields_of
from core.ecs.component import Float64
from core.ecs.table import AnyArray
from core.errors import DatabaseError, StorageError, UnstorableError
from core.persistence.columns import StoredColumn, check_finite, stored_columns
from core.unit_orders import UnitOrder, text_of

STORED = {kind: {column.name: column for column in stored_columns(kind)} for kind in KINDS}
ALL_COLUMNS = [column for kind in KINDS for column in STORED[kind].values()]
FIELDS = {
    field: [column for column in ALL_COLUMNS if column.field == field]
    for kind in KINDS
    for component in kind.components
    for field in fields_of(component)
}


UNIT_ORDERS = st.builds(UnitOrder, st.sampled_from(UNITS.labels), st.integers(1, 10**18 - 1))


def places_of(field: Field) -> st.SearchStrategy[Any]:
    """Return what one place of a field may hold."""
    if field.column.names is not None:
        return st.integers(-len(field.column.names), len(field.column.names))
    match field.dtype.kind:
        case "f":
            # Never is infinite; minus infinity is refused.
            return st.floats(min_value=-1.7e308, allow_nan=False)
        case "b":
            return st.booleans()
        case "T" if field.column.check is not None:
            return st.lists(UNIT_ORDERS, max_size=5).map(text_of)
        case "T":
            return st.text()
        case _:
            limits = np.iinfo(field.dtype)
            return st.integers(int(limits.min), int(limits.max))


def rows_of(field: Field) -> st.SearchStrategy[AnyArray]:
    """Return columns in memory with a few rows."""
    row = places_of(field)
    if field.axis is not None:
        row = st.tuples(*[row] * len(field.axis))
    return st.lists(row, max_size=5).map(lambda rows: array_of(field, rows))


def array_of(field: Field, rows: list[Any]) -> AnyArray:
    column = field.empty(len(rows))
    for number, value in enumerate(rows):
        column[number] = value
    return column


def bits_of(array: AnyArray) -> object:
    return array.tolist() if array.dtype.kind == "T" else (array.dtype, array.tobytes())


def encode(column: StoredColumn, *values: Any) -> list[Any]:
    """Return what the database gets for these values in every place of the column's field."""
    return column.encode({column.field.key: array_of(column.field, list(values))})


# There are many fields, and few kinds of them.
@settings(max_examples=20)
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
@given(data=st.data())
def test_that_every_field_comes_back_to_the_bit(field: Field, data: st.DataObject) -> None:
    in_memory = data.draw(rows_of(field))
    loaded = field.empty(len(in_memory))
    for column in FIELDS[field]:
        encoded = column.encode({field.key: in_memory})
        # A NumPy integer would be stored as a blob.
        assert {type(value) for value in encoded} <= {bool, int, float, str, NoneType}
        assert column.nullable or None not in encoded
        here = ... if column.place is None else (..., column.place)
        loaded[here] = column.decode(encoded)
    assert bits_of(loaded) == bits_of(in_memory)


@given(st.lists(st.floats(0, 1e12), min_size=3, max_size=3))
def test_that_each_label_of_a_vector_has_a_column_of_its_own(amounts: list[float]) -> None:
    rows = {"Stocks.amount": np.array([amounts, amounts[::-1]])}
    stored = [
        STORED[PLANET][f"{name}_amount"].encode(rows) for name in ("metal", "crystal", "deuterium")
    ]
    assert stored == [[one, other] for one, other in zip(amounts, amounts[::-1], strict=True)]


def test_that_never_is_no_value_in_the_database() -> None:
    column = STORED[PLANET]["finish_at"]
    assert encode(column, 1.5, NEVER, -0.0) == [1.5, None, -0.0]
    assert column.decode([1.5, None]).tolist() == [1.5, NEVER]


def test_that_a_time_that_must_be_may_not_be_missing() -> None:
    assert not STORED[PLANET]["started_at"].nullable
    assert encode(STORED[PLANET]["started_at"], NEVER) == [NEVER]


def test_that_what_is_queued_is_stored_by_name() -> None:
    column = STORED[PLANET]["queued_1"]
    mine = BUILDINGS.index("metal_mine") + 1
    names = ["metal_mine", "-metal_mine", None]
    assert encode(column, mine, -mine, NOTHING_QUEUED) == names
    assert column.decode(names).tolist() == [mine, -mine, NOTHING_QUEUED]


def test_that_a_number_that_stands_for_nothing_is_refused() -> None:
    column = STORED[PLANET]["queued_1"]
    count = len(BUILDINGS)
    for code in (count + 1, -count - 1, 2 * count + 1):
        with pytest.raises(UnstorableError, match=r"BuildQueue\.queued has a number"):
            encode(column, 1, code)
    assert encode(column) == []


def test_that_a_name_the_rules_do_not_know_is_refused() -> None:
    with pytest.raises(DatabaseError, match="queued_2 names 'palace'"):
        STORED[PLANET]["queued_2"].decode(["metal_mine", "palace"])


@pytest.mark.parametrize("text", ["palace 1", "cruiser", "cruiser 0", "cruiser 1;", "cruiser  1"])
def test_that_a_text_without_the_form_of_its_field_is_refused(text: str) -> None:
    column = STORED[PLANET]["units_waiting"]
    with pytest.raises(DatabaseError, match=f"column units_waiting holds '{text}': "):
        column.decode(["", "cruiser 2", text])
    with pytest.raises(UnstorableError, match=f"units_waiting holds '{text}': "):
        encode(column, "", text)


@pytest.mark.parametrize(
    ("kind", "name", "sql_type"),
    [
        (PLANET, "position", SmallInteger),
        (PLANET, "metal_mine_level", SmallInteger),
        (PLANET, "owner_id", BigInteger),
        (PLANET, "deuterium_capacity", Double),
        (PLANET, "boundary_at", Double),
        (PLANET, "queued_1", Text),
        (PLANET, "small_cargo_count", BigInteger),
        (PLANET, "units_waiting", Text),
        (PLAYER, "name", Text),
        (UNIVERSE, "registration_open", Boolean),
    ],
)
def test_that_a_column_has_the_name_and_the_type_that_follow_from_its_field(
    kind: Kind, name: str, sql_type: type
) -> None:
    assert type(STORED[kind][name].sql_type) is sql_type


def test_that_only_what_may_be_never_or_nothing_is_nullable() -> None:
    nullable = {column.name for column in ALL_COLUMNS if column.nullable}
    queued = {name for name in STORED[PLANET] if name.startswith("queued_")}
    due = {"boundary_at", "finish_at", "restart_at", "units_due_at", "fleet_due_at"}
    due |= {"expires_at", "forgotten_at"}
    named = {"offered", "requested", "state", "category", "unit_building"}
    named |= {"mission", "origin_type", "target_type", "target_unit", "fleet_state", "report_kind"}
    assert nullable == due | named | queued


@dataclass(slots=True)
class Wallet:
    """Holds a field that would be a column of `Stocks` as well."""

    metal_amount: Float64


def test_that_two_fields_may_not_be_the_same_column() -> None:
    with pytest.raises(TypeError, match=r"two fields of bank would both be .* metal_amount"):
        stored_columns(Kind("bank", Stocks, Wallet))
    with pytest.raises(TypeError, match=r"two fields of person would both be .* name"):
        stored_columns(Kind("person", Planet, Player))


@pytest.mark.parametrize("poison", [float("nan"), float("-inf")])
@pytest.mark.parametrize("shape", [(3,), (3, 2)])
def test_that_a_number_no_database_gives_back_is_refused(
    poison: float, shape: tuple[int, ...]
) -> None:
    values = np.zeros(shape)
    check_finite({"Stocks.amount": values}, PLANET)
    values[-1] = poison
    with pytest.raises(StorageError, match=r"^planet: Stocks\.amount is not a finite number"):
        check_finite({"Planet.fields": np.zeros(3, np.int16), "Stocks.amount": values}, PLANET)


def test_that_never_texts_and_whole_numbers_are_not_refused() -> None:
    texts = np.array(["nan", "-inf"], dtype=np.dtypes.StringDType())
    never = {"BuildQueue.finish_at": np.array([NEVER])}
    check_finite({**never, "b": np.array([1]), "c": texts}, PLANET)
    with pytest.raises(StorageError, match="is not a finite number"):
        check_finite({"Stocks.settled_at": np.array([NEVER])}, PLANET)
