"""What sliders, plasma, satellites and fusion change, against numbers worked by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import ECONOMY, RULES, Economy, EconomySettings, Rates
from core.rules.production import (
    PLAIN,
    Conditions,
    reactor_shuts_down,
    reactor_starts_again,
    satellite_energy,
)

SLOT = 4  # without a bonus
ALL = tuple(RULES.all_buildings)


def rates(
    levels: Mapping[str, int], speed: float = 1.0, temperature_max: int = 60, **conditions: Any
) -> Rates:
    return ECONOMY.rates(
        levels,
        SLOT,
        temperature_max,
        EconomySettings(speed, (30.0, 15.0, 0.0), 0.0),
        replace(PLAIN, **conditions),
    )


# Energy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("temperature_max", "energy"),
    [
        (60, 33),  # 200 / 6 = 33.3
        (-130, 1),  # 10 / 6
        (260, 66),  # 400 / 6 = 66.7
        (-10, 21),  # 130 / 6 = 21.7
        (40, 30),  # 180 / 6
    ],
)
def test_that_a_satellite_gives_more_where_it_is_warm(temperature_max: int, energy: int) -> None:
    assert satellite_energy(RULES.satellite, temperature_max) == energy


def test_that_satellites_far_from_any_sun_give_nothing() -> None:
    assert satellite_energy(RULES.satellite, np.array([-141.0, 60.0])).tolist() == [0, 33]


@pytest.mark.parametrize(
    ("level", "energy", "given_"),
    [
        (1, 0, 31.5),  # 30 · 1.05
        (5, 3, 220.39921152),  # 150 · 1.08^5, 1.08^5 = 1.4693280768
        (10, 12, 1442.0485167734),  # 300 · 1.17^10
        (2, 5, 72.6),  # 60 · 1.1²
    ],
)
def test_that_a_reactor_gives_more_with_energy_technology(
    level: int, energy: int, given_: float
) -> None:
    made = rates({"fusion_reactor": level}, energy_technology=energy)
    assert made.energy_produced == pytest.approx(given_, rel=1e-12)


@pytest.mark.parametrize(
    ("sliders", "produced"),
    [
        ({}, 22 + 31.5 + 330),  # solar plant 1, reactor 1, ten satellites of 33
        ({"solar_plant": 5}, 11 + 31.5 + 330),
        ({"fusion_reactor": 0, "solar_satellite": 3}, 22 + 99),
        ({"solar_plant": 10, "fusion_reactor": 10, "solar_satellite": 10}, 383.5),
    ],
)
def test_that_what_gives_energy_has_sliders(sliders: dict[str, int], produced: float) -> None:
    built = {"solar_plant": 1, "fusion_reactor": 1}
    made = rates(built, satellites=10, sliders=sliders)
    assert made.energy_produced == pytest.approx(produced, rel=1e-12)


# Burning ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "slider", "speed", "burn"),
    [
        (1, 10, 1.0, 11.0),  # 10 · 1.1
        (5, 10, 1.0, 80.5255),  # 50 · 1.61051
        (5, 4, 3.0, 96.6306),  # · 0.4 · 3
        (10, 10, 0.5, 129.687123005),  # 100 · 2.59374246 / 2
        (3, 0, 1.0, 0.0),
    ],
)
def test_that_a_reactor_burns_deuterium(level: int, slider: int, speed: float, burn: float) -> None:
    made = rates({"fusion_reactor": level}, speed, sliders={"fusion_reactor": slider})
    assert made.consumption == pytest.approx((0, 0, burn), rel=1e-12)


def test_that_the_burn_does_not_depend_on_the_factor() -> None:
    made = rates({"fusion_reactor": 1, "metal_mine": 30})
    assert made.factor < 0.1
    assert made.consumption[2] == pytest.approx(11.0)


def test_that_a_reactor_that_shut_down_gives_and_burns_nothing() -> None:
    made = rates({"fusion_reactor": 5, "solar_plant": 1}, reactor_runs=False)
    assert made.energy_produced == 22
    assert made.consumption == (0, 0, 0)


@pytest.mark.parametrize(
    ("deuterium", "income", "burn", "shuts_down"),
    [
        (0.0, 10.0, 10.5, True),
        (0.0, 10.5, 10.5, False),  # what comes in pays it
        (0.1, 0.0, 10.5, False),
        (0.0, 0.0, 0.0, False),
    ],
)
def test_that_a_reactor_shuts_down_when_nothing_is_left(
    deuterium: float, income: float, burn: float, shuts_down: bool
) -> None:
    assert reactor_shuts_down(deuterium, income, burn) == shuts_down


@pytest.mark.parametrize(
    ("deuterium", "burn", "starts"),
    [(80.0, 80.5255, False), (80.5255, 80.5255, True), (0.0, 0.0, False), (200.0, 11.0, True)],
)
def test_that_a_reactor_starts_again_with_an_hour_of_fuel(
    deuterium: float, burn: float, starts: bool
) -> None:
    assert reactor_starts_again(RULES.fusion, deuterium, burn) == starts


# Mines --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sliders", "production"),
    [
        ({"metal_mine": 10}, (102.6, 37.0, 14.08)),  # 30 + 72.6; 15 + 22; 11 · 1.28
        ({"metal_mine": 5, "deuterium_synthesizer": 1}, (66.3, 37.0, 1.408)),
        ({"metal_mine": 0, "crystal_mine": 0, "deuterium_synthesizer": 0}, (30.0, 15.0, 0.0)),
        ({"crystal_mine": 7}, (102.6, 30.4, 14.08)),
    ],
)
def test_that_mines_have_sliders(sliders: dict[str, int], production: tuple[float, ...]) -> None:
    built = {"metal_mine": 2, "crystal_mine": 1, "deuterium_synthesizer": 1, "solar_plant": 9}
    assert rates(built, sliders=sliders).production == pytest.approx(production, rel=1e-12)


def test_that_a_mine_wants_its_energy_whatever_its_slider() -> None:
    assert rates({"metal_mine": 1}, sliders={"metal_mine": 2}).energy_used == 11


def test_that_the_rules_may_let_the_energy_follow_the_slider() -> None:
    following = replace(RULES, sliders=replace(RULES.sliders, energy_use_follows=True))
    conditions = Conditions(sliders={"metal_mine": 2})
    assert Economy(following).energy({"metal_mine": 1}, 60, conditions)[1] == pytest.approx(2.2)


@pytest.mark.parametrize(
    ("plasma", "production"),
    [
        (0, (102.6, 37.0, 14.08)),
        (1, (103.326, 37.1452, 14.126464)),  # 30 + 72.6 · 1.01; 15 + 22 · 1.0066; 14.08 · 1.0033
        (10, (109.86, 38.452, 14.54464)),  # · 1.1, · 1.066, · 1.033
        (20, (117.12, 39.904, 15.00928)),  # · 1.2, · 1.132, · 1.066
    ],
)
def test_that_plasma_adds_to_mines_and_not_to_the_basic_income(
    plasma: int, production: tuple[float, ...]
) -> None:
    built = {"metal_mine": 2, "crystal_mine": 1, "deuterium_synthesizer": 1, "solar_plant": 9}
    assert rates(built, plasma=plasma).production == pytest.approx(production, rel=1e-12)


def test_that_all_bonuses_are_multiplied() -> None:
    made = ECONOMY.rates(
        {"metal_mine": 3, "solar_plant": 2},
        8,
        60,
        EconomySettings(2.0, (30.0, 15.0, 0.0), 0.0),
        Conditions(plasma=5, sliders={"metal_mine": 8}),
    )
    # 48.4 of 39.93 energy: all. Basic 60 · 1.35, mine 119.79 · 0.8 · 2 · 1.35 · 1.05.
    assert made.factor == 1
    assert made.production[0] == pytest.approx(81 + 271.68372, rel=1e-12)


# One formula for a planet and for all of them -----------------------------------------------------

conditions_of_a_planet = st.tuples(
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 500),
    st.booleans(),
    st.integers(0, 10),
)


@given(
    st.lists(
        st.tuples(
            st.tuples(*(st.integers(0, 40) for _ in ALL)),
            st.integers(1, 15),
            st.integers(-130, 260),
            conditions_of_a_planet,
        ),
        min_size=1,
        max_size=5,
    ),
    st.floats(0.01, 100),
)
def test_that_columns_give_the_same_bits_as_single_planets(
    drawn: list[tuple[tuple[int, ...], int, int, tuple[int, int, int, bool, int]]], speed: float
) -> None:
    settings = EconomySettings(speed, (30.0, 15.0, 0.0), 0.1)
    slid = ("metal_mine", "fusion_reactor", "solar_satellite")

    def conditions(
        energy: object, plasma: object, sats: object, runs: object, step: object
    ) -> Conditions:
        return Conditions(energy, plasma, sats, dict.fromkeys(slid, step), runs)

    levels = np.array([built for built, *_ in drawn], dtype=np.int16)
    together = ECONOMY.rates(
        {name: levels[:, index] for index, name in enumerate(ALL)},
        np.array([slot for _, slot, _, _ in drawn]),
        np.array([temperature for _, _, temperature, _ in drawn], dtype=np.float64),
        settings,
        conditions(*(np.array(column) for column in zip(*(c for *_, c in drawn), strict=True))),
    )
    for row, (built, slot, temperature, state) in enumerate(drawn):
        alone = ECONOMY.rates(
            dict(zip(ALL, built, strict=True)), slot, temperature, settings, conditions(*state)
        )
        for name in ("production", "consumption", "capacity"):
            for many, one in zip(getattr(together, name), getattr(alone, name), strict=True):
                assert float(np.broadcast_to(many, len(drawn))[row]).hex() == float(one).hex()
        for name in ("energy_produced", "energy_used", "factor"):
            many, one = getattr(together, name), getattr(alone, name)
            assert float(np.broadcast_to(many, len(drawn))[row]).hex() == float(one).hex()
