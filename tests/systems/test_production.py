"""Stocks that fill up: the moments at which production itself does something."""

from __future__ import annotations

import math

import pytest

from core import stockpiles
from core.components import NEVER, PLANET, Stocks
from core.ecs import Mark, Origin
from core.events import Event, StocksChanged
from core.game import GameWorld
from tests.manual_clock import ManualClock
from tests.worlds import bits_of, found, new_game, set_up


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock)
    found(game, 1)
    return game


def stock_of(game: GameWorld) -> Stocks:
    return game.state.world.component_for_entity(PLANET, 1, Stocks)


def consume(game: GameWorld, *per_hour: float) -> None:
    """Have the planet burn something, as a fusion reactor will."""
    with game.state.world.unit_of_work(Origin.COMMAND, game.clock.now()):
        stock = stockpiles.settle(game.state, 1, game.clock.now())
        stock.consumption = per_hour
        stockpiles.receive(game.state, 1, stock.amount, game.clock.now())
    game.calendar.reload()


def test_that_a_full_stock_is_exactly_full_from_the_instant_on(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, amounts=(9_990, 100, 0))
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    due = stock_of(game).boundary_at
    rate = stock_of(game).production[0]
    assert due == pytest.approx(clock.now() + 10 / rate * 3600, abs=1e-6)
    clock.advance(due - clock.now() + 100)
    game.advance(clock.now())
    assert stock_of(game).amount[0] == 10_000.0
    assert stock_of(game).settled_at == due
    assert stock_of(game).boundary_at > due
    assert events == [StocksChanged(due, 1, 1)]
    assert game.state.world.marks[PLANET].flags_of(1) & Mark.WAITING


def test_that_each_stock_reaches_its_boundary_in_turn_and_then_nothing_is_due(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, amounts=(9_000, 9_500, 0))
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    clock.advance(1e7)
    game.advance(clock.now())
    assert stock_of(game).amount == (10_000.0, 10_000.0, 0.0)
    assert stock_of(game).boundary_at == NEVER
    assert len(events) == 2
    assert [event.at for event in events] == sorted(event.at for event in events)


def test_that_stocks_that_fill_at_the_same_instant_fill_in_one_event(
    game: GameWorld, clock: ManualClock
) -> None:
    rates = stock_of(game).production
    set_up(game, amounts=(10_000 - rates[0], 10_000 - rates[1], 0))
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    clock.advance(1e6)
    game.advance(clock.now())
    assert len(events) == 1
    assert stock_of(game).amount[:2] == (10_000.0, 10_000.0)


def test_that_a_stock_runs_dry_at_exactly_zero(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, amounts=(500, 500, 100))
    consume(game, 0.0, 0.0, 30.0)
    due = stock_of(game).boundary_at
    assert due == clock.now() + 12_000  # 100 at 30 an hour
    clock.advance(20_000)
    game.advance(clock.now())
    assert stock_of(game).amount[2] == 0.0
    assert stock_of(game).settled_at == due
    assert stockpiles.amounts_at(stock_of(game), clock.now())[2] == 0.0


def test_that_what_lies_above_the_cap_falls_to_it_and_then_further(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, amounts=(500, 500, 10_060))
    consume(game, 0.0, 0.0, 30.0)
    above_until = clock.now() + 7200
    assert stock_of(game).boundary_at == above_until
    clock.advance(7200 + 3600)
    game.advance(clock.now())
    assert stock_of(game).settled_at == above_until
    assert stock_of(game).amount[2] == 10_000.0
    assert stockpiles.amounts_at(stock_of(game), clock.now())[2] == 9_970.0


def test_that_looking_at_a_stock_changes_nothing(game: GameWorld, clock: ManualClock) -> None:
    before = bits_of(game.state.world)
    for _ in range(50):
        clock.advance(math.pi)
        stockpiles.amounts_at(stock_of(game), clock.now())
        game.advance(clock.now())
    assert bits_of(game.state.world) == before


def test_that_nothing_is_due_while_nothing_fills(game: GameWorld) -> None:
    set_up(game, amounts=(20_000, 20_000, 0))
    assert stock_of(game).boundary_at == NEVER
