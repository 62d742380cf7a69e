"""Buildings: what is ordered, paid, finished, cancelled and torn down."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import stockpiles
from core.commands import CancelBuilding, ChangeSettings, DemolishBuilding, StartBuilding
from core.components import PLANET, BuildQueue, Stocks
from core.events import (
    BuildingFinished,
    BuildingStarted,
    BuildItemDropped,
    Event,
)
from core.game import GameWorld
from core.rules import ECONOMY, RULES, EconomySettings
from core.systems.construction import Item, levels_of, queue_of
from tests.manual_clock import ManualClock
from tests.worlds import NO_LEVELS, carry_out, found, new_game, refused, set_up

RICH = (1e9, 1e9, 1e9)
ROOMY = {"metal_storage": 30, "crystal_storage": 30, "deuterium_tank": 30}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock)
    found(game, 1)
    return game


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def stocks_of(game: GameWorld, planet_id: int = 1) -> Stocks:
    return game.state.world.component_for_entity(PLANET, planet_id, Stocks)


def amounts(game: GameWorld) -> tuple[float, ...]:
    return stockpiles.amounts_at(stocks_of(game), game.time)


def queue(game: GameWorld, planet_id: int = 1) -> tuple[Item, ...]:
    return queue_of(game.state, planet_id)


def names(game: GameWorld) -> list[tuple[str, int, bool]]:
    return [(item.building, item.level, item.demolish) for item in queue(game)]


def pass_time(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    game.advance(clock.now())


def start(game: GameWorld, *buildings: str) -> list[Item]:
    return [carry_out(game, StartBuilding(1, building)) for building in buildings]


# Ordering -----------------------------------------------------------------------------------------


def test_that_an_order_is_paid_when_it_starts(game: GameWorld) -> None:
    before = amounts(game)
    (item,) = start(game, "metal_mine")
    assert item == Item("metal_mine", 1, False, (60, 15, 0), game.time, game.time + 30)
    assert amounts(game) == pytest.approx((before[0] - 60, before[1] - 15, before[2]), abs=1e-5)


def test_that_a_waiting_item_is_not_paid_and_has_no_times(game: GameWorld) -> None:
    start(game, "metal_mine")
    before = amounts(game)
    (item,) = start(game, "solar_plant")
    assert item == Item("solar_plant", 1, False, (75, 30, 0), None, None)
    assert amounts(game) == pytest.approx(before, abs=1e-5)


def test_that_a_waiting_item_may_cost_more_than_there_is(game: GameWorld) -> None:
    start(game, "metal_mine")
    (item,) = start(game, "robot_factory")
    assert item.cost == (400, 120, 200)
    assert amounts(game)[2] == 0


def test_that_a_finished_mine_raises_production(game: GameWorld, clock: ManualClock) -> None:
    start(game, "solar_plant", "metal_mine")
    basic = stocks_of(game).production[0]
    pass_time(game, clock, 3600)
    assert levels_of(game.state, 1)["metal_mine"] == 1
    # Level 1 makes 30 · 1 · 1.1 an hour, times the bonus of the position, which basic has too.
    made = stocks_of(game).production[0]
    assert made == pytest.approx(basic * (1 + 33 / 30))


def test_that_production_rises_at_the_instant_at_which_the_mine_is_finished(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, levels={"solar_plant": 1, "metal_storage": 5}, amounts=(500, 500, 0))
    (item,) = start(game, "metal_mine")
    assert item.started_at is not None
    assert item.due_at is not None
    left, before = amounts(game)[0], stocks_of(game).production[0]
    pass_time(game, clock, item.due_at - clock.now() + 1800)
    after = stocks_of(game).production[0]
    built_s = item.due_at - item.started_at
    expected = left + before * built_s / 3600 + after * (clock.now() - item.due_at) / 3600
    assert amounts(game)[0] == pytest.approx(expected, rel=1e-12)
    assert stocks_of(game).settled_at == item.due_at


def test_that_the_robot_factory_speeds_up_what_starts_after_it(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, levels=ROOMY, amounts=RICH)
    first, _ = start(game, "robot_factory", "metal_mine")
    assert first.started_at is not None
    assert first.due_at == first.started_at + 213  # 3600 · 520 / 8750
    pass_time(game, clock, 214)
    (mine,) = queue(game)
    assert mine.started_at == first.due_at
    assert mine.due_at == first.due_at + 15  # 30.86 halved


# The queue ----------------------------------------------------------------------------------------


def test_that_the_next_item_starts_when_the_one_before_it_ends(
    game: GameWorld, clock: ManualClock
) -> None:
    first, _ = start(game, "solar_plant", "metal_mine")
    assert first.due_at is not None
    pass_time(game, clock, first.due_at - clock.now() + 0.7)
    (active,) = queue(game)
    assert active.started_at == first.due_at


def test_that_a_whole_queue_is_built_at_exact_instants_in_one_catch_up(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, levels=ROOMY, amounts=RICH)
    items = start(game, "metal_mine", "metal_mine", "crystal_mine", "solar_plant", "metal_mine")
    begun = items[0].started_at
    assert begun is not None
    pass_time(game, clock, 1e6)
    # 75, 112, 72, 105 and 168 metal and crystal at 2500 · (4 - L/2) an hour.
    seconds = [30, 53, 29, 43, 96]
    ends = [begun + sum(seconds[: place + 1]) for place in range(5)]
    finished = [event for event in events if isinstance(event, BuildingFinished)]
    assert [event.at for event in finished] == ends
    assert [(e.building, e.level) for e in finished] == [(i.building, i.level) for i in items]
    started = [event.at for event in events if isinstance(event, BuildingStarted)]
    assert started == [begun, *ends[:-1]]
    assert queue(game) == ()


def test_that_the_queue_holds_five(game: GameWorld) -> None:
    start(game, *["metal_mine"] * 5)
    refusal = refused(game, StartBuilding(1, "metal_mine"))
    assert refusal.code == "queue_full"
    assert refusal.facts == {"limit": 5}
    assert [item.level for item in queue(game)] == [1, 2, 3, 4, 5]
    assert [item.cost for item in queue(game)] == [
        (60, 15, 0),
        (90, 22, 0),
        (135, 33, 0),
        (202, 50, 0),
        (303, 75, 0),
    ]


def test_that_an_item_that_cannot_be_paid_at_its_turn_is_dropped(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    (mine, *_) = start(game, "metal_mine", "robot_factory", "solar_plant")
    assert mine.due_at is not None
    pass_time(game, clock, 31)
    assert names(game) == [("solar_plant", 1, False)]
    assert queue(game)[0].started_at == mine.due_at
    assert BuildItemDropped(mine.due_at, 1, 1, "robot_factory", "insufficient_resources") in events


def test_that_what_needed_a_dropped_item_is_dropped_at_its_turn(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, levels={"robot_factory": 1}, amounts=(500, 500, 0))
    start(game, "metal_mine", "robot_factory", "shipyard")
    pass_time(game, clock, 31)
    dropped = [(e.building, e.reason) for e in events if isinstance(e, BuildItemDropped)]
    assert dropped == [
        ("robot_factory", "insufficient_resources"),
        ("shipyard", "requirements_not_met"),
    ]
    assert queue(game) == ()


def test_that_an_item_dropped_at_its_turn_takes_along_those_behind_that_needed_it(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    start(game, "metal_mine", "robot_factory", "solar_plant")
    carry_out(game, DemolishBuilding(1, "robot_factory"))
    pass_time(game, clock, 31)
    assert names(game) == [("solar_plant", 1, False)]
    dropped = [(e.building, e.reason) for e in events if isinstance(e, BuildItemDropped)]
    assert dropped == [
        ("robot_factory", "insufficient_resources"),
        ("robot_factory", "requirements_not_met"),
    ]


def test_that_the_later_ones_of_its_type_are_renumbered_when_an_item_is_dropped(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, levels={"metal_mine": 9}, amounts=(3000, 3000, 3000))
    # The tenth mine costs 2306, the eleventh 3459: it is dropped, the next is the eleventh again.
    start(game, "metal_mine", "metal_mine", "solar_plant", "metal_mine")
    assert [item.level for item in queue(game)] == [10, 11, 1, 12]
    pass_time(game, clock, 3600 * 2882 / 2500)
    assert names(game) == [("solar_plant", 1, False), ("metal_mine", 11, False)]


# Cancelling ---------------------------------------------------------------------------------------


def test_that_cancelling_the_active_item_refunds_it(game: GameWorld) -> None:
    before = amounts(game)
    start(game, "metal_mine")
    assert carry_out(game, CancelBuilding(1, 0)) == ()
    assert amounts(game) == pytest.approx(before, abs=1e-5)
    assert queue(game) == ()
    row = game.state.world.component_for_entity(PLANET, 1, BuildQueue)
    assert (row.paid, row.started_at, row.finish_at) == ((0.0, 0.0, 0.0), 0.0, float("inf"))


def test_that_a_refund_may_exceed_the_capacity(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, levels={"metal_mine": 9}, amounts=(10_000, 10_000, 0))
    start(game, "metal_mine")
    pass_time(game, clock, 1000)
    full = amounts(game)[1]
    carry_out(game, CancelBuilding(1, 0))
    assert full < 10_000 + 576
    assert amounts(game)[1] == pytest.approx(full + 576)
    pass_time(game, clock, 3600)
    assert amounts(game)[1] == pytest.approx(full + 576 if full + 576 > 10_000 else 10_000)


def test_that_the_next_item_starts_when_the_active_one_is_cancelled(
    game: GameWorld, clock: ManualClock
) -> None:
    start(game, "metal_mine", "solar_plant")
    pass_time(game, clock, 10)
    (active,) = carry_out(game, CancelBuilding(1, 0))
    assert active.building == "solar_plant"
    assert active.started_at == game.time
    assert amounts(game)[0] < 500 + 1 - 75


def test_that_cancelling_a_waiting_item_refunds_nothing_and_leaves_the_active_one(
    game: GameWorld,
) -> None:
    start(game, "metal_mine", "solar_plant", "crystal_mine")
    before, active = amounts(game), queue(game)[0]
    left = carry_out(game, CancelBuilding(1, 1))
    assert [item.building for item in left] == ["metal_mine", "crystal_mine"]
    assert left[0] == active
    assert amounts(game) == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_that_the_later_ones_of_its_type_are_renumbered_when_an_item_is_cancelled(
    game: GameWorld, index: int
) -> None:
    start(game, "metal_mine", "metal_mine", "metal_mine")
    left = carry_out(game, CancelBuilding(1, index))
    assert [(item.level, item.cost) for item in left] == [(1, (60, 15, 0)), (2, (90, 22, 0))]


def test_that_items_that_lose_their_prerequisite_go_too(
    game: GameWorld, events: list[Event]
) -> None:
    set_up(game, levels={"robot_factory": 1, **ROOMY}, amounts=RICH)
    start(game, "metal_mine", "robot_factory", "shipyard", "shipyard", "solar_plant")
    carry_out(game, CancelBuilding(1, 1))
    assert names(game) == [("metal_mine", 1, False), ("solar_plant", 1, False)]
    dropped = [(e.building, e.reason) for e in events if isinstance(e, BuildItemDropped)]
    assert dropped == [("shipyard", "requirements_not_met")] * 2


def test_that_the_active_item_takes_along_what_needed_it(game: GameWorld) -> None:
    set_up(game, levels={"robot_factory": 1, **ROOMY}, amounts=RICH)
    start(game, "robot_factory", "shipyard", "metal_mine")
    carry_out(game, CancelBuilding(1, 0))
    assert names(game) == [("metal_mine", 1, False)]


def test_that_a_demolition_goes_when_what_it_would_tear_down_is_not_built(game: GameWorld) -> None:
    set_up(game, levels=ROOMY, amounts=RICH)
    start(game, "metal_mine", "solar_plant")
    carry_out(game, DemolishBuilding(1, "solar_plant"))
    carry_out(game, CancelBuilding(1, 1))
    assert names(game) == [("metal_mine", 1, False)]


def test_that_what_was_paid_is_refunded_whatever_the_speed_is_by_now(
    game: GameWorld, clock: ManualClock
) -> None:
    before = amounts(game)
    (item,) = start(game, "metal_mine")
    carry_out(game, ChangeSettings({"economy_speed": 8.0}))
    assert queue(game)[0] == item
    carry_out(game, CancelBuilding(1, 0))
    assert amounts(game) == pytest.approx(before, abs=1e-4)


# Demolishing --------------------------------------------------------------------------------------


def test_that_a_demolition_costs_and_takes_what_building_the_level_did(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, levels={"metal_mine": 5, "solar_plant": 9, **ROOMY}, amounts=RICH)
    item = carry_out(game, DemolishBuilding(1, "metal_mine"))
    assert item.level == 5
    assert item.cost == (303, 75, 0)
    assert item.due_at - item.started_at == 362  # 3600 · 378 / (2500 · 1.5) = 362.88
    assert amounts(game)[0] == pytest.approx(1e9 - 303)
    made = stocks_of(game).production[0]
    pass_time(game, clock, 363)
    assert levels_of(game.state, 1)["metal_mine"] == 4
    assert stocks_of(game).production[0] < made
    assert amounts(game)[0] == pytest.approx(1e9 - 303)


def test_that_a_demolition_is_announced_with_the_level_that_is_left(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, levels={"metal_mine": 2, **ROOMY}, amounts=RICH)
    carry_out(game, DemolishBuilding(1, "metal_mine"))
    at = game.time
    pass_time(game, clock, 1000)
    assert BuildingStarted(at, 1, 1, "metal_mine", 2, demolish=True) in events
    # 3600 · 112 / (2500 · 3)
    assert BuildingFinished(at + 53, 1, 1, "metal_mine", 1, demolish=True) in events


def test_that_several_levels_are_demolished_from_the_top(game: GameWorld) -> None:
    set_up(game, levels={"metal_mine": 3, **ROOMY}, amounts=RICH)
    for _ in range(3):
        carry_out(game, DemolishBuilding(1, "metal_mine"))
    assert names(game) == [("metal_mine", level, True) for level in (3, 2, 1)]
    assert refused(game, DemolishBuilding(1, "metal_mine")).code == "nothing_to_demolish"
    (again,) = start(game, "metal_mine")
    assert again.level == 1


def test_that_a_cancelled_demolition_is_refunded(game: GameWorld) -> None:
    set_up(game, levels={"metal_mine": 5, **ROOMY}, amounts=RICH)
    before = amounts(game)
    carry_out(game, DemolishBuilding(1, "metal_mine"))
    carry_out(game, CancelBuilding(1, 0))
    assert amounts(game) == pytest.approx(before, abs=1e-5)
    assert levels_of(game.state, 1)["metal_mine"] == 5


# Refusals -----------------------------------------------------------------------------------------

Order = StartBuilding | DemolishBuilding | CancelBuilding


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (StartBuilding(1, "shipyard"), "requirements_not_met"),
        (StartBuilding(1, "robot_factory"), "insufficient_resources"),
        (StartBuilding(1, "palace"), "unknown_type"),
        (StartBuilding(1, ""), "unknown_type"),
        (StartBuilding(2, "metal_mine"), "no_home"),
        (StartBuilding(1, "metal_mine", planet_id=99), "not_yours"),
        (StartBuilding(1, "metal_mine", planet_id=2), "not_yours"),
        (StartBuilding(1, "metal_mine", planet_id=-1), "not_yours"),
        (StartBuilding(1, "metal_mine", planet_id=2**63), "not_yours"),
        (CancelBuilding(1, 0), "no_such_item"),
        (CancelBuilding(1, -1), "no_such_item"),
        (CancelBuilding(1, 5), "no_such_item"),
        (CancelBuilding(9, 0), "no_home"),
        (DemolishBuilding(1, "metal_mine"), "nothing_to_demolish"),
        (DemolishBuilding(1, "palace"), "unknown_type"),
        (DemolishBuilding(1, "metal_mine", planet_id=2), "not_yours"),
    ],
)
def test_that_a_refusal_changes_nothing(game: GameWorld, command: Order, code: str) -> None:
    found(game, 3)
    assert refused(game, command).code == code


def test_that_a_refusal_says_what_is_missing(game: GameWorld) -> None:
    refusal = refused(game, StartBuilding(1, "robot_factory"))
    assert refusal.facts == {
        "missing": {"deuterium": 200},
        "cost": {"metal": 400, "crystal": 120, "deuterium": 200},
    }
    assert refusal.detail == "Short of 200 deuterium."
    refusal = refused(game, StartBuilding(1, "shipyard"))
    assert refusal.facts == {"missing": {"robot_factory": 2}}


@pytest.mark.parametrize(("metal", "missing"), [(59.4, 1), (58.0, 2), (0.0, 60)])
def test_that_what_is_missing_is_whole(game: GameWorld, metal: float, missing: int) -> None:
    set_up(game, amounts=(metal, 500, 0))
    refusal = refused(game, StartBuilding(1, "metal_mine"))
    assert refusal.facts["missing"] == {"metal": missing}


def test_that_a_price_is_paid_to_the_last_unit(game: GameWorld) -> None:
    set_up(game, amounts=(60 - 5e-7, 15, 0))
    start(game, "metal_mine")
    assert amounts(game)[0] == pytest.approx(0, abs=1e-6)
    assert min(amounts(game)) >= 0


def test_that_the_fields_of_a_planet_are_its_limit(game: GameWorld) -> None:
    set_up(game, levels=ROOMY, amounts=RICH, fields=92)
    start(game, "metal_mine", "crystal_mine")
    refusal = refused(game, StartBuilding(1, "solar_plant"))
    assert refusal.code == "no_free_fields"
    assert refusal.facts == {"fields": 92, "fields_used": 92}


def test_that_a_demolition_frees_its_field_when_it_is_done(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, levels={**ROOMY, "metal_mine": 1}, amounts=RICH, fields=91)
    carry_out(game, DemolishBuilding(1, "metal_mine"))
    assert refused(game, StartBuilding(1, "solar_plant")).code == "no_free_fields"
    pass_time(game, clock, 31)
    start(game, "solar_plant")


def test_that_a_level_whose_price_no_float_holds_exactly_cannot_be_ordered(game: GameWorld) -> None:
    # 60 · 1.5^80 is below 2^53, 60 · 1.5^81 is above it.
    set_up(game, levels={"metal_mine": 80, **ROOMY}, amounts=(1e16, 1e16, 0), fields=500)
    start(game, "metal_mine")
    assert refused(game, StartBuilding(1, "metal_mine")).code == "level_limit"


def test_that_no_level_is_above_the_limit(game: GameWorld) -> None:
    # Solar plants get too dear at level 81 already, and every other building sooner.
    assert RULES.level_limit == 100
    set_up(game, levels={"solar_plant": 100}, amounts=RICH, fields=500)
    assert refused(game, StartBuilding(1, "solar_plant")).code == "level_limit"


def test_that_a_level_that_stands_under_something_cannot_go(game: GameWorld) -> None:
    set_up(game, levels={"robot_factory": 2, "shipyard": 1, **ROOMY}, amounts=RICH)
    refusal = refused(game, DemolishBuilding(1, "robot_factory"))
    assert refusal.code == "level_needed"
    assert refusal.facts == {"needed_by": ["shipyard"]}


def test_that_a_level_above_the_one_that_is_needed_can_go(game: GameWorld) -> None:
    set_up(game, levels={"robot_factory": 3, "shipyard": 1, **ROOMY}, amounts=RICH)
    carry_out(game, DemolishBuilding(1, "robot_factory"))
    assert refused(game, DemolishBuilding(1, "robot_factory")).code == "level_needed"


def test_that_a_level_that_something_queued_needs_cannot_go(game: GameWorld) -> None:
    set_up(game, levels={"robot_factory": 2, **ROOMY}, amounts=RICH)
    start(game, "metal_mine", "shipyard")
    assert refused(game, DemolishBuilding(1, "robot_factory")).code == "level_needed"


def test_that_nothing_is_queued_on_a_level_that_is_about_to_go(game: GameWorld) -> None:
    set_up(game, levels={"robot_factory": 2, **ROOMY}, amounts=RICH)
    carry_out(game, DemolishBuilding(1, "robot_factory"))
    assert refused(game, StartBuilding(1, "shipyard")).code == "requirements_not_met"


def test_that_a_queued_requirement_is_enough(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, levels={"robot_factory": 1, **ROOMY}, amounts=RICH)
    start(game, "robot_factory", "shipyard")
    pass_time(game, clock, 1e5)
    assert levels_of(game.state, 1)["shipyard"] == 1


# What a planet has is what it made and did not spend ----------------------------------------------


class Ledger:
    """Keeps the books of one planet from what is announced, by arithmetic of its own."""

    def __init__(self, game: GameWorld, levels: dict[str, int]) -> None:
        self.game = game
        self.levels = levels
        self.at = game.time
        self.stock = list(amounts(game))
        self.opening = tuple(self.stock)
        self.made = [0.0, 0.0, 0.0]
        self.spent = [0, 0, 0]
        self.refunded = [0, 0, 0]
        self.active: tuple[int, ...] = (0, 0, 0)
        self.economy_speed = 1.0
        game.on_event = lambda event, shown, urgent: self.note(event)

    def pass_until(self, at: float) -> None:
        """Let every stock grow to its capacity, and no further."""
        planet = self.game.state.world.tables[PLANET]
        rates = ECONOMY.rates(
            self.levels,
            planet.get(1, "Position.position"),
            planet.get(1, "Planet.temperature_max"),
            self.settings,
        )
        for index, (rate, capacity) in enumerate(
            zip(rates.production, rates.capacity, strict=True)
        ):
            made = rate * (at - self.at) / 3600
            room = max(0.0, capacity - self.stock[index])
            self.made[index] += min(made, room)
            self.stock[index] += min(made, room)
        self.at = at

    @property
    def settings(self) -> EconomySettings:
        return EconomySettings(self.economy_speed, (30.0, 15.0, 0.0), 0.0)

    def note(self, event: Event) -> None:
        match event:
            case BuildingStarted(at=at, building=building, level=level):
                self.pass_until(at)
                self.active = ECONOMY.cost(building, level)
                for index, price in enumerate(self.active):
                    self.spent[index] += price
                    self.stock[index] = max(0.0, self.stock[index] - price)
            case BuildingFinished(at=at, building=building, level=level):
                self.pass_until(at)
                self.levels[building] = level
            case _:
                pass

    def refund(self, at: float) -> None:
        self.pass_until(at)
        for index, price in enumerate(self.active):
            self.refunded[index] += price
            self.stock[index] += price

    def check(self) -> None:
        self.pass_until(self.game.time)
        held = amounts(self.game)
        assert held == pytest.approx(tuple(self.stock), rel=1e-9, abs=1e-5)
        for index, amount in enumerate(held):
            income = self.opening[index] + self.made[index] + self.refunded[index]
            assert amount == pytest.approx(income - self.spent[index], rel=1e-9, abs=1e-5)
            assert amount >= 0


def check_queue(game: GameWorld) -> None:
    """Every item is the next level of its building, up or down, after the items before it."""
    levels = levels_of(game.state, 1)
    assert sum(levels.values()) <= 163
    items = queue(game)
    assert len(items) <= 5
    for place, item in enumerate(items):
        assert (item.started_at is not None) == (item.due_at is not None) == (place == 0)
        if not item.demolish:
            levels[item.building] += 1
        assert item.level == levels[item.building] >= 1
        assert item.cost == ECONOMY.cost(item.building, item.level)
        if item.demolish:
            levels[item.building] -= 1
        assert not levels["shipyard"] or levels["robot_factory"] >= 2


BUILDINGS = tuple(RULES.buildings)
plays = st.lists(
    st.tuples(st.just("wait"), st.floats(0.001, 20_000))
    | st.tuples(st.just("start"), st.sampled_from(BUILDINGS))
    | st.tuples(st.just("start"), st.sampled_from(["robot_factory", "shipyard"]))
    | st.tuples(st.just("demolish"), st.sampled_from(BUILDINGS))
    | st.tuples(st.just("cancel"), st.integers(0, 5))
    | st.tuples(st.just("speed"), st.sampled_from([0.5, 1.0, 4.0])),
    max_size=25,
)


@given(plays, st.sampled_from([(500, 500, 0), (9_900, 9_990, 10_000), (60_000, 60_000, 60_000)]))
def test_that_a_planet_has_what_it_made_and_did_not_spend(
    steps: list[tuple[str, Any]], opening: tuple[float, ...]
) -> None:
    clock = ManualClock()
    game = new_game(clock, galaxies=1, systems=1)
    found(game, 1)
    levels = {**NO_LEVELS, "metal_mine": 2, "solar_plant": 3, "robot_factory": 1}
    set_up(game, levels=levels, amounts=opening)
    ledger = Ledger(game, levels)
    for verb, what in steps:
        match verb:
            case "wait":
                pass_time(game, clock, what)
            case "start":
                game.execute(StartBuilding(1, what))
            case "demolish":
                game.execute(DemolishBuilding(1, what))
            case "speed":
                game.execute(ChangeSettings({"economy_speed": what}))
                ledger.pass_until(game.time)
                ledger.economy_speed = what
            case "cancel":
                game.advance(clock.now())
                if what == 0 and queue(game):
                    ledger.refund(game.time)
                game.execute(CancelBuilding(1, what))
            case _:
                raise AssertionError(verb)
        ledger.check()
        check_queue(game)
