"""What a planet is like, against the rules of the genre."""

from __future__ import annotations

import random

import pytest

from core.rules import RULES
from core.rules.planets import colony_astrophysics, draw_nature


@pytest.mark.parametrize(
    ("position", "level"),
    [*((1, 8), (15, 8), (2, 6), (14, 6), (3, 4), (13, 4)), *((p, 0) for p in range(4, 13))],
)
def test_that_the_ends_of_a_system_need_astrophysics(position: int, level: int) -> None:
    assert colony_astrophysics(RULES.slots, position) == level


@pytest.mark.parametrize(
    ("position", "fields", "temperature_max"),
    [(1, (96, 172), (220, 260)), (8, (156, 252), (30, 70)), (15, (90, 164), (-130, -90))],
)
def test_that_a_planet_is_drawn_within_its_position(
    position: int, fields: tuple[int, int], temperature_max: tuple[int, int]
) -> None:
    generator = random.Random(position)
    drawn = [draw_nature(RULES.slots, position, generator) for _ in range(4000)]
    found = {nature.fields for nature in drawn}, {nature.temperature_max for nature in drawn}
    # Every number within the bounds comes, and none outside of them.
    assert found[0] == set(range(fields[0], fields[1] + 1))
    assert found[1] == set(range(temperature_max[0], temperature_max[1] + 1))


@pytest.mark.parametrize(("temperature_max", "temperature_min"), [(60, 20), (-90, -130), (0, -40)])
def test_that_it_is_forty_degrees_colder_at_night(
    temperature_max: int, temperature_min: int
) -> None:
    assert RULES.planet.temperature_min(temperature_max) == temperature_min
