"""The bookkeeper of the crash test: what may be found, and what may not."""

from __future__ import annotations

import pytest

from core.building_queue import Step
from core.components import BUILDINGS
from tests.end_to_end.expectation import NO_LEVELS, Expectation, Found

MINE = Step("metal_mine", demolish=False)
PLANT = Step("solar_plant", demolish=False)
NO_MINE = Step("metal_mine", demolish=True)

MINE_PAID = (60.0, 15.0, 0.0)
BOTH_PAID = (135.0, 45.0, 0.0)


def levels(**built: int) -> tuple[int, ...]:
    return tuple(built.get(name, 0) for name in BUILDINGS.labels)


@pytest.fixture
def books() -> Expectation:
    """Return those of a player who was told that a mine and a plant were ordered."""
    books = Expectation()
    books.ordered([MINE])
    books.ordered([PLANT])
    return books


@pytest.mark.parametrize(
    "found",
    [
        Found(NO_LEVELS, (MINE, PLANT), MINE_PAID),
        Found(levels(metal_mine=1), (PLANT,), BOTH_PAID),
        Found(levels(metal_mine=1, solar_plant=1), (), BOTH_PAID),
    ],
)
def test_that_time_moves_orders_from_the_queue_to_the_levels(
    books: Expectation, found: Found
) -> None:
    assert books.found(found)


@pytest.mark.parametrize(
    "found",
    [
        Found(NO_LEVELS, (), (0.0, 0.0, 0.0)),  # both lost
        Found(NO_LEVELS, (MINE,), MINE_PAID),  # one lost
        Found(NO_LEVELS, (MINE, PLANT, PLANT), MINE_PAID),  # one doubled
        Found(NO_LEVELS, (PLANT, MINE), MINE_PAID),  # in another order
        Found(levels(metal_mine=2), (PLANT,), BOTH_PAID),
        Found(NO_LEVELS, (MINE, PLANT), BOTH_PAID),  # paid too early
        Found(levels(metal_mine=1), (PLANT,), MINE_PAID),  # not paid
    ],
)
def test_that_what_is_lost_or_doubled_is_noticed(books: Expectation, found: Found) -> None:
    assert not books.found(found)


def test_that_an_order_without_an_answer_may_be_there_or_not() -> None:
    for queue in ((MINE,), (MINE, PLANT), (PLANT, MINE)):
        books = Expectation()
        books.ordered([MINE], [PLANT])
        assert books.found(Found(NO_LEVELS, queue))
    books = Expectation()
    books.ordered([MINE], [PLANT])
    assert not books.found(Found(NO_LEVELS, (PLANT,)))


def test_that_what_was_found_once_cannot_have_been_otherwise() -> None:
    books = Expectation()
    books.ordered([], [MINE])
    assert books.found(Found(NO_LEVELS, ()))
    assert not books.found(Found(NO_LEVELS, (MINE,)))


def test_that_what_a_player_has_seen_may_happen_once_more(books: Expectation) -> None:
    assert books.found(Found(levels(metal_mine=1), (PLANT,)))
    assert books.found(Found(NO_LEVELS, (MINE, PLANT), MINE_PAID))
    assert books.found(Found(levels(metal_mine=1), (PLANT,), BOTH_PAID))
    assert not books.found(Found(NO_LEVELS, (MINE, PLANT), MINE_PAID))


def test_that_the_answer_to_a_cancelling_tells_which_item_it_was(books: Expectation) -> None:
    # The mine was finished meanwhile: the first item was the plant.
    assert books.cancelled(0, ())
    assert books.found(Found(levels(metal_mine=1), (), MINE_PAID))


def test_that_a_cancelling_that_left_something_else_is_noticed(books: Expectation) -> None:
    assert not books.cancelled(0, (MINE,))


def test_that_a_cancelling_without_an_answer_may_have_taken_any_that_follows(
    books: Expectation,
) -> None:
    books.perhaps_cancelled(0, (MINE, PLANT))
    assert len(books.histories) == 3
    assert books.found(Found(NO_LEVELS, (PLANT,), (75.0, 30.0, 0.0)))


def test_that_a_demolition_costs_what_its_level_did(books: Expectation) -> None:
    books.ordered([NO_MINE])
    assert books.found(Found(levels(solar_plant=1), (), (195.0, 60.0, 0.0)))


# Requests that are repeated with their key --------------------------------------------------------


def test_that_an_order_that_was_repeated_is_there_once_wherever_it_stands() -> None:
    for queue, is_there in (((MINE, PLANT), True), ((PLANT, MINE), True), ((MINE,), False)):
        books = Expectation()
        books.ordered([MINE], [PLANT], ["key"])
        assert books.order_repeated("key", PLANT)
        assert books.found(Found(NO_LEVELS, queue)) is is_there
    books = Expectation()
    books.ordered([MINE], [PLANT], ["key"])
    books.order_repeated("key", PLANT)
    assert not books.found(Found(NO_LEVELS, (MINE, PLANT, PLANT)))


def test_that_an_order_that_was_refused_when_repeated_was_never_carried_out() -> None:
    books = Expectation()
    books.ordered([], [MINE], ["key"])
    assert books.is_not_done("key")
    assert not books.found(Found(NO_LEVELS, (MINE,)))
    books.ordered([], [PLANT], ["other"])
    assert books.found(Found(NO_LEVELS, (PLANT,)))
    # It was seen: to refuse it now is to have done it without remembering that.
    assert not books.is_not_done("other")


def test_that_an_answer_in_the_file_says_that_the_order_is_there_too() -> None:
    books = Expectation()
    books.ordered([], [MINE], ["key"])
    assert books.found(Found(NO_LEVELS, ()))
    assert not books.is_known("key")


def test_that_an_order_repeated_without_an_answer_is_not_there_twice() -> None:
    books = Expectation()
    books.ordered([], [MINE], ["key"])
    books.order_perhaps_repeated("key", MINE)
    assert not books.found(Found(NO_LEVELS, (MINE, MINE)))
    assert books.found(Found(NO_LEVELS, (MINE,)))


def test_that_a_cancelling_that_was_repeated_took_one_item(books: Expectation) -> None:
    books.perhaps_cancelled(0, (MINE, PLANT), "key")
    assert books.cancelling_repeated("key", 0, (PLANT,))
    assert not books.found(Found(NO_LEVELS, ()))
    assert not books.found(Found(NO_LEVELS, (MINE, PLANT)))
    assert books.found(Found(NO_LEVELS, (PLANT,)))
