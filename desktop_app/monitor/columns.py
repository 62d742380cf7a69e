"""Many samples on few pixels: the extremes of each column of time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that hold samples: `start` in seconds, least and greatest value of each."""

    width_s: float
    start: Floats
    low: Floats
    high: Floats


def fold(at: Floats, values: Floats, width_s: float) -> Columns:
    """Return least and greatest value per column of `width_s`; `at` must not decrease.

    Columns lie at multiples of their width, so that one that is complete never changes again,
    however the edge of the chart moves.
    """
    if not len(at):
        empty = np.empty(0)
        return Columns(width_s, empty, empty, empty)
    numbers = np.floor(at / width_s)
    firsts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
    return Columns(
        width_s,
        start=numbers[firsts] * width_s,
        low=np.minimum.reduceat(values, firsts),
        high=np.maximum.reduceat(values, firsts),
    )


def zigzag(columns: Columns, gap_s: float) -> tuple[Floats, Floats, Flags | None]:
    """Return a line that visits the least and the greatest value of each column.

    The third is whether a point is joined to the next one, None where all are: over more than
    `gap_s` in which nothing was measured there is no line. A column before that is drawn to its
    end, for it may be alone.
    """
    x = np.repeat(columns.start, 2)
    y = np.empty(2 * len(columns.low))
    y[0::2], y[1::2] = columns.low, columns.high
    (ends,) = np.nonzero(np.diff(columns.start) > gap_s + columns.width_s)
    if not len(ends):
        return x, y, None
    last = 2 * ends + 1
    x[last] += columns.width_s
    joined = np.ones(len(x), dtype=np.bool_)
    joined[last] = False
    return x, y, joined


def count_per_slot(at: Floats, first: float, width_s: float, slots: int) -> Floats:
    """Return how many of the instants lie in each of `slots` slots of `width_s` from `first` on."""
    places = np.floor((at - first) / width_s).astype(np.int64)
    inside = places[(places >= 0) & (places < slots)]
    return np.bincount(inside, minlength=slots).astype(np.float64)


def thin_out(x: Floats, y: Floats, cell_x: float, cell_y: float) -> npt.NDArray[np.int64]:
    """Return the places of points of which no two lie in the same cell; the latest one stays."""
    cells = np.floor(x / cell_x) * 1_000_003 + np.floor(y / cell_y)
    _, places = np.unique(cells[::-1], return_index=True)
    return np.sort(len(cells) - 1 - places)


def quantiles(values: Floats, *shares: float) -> tuple[float, ...]:
    """Return the values below which these shares of all lie; there must be at least one value."""
    places = [min(len(values) - 1, int(share * len(values))) for share in shares]
    ordered = np.partition(values, sorted(set(places)))
    return tuple(float(ordered[place]) for place in places)
