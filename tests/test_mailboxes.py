"""Mailboxes: the same messages, however they came into the index."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.components import MESSAGE, MESSAGE_KINDS, Message
from core.ecs import Origin, World
from core.mailboxes import Mailboxes
from tests.manual_clock import START
from tests.worlds import boxes_of, new_state

KINDS = range(1, len(MESSAGE_KINDS) + 1)
boxes = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(KINDS)), max_size=20)


def with_messages(wanted: list[tuple[int, int]]) -> World:
    world = new_state(galaxies=1, systems=1).world
    with world.unit_of_work(Origin.COMMAND, START):
        for owner_id, category in wanted:
            world.create_entity(MESSAGE, Message(owner_id, 0, category, "x", START, False, START))
    return world


def expected_of(wanted: list[tuple[int, int]]) -> dict[tuple[int, int], list[int]]:
    expected: dict[tuple[int, int], list[int]] = {}
    for message_id, box in enumerate(wanted, start=1):
        expected.setdefault(box, []).append(message_id)
    return expected


@given(boxes, st.data())
def test_that_all_at_once_in_parts_and_one_by_one_come_to_the_same(
    wanted: list[tuple[int, int]], data: st.DataObject
) -> None:
    world = with_messages(wanted)
    expected = expected_of(wanted)
    assert boxes_of(Mailboxes(world)) == expected
    mailboxes = Mailboxes(with_messages([]))
    vars(mailboxes)["_table"] = world.tables[MESSAGE]
    ids = data.draw(st.permutations(range(1, len(wanted) + 1)))
    half = data.draw(st.integers(0, len(ids)))
    for message_id in ids[:half]:
        mailboxes.note(message_id)
    # Some are known already, and some are nowhere.
    mailboxes.take_in(np.array([*ids, 999], dtype=np.int64))
    assert boxes_of(mailboxes) == expected


@given(boxes, st.sets(st.integers(1, 20)))
def test_that_what_was_left_out_is_in_no_box_and_no_box_is_empty(
    wanted: list[tuple[int, int]], gone: set[int]
) -> None:
    world = with_messages(wanted)
    mailboxes = Mailboxes(world)
    there = [message_id for message_id in sorted(gone) if message_id <= len(wanted)]
    for _ in range(2):
        mailboxes.leave_out(np.array(there, dtype=np.int64))
    left = {
        box: kept
        for box, ids in expected_of(wanted).items()
        if (kept := [message_id for message_id in ids if message_id not in gone])
    }
    assert boxes_of(mailboxes) == left


def test_that_the_newest_come_first_of_one_kind_or_of_all() -> None:
    mailboxes = Mailboxes(with_messages([(1, 1), (1, 2), (2, 1), (1, 1)]))
    assert mailboxes.of(1) == [4, 2, 1]
    assert mailboxes.of(1, [1]) == [4, 1]
    assert mailboxes.of_kind(1, 1) == [1, 4]
    assert mailboxes.of(3) == []
