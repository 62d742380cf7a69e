"""Two samples of whole numbers: could they be of one distribution?"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

CELL_MIN = 10.0


def chi_square(expected: Mapping[int, float], observed: Sequence[int]) -> float:
    """Return the deviations by which observed values are off what is expected (1 sample)."""
    total, drawn = sum(expected.values()), Counter(observed)
    scale = len(observed) / total
    cells = [(expected[key] * scale, float(drawn[key])) for key in sorted(expected)]
    pooled = _pooled(cells)
    value = sum((seen - mean) ** 2 / mean for mean, seen in pooled)
    return _deviations(value, len(pooled) - 1)


def chi_square_of_two(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the deviations by which two samples of one size differ; a few are chance.

    Neighbouring values are put together until both samples have enough of them.
    """
    assert len(first) == len(second)
    one, two = Counter(first), Counter(second)
    cells = _pooled([(float(one[key]), float(two[key])) for key in sorted(one | two)])
    value = sum((a - b) ** 2 / (a + b) for a, b in cells)
    return _deviations(value, len(cells) - 1)


def difference_of_means(first: Sequence[int], second: Sequence[int]) -> float:
    """Return by how many standard deviations the means of two samples differ."""
    error = math.sqrt(sum(_variance(sample) / len(sample) for sample in (first, second)))
    return abs(statistics.fmean(first) - statistics.fmean(second)) / error if error else 0.0


def difference(first: Sequence[int], second: Sequence[int]) -> float:
    """Return the larger of the deviations in the mean and in the distribution."""
    return max(difference_of_means(first, second), chi_square_of_two(first, second))


def _variance(sample: Sequence[int]) -> float:
    return statistics.variance(map(float, sample))


def _pooled(cells: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    pooled: list[tuple[float, float]] = []
    left, right = 0.0, 0.0
    for a, b in cells:
        left, right = left + a, right + b
        if left + right >= 2 * CELL_MIN and left > 0:
            pooled.append((left, right))
            left, right = 0.0, 0.0
    if pooled and (left or right):
        a, b = pooled[-1]
        pooled[-1] = (a + left, b + right)
    return pooled


def _deviations(value: float, freedom: int) -> float:
    """Return a chi-square value as standard deviations (Wilson and Hilferty's approximation)."""
    if freedom < 1:
        return 0.0
    spread = 2 / (9 * freedom)
    return (math.cbrt(value / freedom) - (1 - spread)) / math.sqrt(spread)
