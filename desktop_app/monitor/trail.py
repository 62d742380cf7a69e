"""The samples of a ring in one piece, so that charts can look at any stretch without copying it."""

from __future__ import annotations

import math

import numpy as np

from core.metrics import Ring, Samples

# Samples that arrive while a ring is being read are asked for again and told apart by their time.
OVERLAP = 8


class Trail:
    """What a ring holds, oldest first, taken over a few samples at a time.

    The first field of the ring is the time of a sample, which must grow.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self._capacity = ring.capacity
        # Twice the room: the latest samples are moved to the front when the end is reached. Filled
        # now, so that the program's memory does not grow with its age.
        self._samples = np.full((len(ring.fields), 2 * ring.capacity), np.nan)
        self._start = self._end = 0
        self._seen = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def first_at(self) -> float | None:
        """When the oldest sample was taken that is still here."""
        return float(self._samples[0, self._start]) if len(self) else None

    @property
    def complete_since(self) -> float | None:
        """From when on no sample is missing; None if that is from the first one on."""
        # One less than the ring has room for is what it gives out at once.
        return self.first_at if len(self) >= self._capacity - 1 else None

    @property
    def last_at(self) -> float | None:
        return float(self._samples[0, self._end - 1]) if len(self) else None

    def follow(self) -> int:
        """Take over what is new in the ring and return how many samples that were."""
        count = self.ring.count
        if count == self._seen:
            return 0
        latest = self.ring.latest(count - self._seen + OVERLAP)
        self._seen = count
        rows = np.vstack([latest[name] for name in self.ring.fields])
        last_at = self.last_at
        if last_at is not None:
            rows = rows[:, np.searchsorted(rows[0], last_at, side="right") :]
        self._append(rows)
        return int(rows.shape[1])

    def _append(self, rows: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
        size = rows.shape[1]
        if self._end + size > self._samples.shape[1]:
            kept = min(len(self), self._capacity - size)
            self._samples[:, :kept] = self._samples[:, self._end - kept : self._end]
            self._start, self._end = 0, kept
        self._samples[:, self._end : self._end + size] = rows
        self._end += size
        self._start = max(self._start, self._end - self._capacity)

    def between(self, since: float, until: float = math.inf) -> Samples:
        """Return the samples with since <= at <= until, by field; views that must not be kept."""
        times = self._samples[0, self._start : self._end]
        first, last = np.searchsorted(times, since), np.searchsorted(times, until, side="right")
        part = self._samples[:, self._start + int(first) : self._start + int(last)]
        return dict(zip(self.ring.fields, part, strict=True))
