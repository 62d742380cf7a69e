"""The clocks: world time, the time by which ticks are paced, and waiting for either.

World time is UTC epoch seconds. It starts from the wall clock and goes on with a clock that counts
the time a computer sleeps and that nobody can set: it never runs backwards, does not jump when the
wall clock is stepped, and a suspended laptop is caught up.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Wake(Protocol):
    """Something a thread waits for and another one sets."""

    def set(self) -> None: ...
    def clear(self) -> None: ...
    def wait(self, until: float) -> None:
        """Wait until it is set or the clock's `monotonic()` has reached `until`."""


class Clock(Protocol):
    """What the simulation knows of time. All values are seconds."""

    def now(self) -> float:
        """Return world time: UTC epoch seconds."""

    def monotonic(self) -> float:
        """Return the time by which ticks are paced; it stands still while a computer sleeps."""

    def wake(self) -> Wake:
        """Return a new wake-up whose waits end by this clock."""


def _boot_time() -> Callable[[], float]:
    """Return a clock that nobody can set and that counts the time a computer sleeps."""
    if sys.platform == "win32":
        import ctypes

        get_tick_count = ctypes.windll.kernel32.GetTickCount64
        get_tick_count.restype = ctypes.c_ulonglong
        return lambda: get_tick_count() / 1000
    # Linux has a clock that counts sleep; on macOS CLOCK_MONOTONIC does, time.monotonic() does not.
    number = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return lambda: time.clock_gettime(number)


class SystemClock:
    """The real clock. `not_before` is the durable world time: a world never goes back behind it."""

    def __init__(self, not_before: float = 0.0) -> None:
        self._boot_time = _boot_time()
        wall = time.time()
        self.behind_by_s = max(0.0, not_before - wall)
        self._origin = max(wall, not_before) - self._boot_time()

    def now(self) -> float:
        return self._origin + self._boot_time()

    def monotonic(self) -> float:
        return time.perf_counter()

    def wake(self) -> Wake:
        return _EventWake()


class _EventWake:
    def __init__(self) -> None:
        self._event = threading.Event()
        self.clear = self._event.clear

    def set(self) -> None:
        # Whoever is awake looks at everything after he has cleared it: once is enough till then.
        if not self._event.is_set():
            self._event.set()

    def wait(self, until: float) -> None:
        self._event.wait(max(0.0, until - time.perf_counter()))
