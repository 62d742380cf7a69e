"""The formulas of the economy, against numbers worked by hand from the rules of the genre."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.rules import ECONOMY, RULES, EconomySettings, Rates
from core.rules.economy import energy_factor
from tests.worlds import NO_LEVELS

STANDARD = EconomySettings(economy_speed=1.0, basic_income=(30.0, 15.0, 0.0), energy_floor=0.0)
PLAIN_SLOT = 4  # without a bonus
BUILDINGS = tuple(RULES.buildings)


def rates(
    levels: Mapping[str, int],
    slot: int = PLAIN_SLOT,
    temperature_max: int = 60,
    settings: EconomySettings = STANDARD,
) -> Rates:
    return ECONOMY.rates({**NO_LEVELS, **levels}, slot, temperature_max, settings)


def speed(factor: float) -> EconomySettings:
    return EconomySettings(factor, (30.0, 15.0, 0.0), 0.0)


# Prices -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("building", "level", "price"),
    [
        ("metal_mine", 1, (60, 15, 0)),
        ("metal_mine", 2, (90, 22, 0)),  # 15 · 1.5 = 22.5
        ("metal_mine", 5, (303, 75, 0)),  # 1.5^4 = 5.0625: 303.75 and 75.94
        ("metal_mine", 10, (2306, 576, 0)),  # 1.5^9 = 38.443359375: 2306.60 and 576.65
        ("metal_mine", 41, (60 * 3**40 // 2**40, 15 * 3**40 // 2**40, 0)),
        ("crystal_mine", 1, (48, 24, 0)),
        ("crystal_mine", 2, (76, 38, 0)),  # 76.8 and 38.4
        ("crystal_mine", 3, (122, 61, 0)),  # 1.6^2 = 2.56: 122.88 and 61.44
        ("crystal_mine", 6, (503, 251, 0)),  # 1.6^5 = 10.48576: 503.32 and 251.66
        ("crystal_mine", 31, (48 * 8**30 // 5**30, 24 * 8**30 // 5**30, 0)),
        ("deuterium_synthesizer", 1, (225, 75, 0)),
        ("deuterium_synthesizer", 2, (337, 112, 0)),  # 337.5 and 112.5
        ("deuterium_synthesizer", 4, (759, 253, 0)),  # 1.5^3 = 3.375: 759.38 and 253.13
        ("solar_plant", 1, (75, 30, 0)),
        ("solar_plant", 3, (168, 67, 0)),  # 1.5^2 = 2.25: 168.75 and 67.5
        ("solar_plant", 7, (854, 341, 0)),  # 1.5^6 = 11.390625: 854.30 and 341.72
        ("metal_storage", 1, (1000, 0, 0)),
        ("metal_storage", 4, (8000, 0, 0)),
        ("metal_storage", 11, (1_024_000, 0, 0)),
        ("crystal_storage", 1, (1000, 500, 0)),
        ("crystal_storage", 3, (4000, 2000, 0)),
        ("crystal_storage", 6, (32_000, 16_000, 0)),
        ("deuterium_tank", 1, (1000, 1000, 0)),
        ("deuterium_tank", 2, (2000, 2000, 0)),
        ("deuterium_tank", 5, (16_000, 16_000, 0)),
        ("robot_factory", 1, (400, 120, 200)),
        ("robot_factory", 3, (1600, 480, 800)),
        ("robot_factory", 10, (204_800, 61_440, 102_400)),
        ("shipyard", 1, (400, 200, 100)),
        ("shipyard", 5, (6400, 3200, 1600)),
        ("shipyard", 12, (819_200, 409_600, 204_800)),
        ("fusion_reactor", 1, (900, 360, 180)),
        ("fusion_reactor", 4, (5248, 2099, 1049)),  # 1.8³ = 5.832: 5248.8, 2099.52, 1049.76
        ("fusion_reactor", 7, (30_611, 12_244, 6122)),  # 1.8^6 = 34.012224
        ("research_lab", 1, (200, 400, 200)),
        ("research_lab", 10, (102_400, 204_800, 102_400)),
        ("nanite_factory", 3, (4_000_000, 2_000_000, 400_000)),
        ("missile_silo", 2, (40_000, 40_000, 2000)),
        ("terraformer", 1, (0, 50_000, 100_000)),
        ("lunar_base", 3, (80_000, 160_000, 80_000)),
        ("sensor_phalanx", 2, (40_000, 80_000, 20_000)),
        ("jump_gate", 1, (2_000_000, 4_000_000, 2_000_000)),
    ],
)
def test_that_a_level_has_its_price(building: str, level: int, price: tuple[int, ...]) -> None:
    assert ECONOMY.cost(building, level) == price


@given(st.sampled_from(BUILDINGS), st.integers(1, 100))
def test_that_a_price_is_the_floor_of_the_exact_power(building: str, level: int) -> None:
    rule = RULES.buildings[building]
    exact = [amount * Fraction(rule.cost_factor) ** (level - 1) for amount in rule.cost]
    assert ECONOMY.cost(building, level) == tuple(math.floor(amount) for amount in exact)


@pytest.mark.parametrize(
    ("building", "level", "ion", "price"),
    [
        ("metal_mine", 5, 0, (303, 75, 0)),
        ("metal_mine", 5, 1, (290, 72, 0)),  # · 0.96: 290.88 and 72
        ("robot_factory", 3, 10, (960, 288, 480)),  # · 0.6
        ("crystal_mine", 2, 24, (3, 1, 0)),  # 76 and 38 · 0.04: 3.04 and 1.52
        ("robot_factory", 3, 25, (0, 0, 0)),
        ("robot_factory", 3, 40, (0, 0, 0)),
    ],
)
def test_that_demolishing_costs_less_with_ion(
    building: str, level: int, ion: int, price: tuple[int, ...]
) -> None:
    assert ECONOMY.demolition_cost(building, level, ion) == price


@pytest.mark.parametrize(
    ("building", "level", "energy"),
    [("terraformer", 1, 1000), ("terraformer", 5, 16_000), ("metal_mine", 5, 0)],
)
def test_that_a_terraformer_requires_energy(building: str, level: int, energy: int) -> None:
    assert ECONOMY.energy_required(building, level) == energy


# Times --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("building", "level", "factory", "economy_speed", "seconds"),
    [
        ("metal_mine", 1, 0, 1.0, 30),  # 3600 · 75 / (2500 · 3.5) = 30.86
        ("metal_mine", 1, 1, 1.0, 15),  # half of it: 15.43
        ("metal_mine", 6, 0, 1.0, 817),  # 455 + 113; max(4 - 3, 1) = 1: 817.92
        ("metal_mine", 5, 2, 2.0, 60),  # 303 + 75; 4 - 2.5; · 3 · 2: 60.48
        ("robot_factory", 1, 0, 1.0, 213),  # 3600 · 520 / 8750 = 213.94
        ("shipyard", 2, 2, 1.0, 192),  # 3600 · 1200 / (2500 · 3 · 3) = 192 exactly
        ("metal_storage", 9, 0, 1.0, 368_640),  # 3600 · 256 000 / 2500, no division below 1
        ("metal_mine", 1, 0, 1000.0, 1),  # 0.03, and at least 1
        ("solar_plant", 2, 0, 0.5, 150),  # 3600 · 157 / (2500 · 3 · 0.5) = 150.72
    ],
)
def test_that_a_level_takes_its_time(
    building: str, level: int, factory: int, economy_speed: float, seconds: int
) -> None:
    taken = ECONOMY.build_seconds(building, level, factory, economy_speed)
    assert taken == seconds
    assert isinstance(taken, int)


@pytest.mark.parametrize(
    ("building", "level", "factory", "nanite", "seconds"),
    [
        ("shipyard", 2, 2, 1, 96),  # 192 / 2
        ("robot_factory", 1, 10, 3, 2),  # 3600 · 520 / (8750 · 11 · 8) = 2.43
        ("metal_storage", 9, 0, 4, 23_040),  # 368 640 / 16
        # Itself without the divisor: 3600 · 1 500 000 / (2500 · 11)
        ("nanite_factory", 1, 10, 0, 196_363),
        ("nanite_factory", 2, 10, 1, 196_363),  # twice the price, half the time
        ("terraformer", 1, 10, 1, 935),  # 3600 · 50 000 / (2500 · 3.5 · 11 · 2) = 935.06
    ],
)
def test_that_nanites_halve_the_time(
    building: str, level: int, factory: int, nanite: int, seconds: int
) -> None:
    assert ECONOMY.build_seconds(building, level, factory, 1.0, nanite) == seconds


@given(
    st.sampled_from(BUILDINGS),
    st.integers(1, 40),
    st.integers(0, 20),
    st.sampled_from([0.5, 1.0, 2.0, 3.0, 10.0]),
)
@example("nanite_factory", 37, 10, 0.5)
# More than a float can count one by one, in an intermediate step or in the end.
@example("missile_silo", 39, 6, 0.5)
@example("nanite_factory", 40, 0, 0.5)
def test_that_a_time_is_the_floor_of_the_exact_quotient(
    building: str, level: int, factory: int, economy_speed: float
) -> None:
    metal, crystal, _ = ECONOMY.cost(building, level)
    late = building in RULES.construction.late
    early = Fraction(1) if late else max(4 - Fraction(level, 2), Fraction(1))
    divisor = 2500 * early * (1 + factory) * Fraction(economy_speed)
    exact = 3600 * (metal + crystal) / divisor
    taken = ECONOMY.build_seconds(building, level, factory, economy_speed)
    assert taken == max(1, math.floor(exact))


# What mines make ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "per_hour"),
    [
        (1, 33.0),  # 30 · 1 · 1.1
        (2, 72.6),  # 30 · 2 · 1.21
        (10, 778.12273803),  # 300 · 2.5937424601
    ],
)
def test_that_a_metal_mine_makes_metal(level: int, per_hour: float) -> None:
    made = rates({"metal_mine": level, "solar_plant": 30}).production
    assert made == pytest.approx((30 + per_hour, 15, 0), rel=1e-12)


@pytest.mark.parametrize(
    ("level", "per_hour"),
    [
        (1, 22.0),  # 20 · 1.1
        (3, 79.86),  # 60 · 1.331
        (5, 161.051),  # 100 · 1.61051
    ],
)
def test_that_a_crystal_mine_makes_crystal(level: int, per_hour: float) -> None:
    made = rates({"crystal_mine": level, "solar_plant": 30}).production
    assert made == pytest.approx((30, 15 + per_hour, 0), rel=1e-12)


@pytest.mark.parametrize(
    ("level", "temperature_max", "per_hour"),
    [
        (1, 60, 14.08),  # T = 40: 11 · (1.44 - 0.16)
        (2, -80, 44.528),  # T = -100: 24.2 · 1.84
        (4, 20, 84.33216),  # T = 0: 58.564 · 1.44
    ],
)
def test_that_a_synthesizer_makes_more_where_it_is_cold(
    level: int, temperature_max: int, per_hour: float
) -> None:
    levels = {"deuterium_synthesizer": level, "solar_plant": 30}
    made = rates(levels, temperature_max=temperature_max).production
    assert made == pytest.approx((30, 15, per_hour), rel=1e-12)


@pytest.mark.parametrize(
    ("slot", "metal", "crystal"),
    [
        (1, 63.0, 51.8),  # crystal 37 · 1.4
        (2, 63.0, 48.1),  # 37 · 1.3
        (3, 63.0, 44.4),  # 37 · 1.2
        (4, 63.0, 37.0),
        (6, 73.71, 37.0),  # metal 63 · 1.17
        (7, 77.49, 37.0),  # 63 · 1.23
        (8, 85.05, 37.0),  # 63 · 1.35
        (9, 77.49, 37.0),
        (10, 73.71, 37.0),
        (15, 63.0, 37.0),
    ],
)
def test_that_the_place_adds_to_mines_and_basic_income(
    slot: int, metal: float, crystal: float
) -> None:
    levels = {"metal_mine": 1, "crystal_mine": 1, "solar_plant": 1}
    made = rates(levels, slot=slot).production
    assert made == pytest.approx((metal, crystal, 0), rel=1e-12)


@pytest.mark.parametrize("economy_speed", [0.5, 2.0, 7.0])
def test_that_the_speed_multiplies_income_and_leaves_energy_alone(economy_speed: float) -> None:
    built = {"metal_mine": 2, "crystal_mine": 3, "deuterium_synthesizer": 1, "solar_plant": 4}
    slow, fast = rates(built), rates(built, settings=speed(economy_speed))
    expected = [amount * economy_speed for amount in slow.production]
    assert fast.production == pytest.approx(expected, rel=1e-12)
    assert (fast.energy_produced, fast.energy_used) == (slow.energy_produced, slow.energy_used)
    assert fast.factor == slow.factor


def test_that_nothing_is_consumed_by_what_can_be_built_so_far() -> None:
    assert rates({"metal_mine": 9, "deuterium_synthesizer": 9}).consumption == (0.0, 0.0, 0.0)


# Energy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "produced", "used"),
    [
        ({"solar_plant": 1}, 22.0, 0.0),  # 20 · 1.1
        ({"solar_plant": 3}, 79.86, 0.0),  # 60 · 1.331
        ({"metal_mine": 1}, 0.0, 11.0),  # 10 · 1.1
        ({"crystal_mine": 2}, 0.0, 24.2),  # 20 · 1.21
        ({"deuterium_synthesizer": 2}, 0.0, 48.4),  # 40 · 1.21
        ({"metal_mine": 1, "crystal_mine": 1, "deuterium_synthesizer": 1}, 0.0, 44.0),
    ],
)
def test_that_mines_use_what_the_solar_plant_gives(
    levels: dict[str, int], produced: float, used: float
) -> None:
    energy = ECONOMY.energy({**NO_LEVELS, **levels})
    assert energy == (pytest.approx(produced, rel=1e-12), pytest.approx(used, rel=1e-12))


@pytest.mark.parametrize(
    ("levels", "factor", "metal"),
    [
        ({"metal_mine": 1, "deuterium_synthesizer": 1, "solar_plant": 1}, 0.66, 51.78),
        ({"metal_mine": 2, "solar_plant": 1}, 0.90, 95.34),  # 22 / 24.2 = 90.9 %: 30 + 65.34
        ({"metal_mine": 1, "crystal_mine": 1, "solar_plant": 1}, 1.0, 63.0),  # 22 / 22
        ({"metal_mine": 5}, 0.0, 30.0),
        ({}, 1.0, 30.0),
    ],
)
def test_that_mines_work_as_far_as_the_energy_goes(
    levels: dict[str, int], factor: float, metal: float
) -> None:
    result = rates(levels)
    assert result.factor == factor
    assert result.production[0] == pytest.approx(metal, rel=1e-12)


@pytest.mark.parametrize(
    ("produced", "used", "floor", "factor"),
    [
        (29.0, 100.0, 0.0, 0.29),
        (57.0, 100.0, 0.0, 0.57),
        (1.0, 3.0, 0.0, 0.33),
        (2.0, 3.0, 0.0, 0.66),
        (999.0, 1000.0, 0.0, 0.99),
        (5.0, 4.0, 0.0, 1.0),
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 7.0, 0.0, 0.0),
        (1.0, 10.0, 0.25, 0.25),
        (5.0, 10.0, 0.25, 0.5),
        (0.0, 10.0, 0.25, 0.0),  # only while any energy is produced
        (1.0, 1000.0, 0.0, 0.0),
    ],
)
def test_that_the_factor_is_in_whole_per_cent(
    produced: float, used: float, floor: float, factor: float
) -> None:
    assert energy_factor(produced, used, floor) == factor


def test_that_the_factor_of_every_pair_of_whole_numbers_is_exact() -> None:
    used, produced = np.mgrid[1:401, 1:401].astype(np.float64)
    expected = np.minimum(100 * produced.astype(np.int64) // used.astype(np.int64), 100) / 100
    assert (energy_factor(produced, used) == expected).all()


@given(st.integers(1, 100), st.integers(1, 100), st.integers(0, 60))
def test_that_the_factor_of_a_ratio_does_not_depend_on_the_level(
    produced: int, used: int, level: int
) -> None:
    scale = 10 * level * math.pow(1.1, level) if level else 1.0
    expected = min(100 * produced // used, 100) / 100
    assert energy_factor(produced * scale, used * scale) == expected


# Storage ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "capacity"),
    [
        (0, 10_000),  # 5000 · floor(2.5)
        (1, 20_000),  # e^(20/33) = 1.833: floor(4.58)
        (2, 40_000),  # e^(40/33) = 3.361: floor(8.40)
        (3, 75_000),  # e^(60/33) = 6.161: floor(15.40)
        (4, 140_000),  # e^(80/33) = 11.294: floor(28.23)
        (5, 255_000),  # e^(100/33) = 20.704: floor(51.76)
        (10, 5_355_000),  # e^(200/33) = 428.63: floor(1071.58)
    ],
)
def test_that_a_storage_has_its_capacity(level: int, capacity: int) -> None:
    assert ECONOMY.storage_capacity(level) == capacity


def test_that_each_resource_has_a_storage_of_its_own() -> None:
    capacity = rates({"metal_storage": 1, "crystal_storage": 2, "deuterium_tank": 3}).capacity
    assert capacity == (20_000, 40_000, 75_000)


# One formula for a planet and for all of them -----------------------------------------------------

planets = st.lists(
    st.tuples(
        st.tuples(*(st.integers(0, 60) for _ in BUILDINGS)),
        st.integers(1, 15),
        st.integers(-130, 260),
    ),
    min_size=1,
    max_size=8,
)


@given(
    planets,
    st.floats(0.01, 1000),
    st.tuples(*(st.floats(0, 1e6) for _ in RULES.resources)),
    st.floats(0, 1),
)
def test_that_columns_give_the_same_bits_as_single_planets(
    drawn: list[tuple[tuple[int, ...], int, int]],
    economy_speed: float,
    income: tuple[float, ...],
    floor: float,
) -> None:
    settings = EconomySettings(economy_speed, income, floor)
    levels = np.array([built for built, _, _ in drawn], dtype=np.int16)
    together = ECONOMY.rates(
        {name: levels[:, index] for index, name in enumerate(BUILDINGS)},
        np.array([slot for _, slot, _ in drawn], dtype=np.int8),
        np.array([temperature for _, _, temperature in drawn], dtype=np.float64),
        settings,
    )

    def at(value: object, row: int) -> float:
        return float(np.broadcast_to(np.asarray(value, dtype=np.float64), len(drawn))[row])

    for row, (built, slot, temperature) in enumerate(drawn):
        alone = ECONOMY.rates(dict(zip(BUILDINGS, built, strict=True)), slot, temperature, settings)
        for name in ("production", "consumption", "capacity"):
            for many, one in zip(getattr(together, name), getattr(alone, name), strict=True):
                assert at(many, row).hex() == float(one).hex()
        for name in ("energy_produced", "energy_used", "factor"):
            assert at(getattr(together, name), row).hex() == float(getattr(alone, name)).hex()
