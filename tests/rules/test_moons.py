"""Moons, phalanx and jump gate, against numbers worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import RULES
from core.rules.moons import (
    jump_gate_seconds,
    moon_chance_percent,
    moon_diameter_km,
    phalanx_range,
)


@pytest.mark.parametrize(
    ("debris", "percent_max", "percent"),
    [(99_999, 20, 0), (100_000, 20, 1), (1_999_999, 20, 19), (9_000_000, 20, 20), (900_000, 5, 5)],
)
def test_that_debris_makes_a_moon_likelier(debris: int, percent_max: int, percent: int) -> None:
    assert moon_chance_percent(RULES.moon, debris, percent_max) == percent


@pytest.mark.parametrize(
    ("debris", "drawn", "diameter_km"),
    [
        (0, 10, 3162),  # √10 = 3.16228
        (150_000, 13, 4183),  # √(13 + 4.5) = 4.18330
        (999_999, 20, 7071),  # √49.99997 = 7.071066
        (2_000_000, 20, 8944),  # √80 = 8.94427
        (5_000_000, 17, 8944),  # √167 = 12.92, and at most 8944
        (200_000, 10, 4000),  # √16
    ],
)
def test_that_a_moon_has_its_size(debris: int, drawn: int, diameter_km: int) -> None:
    assert moon_diameter_km(RULES.moon, debris, drawn) == diameter_km


@given(st.integers(0, 2_000_000), st.integers(10, 20))
def test_that_the_size_is_the_floor_of_the_exact_root(debris: int, drawn: int) -> None:
    exact = (Decimal(drawn) + Decimal(3 * debris) / 100_000).sqrt() * 1000
    assert moon_diameter_km(RULES.moon, debris, drawn) == min(int(exact), 8944)


@pytest.mark.parametrize(("level", "systems"), [(1, 0), (2, 3), (5, 24), (10, 99)])
def test_that_a_phalanx_sees_as_far_as_its_level_squared(level: int, systems: int) -> None:
    assert phalanx_range(level) == systems


@pytest.mark.parametrize(
    ("level", "fleet_speed", "seconds"),
    [
        (1, 1.0, 3600),
        (4, 1.0, 2520),  # 3600 · 0.7
        (3, 7.0, 411),  # 2880 / 7 = 411.43
        (11, 1.0, 60),  # 0, and at least 60
        (20, 1.0, 60),
        (1, 100.0, 60),  # 36
    ],
)
def test_that_a_gate_rests_after_a_jump(level: int, fleet_speed: float, seconds: int) -> None:
    assert jump_gate_seconds(RULES.jump_gate, level, fleet_speed) == seconds


def test_that_a_moon_and_its_buildings_are_those_of_the_rules() -> None:
    on_moons = {name for name, b in RULES.all_buildings.items() if "moon" in b.stands_on}
    assert on_moons == {
        *("metal_storage", "crystal_storage", "deuterium_tank", "robot_factory", "shipyard"),
        *("missile_silo", "lunar_base", "sensor_phalanx", "jump_gate"),
    }
    only_there = {name for name in on_moons if "planet" not in RULES.all_buildings[name].stands_on}
    assert only_there == {"lunar_base", "sensor_phalanx", "jump_gate"}
    assert RULES.phalanx.scan_deuterium == 5000
    assert RULES.moon.first == (10, 20)
