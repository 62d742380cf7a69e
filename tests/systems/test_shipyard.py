"""The shipyard: what is ordered, paid, built in turn and delivered one by one."""

from __future__ import annotations

from typing import Any

import pytest

from core import stockpiles
from core.commands import (
    CancelBuilding,
    ChangeSettings,
    DemolishBuilding,
    OrderUnits,
    StartBuilding,
)
from core.components import PLANET, UNITS, Ledger, Stocks, UnitQueue, Units
from core.ecs import Origin
from core.events import BuildItemDropped, Event, StocksChanged, UnitsFinished
from core.game import GameWorld
from core.queries import ReportPlanet
from core.systems.shipyard import UnitItem, orders_of
from core.unit_stock import change_units, settle_units, units_at
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, everything_of, found, new_game, refused, set_up

RICH = (1e9, 1e9, 1e9)
_COMMAND = Origin.COMMAND
ROOMY = {"metal_storage": 30, "crystal_storage": 30, "deuterium_tank": 30}
YARD = {**ROOMY, "robot_factory": 2, "shipyard": 1}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock)
    found(game, 1)
    set_up(game, levels=YARD, amounts=RICH)
    return game


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def order(game: GameWorld, unit: str, quantity: int) -> UnitItem:
    item: UnitItem = carry_out(game, OrderUnits(1, unit, quantity))
    return item


def view(game: GameWorld, component: type[Any]) -> Any:
    return game.state.world.component_for_entity(PLANET, 1, component)


def there(game: GameWorld, at: float | None = None) -> dict[str, int]:
    """Return the units of planet 1 at an instant, the game's if none is given."""
    counts = units_at(game.state, 1, game.time if at is None else at)
    return {name: n for name, n in zip(UNITS.labels, counts, strict=True) if n}


def queued(game: GameWorld) -> list[tuple[str, int]]:
    return [(item.unit, item.count) for item in orders_of(game.state, 1, game.time)]


def pass_time(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    game.advance(clock.now())


# Ordering -----------------------------------------------------------------------------------------


def test_that_units_are_paid_when_they_are_ordered(game: GameWorld) -> None:
    before = view(game, Stocks).amount
    item = order(game, "rocket_launcher", 3)
    # 3600 · 2000 / (2500 · (1 + 1)) = 1440 seconds each.
    assert item == UnitItem("rocket_launcher", 3, (6_000, 0, 0), game.time, game.time + 4_320)
    assert view(game, Ledger).spent == (6_000, 0, 0)
    assert view(game, Stocks).amount[0] == pytest.approx(before[0] - 6_000, abs=1e-3)


def test_that_a_waiting_order_is_paid_too_and_has_no_times(game: GameWorld) -> None:
    order(game, "rocket_launcher", 1)
    item = order(game, "solar_satellite", 2)
    assert item == UnitItem("solar_satellite", 2, (0, 4_000, 1_000), None, None)
    assert view(game, Ledger).spent == (2_000, 4_000, 1_000)


def test_that_all_of_an_order_is_paid_or_nothing(game: GameWorld) -> None:
    set_up(game, amounts=(5_999.5, 0, 0))
    refusal = refused(game, OrderUnits(1, "rocket_launcher", 3))
    assert refusal.code == "insufficient_resources"
    assert refusal.facts["missing"] == {"metal": 1}
    set_up(game, amounts=(6_000, 0, 0))
    order(game, "rocket_launcher", 3)
    assert view(game, Stocks).amount[0] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("unit", "missing"),
    [
        ("small_cargo", {"shipyard": 2, "combustion_drive": 2}),
        ("light_fighter", {"combustion_drive": 1}),
        ("large_shield_dome", {"shipyard": 6, "shielding": 6}),
        ("interceptor_missile", {"missile_silo": 2}),
    ],
)
def test_that_what_a_unit_requires_must_be_there(
    game: GameWorld, unit: str, missing: dict[str, int]
) -> None:
    refusal = refused(game, OrderUnits(1, unit, 1))
    assert refusal.code == "requirements_not_met"
    assert refusal.facts == {"missing": missing}


def test_that_nothing_is_built_without_a_shipyard(game: GameWorld) -> None:
    set_up(game, levels=ROOMY)
    refusal = refused(game, OrderUnits(1, "rocket_launcher", 1))
    assert refusal.facts == {"missing": {"shipyard": 1}}


@pytest.mark.parametrize("quantity", [-1, 0, 1_000_001, 2**70])
def test_that_an_order_is_of_one_to_a_million(game: GameWorld, quantity: int) -> None:
    refusal = refused(game, OrderUnits(1, "rocket_launcher", quantity))
    assert refusal.code == "bad_value"
    assert "1 to 1000000" in refusal.detail


def test_that_a_million_is_one_order(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, amounts=(2e9, 0, 0))
    item = order(game, "rocket_launcher", 1_000_000)
    assert item.cost == (2_000_000_000, 0, 0)
    before = game.metrics.due_events._value.get()
    pass_time(game, clock, 1_439_999_999)
    assert there(game) == {"rocket_launcher": 999_999}
    # Stocks fill up meanwhile; of the shipyard nothing is due before the end.
    assert game.metrics.due_events._value.get() - before <= len(RICH)
    assert view(game, Units).count[UNITS.index("rocket_launcher")] == 0
    pass_time(game, clock, 1)
    assert view(game, Units).count[UNITS.index("rocket_launcher")] == 1_000_000


def test_that_the_queue_takes_a_hundred_orders(game: GameWorld) -> None:
    for _ in range(100):
        order(game, "rocket_launcher", 1)
    refusal = refused(game, OrderUnits(1, "rocket_launcher", 1))
    assert (refusal.code, refusal.facts) == ("queue_full", {"limit": 100})
    assert len(queued(game)) == 100


def test_that_nobody_orders_what_is_unknown_or_for_another(game: GameWorld) -> None:
    found(game, 2)
    assert refused(game, OrderUnits(1, "palace", 1)).code == "unknown_type"
    assert refused(game, OrderUnits(1, "metal_mine", 1)).code == "unknown_type"
    assert refused(game, OrderUnits(2, "rocket_launcher", 1, 1)).code == "not_yours"
    assert refused(game, OrderUnits(3, "rocket_launcher", 1)).code == "no_home"


# Delivery -----------------------------------------------------------------------------------------


def test_that_units_are_delivered_one_by_one(game: GameWorld, clock: ManualClock) -> None:
    item = order(game, "rocket_launcher", 3)
    assert item.started_at is not None
    begun = item.started_at
    counts = {
        elapsed: there(game, begun + elapsed).get("rocket_launcher", 0)
        for elapsed in (0, 1_439.999, 1_440, 2_879.999, 2_880, 4_320, 99_999)
    }
    assert counts == {0: 0, 1_439.999: 0, 1_440: 1, 2_879.999: 1, 2_880: 2, 4_320: 3, 99_999: 3}
    pass_time(game, clock, 3_000)
    assert queued(game) == [("rocket_launcher", 1)]
    assert orders_of(game.state, 1, game.time)[0].cost == (2_000, 0, 0)


def test_that_a_look_changes_nothing(game: GameWorld, clock: ManualClock) -> None:
    order(game, "rocket_launcher", 3)
    pass_time(game, clock, 3_000)
    before = everything_of(game)
    report, _ = game.ask(ReportPlanet(1))
    assert dict(zip(UNITS.labels, report.units, strict=True))["rocket_launcher"] == 2
    assert [(item.unit, item.count) for item in report.unit_orders] == [("rocket_launcher", 1)]
    assert everything_of(game) == before


def test_that_settling_on_the_way_changes_no_later_instant(
    game: GameWorld, clock: ManualClock
) -> None:
    item = order(game, "rocket_launcher", 5)
    assert item.due_at is not None
    pass_time(game, clock, 3_333.3)
    with game.state.world.unit_of_work(_COMMAND, game.time):
        settle_units(game.state, 1, game.time)
    assert view(game, Units).count[UNITS.index("rocket_launcher")] == 2
    assert there(game, item.due_at - 1e-3) == {"rocket_launcher": 4}
    assert there(game, item.due_at) == {"rocket_launcher": 5}
    assert view(game, UnitQueue).units_due_at == item.due_at


def test_that_the_next_order_begins_when_the_one_before_it_ends(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    first = order(game, "rocket_launcher", 2)
    order(game, "rocket_launcher", 4)
    assert first.due_at is not None
    pass_time(game, clock, 2_880 + 1_440 + 0.7)
    (active,) = orders_of(game.state, 1, game.time)
    assert active.started_at == first.due_at
    assert active.due_at == first.due_at + 4 * 1_440
    assert active.count == 3
    assert there(game) == {"rocket_launcher": 3}
    assert UnitsFinished(first.due_at, 1, 1, "rocket_launcher", 2) in events
    pass_time(game, clock, 1e6)
    assert queued(game) == []
    assert there(game) == {"rocket_launcher": 6}


@pytest.mark.parametrize(
    ("yard", "speed", "seconds"),
    # 3600 · 2000 / (2500 · (1 + shipyard) · speed), truncated: 576, 480 and 261.8.
    [(4, 1.0, 576), (1, 3.0, 480), (10, 1.0, 261)],
)
def test_that_level_and_speed_shorten_what_begins(
    game: GameWorld, yard: int, speed: float, seconds: int
) -> None:
    set_up(game, levels={**YARD, "shipyard": yard})
    if speed != 1.0:
        carry_out(game, ChangeSettings({"economy_speed": speed}))
    item = order(game, "rocket_launcher", 1)
    assert item.started_at is not None
    assert item.due_at == item.started_at + seconds


def test_that_speed_counts_from_the_start_of_an_order(game: GameWorld, clock: ManualClock) -> None:
    first = order(game, "rocket_launcher", 2)
    order(game, "rocket_launcher", 1)
    pass_time(game, clock, 1_000)
    carry_out(game, ChangeSettings({"economy_speed": 2.0}))
    assert orders_of(game.state, 1, game.time)[0].due_at == first.due_at
    pass_time(game, clock, 2_000)
    (second,) = orders_of(game.state, 1, game.time)
    assert first.due_at is not None
    assert (second.started_at, second.due_at) == (first.due_at, first.due_at + 720)


def test_that_ships_come_and_go_beside_what_is_delivered(
    game: GameWorld, clock: ManualClock
) -> None:
    order(game, "rocket_launcher", 5)
    pass_time(game, clock, 3_000)
    changes = [0] * len(UNITS)
    changes[UNITS.index("rocket_launcher")] = -1
    changes[UNITS.index("small_cargo")] = 4
    with game.state.world.unit_of_work(_COMMAND, game.time):
        change_units(game.state, 1, changes, game.time)
    assert there(game) == {"rocket_launcher": 1, "small_cargo": 4}
    assert there(game, game.time + 1_440) == {"rocket_launcher": 2, "small_cargo": 4}


# Satellites ---------------------------------------------------------------------------------------

# Each gives floor((40 + 140) / 6) = 30 energy; a mine of level 10 wants 10 · 10 · 1.1^10 = 259.37.
MINING = {**YARD, "metal_mine": 10}


def energy(game: GameWorld) -> Any:
    rates = stockpiles.rates_of(game.state, 1)
    return float(rates.energy_produced), float(rates.energy_used), float(rates.factor)


def test_that_each_satellite_gives_energy_at_the_instant_of_its_delivery(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, levels=MINING, amounts=(0, 1e6, 1e6), temperature_max=40)
    basic = view(game, Stocks).production[0]
    assert energy(game) == (0, pytest.approx(259.374, abs=1e-3), 0)
    order(game, "solar_satellite", 3)
    begun, events[:] = game.time, []
    pass_time(game, clock, 1_440 + 720)
    # 100 · 30 / 259.37 = 11.57: a factor of 0.11.
    assert energy(game) == (30, pytest.approx(259.374, abs=1e-3), 0.11)
    assert view(game, Stocks).settled_at == begun + 1_440
    assert StocksChanged(begun + 1_440, 1, 1) in events
    # 30 · 10 · 1.1^10 = 778.12 an hour at full energy, with the bonus that basic income has too.
    rate = basic * (1 + 0.11 * 778.1227 / 30)
    assert view(game, Stocks).production[0] == pytest.approx(rate)
    mined = stockpiles.amounts_at(view(game, Stocks), game.time)[0]
    assert mined == pytest.approx(basic * 1_440 / 3600 + rate * 720 / 3600)
    pass_time(game, clock, 2_161)
    assert energy(game)[0] == 90
    assert there(game) == {"solar_satellite": 3}
    assert queued(game) == []


def test_that_satellites_that_go_take_their_energy_along(game: GameWorld) -> None:
    set_up(game, levels=MINING, temperature_max=40, units={"solar_satellite": 9})
    full = view(game, Stocks).production[0]
    assert energy(game)[0] == 270
    changes = [0] * len(UNITS)
    changes[UNITS.index("solar_satellite")] = -9
    with game.state.world.unit_of_work(_COMMAND, game.time):
        change_units(game.state, 1, changes, game.time)
    assert energy(game)[0] == 0
    assert view(game, Stocks).production[0] < full


# The yard and what builds it ----------------------------------------------------------------------


def test_that_the_shipyard_is_not_raised_while_units_are_built(
    game: GameWorld, clock: ManualClock
) -> None:
    order(game, "rocket_launcher", 1)
    for command in (StartBuilding(1, "shipyard"), DemolishBuilding(1, "shipyard")):
        assert refused(game, command).code == "units_being_built"
    carry_out(game, StartBuilding(1, "robot_factory"))
    pass_time(game, clock, 1e6)
    assert carry_out(game, StartBuilding(1, "shipyard")).level == 2


def test_that_an_upgrade_whose_turn_comes_while_units_are_built_is_dropped(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    mine = carry_out(game, StartBuilding(1, "metal_mine"))
    carry_out(game, StartBuilding(1, "shipyard"))
    order(game, "rocket_launcher", 5)
    pass_time(game, clock, 60)
    assert BuildItemDropped(mine.due_at, 1, 1, "shipyard", "units_being_built") in events


@pytest.mark.parametrize("command", [StartBuilding(1, "shipyard"), DemolishBuilding(1, "shipyard")])
def test_that_no_units_are_ordered_while_the_shipyard_is_worked_on(
    game: GameWorld, command: StartBuilding | DemolishBuilding
) -> None:
    carry_out(game, command)
    assert refused(game, OrderUnits(1, "rocket_launcher", 1)).code == "yard_in_work"
    carry_out(game, CancelBuilding(1, 0))
    order(game, "rocket_launcher", 1)


SILO = {**YARD, "missile_silo": 3}


def test_that_a_silo_stays_as_large_as_its_missiles_need(
    game: GameWorld, clock: ManualClock
) -> None:
    # 21 of 30 slots are taken, one of them by what is ordered: of level 2 there are 20.
    set_up(game, levels=SILO, units={"interceptor_missile": 20})
    order(game, "interceptor_missile", 1)
    refusal = refused(game, DemolishBuilding(1, "missile_silo"))
    assert (refusal.code, refusal.facts) == ("level_needed", {"slots": 20, "slots_used": 21})
    set_up(game, levels=SILO, units={"interceptor_missile": 19})
    carry_out(game, DemolishBuilding(1, "missile_silo"))
    # What is being demolished holds no missile that is ordered now.
    assert refused(game, OrderUnits(1, "interceptor_missile", 1)).facts["slots"] == 20
    # Nor is a second level demolished whose turn comes when the first has gone.
    assert refused(game, DemolishBuilding(1, "missile_silo")).code == "level_needed"
