"""How the rules round, and what grows with a level. Exact where a float would not be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from core.rules.entry import Entry

SECONDS_PER_MINUTE = 60
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 86_400
COST_FACTOR_MOST = 100
_NUMBERS_KEPT = 1024


@dataclass(frozen=True, slots=True)
class EnergyCost:
    """Energy that must be there when a level is ordered; it is not spent.

    `of_unused` says of what: of the energy that is not used, else of all that is produced.
    """

    amount: int
    of_unused: bool

    def is_met(self, required: int, produced: float, used: float) -> bool:
        """Return whether there is enough for what a level requires."""
        return (produced - used if self.of_unused else produced) >= required


def read_energy_cost(entry: Entry) -> EnergyCost:
    of = entry.name("of", ("output", "unused"), "kind of energy")
    return EnergyCost(entry.whole("amount", least=1), of == "unused")


def cost_of_level(
    amounts: Sequence[int], factor: Fraction, level: int, rounded_to: int = 1
) -> tuple[int, ...]:
    """Return floor(base · factor^(level-1)) of each amount, for a level of at least 1.

    The floored price is then rounded to the nearest multiple of `rounded_to`, halves up.
    """
    # Fractions, because a float power may land on the wrong side of a whole number.
    power = factor ** (level - 1)
    return tuple(
        (2 * math.floor(amount * power) + rounded_to) // (2 * rounded_to) * rounded_to
        if rounded_to > 1
        else math.floor(amount * power)
        for amount in amounts
    )


def seconds_of_work(amount: int, *hourly: float) -> int:
    """Return the whole seconds in which so much is done, at least 1: floor(3600 · amount / hourly).

    `hourly` is what is done in an hour, as factors that are each taken as they are written.
    """
    # In whole numbers: the product of some floats may lie on the wrong side of a second.
    done, divisor = SECONDS_PER_HOUR * amount, 1
    for factor in hourly:
        above, below = _ratio(factor)
        done *= below
        divisor *= above
    return max(1, done // divisor)


def whole_seconds(seconds: float) -> int:
    """Truncate a duration to whole seconds, at least 1."""
    return max(1, math.floor(seconds))


def rounded(number: float) -> int:
    """Round to the nearest whole number, half away from zero."""
    whole = math.floor(abs(number))
    # Not floor(number + 0.5): the sum may round up what lies a hair below a half.
    whole += abs(number) - whole >= 0.5
    return int(math.copysign(whole, number))


def exact(decimal: float) -> Fraction:
    """Return a number as it is written: 33.3 is 333/10 and not the float next to it."""
    return Fraction(str(decimal))


@lru_cache(_NUMBERS_KEPT)
def _ratio(decimal: float) -> tuple[int, int]:
    return exact(decimal).as_integer_ratio()


def part_of(amount: float, percent: float) -> int:
    """Return so many per cent of an amount, rounded down."""
    return math.floor(Fraction(amount) * exact(percent) / 100)


def strengthened(number: int, percent: int, level: int) -> float:
    """Return a number with so many per cent more for each level; whole numbers stay exact."""
    return number * (100 + percent * level) / 100
