"""How often the window redraws, so that it never disturbs the world it shows."""

from __future__ import annotations

FRONT_INTERVAL_MS = 100
BACK_INTERVAL_MS = 250
SLOWEST_INTERVAL_MS = 1000

COST_MAX = 0.05
MEASURED_OVER_S = 2.0
SLOW_DOWN, SPEED_UP = 1.25, 0.8


class RefreshPace:
    """Chooses the interval of the window's timer from what redrawing costs.

    `cost` is the share of one core; it is kept below COST_MAX by redrawing less often.
    """

    def __init__(self) -> None:
        self.cost = 0.0
        self._stretch = 1.0
        self._spent_s = 0.0
        self._since: float | None = None

    def spend(self, seconds: float) -> None:
        """Add time that the GUI thread has spent on refreshing or painting."""
        self._spent_s += seconds

    def measure(self, at: float) -> None:
        """Compute the cost anew when enough time has passed since the last time."""
        if self._since is None:
            self._since, self._spent_s = at, 0.0
        elapsed = at - self._since
        if elapsed < MEASURED_OVER_S:
            return
        self.cost = self._spent_s / elapsed
        self._since, self._spent_s = at, 0.0
        if self.cost > COST_MAX:
            self._stretch *= SLOW_DOWN
        elif self.cost * SLOW_DOWN < COST_MAX * SPEED_UP:
            self._stretch = max(1.0, self._stretch * SPEED_UP)
        self._stretch = min(self._stretch, SLOWEST_INTERVAL_MS / FRONT_INTERVAL_MS)

    def pause(self) -> None:
        """Forget the time in which nothing is drawn: it must not make the window look cheap."""
        self._since = None

    def interval_ms(self, *, in_front: bool) -> int:
        """Return the interval of the timer."""
        base = FRONT_INTERVAL_MS if in_front else BACK_INTERVAL_MS
        return min(SLOWEST_INTERVAL_MS, round(base * self._stretch))
