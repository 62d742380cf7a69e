"""core.bots.escape: what is done before an attack, and afterwards"""

from __future__ import annotations

import pytest

from core.bots.strength import Strength
from core.commands import DispatchFleet, RecallFleet
from tests.bots.views import NEIGHBOUR, busy, fleet, orders

UNITS = {"small_cargo": 1, "light_fighter": 2, "rocket_launcher": 3, "solar_satellite": 4}
SENT = {"small_cargo": 1, "light_fighter": 2}
AMOUNTS = (4_000.0, 3_000.0, 1_500.0)
ATTACKED = {"attacks": {7: 100.0}, "flees": True}


def test_that_hard_ones_take_ships_and_what_is_worth_most_to_another_planet_slowly() -> None:
    view = busy(UNITS, AMOUNTS, refuge=NEIGHBOUR, **ATTACKED)
    (order,) = orders(view, Strength.HARD)
    assert isinstance(order, DispatchFleet)
    assert (order.mission, order.target, order.ships, order.speed_tenths) == (
        "deploy",
        NEIGHBOUR,
        SENT,
        1,
    )
    # There is room for 5,100; one unit of deuterium a ship type is burnt on such a short way.
    assert order.cargo == {"deuterium": 1_498, "crystal": 3_000, "metal": 602}


def test_that_medium_ones_leave_behind_what_lies_there() -> None:
    (order,) = orders(busy(UNITS, AMOUNTS, refuge=NEIGHBOUR, **ATTACKED), Strength.MEDIUM)
    assert order == DispatchFleet(1, "deploy", NEIGHBOUR, SENT, {}, 1, planet_id=7)


def test_that_harvesters_take_ships_out_until_the_attack_is_over_where_there_is_no_refuge() -> None:
    units = {"recycler": 1, "light_fighter": 2}
    (order,) = orders(busy(units, AMOUNTS, **ATTACKED), Strength.MEDIUM)
    # At full speed the way of 5 takes 3,500 · sqrt(50 / 2,000) + 10 = 563 s.
    assert order == DispatchFleet(1, "harvest", (1, 1, 4), units, {}, 10, planet_id=7)
    late = {"attacks": {7: 2_000.0}, "flees": True}
    (order,) = orders(busy(units, AMOUNTS, **late), Strength.MEDIUM)
    # 2 · (3,500 / 0.5 · sqrt(50 / 2,000) + 10) = 2,234 s; at six tenths it would be 1,865 s.
    assert order == DispatchFleet(1, "harvest", (1, 1, 4), units, {}, 5, planet_id=7)


@pytest.mark.parametrize(
    "hindered",
    [{"flees": False}, {"slots_free": 0}, {"refuge": None}],
)
def test_that_ships_stay_without_an_attack_a_slot_or_a_refuge(hindered: dict[str, object]) -> None:
    seen = {**ATTACKED, "refuge": NEIGHBOUR, **hindered}
    assert orders(busy(UNITS, AMOUNTS, **seen), Strength.HARD) == []


def test_that_they_stay_without_fuel() -> None:
    view = busy(UNITS, (9_000.0, 0.0, 0.0), refuge=NEIGHBOUR, **ATTACKED)
    assert orders(view, Strength.HARD) == []


@pytest.mark.parametrize("strength", [Strength.MEDIUM, Strength.HARD])
def test_that_who_fled_is_called_back_when_the_attack_is_over(strength: Strength) -> None:
    fled = fleet("deploy", origin_id=7, target_id=9)
    assert orders(busy({}, fleets=(fled,)), strength) == [RecallFleet(1, 5)]
    still = busy({}, fleets=(fled,), attacks={7: 900.0})
    assert orders(still, strength) == []
    home = fleet("deploy", outbound=False)
    assert orders(busy({}, fleets=(home,)), strength) == []


@pytest.mark.parametrize(
    ("mission", "attacked_at", "turns"),
    [
        ("transport", 500.0, True),
        ("transport", 499.0, False),  # what lands after the attack is safe
        ("attack", 900.0, False),
        ("harvest", 900.0, False),
    ],
)
def test_that_nobody_lands_where_an_attack_comes(
    mission: str, attacked_at: float, turns: bool
) -> None:
    flying = fleet(mission, target_id=9, arrives_at=500.0)
    view = busy({}, fleets=(flying,), attacks={9: attacked_at})
    assert orders(view, Strength.HARD) == ([RecallFleet(1, 5)] if turns else [])
