"""Missiles, against numbers worked by hand."""

from __future__ import annotations

import pytest

from core.rules import RULES
from core.rules.missiles import (
    destroyed_by,
    intercepted,
    missile_damage,
    missile_range,
    missile_seconds,
    silo_slots,
)
from core.rules.units import battle_strength

TABLE = RULES.unit_table
MISSILE = RULES.units["interplanetary_missile"]


@pytest.mark.parametrize(("level", "slots"), [(0, 0), (1, 10), (4, 40)])
def test_that_a_silo_has_room(level: int, slots: int) -> None:
    assert silo_slots(RULES.missiles, level) == slots


def test_that_missiles_take_up_room_in_a_silo() -> None:
    assert MISSILE.silo_slots == 2
    assert RULES.units["interceptor_missile"].silo_slots == 1


@pytest.mark.parametrize(("impulse", "systems"), [(0, -1), (1, 4), (5, 24), (10, 49)])
def test_that_missiles_reach_as_far_as_the_drive(impulse: int, systems: int) -> None:
    assert missile_range(RULES.missiles, impulse) == systems


@pytest.mark.parametrize(
    ("systems", "fleet_speed", "seconds"),
    [(0, 1.0, 30), (1, 1.0, 90), (24, 1.0, 1470), (10, 4.0, 157), (0, 100.0, 1)],  # 630 / 4
)
def test_that_missiles_take_their_time(systems: int, fleet_speed: float, seconds: int) -> None:
    assert missile_seconds(RULES.missiles, systems, fleet_speed) == seconds


@pytest.mark.parametrize(("missiles", "interceptors", "stopped"), [(5, 0, 0), (5, 3, 3), (5, 9, 5)])
def test_that_each_interceptor_stops_one(missiles: int, interceptors: int, stopped: int) -> None:
    assert intercepted(missiles, interceptors) == stopped


@pytest.mark.parametrize(
    ("missiles", "weapons", "damage"), [(1, 0, 12_000), (3, 5, 54_000), (7, 11, 176_400)]
)
def test_that_missiles_do_damage(missiles: int, weapons: int, damage: float) -> None:
    percent = RULES.combat.technology_percent
    assert missile_damage(MISSILE, missiles, weapons, percent) == damage


@pytest.mark.parametrize(
    ("defences", "armour", "target", "damage", "lost"),
    [
        # 60 launchers of 200 points.
        ({"rocket_launcher": 100}, 0, "rocket_launcher", 12_000, {"rocket_launcher": 60}),
        # 5000 for the turret's 10 000: it stands, and takes it all.
        ({"plasma_turret": 2, "rocket_launcher": 9}, 0, "plasma_turret", 5000, {}),
        # The target first: 10 000; then the order of the rules: 9 · 200, and one laser of 200.
        (
            {"plasma_turret": 1, "rocket_launcher": 9, "light_laser": 50},
            *(0, "plasma_turret", 12_000),
            {"plasma_turret": 1, "rocket_launcher": 9, "light_laser": 1},
        ),
        # Armour 5: 300 points each.
        ({"rocket_launcher": 100}, 5, "rocket_launcher", 12_000, {"rocket_launcher": 40}),
        # What is named is not there: the others.
        ({"heavy_laser": 3}, 0, "gauss_cannon", 1700, {"heavy_laser": 2}),
        # No missiles and no ships are hit.
        (
            {"interceptor_missile": 5, "cruiser": 5, "light_laser": 1},
            *(0, "light_laser", 1e6, {"light_laser": 1}),
        ),
    ],
)
def test_that_damage_goes_against_the_target_and_then_in_order(
    defences: dict[str, int], armour: int, target: str, damage: float, lost: dict[str, int]
) -> None:
    hull = battle_strength(TABLE, 0, 0, armour, RULES.combat.technology_percent).hull
    counts = TABLE.counts(defences)
    assert TABLE.by_name(destroyed_by(TABLE, counts, hull, target, damage)) == lost
