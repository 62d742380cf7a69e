"""Units of work: what they undo, what they mark, and which changes may wait for the disk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ecs import Mark, Origin, UnitOfWork, World
from core.ecs.marks import EVERY_COMPONENT
from tests.ecs.things import LAMP, LAW, STONE, Label, Light, Weight, lamp, new_world


class Trouble(Exception):
    """What goes wrong in the middle of a unit."""


@pytest.fixture
def world() -> World:
    world = new_world()
    with world.unit_of_work(Origin.COMMAND, 1.0):
        world.create_entity(LAW, Weight(1.0, 1), entity_id=1)
        for number in range(1, 4):
            world.create_entity(LAMP, *lamp(number))
            world.create_entity(STONE, Weight(number, number))
    forget_marks(world)
    return world


def forget_marks(world: World) -> None:
    for kind in world.kinds:
        table = world.tables[kind]
        world.marks[kind].take(np.arange(len(table)), 5)


def everything(world: World) -> object:
    """Return all tables with their marks, in row order, and the counters and tombstones."""
    return (
        {
            kind.name: [
                (entity_id, *(world.tables[kind].get(entity_id, key) for key in keys(world, kind)))
                for entity_id in world.tables[kind].ids.tolist()
            ]
            for kind in world.kinds
        },
        {kind.name: [int(i) for i in world.marks[kind].urgent_ids] for kind in world.kinds},
        dict(world.next_id),
        {kind.name: dict(ids) for kind, ids in world.tombstones.items()},
    )


def keys(world: World, kind: object) -> list[str]:
    fields = [field.key for field in world.tables[kind].fields]  # type: ignore[index]
    return [*fields, "mark.flags", "mark.since", "mark.written_slot"]


def flags(world: World) -> dict[tuple[str, int], Mark]:
    """Return the marks of everything that has any."""
    return {
        (kind.name, entity_id): mark
        for kind in world.kinds
        for entity_id in world.tables[kind].ids.tolist()
        if (mark := world.marks[kind].flags_of(entity_id))
    }


# Undoing ------------------------------------------------------------------------------------------


def write_one(world: World) -> None:
    world.component_for_entity(LAMP, 2, Weight).grams = 99.0
    world.component_for_entity(LAMP, 2, Light).level = (7.0, 8.0, 9.0)
    world.component_for_entity(LAMP, 2, Weight).grams = 100.0


def write_text(world: World) -> None:
    world.component_for_entity(LAMP, 1, Label).name = "a name that is longer than fifteen bytes"


def create(world: World) -> None:
    world.create_entity(LAMP, *lamp(8))
    world.create_entity(LAMP, *lamp(9), entity_id=77)


def delete_first(world: World) -> None:
    world.delete_entity(LAMP, 1)


def delete_last(world: World) -> None:
    world.delete_entity(STONE, 3)


def delete_all(world: World) -> None:
    for entity_id in (2, 1, 3):
        world.delete_entity(LAMP, entity_id)


def write_whole_column(world: World) -> None:
    world.write_column(LAMP, "Weight.grams", np.array([5.0] * len(world.tables[LAMP])))
    world.write_column(LAMP, "Light.level", 0.0)


def create_and_delete(world: World) -> None:
    entity_id = world.create_entity(STONE, Weight(4.0, 4))
    world.delete_entity(STONE, entity_id)


def delete_and_create_again(world: World) -> None:
    world.delete_entity(STONE, 2)
    world.create_entity(STONE, Weight(20.0, 20), entity_id=2)


STEPS: tuple[Callable[[World], None], ...] = (
    write_one,
    write_text,
    create,
    delete_first,
    delete_last,
    delete_all,
    write_whole_column,
    create_and_delete,
    delete_and_create_again,
)


def break_off(world: World, unit: UnitOfWork, *steps: Callable[[World], object]) -> None:
    """Do all that in a unit and then have it fail."""
    with unit:
        for step in steps:
            step(world)
        raise Trouble


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_that_an_error_puts_everything_back(world: World, step: Callable[[World], None]) -> None:
    before = everything(world)
    unit = world.unit_of_work(Origin.COMMAND, 2.0)
    with pytest.raises(Trouble):
        break_off(world, unit, step)
    assert everything(world) == before
    assert not unit.changed
    assert world.unit is None


@given(st.lists(st.sampled_from(STEPS), max_size=6), st.booleans())
def test_that_any_sequence_of_changes_is_put_back(
    steps: list[Callable[[World], None]], marked: bool
) -> None:
    world = new_world()
    with world.unit_of_work(Origin.COMMAND, 1.0):
        for number in range(1, 4):
            world.create_entity(LAMP, *lamp(number))
            world.create_entity(STONE, Weight(number, number))
    if not marked:
        forget_marks(world)
    before = everything(world)
    # Some of these sequences fail earlier: what is gone cannot be deleted again.
    with pytest.raises((Trouble, KeyError, ValueError)):
        break_off(world, world.unit_of_work(Origin.EVENT, 2.0), *steps)
    assert everything(world) == before


def test_that_a_roll_back_leaves_no_marks_but_remembers_what_was_read(world: World) -> None:
    before = everything(world)
    unit = world.unit_of_work(Origin.COMMAND, 2.0)
    with unit:
        seen = world.component_for_entity(LAMP, 3, Weight).grams
        world.component_for_entity(LAMP, 2, Weight).grams = seen
        unit.roll_back()
    assert everything(world) == before
    assert not unit.changed
    assert unit.touched == {(LAMP, 2), (LAMP, 3)}


def test_that_what_lies_outside_of_the_tables_is_put_back_in_reverse_order(world: World) -> None:
    undone: list[str] = []
    unit = world.unit_of_work(Origin.COMMAND, 2.0)
    unit.on_undo(lambda: undone.append("first"))
    unit.on_undo(lambda: undone.append("second"))
    with pytest.raises(Trouble):
        break_off(world, unit)
    assert undone == ["second", "first"]


def test_that_nothing_is_put_back_after_a_unit_that_went_well(world: World) -> None:
    undone: list[str] = []
    with world.unit_of_work(Origin.COMMAND, 2.0) as unit:
        unit.on_undo(lambda: undone.append("never"))
    unit.roll_back()
    assert undone == []


# What may wait ------------------------------------------------------------------------------------


def grow(world: World, entity_id: int = 1) -> None:
    stone = world.component_for_entity(STONE, entity_id, Weight)
    stone.grams = stone.grams + 1


def run(world: World, origin: Origin, *steps: Callable[[World], object]) -> UnitOfWork:
    with world.unit_of_work(origin, 2.0) as unit:
        for step in steps:
            step(world)
    return unit


def draw(world: World) -> None:
    assert world.unit is not None
    world.unit.note_random()


def test_that_an_event_that_keeps_to_one_aggregate_may_wait(world: World) -> None:
    unit = run(world, Origin.EVENT, grow)
    assert unit.may_wait
    assert flags(world) == {("stone", 1): Mark.WAITING}


def test_that_what_somebody_asked_for_is_urgent(world: World) -> None:
    unit = run(world, Origin.COMMAND, grow)
    assert not unit.may_wait
    assert flags(world) == {("stone", 1): Mark.URGENT}


def test_that_an_event_that_writes_two_aggregates_is_urgent_for_both(world: World) -> None:
    run(world, Origin.EVENT, lambda world: grow(world, 1), lambda world: grow(world, 2))
    assert flags(world) == {("stone", 1): Mark.URGENT, ("stone", 2): Mark.URGENT}


@pytest.mark.parametrize(
    "look",
    [
        lambda world: world.component_for_entity(LAMP, 1, Weight).grams,
        lambda world: world.component_for_entity(STONE, 2, Weight).grams,
        lambda world: world.exists(LAMP, 1),
        lambda world: world.exists(LAMP, 12345),
        lambda world: world.get_components(STONE, Weight),
    ],
    ids=["another kind", "another of its kind", "whether it exists", "that it is not", "all"],
)
def test_that_an_event_that_reads_another_aggregate_is_urgent(
    world: World, look: Callable[[World], object]
) -> None:
    run(world, Origin.EVENT, look, grow)
    assert flags(world) == {("stone", 1): Mark.URGENT}


@pytest.mark.parametrize(
    "look",
    [
        lambda world: world.component_for_entity(LAW, 1, Weight).grams,
        lambda world: world.exists(LAW, 1),
        lambda world: world.get_components(LAW, Weight),
        lambda world: world.exists(STONE, 1),
    ],
    ids=["its value", "whether it exists", "all of them", "itself"],
)
def test_that_an_event_that_reads_a_constant_may_wait(
    world: World, look: Callable[[World], object]
) -> None:
    run(world, Origin.EVENT, look, grow)
    assert flags(world) == {("stone", 1): Mark.WAITING}


def test_that_an_event_that_drew_a_number_is_urgent(world: World) -> None:
    run(world, Origin.EVENT, draw, grow)
    assert flags(world) == {("stone", 1): Mark.URGENT}


def test_that_an_event_that_deletes_is_urgent(world: World) -> None:
    unit = run(world, Origin.EVENT, grow, lambda world: world.delete_entity(STONE, 1))
    assert not unit.may_wait
    assert flags(world) == {}
    assert world.tombstones[STONE] == {1: 2.0}


def test_that_an_event_that_writes_a_whole_column_is_urgent_for_every_row(world: World) -> None:
    run(world, Origin.EVENT, lambda world: world.write_column(STONE, "Weight.grams", 0.0))
    assert flags(world) == {("stone", number): Mark.URGENT for number in (1, 2, 3)}
    assert sorted(world.marks[STONE].urgent_ids) == [1, 2, 3]


def test_that_a_query_marks_nothing(world: World) -> None:
    unit = run(world, Origin.QUERY, lambda world: world.component_for_entity(LAMP, 1, Weight))
    assert unit.touched == {(LAMP, 1)}
    assert not unit.changed
    assert flags(world) == {}


def test_that_what_was_read_of_a_constant_is_shown_by_an_answer(world: World) -> None:
    unit = run(world, Origin.QUERY, lambda world: world.component_for_entity(LAW, 1, Weight).grams)
    assert unit.touched == {(LAW, 1)}


def test_that_a_deleted_entity_leaves_a_tombstone_and_no_mark(world: World) -> None:
    run(world, Origin.COMMAND, lambda world: grow(world, 3))
    run(world, Origin.COMMAND, lambda world: world.delete_entity(STONE, 3))
    assert flags(world) == {}
    assert world.marks[STONE].urgent_count == 0
    assert world.tombstones[STONE] == {3: 2.0}


def test_that_a_created_entity_is_marked(world: World) -> None:
    run(world, Origin.COMMAND, lambda world: world.create_entity(STONE, Weight(1.0, 1)))
    assert flags(world) == {("stone", 4): Mark.URGENT}


def grow_lamp(world: World, lamp_id: int) -> None:
    world.component_for_entity(LAMP, lamp_id, Weight).count += 1


def test_that_the_components_that_were_written_are_marked(world: World) -> None:
    def change(world: World) -> None:
        world.component_for_entity(LAMP, 1, Light).is_on = True
        world.component_for_entity(LAMP, 1, Weight).count = 5
        world.component_for_entity(LAMP, 2, Light).is_on = False
        made = world.create_entity(LAMP, *lamp(7))
        world.component_for_entity(LAMP, made, Light).is_on = True
        world.delete_entity(LAMP, 2)

    run(world, Origin.COMMAND, change)
    table, marks = world.tables[LAMP], world.marks[LAMP]
    rows = table.rows(np.array([1, 4]))
    light, weight = table.component_bits["Light.is_on"], table.component_bits["Weight.count"]
    assert marks.components_of(rows).tolist() == [light | weight, EVERY_COMPONENT]
    marks.take(rows, 1)
    run(world, Origin.COMMAND, lambda world: world.write_column(LAMP, "Weight.count", 3))
    run(world, Origin.COMMAND, lambda world: grow_lamp(world, 4))
    assert marks.components_of(table.rows(np.array([1, 3, 4]))).tolist() == [weight] * 3


def test_that_the_fields_that_were_written_are_named(world: World) -> None:
    unit = run(world, Origin.COMMAND, lambda world: grow(world, 2))
    assert unit.written_fields == [(STONE, 2, "Weight.grams")]
