"""Tables: rows of columns that grow, move and go, and ids that find them again."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.components import KINDS, PLANET
from core.ecs import Kind, Table, UnknownEntityError, World, fields_of
from core.ecs.component import values_of
from core.rules import RULES
from core.seed import add_rows, make_planets, plan_seed
from core.state import economy_settings_of
from tests.ecs.things import LAMP, Label, Light, Weight, lamp
from tests.manual_clock import START
from tests.worlds import new_state

IDS_PER_PAGE = 4096


def new_table() -> Table:
    return Table("lamp", LAMP.components)


def values(number: int) -> dict[str, object]:
    return {key: value for part in lamp(number) for key, value in values_of(part).items()}


def row_of(table: Table, entity_id: int) -> dict[str, object]:
    return {field.key: table.get(entity_id, field.key) for field in table.fields}


def test_that_a_table_has_a_column_for_each_field_of_its_components() -> None:
    assert [field.key for field in new_table().fields] == [
        "Label.number",
        "Label.name",
        "Light.level",
        "Light.is_on",
        "Weight.grams",
        "Weight.count",
    ]


def test_that_values_come_back_as_plain_python_objects() -> None:
    table = new_table()
    table.insert(1, values(3))  # type: ignore[arg-type]
    assert row_of(table, 1) == values(3)
    kinds = {type(value) for value in row_of(table, 1).values()}
    assert kinds == {int, str, tuple, bool, float}
    assert {type(x) for x in table.get(1, "Light.level")} == {float}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_that_vectors_of_every_type_come_back_whole(kind: Kind) -> None:
    table = Table(kind.name, kind.components)
    table.extend(np.arange(1, 4), {})
    for field in table.fields:
        if field.axis is not None:
            column = table.array(field.key)
            last = np.iinfo(field.dtype).max if field.dtype.kind == "i" else np.pi
            column[...] = last - np.arange(column.size).reshape(column.shape)
            assert table.get(2, field.key) == tuple(column[1].tolist())


def test_that_growing_keeps_every_value() -> None:
    table = new_table()
    for number in range(1, 200):
        table.insert(number, values(number))  # type: ignore[arg-type]
    assert len(table) == 199
    for number in range(1, 200):
        assert row_of(table, number) == values(number)


def test_that_growing_row_by_row_replaces_the_arrays_seldom() -> None:
    table = new_table()
    arrays = set()
    for number in range(1, 2000):
        table.insert(number, {})
        arrays.add(table.array("Weight.grams").__array_interface__["data"][0])
    assert len(arrays) <= 10


def test_that_the_last_row_takes_the_place_of_one_that_goes() -> None:
    table = new_table()
    for number in (10, 20, 30):
        table.insert(number, values(number))  # type: ignore[arg-type]
    gone = table.remove(10)
    assert {key: gone[key] for key in values(10)} == values(10)
    assert table.ids.tolist() == [30, 20]
    assert 10 not in table
    assert row_of(table, 30) == values(30)
    assert row_of(table, 20) == values(20)


def test_that_the_last_row_goes_without_disturbing_the_others() -> None:
    table = new_table()
    for number in (10, 20):
        table.insert(number, values(number))  # type: ignore[arg-type]
    table.remove(20)
    assert table.ids.tolist() == [10]
    assert row_of(table, 10) == values(10)


def test_that_a_row_that_went_leaves_nothing_to_the_next() -> None:
    table = new_table()
    table.insert(1, values(5))  # type: ignore[arg-type]
    table.remove(1)
    table.insert(2, {})
    assert row_of(table, 2) == {
        "Label.number": 0,
        "Label.name": "",
        "Light.level": (0.0, 0.0, 0.0),
        "Light.is_on": False,
        "Weight.grams": 0.0,
        "Weight.count": 0,
    }


def test_that_an_id_is_there_once() -> None:
    table = new_table()
    table.insert(1, values(1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lamp 1 exists already"):
        table.insert(1, values(2))  # type: ignore[arg-type]
    assert row_of(table, 1) == values(1)


@pytest.mark.parametrize("entity_id", [0, -1, 2, 2**40, 2**70])
def test_that_an_unknown_id_is_said_to_be_unknown(entity_id: int) -> None:
    table = new_table()
    table.insert(1, values(1))  # type: ignore[arg-type]
    assert entity_id not in table
    with pytest.raises(UnknownEntityError, match=f"no lamp {entity_id}"):
        table.get(entity_id, "Weight.grams")


def test_that_rows_leaves_out_what_is_gone_and_keeps_the_order() -> None:
    table = new_table()
    for number in range(1, 6):
        table.insert(number, values(number))  # type: ignore[arg-type]
    table.remove(2)
    rows = table.rows(np.array([4, 2, 1, 99]))
    assert table.ids[rows].tolist() == [4, 1]


def test_that_ids_and_read_only_columns_cannot_be_written_to() -> None:
    table = new_table()
    table.insert(1, values(1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="read-only"):
        table.ids[0] = 2
    with pytest.raises(ValueError, match="read-only"):
        table.read_only("Weight.grams")[0] = 2
    table.array("Weight.grams")[0] = 2
    assert table.get(1, "Weight.grams") == 2.0


def test_that_many_rows_at_once_are_the_same_as_one_by_one() -> None:
    numbers = [7, 3, IDS_PER_PAGE * 2 + 5, IDS_PER_PAGE - 1, IDS_PER_PAGE, 8]
    one_by_one, at_once = new_table(), new_table()
    for number in numbers:
        one_by_one.insert(number, values(number % 1000))  # type: ignore[arg-type]
    at_once.extend(
        np.array(numbers, dtype=np.int64),
        {
            field.key: np.array([values(n % 1000)[field.key] for n in numbers], dtype=field.dtype)
            for field in at_once.fields
        },
    )
    for number in numbers:
        assert row_of(at_once, number) == row_of(one_by_one, number)
    assert at_once.ids.tolist() == one_by_one.ids.tolist()


operations = st.lists(
    st.tuples(
        st.sampled_from(["insert", "remove", "set", "extend"]),
        # Both within a page of the index and across its pages.
        st.integers(0, 12) | st.integers(IDS_PER_PAGE - 3, IDS_PER_PAGE + 3),
        st.integers(0, 300),
    ),
    max_size=60,
)


@given(operations)
def test_that_a_table_is_a_dictionary_of_rows(steps: list[tuple[str, int, int]]) -> None:
    table = new_table()
    model: dict[int, dict[str, object]] = {}
    for verb, entity_id, number in steps:
        if verb == "remove" and entity_id in model:
            removed = table.remove(entity_id)
            assert {key: removed[key] for key in model[entity_id]} == model.pop(entity_id)
        elif verb == "set" and entity_id in model:
            model[entity_id] = values(number)
            for key, value in values(number).items():
                table.set(entity_id, key, value)
        elif verb == "insert" and entity_id not in model:
            model[entity_id] = values(number)
            table.insert(entity_id, values(number))  # type: ignore[arg-type]
        elif verb == "extend" and entity_id not in model and entity_id + 50_000 not in model:
            ids = [entity_id, entity_id + 50_000]
            model.update({i: values(number) for i in ids})
            columns = {
                f.key: np.array([values(number)[f.key]] * 2, dtype=f.dtype) for f in table.fields
            }
            table.extend(np.array(ids, dtype=np.int64), columns)
        assert len(table) == len(model)
        assert sorted(table.ids.tolist()) == sorted(model)
    for entity_id, expected in model.items():
        assert row_of(table, entity_id) == expected
        assert table.ids[table.row(entity_id)] == entity_id


def test_that_ids_that_went_cost_no_memory() -> None:
    table = new_table()
    table.insert(1, {})
    tracemalloc.start()
    try:
        # A few of every page.
        for entity_id in range(2, 10 * IDS_PER_PAGE, IDS_PER_PAGE // 200):
            table.insert(entity_id, {})
            table.remove(entity_id)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Four bytes for each id that ever was would be 160 KB.
    assert held < 40_000


def test_that_bytes_per_row_counts_columns_id_and_index() -> None:
    # int16 + text (16 bytes) + 3 float64 + bool + float64 + int64, an id and its place.
    assert new_table().bytes_per_row == 2 + 16 + 24 + 1 + 8 + 8 + 8 + 4


@pytest.mark.parametrize("count", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_that_many_planets_take_less_than_600_bytes_each(count: int) -> None:
    world = World(KINDS)
    settings = economy_settings_of(new_state().world)
    plan = plan_seed(count, count, 9, 499)
    generator = np.random.default_rng(1)
    owners = np.arange(1, count + 1, dtype=np.int64)
    rows = make_planets(plan, owners, 1, settings, START, generator)
    tracemalloc.start()
    try:
        add_rows(world, PLANET, rows)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    table = world.tables[PLANET]
    assert len(table) == count
    assert held / count < 600
    assert table.get(count, "Planet.fields") == RULES.home_fields
    assert table.ids[table.row(count)] == count


def test_that_a_component_without_a_numpy_type_is_refused() -> None:
    class Loose:
        size: int

    with pytest.raises(TypeError, match=r"Loose\.size: its annotation names no NumPy type"):
        fields_of(Loose)


def test_that_the_parts_of_a_component_are_in_the_order_of_its_annotations() -> None:
    assert [field.name for field in fields_of(Light)] == ["level", "is_on"]
    assert fields_of(Light)[0].axis is not None
    assert fields_of(Label)[0].column.fixed
    assert not fields_of(Weight)[0].column.fixed


STEPS = st.lists(
    st.tuples(st.sampled_from(["insert", "remove", "put_back", "extend"]), st.integers(0, 3)),
    max_size=30,
)


@given(STEPS)
def test_that_a_group_has_whom_a_look_at_all_rows_would_find(steps: list[tuple[str, int]]) -> None:
    table, next_id = new_table(), 1
    removed: list[tuple[int, int, dict[str, object]]] = []
    for step, number in steps:
        match step:
            case "insert":
                table.insert(next_id, values(number))  # type: ignore[arg-type]
                next_id += 1
            case "extend":
                numbers = np.array([number, 3 - number])
                table.extend(np.array([next_id + 1, next_id]), {"Label.number": numbers})
                next_id += 2
            case "remove" if len(table):
                gone = int(table.ids[number % len(table)])
                removed.append((gone, table.row(gone), table.remove(gone)))
            case "put_back" if removed:
                # Undoing goes backwards.
                table.put_back(*removed.pop())  # type: ignore[arg-type]
            case _:
                removed.clear()
        if step in ("insert", "extend"):
            removed.clear()
        for wanted in range(4):
            rows = np.flatnonzero(table.array("Label.number") == wanted)
            found = table.ids_with(("Label.number",), (wanted,))
            assert found == sorted(table.ids[rows].tolist())


def test_that_a_group_follows_a_world_that_is_made_by_hand() -> None:
    table = new_table()
    table.insert(5, {"Label.number": 2})
    assert table.ids_with(("Label.number",), (2,)) == [5]
    table.set(5, "Label.number", 3)
    assert table.ids_with(("Label.number",), (2,)) == []
    assert table.ids_with(("Label.number",), (3,)) == [5]


def test_that_a_group_is_a_copy_and_made_of_nothing_that_may_change() -> None:
    table = new_table()
    table.insert(5, {"Label.number": 2})
    table.insert(4, {"Label.number": 2})
    found = table.ids_with(("Label.number",), (2,))
    found.append(99)
    assert table.ids_with(("Label.number",), (2,)) == [4, 5]
    with pytest.raises(ValueError, match="may change"):
        table.ids_with(("Label.number", "Label.name"), (2, ""))
