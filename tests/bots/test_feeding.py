"""core.bots.feeding: transports between a player's own planets"""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.bots.strength import Strength
from core.commands import DispatchFleet
from tests.bots.views import NEIGHBOUR, START, busy, fleet, orders
from tests.worlds import NO_LEVELS

# His next mine costs 60 · 1.5^9 = 2,306 metal and 15 · 1.5^9 = 576 crystal.
LEVELS = {**NO_LEVELS, "metal_mine": 9, "crystal_mine": 15, "deuterium_synthesizer": 15}
BROTHER = replace(
    START, planet_id=9, place=NEIGHBOUR, levels=LEVELS, amounts=(500.5, 600.0, 0.0), is_home=False
)
CARGO_SHIPS = {"small_cargo": 3}
PLENTY = (60_000.0, 60_000.0, 900.0)


def test_that_another_planet_is_fed_with_all_that_its_next_order_lacks_and_no_more() -> None:
    view = busy(CARGO_SHIPS, PLENTY, feeds=9, brother=BROTHER)
    sent = DispatchFleet(
        1, "transport", NEIGHBOUR, {"small_cargo": 1}, {"metal": 1_806}, planet_id=7
    )
    for strength in (Strength.MEDIUM, Strength.HARD):
        assert orders(view, strength) == [sent]


@pytest.mark.parametrize(
    "hindered",
    [
        {"slots_free": 1},
        {"fleets": (fleet("transport", target_id=9),)},  # some is on its way
        {"attacks": {9: 1_000.0}},
        {"brother": replace(BROTHER, building="metal_mine")},
        {"brother": replace(BROTHER, amounts=(9_000.0, 9_000.0, 0.0))},  # it lacks nothing
        # 91 deuterium for 506 metal.
        {"brother": replace(BROTHER, place=(5, 250, 1), amounts=(1_800.5, 600.0, 0.0))},
        {"brother": None},
    ],
)
def test_that_no_transport_flies_for_nothing(hindered: dict[str, object]) -> None:
    view = busy(CARGO_SHIPS, PLENTY, **{"feeds": 9, "brother": BROTHER, **hindered})
    assert orders(view, Strength.HARD) == []


def test_that_nobody_gives_what_he_needs_himself_or_cannot_carry() -> None:
    seen = {"feeds": 9, "brother": BROTHER}
    # His own next mine costs 60 metal.
    assert orders(busy(CARGO_SHIPS, (1_865.0, 60_000.0, 900.0), **seen), Strength.HARD) == []
    assert len(orders(busy(CARGO_SHIPS, (1_866.0, 60_000.0, 900.0), **seen), Strength.HARD)) == 1
    lacking = replace(BROTHER, levels={**LEVELS, "metal_mine": 16}, capacities=(1e6, 1e6, 1e6))
    assert orders(busy({"small_cargo": 1}, PLENTY, feeds=9, brother=lacking), Strength.HARD) == []
