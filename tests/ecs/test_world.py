"""The world's verbs: entities, views of them, whole columns, and systems that run every tick."""

from __future__ import annotations

import numpy as np
import pytest

from core.ecs import Origin, UnknownEntityError, World, WriteOutsideUnitError
from tests.ecs.things import LAMP, LAW, STONE, Label, Light, Weight, lamp, new_world


def with_lamps(count: int) -> World:
    world = new_world()
    with world.unit_of_work(Origin.COMMAND, 1.0):
        for number in range(1, count + 1):
            world.create_entity(LAMP, *lamp(number))
    return world


def test_that_ids_count_up_from_one_for_each_kind() -> None:
    world = with_lamps(2)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        assert world.create_entity(LAMP, *lamp(3)) == 3
        assert world.create_entity(STONE) == 1


def test_that_an_id_is_not_used_again_after_its_entity_is_deleted() -> None:
    world = with_lamps(3)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        for entity_id in (3, 1, 2):
            world.delete_entity(LAMP, entity_id)
    with world.unit_of_work(Origin.COMMAND, 3.0):
        assert world.create_entity(LAMP, *lamp(9)) == 4
    assert world.tables[LAMP].ids.tolist() == [4]


def test_that_an_id_that_is_given_moves_the_counter_behind_it_and_never_back() -> None:
    world = new_world()
    with world.unit_of_work(Origin.COMMAND, 1.0):
        world.create_entity(STONE, entity_id=40)
        world.create_entity(STONE, entity_id=7)
        assert world.create_entity(STONE) == 41


def test_that_components_that_are_not_given_start_at_zero() -> None:
    world = new_world()
    with world.unit_of_work(Origin.COMMAND, 1.0):
        world.create_entity(LAMP, Label(5, "dim"))
    assert world.component_for_entity(LAMP, 1, Light).level == (0.0, 0.0, 0.0)
    assert world.component_for_entity(LAMP, 1, Weight).grams == 0.0


def test_that_a_view_reads_and_writes_its_row() -> None:
    world = with_lamps(2)
    view = world.component_for_entity(LAMP, 2, Weight)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        view.grams = 5.5
    assert view.grams == 5.5
    assert world.component_for_entity(LAMP, 1, Weight).grams == 1 / 3


def test_that_a_view_survives_growth_and_the_moving_of_its_row() -> None:
    world = with_lamps(3)
    view = world.component_for_entity(LAMP, 3, Label)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        for number in range(4, 400):
            world.create_entity(LAMP, *lamp(number))
        world.delete_entity(LAMP, 1)
        for entity_id in range(4, 400):
            world.delete_entity(LAMP, entity_id)
        view.name = "still here"
    assert view.name == "still here"
    assert world.component_for_entity(LAMP, 3, Label).name == "still here"
    assert world.component_for_entity(LAMP, 2, Label).name == "lamp 2"


def test_that_a_view_of_what_is_gone_says_so() -> None:
    world = with_lamps(1)
    view = world.component_for_entity(LAMP, 1, Label)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        world.delete_entity(LAMP, 1)
    with pytest.raises(UnknownEntityError, match="no lamp 1"):
        _ = view.name
    with pytest.raises(UnknownEntityError):
        world.component_for_entity(LAMP, 1, Label)


def test_that_what_was_read_in_a_unit_is_looked_for_anew_when_rows_have_moved() -> None:
    world = with_lamps(3)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        names = [world.component_for_entity(LAMP, number, Label).name for number in (1, 3)]
        world.delete_entity(LAMP, 1)
        names.append(world.component_for_entity(LAMP, 3, Label).name)
        with pytest.raises(UnknownEntityError):
            world.component_for_entity(LAMP, 1, Label)
    assert names == ["lamp 1", "lamp 3", "lamp 3"]


def test_that_each_unit_notes_what_it_reads_itself() -> None:
    world = with_lamps(2)
    for _ in range(2):
        with world.unit_of_work(Origin.QUERY, 2.0) as unit:
            for component in (Label, Weight, Label):
                world.component_for_entity(LAMP, 2, component)
        assert unit.touched == {(LAMP, 2)}


def test_that_writing_outside_of_a_unit_is_refused() -> None:
    world = with_lamps(1)
    view = world.component_for_entity(LAMP, 1, Weight)
    with pytest.raises(WriteOutsideUnitError):
        view.grams = 1.0
    with pytest.raises(WriteOutsideUnitError):
        world.create_entity(STONE)
    with pytest.raises(WriteOutsideUnitError):
        world.delete_entity(LAMP, 1)
    with pytest.raises(WriteOutsideUnitError):
        world.write_column(LAMP, "Weight.grams", 1.0)
    assert world.component_for_entity(LAMP, 1, Weight).grams == 1 / 3
    assert world.next_id[STONE] == 1


def test_that_a_fixed_field_cannot_be_written() -> None:
    world = with_lamps(1)
    view = world.component_for_entity(LAMP, 1, Label)
    with world.unit_of_work(Origin.COMMAND, 2.0), pytest.raises(AttributeError, match="number"):
        view.number = 2
    with world.unit_of_work(Origin.COMMAND, 2.0), pytest.raises(AttributeError, match="number"):
        world.write_column(LAMP, "Label.number", 2)
    assert view.number == 1


def test_that_a_field_that_does_not_exist_cannot_be_written() -> None:
    world = with_lamps(1)
    view = world.component_for_entity(LAMP, 1, Label)
    with world.unit_of_work(Origin.COMMAND, 2.0), pytest.raises(AttributeError):
        view.colour = "red"  # type: ignore[attr-defined]


def test_that_the_columns_of_all_rows_cannot_be_written_to() -> None:
    world = with_lamps(3)
    ids, columns = world.get_components(LAMP, Weight, Light)
    assert ids.tolist() == [1, 2, 3]
    assert sorted(columns) == ["Light.is_on", "Light.level", "Weight.count", "Weight.grams"]
    assert columns["Weight.grams"].tolist() == [1 / 3, 2 / 3, 1.0]
    assert columns["Light.level"].shape == (3, 3)
    with pytest.raises(ValueError, match="read-only"):
        columns["Weight.grams"][0] = 0


def test_that_a_column_is_written_as_a_whole() -> None:
    world = with_lamps(3)
    with world.unit_of_work(Origin.COMMAND, 2.0):
        world.write_column(LAMP, "Weight.grams", np.array([1.0, 2.0, 3.0]))
        world.write_column(LAMP, "Light.is_on", True)
    assert [world.tables[LAMP].get(i, "Weight.grams") for i in (1, 2, 3)] == [1.0, 2.0, 3.0]
    assert all(world.tables[LAMP].get(i, "Light.is_on") for i in (1, 2, 3))


def test_that_systems_run_in_the_order_in_which_they_were_added() -> None:
    world = new_world()
    ran = []
    world.add_processor(lambda _world, now: ran.append(("first", now)))
    world.add_processor(lambda _world, now: ran.append(("second", now)))
    world.process(5.0)
    world.remove_processor(world.processors[0])
    world.process(6.0)
    assert ran == [("first", 5.0), ("second", 5.0), ("second", 6.0)]


def test_that_units_of_work_do_not_nest() -> None:
    world = new_world()
    with (
        world.unit_of_work(Origin.COMMAND, 1.0),
        pytest.raises(RuntimeError, match="open already"),
        world.unit_of_work(Origin.EVENT, 1.0),
    ):
        pass
    assert world.unit is None


def test_that_a_kind_is_shown_by_its_name() -> None:
    assert repr(LAW) == "Kind(law)"
