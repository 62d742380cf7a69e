"""When a value is good, to be watched, to be warned of or bad, without flicker in between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

SAMPLES_TO_WORSEN = 3
CLEAR_AFTER_S = 10.0

# The smallest value that is not zero: where any is too many.
ANY = math.ulp(0.0)


class Level(IntEnum):
    """How a signal stands; a higher one is worse."""

    UNKNOWN = -1
    GOOD = 0
    WATCH = 1
    WARN = 2
    BAD = 3


@dataclass(frozen=True, slots=True)
class Band:
    """From which value on a signal is to be watched, to be warned of, bad."""

    watch: float
    warn: float
    bad: float

    def level(self, value: float) -> Level:
        reached = sum(value >= limit for limit in (self.watch, self.warn, self.bad))
        return Level(reached)


# B is the tick budget, T the longest allowed age of a change that may wait.
WORK_PER_BUDGET = Band(0.5, 0.8, 1.0)
RATE_SHORTFALL = Band(0.025, 0.1, 0.2)
LATENESS_PER_BUDGET = Band(0.1, 0.5, 1.0)
SKIPPED_SHARE = Band(ANY, 0.01, 0.05)
SAVE_PER_ALLOWED_AGE = Band(0.33, 0.66, 1.0)
CAPTURE_PER_BUDGET = Band(0.1, 0.25, 0.5)
OLDEST_PER_ALLOWED_AGE = Band(1.5, 3.0, 10.0)
LOOP_LAG_S = Band(0.05, 0.2, 1.0)
# How long ago the last save was while something is at risk.
AT_RISK_S = Band(1.5, 3.0, 10.0)
SAVE_FAILURES_IN_ROW = Band(1, 1, 3)
# Space that is missing, in bytes below these amounts.
DISK_SHORTAGE_BYTES = Band(-2 * 1024**3, -500e6, -100e6)


class SteadyLevel:
    """A level that takes three samples in a row to worsen and ten seconds to clear."""

    def __init__(self) -> None:
        self.level = Level.UNKNOWN
        self._worse: list[Level] = []
        self._better_since: float | None = None
        self._worst_since = Level.GOOD

    def sample(self, at: float, level: Level) -> Level:
        """Take what is measured at an instant and return what is to be shown."""
        if level is Level.UNKNOWN or self.level is Level.UNKNOWN:
            self._settle(level)
        elif level > self.level:
            self._better_since = None
            self._worsen(level)
        elif level < self.level:
            self._worse.clear()
            self._clear(at, level)
        else:
            self._worse.clear()
            self._better_since = None
        return self.level

    def _worsen(self, level: Level) -> None:
        self._worse.append(level)
        if len(self._worse) >= SAMPLES_TO_WORSEN:
            self._settle(min(self._worse))

    def _clear(self, at: float, level: Level) -> None:
        if self._better_since is None:
            self._better_since, self._worst_since = at, level
        self._worst_since = max(self._worst_since, level)
        if at - self._better_since >= CLEAR_AFTER_S:
            self._settle(self._worst_since)

    def _settle(self, level: Level) -> None:
        self.level = level
        self._worse.clear()
        self._better_since = None
