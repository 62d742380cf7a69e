"""core.bots.raids: who is attacked with what, and who is left alone"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.bots.strength import Strength
from core.commands import DispatchFleet
from tests.bots.views import NEIGHBOUR, busy, fleet, orders, prey

BOTH = [Strength.MEDIUM, Strength.HARD]


def attack(**ships: int) -> DispatchFleet:
    return DispatchFleet(1, "attack", NEIGHBOUR, ships, planet_id=7)


@pytest.mark.parametrize("strength", BOTH)
def test_that_what_lies_undefended_is_fetched_with_as_few_ships_as_carry_it(
    strength: Strength,
) -> None:
    view = busy({"small_cargo": 9, "light_fighter": 5}, prey=(prey(defenders={}),))
    # Half of 40,000, in ships of 5,000.
    assert orders(view, strength) == [attack(small_cargo=4)]


def test_that_large_ships_go_first_and_small_ones_carry_the_rest() -> None:
    rich = prey((60_000, 0, 0), defenders={})
    view = busy({"small_cargo": 9, "large_cargo": 1}, prey=(rich,))
    # 30,000: one of 25,000 and one of 5,000.
    assert orders(view, Strength.HARD) == [attack(large_cargo=1, small_cargo=1)]


def test_that_what_promises_most_is_attacked() -> None:
    poor = prey((9_000, 0, 0), defenders={}, planet_id=9, place=(1, 1, 6))
    view = busy({"small_cargo": 9}, prey=(poor, prey(defenders={})))
    assert orders(view, Strength.HARD) == [attack(small_cargo=4)]


@pytest.mark.parametrize("strength", BOTH)
def test_that_nobody_is_attacked_of_whom_not_everything_was_seen(strength: Strength) -> None:
    view = busy({"small_cargo": 9, "cruiser": 50}, prey=(prey(defenders=None),))
    assert orders(view, strength) == []


@pytest.mark.parametrize(
    ("cruisers", "medium", "hard"),
    # Nine launchers: 9 · 80 = 720 and 9 · (200 + 20) = 1,980, together 1,425,600. A cruiser has an
    # attack of 400 and endures 2,700 + 50: n² · 1,100,000. Hard ones want 4 times as much, so
    # n² >= 5.18; medium ones 9 times, so n² >= 11.66.
    [(2, False, False), (3, False, True), (4, True, True)],
)
def test_that_a_defence_that_was_seen_is_attacked_only_if_it_is_beaten_by_far(
    cruisers: int, medium: bool, hard: bool
) -> None:
    rich = prey((200_000, 200_000, 0), {"rocket_launcher": 9})
    view = busy({"large_cargo": 4, "cruiser": cruisers}, prey=(rich,))
    fleet_sent = [attack(cruiser=cruisers, large_cargo=4)]
    for strength, attacks in ((Strength.MEDIUM, medium), (Strength.HARD, hard)):
        assert orders(view, strength) == (fleet_sent if attacks else [])


def test_that_technologies_that_were_seen_count_and_missiles_do_not_fight() -> None:
    rich = prey((200_000, 200_000, 0), {"rocket_launcher": 9, "interceptor_missile": 99})
    view = busy({"large_cargo": 4, "cruiser": 3}, prey=(rich,))
    assert orders(view, Strength.HARD) == [attack(cruiser=3, large_cargo=4)]
    armed = replace(rich, technologies={"weapons": 5, "armour": 5})
    assert orders(busy(dict(view.units), prey=(armed,)), Strength.HARD) == []


@pytest.mark.parametrize(
    "hindered",
    [
        {"slots_free": 1},  # that one is for saving ships
        {"prey": (prey((4_000, 0, 0), {}),)},  # 2,000 less the fuel are not worth it
        {"prey": (prey((4_400, 0, 0), {}, place=(5, 250, 5)),)},  # nor 2,200 for 91 deuterium
        {"prey": ()},
    ],
)
def test_that_nobody_is_raided_in_vain(hindered: dict[str, Any]) -> None:
    just = busy({"small_cargo": 9}, prey=(prey((4_400, 0, 0), {}),))
    assert orders(just, Strength.HARD) == [attack(small_cargo=1)]
    view = busy({"small_cargo": 9}, **{"prey": (prey((4_400, 0, 0), {}),), **hindered})
    assert orders(view, Strength.HARD) == []


def test_that_nobody_flies_without_fuel_or_ships_to_carry_anything() -> None:
    seen = (prey(defenders={}),)
    assert orders(busy({"small_cargo": 9}, (0.0, 0.0, 3.0), prey=seen), Strength.HARD) == []
    assert orders(busy({"light_fighter": 1}, prey=seen), Strength.HARD) == []


def test_that_probes_are_sent_to_whoever_was_found_but_not_in_the_last_slot() -> None:
    view = busy({"espionage_probe": 9}, unspied=NEIGHBOUR)
    probes = DispatchFleet(1, "espionage", NEIGHBOUR, {"espionage_probe": 4}, planet_id=7)
    for strength in BOTH:
        assert orders(view, strength) == [probes]
    assert (
        orders(busy({"espionage_probe": 9}, unspied=NEIGHBOUR, slots_free=1), Strength.HARD) == []
    )
    assert orders(busy({}, unspied=NEIGHBOUR), Strength.HARD) == []


def test_that_debris_is_fetched_if_it_is_worth_the_flight() -> None:
    lying = ((NEIGHBOUR, (30_000, 9_000, 0)),)
    view = busy({"recycler": 5}, debris=lying)
    # 39,000 in ships of 20,000.
    harvest = DispatchFleet(1, "harvest", NEIGHBOUR, {"recycler": 2}, planet_id=7)
    assert orders(view, Strength.HARD) == [harvest]
    crumbs = ((NEIGHBOUR, (30, 9, 0)),)
    assert orders(busy({"recycler": 5}, debris=crumbs), Strength.HARD) == []
    assert orders(busy({"recycler": 5}, debris=lying, slots_free=1), Strength.HARD) == []
    assert orders(busy({}, debris=lying), Strength.HARD) == []


def test_that_easy_ones_raid_nobody() -> None:
    view = busy({"small_cargo": 9}, prey=(prey(defenders={}),), fleets=(fleet("deploy"),))
    assert all(orders(view, Strength.EASY, seed) == [] for seed in range(20))
