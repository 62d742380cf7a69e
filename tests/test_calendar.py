"""The calendar: what is due, in the order (time, kind, id), whatever was written meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import DUE_KINDS, HORIZON_S, Calendar, DueEvent
from core.components import NEVER, PLANET, Planet, Position
from core.ecs import Origin
from core.state import GameState
from tests.manual_clock import START
from tests.worlds import new_state

# Those of planets, by their place in the order.
ORDERS = {due.column: order for order, due in enumerate(DUE_KINDS) if due.kind is PLANET}
COLUMNS = list(ORDERS)


def with_planets(count: int) -> GameState:
    state = new_state(galaxies=1, systems=4)
    with state.world.unit_of_work(Origin.COMMAND, START):
        for number in range(1, count + 1):
            state.world.create_entity(
                PLANET, Position(1, 1, number), Planet(1, "", 20, 100, START, False, 0)
            )
        for column in COLUMNS:
            state.world.write_column(PLANET, column, NEVER)
    return state


@pytest.fixture
def state() -> GameState:
    return with_planets(4)


def put(
    state: GameState, calendar: Calendar | None, planet_id: int, column: str, at: float
) -> None:
    """Write a due instant as a system does, and tell the calendar unless it is None."""
    with state.world.unit_of_work(Origin.EVENT, START) as unit:
        state.world.write(PLANET, planet_id, column, at)
    if calendar is not None:
        calendar.note_written(unit.written_fields)


def take(state: GameState, calendar: Calendar, until: float) -> list[DueEvent]:
    """Apply everything due up to an instant; here nothing follows from it."""
    taken = []
    while (due := calendar.next_due(until)) is not None:
        taken.append(due)
        put(state, calendar, due.entity_id, due.due_kind.column, NEVER)
    return taken


def test_that_nothing_is_due_in_a_world_where_nothing_happens(state: GameState) -> None:
    assert Calendar(state).next_due(START + 1e9) is None


def test_that_events_come_by_time_then_kind_then_id(state: GameState) -> None:
    for column, planet_id, at in (
        (COLUMNS[1], 1, START + 5),
        (COLUMNS[0], 3, START + 5),
        (COLUMNS[0], 2, START + 5),
        (COLUMNS[1], 4, START + 4),
        (COLUMNS[0], 4, START + 6),
    ):
        put(state, None, planet_id, column, at)
    assert take(state, Calendar(state), START + 10) == [
        DueEvent(START + 4, 1, 4),
        DueEvent(START + 5, 0, 2),
        DueEvent(START + 5, 0, 3),
        DueEvent(START + 5, 1, 1),
        DueEvent(START + 6, 0, 4),
    ]


def test_that_what_is_due_at_the_instant_is_due_and_what_comes_later_is_not(
    state: GameState,
) -> None:
    calendar = Calendar(state)
    put(state, None, 1, COLUMNS[0], START + 5)
    assert calendar.next_due(START + 4.999) is None
    assert calendar.next_due(START + 5) == DueEvent(START + 5, 0, 1)


def test_that_an_event_stays_until_it_is_applied(state: GameState) -> None:
    calendar = Calendar(state)
    put(state, None, 1, COLUMNS[0], START + 5)
    assert calendar.next_due(START + 9) == calendar.next_due(START + 9)


def test_that_what_is_written_within_the_horizon_is_taken_in(state: GameState) -> None:
    calendar = Calendar(state)
    assert calendar.next_due(START) is None
    put(state, calendar, 2, COLUMNS[1], START + 1)
    put(state, calendar, 1, COLUMNS[1], START + HORIZON_S)
    assert take(state, calendar, START + HORIZON_S) == [
        DueEvent(START + 1, 1, 2),
        DueEvent(START + HORIZON_S, 1, 1),
    ]


def test_that_what_is_written_beyond_the_horizon_is_found_when_its_time_comes(
    state: GameState,
) -> None:
    calendar = Calendar(state)
    assert calendar.next_due(START) is None
    put(state, calendar, 2, COLUMNS[1], START + 5 * HORIZON_S)
    assert calendar.fetched_count == 0
    assert take(state, calendar, START + 4 * HORIZON_S) == []
    assert take(state, calendar, START + 6 * HORIZON_S) == [DueEvent(START + 5 * HORIZON_S, 1, 2)]


def test_that_an_entry_that_was_put_off_or_brought_forward_counts_once(state: GameState) -> None:
    calendar = Calendar(state)
    put(state, None, 1, COLUMNS[0], START + 5)
    put(state, None, 2, COLUMNS[0], START + 8)
    assert calendar.next_due(START) is None
    put(state, calendar, 1, COLUMNS[0], START + 9)
    put(state, calendar, 2, COLUMNS[0], START + 3)
    put(state, calendar, 2, COLUMNS[0], START + 3)
    assert take(state, calendar, START + 20) == [
        DueEvent(START + 3, 0, 2),
        DueEvent(START + 9, 0, 1),
    ]


def test_that_what_was_deleted_is_due_no_longer(state: GameState) -> None:
    calendar = Calendar(state)
    put(state, None, 1, COLUMNS[0], START + 5)
    assert calendar.next_due(START + 1) is None
    with state.world.unit_of_work(Origin.COMMAND, START) as unit:
        state.world.delete_entity(PLANET, 1)
    calendar.note_written(unit.written_fields)
    assert take(state, calendar, START + 20) == []


def test_that_whole_columns_are_read_anew_after_a_reload(state: GameState) -> None:
    calendar = Calendar(state)
    put(state, None, 1, COLUMNS[0], START + 5)
    assert calendar.next_due(START + 1) is None
    with state.world.unit_of_work(Origin.COMMAND, START):
        state.world.write_column(PLANET, COLUMNS[0], START + 7)
    calendar.reload()
    assert take(state, calendar, START + 20) == [DueEvent(START + 7, 0, i) for i in (1, 2, 3, 4)]


def test_that_what_was_set_aside_is_left_alone_and_the_rest_is_not(state: GameState) -> None:
    calendar = Calendar(state)
    for planet_id in (1, 2):
        put(state, None, planet_id, COLUMNS[0], START + planet_id)
    assert calendar.next_due(START + 5) == DueEvent(START + 1, 0, 1)
    calendar.set_aside(PLANET, 1)
    assert calendar.is_set_aside(PLANET, 1)
    assert calendar.set_aside_count == 1
    assert take(state, calendar, START + 5) == [DueEvent(START + 2, 0, 2)]
    calendar.reload()
    assert take(state, calendar, START + 50) == []
    assert calendar.pending_count(START + 5) == 1


moves = st.lists(
    st.tuples(
        st.sampled_from(["put", "put quietly", "take", "delete"]),
        st.integers(1, 6),
        st.sampled_from(COLUMNS),
        # Often the same instants, and on both sides of the horizon.
        st.integers(0, 8).map(lambda n: n * 10.0) | st.floats(0, 100),
    ),
    max_size=40,
)


@given(moves)
def test_that_any_writing_and_taking_gives_what_sorting_would(
    steps: list[tuple[str, int, str, float]],
) -> None:
    state = with_planets(6)
    calendar = Calendar(state)
    due: dict[tuple[int, int], float] = {}
    now = START
    for verb, planet_id, column, offset in steps:
        order = ORDERS[column]
        exists = planet_id in state.world.tables[PLANET]
        match verb:
            case "put" if exists:
                put(state, calendar, planet_id, column, now + offset)
                due[order, planet_id] = now + offset
            case "put quietly" if exists:
                put(state, None, planet_id, column, now + offset)
                calendar.reload()
                due[order, planet_id] = now + offset
            case "delete" if exists:
                with state.world.unit_of_work(Origin.COMMAND, now) as unit:
                    state.world.delete_entity(PLANET, planet_id)
                calendar.note_written(unit.written_fields)
                due = {key: at for key, at in due.items() if key[1] != planet_id}
            case "take":
                now += offset
                expected = sorted(DueEvent(at, *key) for key, at in due.items() if at <= now)
                assert take(state, calendar, now) == expected
                due = {key: at for key, at in due.items() if at > now}
            case _:
                pass
    assert take(state, calendar, now + 1e6) == sorted(DueEvent(at, *key) for key, at in due.items())
