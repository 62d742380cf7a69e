"""What must be true of every row: noticed where it is not, and nowhere else."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from core import stockpiles
from core.commands import CancelBuilding, ChangeSettings, StartBuilding
from core.components import KINDS, NEVER, PLANET, PLAYER, RESOURCES, Ledger, Stocks
from core.ecs import Kind, Origin
from core.game import GameWorld
from core.health import Level, assess
from core.invariants import Violation, violations
from core.simulation import Status
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, found, new_game, set_up

METAL = RESOURCES.index("metal")


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(store: ManualStore) -> GameWorld:
    game = new_game(ManualClock(), store)
    for player_id in (1, 2, 3):
        found(game, player_id)
    return game


def columns_of(game: GameWorld, kind: Kind = PLANET) -> dict[str, Any]:
    table = game.state.world.tables[kind]
    return {field.key: table.array(field.key).copy() for field in table.fields}


def spoil(game: GameWorld, planet_id: int, key: str, value: float) -> None:
    """Make a mistake, behind the back of everything that would prevent it."""
    table = game.state.world.tables[PLANET]
    column = table.array(key)
    place = (table.row(planet_id), METAL) if column.ndim > 1 else table.row(planet_id)
    column[place] = value


def test_that_a_world_that_was_played_breaks_no_rule(game: GameWorld) -> None:
    set_up(game, 1, amounts=(9_999, 20_000, 0), levels={"robot_factory": 2})
    carry_out(game, StartBuilding(1, "metal_mine"))
    carry_out(game, StartBuilding(2, "metal_mine"))
    carry_out(game, CancelBuilding(2, 0))
    carry_out(game, ChangeSettings({"economy_speed": 50.0}))
    assert isinstance(game.clock, ManualClock)
    game.clock.advance(100_000)
    game.advance(game.clock.now())
    for kind in KINDS:
        assert violations(kind, columns_of(game, kind)) == ()


def test_that_nothing_breaks_no_rule() -> None:
    for kind in KINDS:
        table = new_game().state.world.tables[kind]
        columns = {field.key: field.empty(0) for field in table.fields}
        assert violations(kind, columns) == ()


NOT_CONSERVED = "a stock is not what came onto the planet less what left it"


@pytest.mark.parametrize(
    ("key", "value", "reasons"),
    [
        ("Stocks.amount", 499.99, [NOT_CONSERVED]),
        ("Ledger.received", 501.0, [NOT_CONSERVED]),
        ("Ledger.moved", -1.0, [NOT_CONSERVED]),
        ("Ledger.spent", 0.01, [NOT_CONSERVED]),
        ("Ledger.spent", -1.0, [NOT_CONSERVED, "less than nothing was spent"]),
        ("Stocks.amount", -1.0, [NOT_CONSERVED, "a stock is negative"]),
        ("BuildQueue.paid", -60.0, ["less than nothing was paid"]),
        ("Stocks.amount", np.nan, ["Stocks.amount is not a finite number", NOT_CONSERVED]),
        ("Stocks.production", np.inf, ["Stocks.production is not a finite number"]),
        ("Stocks.settled_at", np.nan, ["Stocks.settled_at is not a finite number"]),
        ("BuildQueue.finish_at", np.nan, ["BuildQueue.finish_at is not a finite number"]),
        ("Stocks.boundary_at", -np.inf, ["Stocks.boundary_at is not a finite number"]),
    ],
)
def test_that_a_rule_that_is_broken_is_named_with_the_row(
    game: GameWorld, key: str, value: float, reasons: list[str]
) -> None:
    spoil(game, 2, key, value)
    found = violations(PLANET, columns_of(game))
    assert found == tuple(Violation(1, reason) for reason in reasons)


def test_that_what_may_never_be_due_may_be_infinite(game: GameWorld) -> None:
    spoil(game, 1, "BuildQueue.finish_at", NEVER)
    spoil(game, 1, "Stocks.boundary_at", NEVER)
    assert violations(PLANET, columns_of(game)) == ()


def test_that_rounding_is_no_violation(game: GameWorld) -> None:
    for planet_id, gap in ((1, 1e-6), (2, 1e-6 + 1e-9 * 500)):
        spoil(game, planet_id, "Stocks.amount", 500 + 0.99 * gap)
    assert violations(PLANET, columns_of(game)) == ()
    spoil(game, 2, "Stocks.amount", 500 + 1.01 * (1e-6 + 1e-9 * 500))
    assert [violation.row for violation in violations(PLANET, columns_of(game))] == [1]


def test_that_rows_are_told_in_their_order(game: GameWorld) -> None:
    for planet_id in (3, 1):
        spoil(game, planet_id, "Stocks.amount", -1.0)
    spoil(game, 2, "BuildQueue.paid", -1.0)
    rows = [violation.row for violation in violations(PLANET, columns_of(game))]
    assert rows == [0, 0, 1, 2, 2]


def test_that_other_kinds_have_finite_numbers(game: GameWorld) -> None:
    game.state.world.tables[PLAYER].set(2, "Player.joined_at", np.nan)
    found = violations(PLAYER, columns_of(game, PLAYER))
    assert found == (Violation(1, "Player.joined_at is not a finite number"),)


# What a save does about it ------------------------------------------------------------------------


def touch(game: GameWorld, planet_id: int) -> None:
    set_up(game, planet_id, fields=100)


def test_that_a_row_that_breaks_a_rule_is_saved_counted_and_named(
    game: GameWorld, store: ManualStore, caplog: pytest.LogCaptureFixture
) -> None:
    assert game.save_player_data().done()
    assert game.writer.violation_count == 0
    for planet_id in (2, 3):
        touch(game, planet_id)
        spoil(game, planet_id, "Stocks.amount", 7.0)
    with caplog.at_level(logging.ERROR):
        assert game.save_player_data().done()
    assert store.rows["planet"][2]["Stocks.amount"][METAL] == 7.0
    assert game.writer.violation_count == 2
    counter = game.metrics.registry.get_sample_value("invariant_violations_total")
    assert counter == 2
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert NOT_CONSERVED in record.message
    assert "[2, 3]" in record.message


def test_that_a_world_with_a_broken_rule_is_degraded() -> None:
    healthy = Status(running=True, last_tick_at=0.0)
    assert assess(healthy, 1.0, 0.0).level is Level.OK
    broken = assess(Status(running=True, last_tick_at=0.0, violations=3), 1.0, 0.0)
    assert broken.level is Level.DEGRADED
    assert "3 changes were saved that break a rule of the world" in broken.findings[0]


# The ledger ---------------------------------------------------------------------------------------


def ledger(game: GameWorld) -> tuple[float, float, float]:
    """Return what was received and spent of metal on planet 1, and what there is."""
    world = game.state.world
    kept = world.component_for_entity(PLANET, 1, Ledger)
    amount = world.component_for_entity(PLANET, 1, Stocks).amount[METAL]
    return kept.received[METAL], kept.spent[METAL], amount


def test_that_a_planet_begins_with_what_it_is_given(game: GameWorld) -> None:
    assert ledger(game) == (500.0, 0.0, 500.0)


def test_that_an_order_is_spent_and_a_refund_is_not(game: GameWorld) -> None:
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert ledger(game)[1] == 60.0
    carry_out(game, CancelBuilding(1, 0))
    received, spent, amount = ledger(game)
    assert spent == 0.0
    assert amount == pytest.approx(received)


def test_that_production_is_received_when_it_is_settled(game: GameWorld) -> None:
    rate = game.state.world.component_for_entity(PLANET, 1, Stocks).production[METAL]
    assert isinstance(game.clock, ManualClock)
    game.clock.advance(3_600)
    game.advance(game.clock.now())
    assert ledger(game) == (500.0, 0.0, 500.0)
    carry_out(game, ChangeSettings({"economy_speed": 2.0}))
    assert ledger(game)[0] == pytest.approx(500 + rate)
    game.clock.advance(1_800)
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert ledger(game)[0] == pytest.approx(500 + 2 * rate)


def test_that_the_hair_a_stock_lacks_of_a_price_does_not_add_up(game: GameWorld) -> None:
    for _ in range(2_000):
        set_up(game, amounts=(60 - 9e-7, 500, 0))
        carry_out(game, StartBuilding(1, "metal_mine"))
        assert ledger(game)[2] == 0.0
        carry_out(game, CancelBuilding(1, 0))
    assert violations(PLANET, columns_of(game)) == ()


def test_that_what_is_taken_away_and_brought_is_neither_received_nor_spent(game: GameWorld) -> None:
    def moved() -> tuple[float, ...]:
        return game.state.world.component_for_entity(PLANET, 1, Ledger).moved

    at = game.clock.now()
    with game.state.world.unit_of_work(Origin.COMMAND, at):
        stockpiles.take_away(game.state, 1, (120, 30, 0), at)
    assert ledger(game) == (500.0, 0.0, 380.0)
    assert moved() == (-120.0, -30.0, 0.0)
    with game.state.world.unit_of_work(Origin.COMMAND, at):
        stockpiles.bring(game.state, 1, (120, 20_000, 7), at)
    assert ledger(game) == (500.0, 0.0, 500.0)
    assert moved() == (0.0, 19_970.0, 7.0)
    # More than the storage holds: nothing is cut, and nothing more is produced.
    amounts = game.state.world.component_for_entity(PLANET, 1, Stocks).amount
    assert amounts == (500.0, 20_470.0, 7.0)
    assert isinstance(game.clock, ManualClock)
    game.clock.advance(3_600)
    assert (
        stockpiles.amounts_at(
            game.state.world.component_for_entity(PLANET, 1, Stocks), game.clock.now()
        )[1]
        == 20_470.0
    )
    assert violations(PLANET, columns_of(game)) == ()


def test_that_a_forgotten_entry_would_be_noticed(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.rules.stocks.received_after", lambda received, *_: received)
    set_up(game, amounts=(600, 500, 0))
    assert violations(PLANET, columns_of(game)) != ()
