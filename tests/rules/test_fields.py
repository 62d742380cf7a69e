"""Fields of planets and moons, against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.rules import RULES
from core.rules.fields import moon_fields, planet_fields


@pytest.mark.parametrize(
    ("fields", "terraformer", "total"),
    [
        (163, 0, 163),
        (163, 1, 168),  # 5 + 0
        (163, 2, 174),  # 10 + 1
        (100, 7, 138),  # 35 + 3
    ],
)
def test_that_a_terraformer_adds_fields(fields: int, terraformer: int, total: int) -> None:
    assert planet_fields(RULES.terraforming, fields, terraformer) == total


@pytest.mark.parametrize(("lunar_base", "total"), [(0, 1), (1, 4), (2, 7), (8, 25)])
def test_that_a_lunar_base_adds_fields(lunar_base: int, total: int) -> None:
    assert moon_fields(RULES.moon, lunar_base) == total


def test_that_fields_are_worked_out_for_many_planets_at_once() -> None:
    fields, terraformer = np.array([163, 163, 100]), np.array([0, 2, 7])
    assert planet_fields(RULES.terraforming, fields, terraformer).tolist() == [163, 174, 138]
    assert moon_fields(RULES.moon, np.array([0, 1, 8])).tolist() == [1, 4, 25]
