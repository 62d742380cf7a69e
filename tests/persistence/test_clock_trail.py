"""Whose clock lies in the database."""

from __future__ import annotations

from core.persistence.clock_trail import ClockTrail
from core.save_batch import WorldClock


def clock(tick: int) -> WorldClock:
    return WorldClock(float(tick), tick, {})


def test_that_any_world_will_do_before_one_is_loaded() -> None:
    assert ClockTrail().may_be(clock(1))
    assert ClockTrail().may_be(None)


def test_that_only_the_world_that_was_loaded_is_carried_on() -> None:
    trail = ClockTrail()
    trail.note_loaded(clock(1))
    assert trail.may_be(clock(1))
    assert not trail.may_be(clock(2))
    assert not trail.may_be(None)


def test_that_a_save_that_failed_may_have_been_committed_all_the_same() -> None:
    trail = ClockTrail()
    trail.note_loaded(None)
    trail.note_sent(clock(2))
    trail.note_sent(clock(3))
    assert [trail.may_be(found) for found in (None, clock(2), clock(3), clock(4))] == [
        True,
        True,
        True,
        False,
    ]
    trail.note_committed(clock(3))
    assert not trail.may_be(clock(2))


def test_that_looking_at_the_world_again_forgets_nothing() -> None:
    trail = ClockTrail()
    trail.note_loaded(clock(1))
    trail.note_sent(clock(2))
    trail.note_loaded(clock(1))
    assert trail.may_be(clock(2))
