"""What a computer player orders in a situation that was set up by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.bots.decisions import EASY_ACTS_AT_ONE_OF
from core.bots.strength import Strength
from core.commands import DispatchFleet, OrderUnits, StartBuilding, StartResearch
from core.components import UNITS
from tests.bots.views import FLIGHTS, NO_UNITS, START, fleet, orders
from tests.worlds import NO_LEVELS, NO_TECHNOLOGIES


@pytest.mark.parametrize("strength", [Strength.MEDIUM, Strength.HARD])
def test_that_energy_comes_before_more_mines(strength: Strength) -> None:
    short = replace(START, energy=(10.0, 20.0))
    assert orders(short, strength) == [StartBuilding(1, "solar_plant", 7)]


def test_that_medium_ones_raise_the_cheapest_mine() -> None:
    # 48 + 1.5 · 24 = 84 for crystal, 60 + 1.5 · 15 = 82.5 for metal.
    assert orders(START, Strength.MEDIUM) == [StartBuilding(1, "metal_mine", 7)]


@pytest.mark.parametrize("strength", Strength)
@pytest.mark.parametrize(
    "hindered",
    [{"amounts": (0.0, 0.0, 0.0)}, {"fields_free": 0}, {"building": "metal_mine"}],
)
def test_that_nobody_builds_what_cannot_be(strength: Strength, hindered: dict[str, object]) -> None:
    view = replace(START, **hindered)  # type: ignore[arg-type]
    assert all(orders(view, strength, seed) == [] for seed in range(30))


@pytest.mark.parametrize("strength", [Strength.MEDIUM, Strength.HARD])
def test_that_a_store_that_can_never_hold_a_price_is_raised(strength: Strength) -> None:
    # The fourteenth solar plant costs floor(75 · 1.5^13) = 14596 metal, the store holds 10,000.
    levels = {**NO_LEVELS, "solar_plant": 13}
    view = replace(START, levels=levels, energy=(1.0, 2.0), amounts=(7_000.0, 7_000.0, 0.0))
    assert orders(view, strength) == [StartBuilding(1, "metal_storage", 7)]


def test_that_easy_ones_seldom_act() -> None:
    acted = sum(bool(orders(START, Strength.EASY, seed)) for seed in range(800))
    assert 0.5 < acted / (800 / EASY_ACTS_AT_ONE_OF) < 1.5


def test_that_research_and_a_building_are_ordered_in_one_turn() -> None:
    levels = {
        **NO_LEVELS,
        **dict.fromkeys(("metal_mine", "crystal_mine", "deuterium_synthesizer"), 12),
        "robot_factory": 2,
        "research_lab": 1,
    }
    rich = (9e6, 9e6, 9e6)
    view = replace(START, levels=levels, amounts=rich, capacities=(1e8, 1e8, 1e8))
    assert orders(view, Strength.MEDIUM) == [
        StartResearch(1, "energy", 7),
        StartBuilding(1, "metal_mine", 7),
    ]


def test_that_hard_ones_found_a_colony_while_they_may_have_another_planet() -> None:
    view = replace(
        START,
        units={**NO_UNITS, "colony_ship": 1},
        free_place=(1, 1, 5),
        technologies={**NO_TECHNOLOGIES, "astrophysics": 1},
        amounts=(0.0, 0.0, 900.0),
        flights=FLIGHTS,
    )
    expected = DispatchFleet(1, "colonize", (1, 1, 5), {"colony_ship": 1}, planet_id=7)
    assert orders(view, Strength.HARD) == [expected]
    assert orders(replace(view, planet_count=2), Strength.HARD) == []
    no_slot = replace(FLIGHTS, slots_free=0)
    assert orders(replace(view, flights=no_slot), Strength.HARD) == []


def test_that_hard_ones_put_what_would_be_wasted_into_defence() -> None:
    view = replace(
        START,
        levels={**NO_LEVELS, "shipyard": 1, "robot_factory": 2},
        amounts=(10_000.0, 0.0, 0.0),
        building="metal_mine",
    )
    # The next metal mine takes 60 metal: a quarter of 9,940 pays one launcher of 2,000.
    assert orders(view, Strength.HARD) == [OrderUnits(1, "rocket_launcher", 1, 7)]
    assert orders(replace(view, unit_ordered=True), Strength.HARD) == []
    assert orders(replace(view, building="shipyard"), Strength.HARD) == []
    assert orders(view, Strength.MEDIUM) == []


def test_that_hard_ones_buy_ships_and_defence_in_turn_but_ships_at_home_alone() -> None:
    view = replace(
        START,
        levels={**NO_LEVELS, "shipyard": 1, "robot_factory": 2},
        technologies={**NO_TECHNOLOGIES, "combustion_drive": 1},
        units={**NO_UNITS, "rocket_launcher": 1},
        amounts=(100_000.0, 100_000.0, 0.0),
        capacities=(100_000.0, 100_000.0, 100_000.0),
        fields_free=0,
    )
    # A quarter of 100,000 metal pays eight fighters of 3,000 and twelve launchers of 2,000.
    assert orders(view, Strength.HARD) == [OrderUnits(1, "light_fighter", 8, 7)]
    away = replace(view, is_home=False)
    assert orders(away, Strength.HARD) == [OrderUnits(1, "rocket_launcher", 12, 7)]


def test_that_what_the_next_order_takes_is_not_put_into_arms() -> None:
    levels = {**NO_LEVELS, "shipyard": 1, "robot_factory": 2, "metal_storage": 4}
    view = replace(
        START,
        levels=levels,
        amounts=(23_999.0, 0.0, 0.0),
        capacities=(24_000.0, 24_000.0, 24_000.0),
        building="metal_mine",
    )
    # 1,000 · 2^4 = 16,000 metal make more room, and a quarter of what is left is under 2,000.
    assert orders(view, Strength.HARD) == []
    rich = replace(view, amounts=(24_000.0, 0.0, 0.0))
    assert orders(rich, Strength.HARD) == [OrderUnits(1, "rocket_launcher", 1, 7)]


def test_that_ships_are_wanted_at_home_alone_and_those_under_way_count() -> None:
    levels = {
        **NO_LEVELS,
        **dict.fromkeys(("metal_mine", "crystal_mine", "deuterium_synthesizer"), 20),
        "robot_factory": 2,
        "shipyard": 2,
    }
    view = replace(
        START,
        levels=levels,
        technologies={**NO_TECHNOLOGIES, "energy": 1, "combustion_drive": 2, "computer": 2},
        amounts=(9_000.0, 9_000.0, 0.0),
        units={**NO_UNITS, "small_cargo": 1},
        flights=FLIGHTS,
    )
    assert OrderUnits(1, "small_cargo", 1, 7) in orders(view, Strength.MEDIUM)
    counts = tuple(int(name == "small_cargo") for name in UNITS.labels)
    away = replace(fleet("transport"), counts=counts)
    both = replace(view, flights=replace(FLIGHTS, fleets=(away,)))
    for other in (both, replace(view, is_home=False)):
        assert OrderUnits(1, "small_cargo", 1, 7) not in orders(other, Strength.MEDIUM)


def test_that_nothing_is_ordered_of_a_shipyard_that_is_raised_in_the_same_turn() -> None:
    view = replace(
        START,
        levels={
            **NO_LEVELS,
            **dict.fromkeys(("metal_mine", "crystal_mine", "deuterium_synthesizer"), 30),
            "robot_factory": 6,
            "research_lab": 3,
            "shipyard": 1,
        },
        researching=True,
        amounts=(90_000.0, 90_000.0, 90_000.0),
        capacities=(100_000.0, 100_000.0, 100_000.0),
        flights=FLIGHTS,
        technologies={**NO_TECHNOLOGIES, "energy": 4, "combustion_drive": 2, "computer": 2},
    )
    # Small cargo ships want a second level; what fills the stores goes into arms at another turn.
    assert orders(view, Strength.HARD) == [StartBuilding(1, "shipyard", 7)]
