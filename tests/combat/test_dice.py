from __future__ import annotations

import math

import numpy as np
import pytest

from core.combat.dice import Dice, Odds, logarithm, sum_by
from tests.combat.samples import chi_square

DRAWS = 20_000


def binomial_expected(trials: int, chance: float) -> dict[int, float]:
    log_of = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(chance)
        + (trials - k) * math.log1p(-chance)
        for k in range(trials + 1)
    ]
    return {k: math.exp(value) for k, value in enumerate(log_of) if value > -60}


@pytest.mark.parametrize(
    ("trials", "chance"),
    [
        *((1, 0.3), (24, 0.5), (24, 0.97)),  # thrown
        *((25, 0.01), (25, 0.3), (1000, 0.0005), (1000, 0.009), (400, 0.99)),  # from the table
        *((25, 0.41), (60, 0.5), (1000, 0.011), (1000, 0.3), (5000, 0.9), (20_000, 0.5)),
    ],
)
def test_that_binomial_draws_have_the_binomial_distribution(trials: int, chance: float) -> None:
    drawn = Dice(7).binomial(np.full(DRAWS, trials), np.full(DRAWS, chance))
    assert chi_square(binomial_expected(trials, chance), drawn.tolist()) < 4


def test_that_a_certain_trial_never_fails_and_an_impossible_one_never_succeeds() -> None:
    trials = np.array([0, 1, 30, 10**9])
    assert Dice(1).binomial(trials, np.ones(4)).tolist() == trials.tolist()
    assert Dice(1).binomial(trials, np.zeros(4)).tolist() == [0, 0, 0, 0]


def test_that_mean_and_spread_of_large_binomials_are_right() -> None:
    trials, chance = 10**10, 0.37
    drawn = Dice(3).binomial(np.full(DRAWS, trials), np.full(DRAWS, chance))
    off = (drawn - trials * chance) / math.sqrt(trials * chance * (1 - chance))
    assert abs(off.mean()) < 4 / math.sqrt(DRAWS)
    assert abs(off.var() - 1) < 4 * math.sqrt(2 / DRAWS)


@pytest.mark.parametrize(("successes", "chance"), [(1, 0.2), (40, 0.5), (3, 0.03)])
def test_that_failures_have_the_negative_binomial_distribution(
    successes: int, chance: float
) -> None:
    drawn = Dice(5).failures(np.full(DRAWS, successes), np.full(DRAWS, chance))
    expected = {
        k: math.comb(k + successes - 1, k) * chance**successes * (1 - chance) ** k
        for k in range(2000)
    }
    kept = {k: value for k, value in expected.items() if value > 1e-12}
    assert chi_square(kept, drawn.tolist()) < 4


def test_that_mean_and_spread_of_many_failures_are_right() -> None:
    successes, chance = 10**6, 0.01
    drawn = Dice(5).failures(np.full(2000, successes), np.full(2000, chance))
    off = drawn - successes * (1 - chance) / chance
    variance = successes * (1 - chance) / chance**2
    assert abs(off.mean()) < 4 * math.sqrt(variance / 2000)
    assert abs(off.var() / variance - 1) < 4 * math.sqrt(2 / 2000)


def test_that_a_volley_that_never_goes_on_has_no_failures() -> None:
    assert Dice(1).failures(np.array([5, 10**9]), np.array([1.0, 1.0])).tolist() == [0, 0]


def test_that_scattering_keeps_the_number_and_follows_the_weights() -> None:
    weights = np.array([[1.0, 2.0, 3.0, 0.0, 4.0], [0.0, 0.0, 1.0, 0.0, 0.0]])
    counts = np.array([10_000_000, 0, 77])
    row, outcome, number = Dice(2).scatter(counts, np.array([0, 0, 1]), Odds.of(weights))
    assert sum_by(row, number, 3).tolist() == counts.tolist()
    table = np.zeros((3, 5))
    table[row, outcome] = number
    assert table[0] / 1e6 == pytest.approx([1, 2, 3, 0, 4], rel=0.01)
    assert table[2].tolist() == [0, 0, 77, 0, 0]


def test_that_numbers_below_a_limit_are_equally_likely() -> None:
    drawn = Dice(4).below(np.full(DRAWS, 7))
    assert chi_square(dict.fromkeys(range(7), 1.0), drawn.tolist()) < 4


def test_that_the_logarithm_agrees_with_the_platforms() -> None:
    values = np.concatenate((np.geomspace(1e-18, 1e18, 1001), 1 + np.geomspace(1e-12, 0.5, 101)))
    expected = [math.log(value) for value in values.tolist()]
    assert logarithm(values) == pytest.approx(expected, rel=4e-16, abs=1e-16)


def test_that_the_numbers_of_a_seed_never_change() -> None:
    dice = Dice(20)
    assert (dice.uniform(3) * 2**53).astype(np.int64).tolist() == UNIFORM_OF_20
    assert dice.binomial(BINOMIAL_TRIALS, BINOMIAL_CHANCES).tolist() == BINOMIAL_OF_20
    assert dice.failures(np.array([3, 100_000]), np.array([0.1, 0.02])).tolist() == FAILURES_OF_20


BINOMIAL_TRIALS = np.array([5, 20, 100, 100, 10**5, 10**9])
BINOMIAL_CHANCES = np.array([0.5, 0.9, 0.02, 0.4, 0.7, 0.001])
UNIFORM_OF_20 = [2522700001873237, 4153640300863321, 1096353524261830]
BINOMIAL_OF_20 = [3, 16, 4, 32, 70175, 999653]
FAILURES_OF_20 = [19, 4912501]
