"""What was changed in the last hour, and what it would have cost with other intervals.

Longer intervals write fewer rows, because changes of an aggregate that come between two writes are
written once; shorter ones leave less to be worked out again after a power cut. The trace remembers
what was changed and when, so that both can be computed for any pair of intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

KEPT_S = 3600.0
CAPACITY = 200_000

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_SLOT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Changes:
    """A stretch of the trace, oldest first: one entry for each aggregate that a unit changed.

    `at` is in seconds since the trace began, `row` tells aggregates apart, `count` is 1, or more
    for a unit that changed a whole table at once. `covers_s` is how far the entries go back.
    """

    at: Floats
    row: Integers
    urgent: Flags
    count: Integers
    covers_s: float

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Replay:
    """What saving would have come to with a pair of intervals.

    `window_s` is the longest time that a waiting change would have waited for the disk, which is
    what a power cut at the worst moment makes a restart work out again; `mean_wait_s` the mean.
    """

    save_interval_s: float
    persist_interval_s: float
    rows_written: int
    urgent_rows: int
    waiting_rows: int
    window_s: float
    mean_wait_s: float


class ThrottleTrace:
    """The latest changes in a ring. The simulation's alone; `changes` returns copies."""

    def __init__(self, start: float, capacity: int = CAPACITY, kept_s: float = KEPT_S) -> None:
        self._start = start
        self._kept_s = kept_s
        self._capacity = capacity
        self._at = np.zeros(capacity)
        self._row = np.zeros(capacity, dtype=np.int64)
        self._urgent = np.zeros(capacity, dtype=np.bool_)
        self._many = np.ones(capacity, dtype=np.int64)
        self._total = 0

    def note(self, at: float, row: int, *, urgent: bool, count: int = 1) -> None:
        """Remember a change; `at` is on the clock of `start`."""
        place = self._total % self._capacity
        self._at[place] = at - self._start
        self._row[place] = row
        self._urgent[place] = urgent
        self._many[place] = count
        self._total += 1

    def changes(self, now: float) -> Changes:
        """Return copies of the entries that are not too old."""
        size = min(self._total, self._capacity)
        places = np.arange(self._total - size, self._total) % self._capacity
        elapsed = now - self._start
        kept = places[self._at[places] >= elapsed - self._kept_s]
        covers = min(elapsed, self._kept_s)
        if self._total > self._capacity and len(kept) == size:
            covers = elapsed - float(self._at[places[0]])
        return Changes(
            self._at[kept], self._row[kept], self._urgent[kept], self._many[kept], covers
        )


def replay(changes: Changes, *, save_interval_s: float, persist_interval_s: float) -> Replay:
    """Return what these changes would have cost with other intervals.

    Saves are counted as by the writer itself: urgent changes are written at once, one row each
    (in truth those that share a commit are fewer); a waiting one with the first periodic save that
    comes a whole interval after its aggregate was last written. What is still waiting at the end
    of the trace is written when its time comes. All aggregates are followed at once, a periodic
    write of each in a step. An urgent change is written whatever came before it, so what follows it
    is a line of its own: the loop has as many steps as there are periodic saves, at most.
    """
    between = max(1, math.ceil(persist_interval_s / save_interval_s - _SLOT_TOLERANCE))
    whole = changes.count > 1
    urgent_rows = int(changes.count[whole].sum())
    waits: list[Floats] = []
    waiting_rows = 0
    order = np.lexsort((changes.at[~whole], changes.row[~whole]))
    at, row = changes.at[~whole][order], changes.row[~whole][order]
    lines = _Lines(at, row, changes.urgent[~whole][order])
    last_slot = np.where(
        np.isnan(lines.urgent_before), -between, np.floor(lines.urgent_before / save_interval_s)
    )
    while len(active := lines.active()):
        first = lines.position[active]
        due_slot = np.maximum(np.ceil(at[first] / save_interval_s), last_slot[active] + between)
        save_at = due_slot * save_interval_s
        urgent_at = lines.urgent_at[active]
        by_urgent = urgent_at <= save_at
        written_at = np.where(by_urgent, urgent_at, save_at)
        last_slot[active] = due_slot
        urgent_rows += int(np.count_nonzero(by_urgent))
        waiting_rows += int(np.count_nonzero(~by_urgent))
        waits.append((written_at - at[first])[~lines.urgent[first]])
        lines.advance(active, written_at)
    waited = np.concatenate(waits) if waits else np.zeros(0)
    return Replay(
        save_interval_s=save_interval_s,
        persist_interval_s=persist_interval_s,
        rows_written=urgent_rows + waiting_rows,
        urgent_rows=urgent_rows,
        waiting_rows=waiting_rows,
        window_s=float(waited.max(initial=0.0)),
        mean_wait_s=float(waited.mean()) if len(waited) else 0.0,
    )


class _Lines:
    """The changes of each aggregate up to its next urgent one, and how far each line of them has
    been followed.
    """

    def __init__(self, at: Floats, row: Integers, urgent: Flags) -> None:
        self.urgent = urgent
        another = row[1:] != row[:-1]
        begins = np.r_[np.ones(min(len(at), 1), bool), another | urgent[:-1]]
        starts = np.flatnonzero(begins)
        self.position: Integers = starts.astype(np.int64)
        self._end: Integers = np.r_[starts[1:], len(at)].astype(np.int64)[: len(starts)]
        # When the urgent change comes that ends a line, and when the one came before it.
        self.urgent_at: Floats = np.where(urgent[self._end - 1], at[self._end - 1], np.inf)
        follows = np.r_[np.zeros(min(len(at), 1), bool), ~another & urgent[:-1]][starts]
        self.urgent_before: Floats = np.where(follows, at[starts - 1], np.nan)
        # One number that grows along all lines, to look for an instant in many of them at once.
        self._span = float(at.max(initial=0.0)) + 1.0
        self._along = np.repeat(np.arange(len(starts)), self._end - starts) * self._span + at

    def active(self) -> Integers:
        """Return the lines that have not been followed to their end."""
        return np.flatnonzero(self.position < self._end)

    def advance(self, lines: Integers, written_at: Floats) -> None:
        """Go on after everything that was written at these instants."""
        limit = np.minimum(written_at, self._span - 0.5)
        after = np.searchsorted(self._along, lines * self._span + limit, side="right")
        self.position[lines] = np.minimum(after, self._end[lines])
