"""The stretch of time that all charts of a page show."""

from __future__ import annotations

import math
from dataclasses import dataclass

SPANS_S = (60.0, 300.0, 900.0, 3600.0)
SPAN_NAMES = {60.0: "1 m", 300.0: "5 m", 900.0: "15 m", 3600.0: "1 h"}
SPAN_WORDS = {
    60.0: "last minute",
    300.0: "last 5 minutes",
    900.0: "last 15 minutes",
    3600.0: "last hour",
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many seconds up to an instant on the monotonic clock."""

    until: float
    span_s: float

    @property
    def since(self) -> float:
        return self.until - self.span_s

    @property
    def words(self) -> str:
        return SPAN_WORDS[self.span_s]

    def edge(self, width_s: float) -> float:
        """Return the end of the column of that width in which the stretch ends."""
        return (math.floor(self.until / width_s) + 1) * width_s
