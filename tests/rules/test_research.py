"""Prices and times of research, against numbers worked by hand."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import RULES
from core.rules.research import network_lab, research_seconds, technology_cost, technology_energy


def test_that_there_are_the_sixteen_technologies() -> None:
    assert tuple(RULES.technologies) == (
        *("energy", "laser", "ion", "hyperspace", "plasma", "combustion_drive", "impulse_drive"),
        *("hyperspace_drive", "espionage", "computer", "astrophysics", "research_network"),
        *("graviton", "weapons", "shielding", "armour"),
    )


@pytest.mark.parametrize(
    ("technology", "requires"),
    [
        ("energy", {"research_lab": 1}),
        ("plasma", {"research_lab": 4, "energy": 8, "laser": 10, "ion": 5}),
        ("astrophysics", {"research_lab": 3, "impulse_drive": 3, "espionage": 4}),
        ("hyperspace", {"research_lab": 7, "energy": 5, "shielding": 5}),
    ],
)
def test_that_a_technology_has_its_requirements(technology: str, requires: dict[str, int]) -> None:
    assert RULES.technologies[technology].requires == requires


@pytest.mark.parametrize(
    ("technology", "level", "price"),
    [
        ("energy", 1, (0, 800, 400)),
        ("energy", 4, (0, 6400, 3200)),
        ("laser", 5, (3200, 1600, 0)),
        ("astrophysics", 1, (4000, 8000, 4000)),
        ("astrophysics", 3, (12_300, 24_500, 12_300)),  # 1.75² = 3.0625: 12 250 → 12 300
        ("astrophysics", 4, (21_400, 42_900, 21_400)),  # 21 437.5 and 42 875 → 42 900
        ("astrophysics", 6, (65_700, 131_300, 65_700)),  # 65 652.3 and 131 304.7
        ("graviton", 1, (0, 0, 0)),
        ("research_network", 2, (480_000, 800_000, 320_000)),
    ],
)
def test_that_a_level_has_its_price(technology: str, level: int, price: tuple[int, ...]) -> None:
    assert technology_cost(RULES.technologies[technology], level) == price


def test_that_graviton_wants_energy_that_nothing_uses() -> None:
    energy_cost = RULES.technologies["graviton"].energy_cost
    assert energy_cost is not None
    assert energy_cost.of_unused


@pytest.mark.parametrize(
    ("technology", "level", "energy"),
    [("graviton", 1, 300_000), ("graviton", 3, 1_200_000), ("laser", 5, 0)],
)
def test_that_a_level_requires_its_energy(technology: str, level: int, energy: int) -> None:
    assert technology_energy(RULES.technologies[technology], level) == energy


@pytest.mark.parametrize(
    ("lab", "others", "network", "required", "level"),
    [
        (5, [9, 3, 7], 0, 1, 5),
        (5, [9, 3, 7], 1, 1, 14),
        (5, [9, 3, 7], 2, 1, 21),
        (5, [9, 3, 7], 9, 1, 24),
        (5, [9, 3, 7], 9, 7, 21),  # the 3 is not high enough for the technology
        (5, [0, 0], 2, 1, 5),
    ],
)
def test_that_the_best_labs_of_the_network_count(
    lab: int, others: list[int], network: int, required: int, level: int
) -> None:
    assert network_lab(lab, others, network, required) == level


@pytest.mark.parametrize(
    ("technology", "level", "lab", "speeds", "seconds"),
    [
        ("energy", 1, 1, (1.0, 1.0), 1440),  # 3600 · 800 / (1000 · 2)
        ("laser", 5, 3, (1.0, 1.0), 4320),  # 3600 · 4800 / (1000 · 4)
        ("astrophysics", 3, 6, (2.0, 1.0), 9462),  # 3600 · 36 800 / (1000 · 7 · 2) = 9462.86
        ("espionage", 1, 3, (2.0, 4.0), 135),  # 3600 · 1200 / (1000 · 4 · 8)
        ("graviton", 1, 12, (1.0, 1.0), 1),  # no price, and at least a second
    ],
)
def test_that_research_takes_its_time(
    technology: str, level: int, lab: int, speeds: tuple[float, float], seconds: int
) -> None:
    rule = RULES.technologies[technology]
    assert research_seconds(RULES.research, rule, level, lab, *speeds) == seconds


@given(
    st.sampled_from(tuple(RULES.technologies)),
    st.integers(1, 30),
    st.integers(0, 60),
    st.sampled_from([0.5, 1.0, 2.0, 7.0]),
)
def test_that_a_time_is_the_floor_of_the_exact_quotient(
    technology: str, level: int, lab: int, speed: float
) -> None:
    rule = RULES.technologies[technology]
    metal, crystal, _ = technology_cost(rule, level)
    exact = Fraction(3600 * (metal + crystal)) / (1000 * (1 + lab) * Fraction(speed))
    seconds = research_seconds(RULES.research, rule, level, lab, speed, 1.0)
    assert seconds == max(1, math.floor(exact))
