"""How the rules round, against numbers worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules.arithmetic import (
    EnergyCost,
    cost_of_level,
    part_of,
    rounded,
    seconds_of_work,
    strengthened,
    whole_seconds,
)


@pytest.mark.parametrize(
    ("number", "whole"),
    [(0.5, 1), (1.5, 2), (2.5, 3), (2.4, 2), (-0.5, -1), (-2.5, -3), (0.49999999999999994, 0)],
)
def test_that_halves_are_rounded_away_from_zero(number: float, whole: int) -> None:
    assert rounded(number) == whole


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**4))
def test_that_rounding_is_that_of_the_exact_number(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator / denominator)
    away = int(abs(exact) + Fraction(1, 2))
    assert rounded(numerator / denominator) == (away if exact >= 0 else -away)


@pytest.mark.parametrize(
    ("seconds", "whole"), [(0.0, 1), (0.99, 1), (1.99, 1), (59.999, 59), (3600.0, 3600)]
)
def test_that_a_duration_is_truncated_and_at_least_a_second(seconds: float, whole: int) -> None:
    assert whole_seconds(seconds) == whole


@pytest.mark.parametrize(
    ("amount", "hourly", "seconds"),
    [
        (5, (1800,), 10),
        (5, (1801.0,), 9),  # 9.99
        (1, (10_000, 2.0), 1),  # 0.18
        (11, (1.1, 3600), 10),  # the float 1.1 is a little more than that
        (33, (0.3, 1.1), 360_000),
        (2**60 + 1, (3600.0,), 2**60 + 1),  # which a float cannot count
    ],
)
def test_that_work_takes_the_whole_seconds_of_the_exact_quotient(
    amount: int, hourly: tuple[float, ...], seconds: int
) -> None:
    assert seconds_of_work(amount, *hourly) == seconds


@pytest.mark.parametrize(
    ("amount", "level", "rounded_to", "price"),
    [
        (4000, 2, 100, 7000),
        (4000, 3, 100, 12_300),  # 12 250, halves up
        (4000, 4, 100, 21_400),  # 21 437.5 → 21 437
        (8000, 5, 100, 75_000),  # 75 031.25
        (8000, 5, 1, 75_031),
    ],
)
def test_that_a_price_may_be_rounded_to_hundreds(
    amount: int, level: int, rounded_to: int, price: int
) -> None:
    assert cost_of_level((amount,), Fraction(7, 4), level, rounded_to) == (price,)


@pytest.mark.parametrize(
    ("amount", "percent", "part"),
    [(999, 50, 499), (1001.9, 30, 300), (10, 100, 10), (7, 0, 0), (3000, 33.3, 999)],
)
def test_that_a_part_is_rounded_down(amount: float, percent: float, part: int) -> None:
    assert part_of(amount, percent) == part


@pytest.mark.parametrize(
    ("number", "percent", "level", "result"),
    [(12_500, 10, 3, 16_250), (50, 10, 7, 85), (12_000, 10, 11, 25_200), (5000, 30, 0, 5000)],
)
def test_that_levels_add_whole_per_cent(
    number: int, percent: int, level: int, result: float
) -> None:
    assert strengthened(number, percent, level) == result


@pytest.mark.parametrize(
    ("of_unused", "required", "produced", "used", "is_met"),
    [
        (False, 1000, 1000.0, 5000.0, True),
        (False, 1000, 999.9, 0.0, False),
        (True, 1000, 1500.0, 500.0, True),
        (True, 1000, 1500.0, 500.1, False),
    ],
)
def test_that_energy_is_compared_with_all_or_with_what_is_not_used(
    of_unused: bool, required: int, produced: float, used: float, is_met: bool
) -> None:
    assert EnergyCost(required, of_unused).is_met(required, produced, used) is is_met
