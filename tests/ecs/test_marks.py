"""Marks: what has changed since it was last written, how long it may wait, and what is due."""

from __future__ import annotations

import numpy as np
import pytest

from core.ecs import Mark, Marks, Table
from core.ecs.marks import MARK_FIELDS
from tests.ecs.things import STONE

INTERVAL_SLOTS = 3


@pytest.fixture
def table() -> Table:
    table = Table("stone", STONE.components, MARK_FIELDS)
    for entity_id in range(1, 6):
        table.insert(entity_id, {})
    return table


@pytest.fixture
def marks(table: Table) -> Marks:
    return Marks(table)


def ids(values: object) -> list[int]:
    return [int(value) for value in values]  # type: ignore[attr-defined]


def test_that_a_new_row_has_no_mark(marks: Marks) -> None:
    assert marks.flags_of(1) is Mark.NONE
    assert marks.changed_count() == 0
    assert marks.oldest_since() is None


def test_that_a_change_is_marked_with_its_time(marks: Marks) -> None:
    marks.set(2, Mark.WAITING, 10.0)
    marks.set(3, Mark.URGENT, 8.0)
    assert marks.flags_of(2) == Mark.WAITING
    assert marks.flags_of(3) == Mark.URGENT
    assert marks.changed_count() == 2
    assert marks.oldest_since() == 8.0
    assert ids(marks.urgent_ids) == [3]
    assert marks.is_urgent(3)
    assert not marks.is_urgent(2)


def test_that_an_urgent_row_stays_urgent_and_the_oldest_time_stays(marks: Marks) -> None:
    marks.set(1, Mark.URGENT, 10.0)
    marks.set(1, Mark.WAITING, 12.0)
    assert marks.flags_of(1) & Mark.URGENT
    assert marks.urgent_count == 1
    assert marks.oldest_since() == 10.0
    assert marks.coalesced_total == 1


def test_that_a_waiting_row_becomes_urgent(marks: Marks) -> None:
    marks.set(1, Mark.WAITING, 10.0)
    marks.set(1, Mark.URGENT, 12.0)
    assert marks.flags_of(1) == Mark.WAITING | Mark.URGENT
    assert marks.oldest_since() == 10.0


def test_that_all_rows_are_marked_at_once(marks: Marks) -> None:
    marks.set(2, Mark.WAITING, 5.0)
    marks.set_all(Mark.URGENT, 7.0)
    assert marks.changed_count() == 5
    assert sorted(ids(marks.urgent_ids)) == [1, 2, 3, 4, 5]
    assert marks.flags_of(2) == Mark.WAITING | Mark.URGENT
    assert marks.oldest_since() == 5.0
    assert marks.coalesced_total == 1


def test_that_urgent_rows_are_kept_in_the_order_in_which_they_changed(marks: Marks) -> None:
    for entity_id in (4, 1, 3, 1):
        marks.set(entity_id, Mark.URGENT, 1.0)
    assert ids(marks.urgent_ids) == [4, 1, 3]


def test_that_every_changed_row_is_due_when_no_slot_is_named(marks: Marks) -> None:
    marks.set(1, Mark.WAITING, 1.0)
    marks.set(2, Mark.URGENT, 1.0)
    marks.want()
    assert marks.due_count() == 2
    assert ids(marks.due_ids_oldest_first()) == [1]
    assert not marks.flags_of(3)


def test_that_rows_become_due_an_interval_after_they_were_written(
    marks: Marks, table: Table
) -> None:
    marks.set(1, Mark.WAITING, 1.0)
    marks.take(table.rows(np.array([1])), slot=10)
    for slot in range(10, 10 + INTERVAL_SLOTS):
        marks.set(1, Mark.WAITING, float(slot))
        marks.want(slot=slot, slots_between_writes=INTERVAL_SLOTS)
        assert marks.due_count() == 0
    marks.want(slot=10 + INTERVAL_SLOTS, slots_between_writes=INTERVAL_SLOTS)
    assert marks.due_count() == 1


def test_that_an_urgent_row_is_due_whatever_the_interval(marks: Marks, table: Table) -> None:
    marks.set(1, Mark.URGENT, 1.0)
    marks.take(table.rows(np.array([1])), slot=10)
    marks.set(1, Mark.URGENT, 2.0)
    marks.want(slot=10, slots_between_writes=INTERVAL_SLOTS)
    assert marks.due_count() == 1


def test_that_a_row_without_changes_is_never_due(marks: Marks) -> None:
    marks.want(slot=99, slots_between_writes=INTERVAL_SLOTS)
    marks.want()
    assert marks.due_count() == 0


def test_that_the_longest_waiting_row_is_due_first(marks: Marks) -> None:
    for entity_id, since in ((1, 5.0), (2, 3.0), (3, 9.0), (4, 3.0)):
        marks.set(entity_id, Mark.WAITING, since)
    marks.set(5, Mark.URGENT, 1.0)
    marks.want()
    assert ids(marks.due_ids_oldest_first()) == [2, 4, 1, 3]


def test_that_a_due_row_that_became_urgent_or_went_is_due_no_longer(
    marks: Marks, table: Table
) -> None:
    for entity_id in (1, 2, 3, 4):
        marks.set(entity_id, Mark.WAITING, 1.0)
    marks.want()
    due = marks.due_ids_oldest_first()
    marks.set(2, Mark.URGENT, 2.0)
    table.remove(1)
    marks.forget(1)
    assert ids(table.ids[marks.still_due(due)]) == [3, 4]


def test_that_taking_marks_leaves_rows_clean(marks: Marks, table: Table) -> None:
    marks.set(1, Mark.WAITING, 1.0)
    marks.set(2, Mark.URGENT, 2.0)
    marks.want()
    taken = marks.take(table.rows(np.array([1, 2])), slot=4)
    assert len(taken) == 2
    assert marks.changed_count() == 0
    assert marks.due_count() == 0
    assert marks.urgent_count == 0
    assert table.get(1, "mark.written_slot") == 4


def test_that_marks_put_back_are_as_they_were(marks: Marks, table: Table) -> None:
    marks.set(1, Mark.WAITING, 1.0)
    marks.set(2, Mark.URGENT, 2.0)
    marks.want()
    before = {entity_id: marks.flags_of(entity_id) for entity_id in (1, 2)}
    marks.put_back(marks.take(table.rows(np.array([1, 2])), slot=4))
    assert {entity_id: marks.flags_of(entity_id) for entity_id in (1, 2)} == before
    assert ids(marks.urgent_ids) == [2]
    assert marks.oldest_since() == 1.0
    assert marks.coalesced_total == 0


def test_that_marks_put_back_join_those_made_meanwhile(marks: Marks, table: Table) -> None:
    marks.set(1, Mark.URGENT, 1.0)
    marks.set(2, Mark.WAITING, 2.0)
    taken = marks.take(table.rows(np.array([1, 2])), slot=4)
    marks.set(1, Mark.WAITING, 8.0)
    marks.set(2, Mark.URGENT, 9.0)
    marks.put_back(taken)
    assert marks.flags_of(1) == Mark.URGENT | Mark.WAITING
    assert marks.flags_of(2) == Mark.URGENT | Mark.WAITING
    assert (table.get(1, "mark.since"), table.get(2, "mark.since")) == (1.0, 2.0)
    assert sorted(ids(marks.urgent_ids)) == [1, 2]


def test_that_marks_put_back_follow_the_id_and_pass_over_what_is_gone(
    marks: Marks, table: Table
) -> None:
    for entity_id in (1, 2, 5):
        marks.set(entity_id, Mark.URGENT, 1.0)
    taken = marks.take(table.rows(np.array([1, 2, 5])), slot=4)
    table.remove(1)
    marks.forget(1)
    marks.put_back(taken)
    assert sorted(ids(marks.urgent_ids)) == [2, 5]
    assert marks.flags_of(5) == Mark.URGENT
    assert [marks.flags_of(entity_id) for entity_id in (3, 4)] == [Mark.NONE, Mark.NONE]


def test_that_a_row_whose_save_failed_may_be_written_at_the_very_next_one(
    marks: Marks, table: Table
) -> None:
    marks.set(1, Mark.WAITING, 1.0)
    marks.put_back(marks.take(table.rows(np.array([1])), slot=10))
    marks.want(slot=11, slots_between_writes=INTERVAL_SLOTS)
    assert marks.due_count() == 1


def test_that_marks_move_with_their_row(marks: Marks, table: Table) -> None:
    marks.set(5, Mark.URGENT, 3.0)
    table.remove(1)
    assert marks.flags_of(5) == Mark.URGENT
    assert table.get(5, "mark.since") == 3.0


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (Mark.NONE, ""),
        (Mark.WAITING, "waiting"),
        (Mark.WAITING | Mark.DUE, "waiting"),
        (Mark.URGENT, "urgent"),
        (Mark.WAITING | Mark.URGENT, "urgent"),
        (Mark.URGENT | Mark.ASIDE, "set aside"),
    ],
)
def test_that_a_mark_is_named_for_the_host(mark: Mark, name: str) -> None:
    assert mark.change_name == name
