"""Ranges of vertical axes that hold still: a chart whose axis moves costs five times as much."""

from __future__ import annotations

import math
from dataclasses import dataclass

# A range shrinks when less than this part of it has been used for a while.
USED_LEAST = 0.35
SHRINK_AFTER_S = 15.0
MS_PER_S = 1000
SECOND = 3  # the power of ten that it is in milliseconds


@dataclass(frozen=True, slots=True)
class Scale:
    """A vertical axis: its range and its ticks, each a position and a text."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


def nice_above(value: float) -> float:
    """Return the least of 1, 2, 5, 10, 20, 50 … that is not below the value."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= value * (1 - 1e-9))


def linear_scale(top: float, unit: str) -> Scale:
    """Return an axis from 0 to a little above `top`, with its unit at the highest tick."""
    middle, shown, shown_unit = top / 2, top, unit
    if unit == "ms" and top >= MS_PER_S:
        shown, shown_unit = top / MS_PER_S, "s"
    ticks = ((0.0, "0"), (middle, f"{shown / 2:g}"), (top, f"{shown:g} {shown_unit}"))
    return Scale(0.0, top * 1.12, ticks)


def limit_scale(limit: float, top: float, unit: str) -> Scale:
    """Return an axis from 0 with a tick at a limit, unless values lie far above it."""
    if top > 2 * limit:
        return linear_scale(top, unit)
    ticks = ((0.0, "0"), (limit / 2, f"{limit / 2:g}"), (limit, f"{limit:g} {unit}"))
    return Scale(0.0, max(top, limit) * 1.12, ticks)


def decade_scale_ms(low: int, high: int) -> Scale:
    """Return an axis of powers of ten of milliseconds, whose positions are the logarithms.

    The highest of them has the unit; from a second on each has its own.
    """
    highest_ms = min(high, SECOND - 1)
    ticks = tuple(
        (float(power), _decade_text(power, unit="ms" if power == highest_ms else ""))
        for power in range(low, high + 1)
    )
    return Scale(low - 0.06, high + 0.15, ticks)


def _decade_text(power: int, unit: str) -> str:
    if power >= SECOND:
        return f"{10.0 ** (power - SECOND):g} s"
    return f"{10.0**power:g} {unit}".rstrip()


class LinearRange:
    """Chooses the top of an axis that starts at 0: grows at once, shrinks after a while."""

    def __init__(self, least: float) -> None:
        self._least = least
        self.top = nice_above(least)
        self._small_since: float | None = None

    def include(self, at: float, peak: float) -> float:
        """Return the top to use when `peak` is the greatest value that is shown."""
        wanted = nice_above(max(peak, self._least))
        if wanted > self.top or self._has_been_small(at, peak):
            self.top = wanted
            self._small_since = None
        return self.top

    def _has_been_small(self, at: float, peak: float) -> bool:
        if peak >= USED_LEAST * self.top or self.top <= nice_above(self._least):
            self._small_since = None
            return False
        if self._small_since is None:
            self._small_since = at
        return at - self._small_since >= SHRINK_AFTER_S


class DecadeRange:
    """Chooses the powers of ten an axis spans: grows at once, shrinks after a while."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self._narrow_since: float | None = None

    def include(self, at: float, least: float, greatest: float) -> tuple[int, int]:
        """Return the powers of ten to show when these are the extremes of the values."""
        low = math.floor(math.log10(least) + 1e-9)
        high = max(math.ceil(math.log10(greatest) - 1e-9), low + 1)
        if low < self.low or high > self.high:
            self.low, self.high = min(low, self.low), max(high, self.high)
            self._narrow_since = None
        elif (low, high) == (self.low, self.high):
            self._narrow_since = None
        elif self._narrow_since is None:
            self._narrow_since = at
        elif at - self._narrow_since >= SHRINK_AFTER_S:
            self.low, self.high = low, high
            self._narrow_since = None
        return self.low, self.high
