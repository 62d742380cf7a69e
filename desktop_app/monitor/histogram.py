"""Quantiles of the latest observations of a histogram that only knows totals."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from prometheus_client import Histogram

SNAPSHOT_INTERVAL_S = 5.0


class RecentHistogram:
    """Remembers a histogram's totals now and then, and looks at what has come since."""

    def __init__(self, histogram: Histogram, window_s: float) -> None:
        self._histogram = histogram
        self._window_s = window_s
        self._snapshots: deque[tuple[float, dict[float, float]]] = deque()

    def quantile(self, at: float, share: float) -> float | None:
        """Return the value below which that share lies; None without observations."""
        now = self._totals()
        if not self._snapshots or at - self._snapshots[-1][0] >= SNAPSHOT_INTERVAL_S:
            self._snapshots.append((at, now))
        while len(self._snapshots) > 1 and self._snapshots[1][0] <= at - self._window_s:
            self._snapshots.popleft()
        before = self._snapshots[0][1]
        recent = {bound: count - before[bound] for bound, count in now.items()}
        return quantile(recent, share)

    def _totals(self) -> dict[float, float]:
        """Return how many observations were at most as large as each bound, by bound."""
        return {
            float(sample.labels["le"]): sample.value
            for metric in self._histogram.collect()
            for sample in metric.samples
            if sample.name.endswith("_bucket")
        }


def quantile(at_most: Mapping[float, float], share: float) -> float | None:
    """Return a quantile from how many observations were at most as large as each bound.

    Within a bucket observations are taken to be spread evenly.
    """
    wanted = share * max(at_most.values())
    if not wanted:
        return None
    below, count_below = 0.0, 0.0
    for bound, count in at_most.items():
        if count >= wanted:
            part = (wanted - count_below) / (count - count_below)
            return below if math.isinf(bound) else below + part * (bound - below)
        below, count_below = bound, count
    return below
