"""A clock that moves when a test says so, also for a thread that waits by it."""

from __future__ import annotations

import threading

TIMEOUT_S = 20.0
START = 1_800_000_000.0


class ManualClock:
    """World time and monotonic time in the hands of a test; see core.clock.Clock."""

    def __init__(self, now: float = START) -> None:
        self._changed = threading.Condition()
        self._now = now
        self._monotonic = 1000.0
        self._wakes: list[ManualWake] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def wake(self) -> ManualWake:
        wake = ManualWake(self, self._changed)
        self._wakes.append(wake)
        return wake

    def advance(self, seconds: float) -> None:
        """Let time pass for everybody."""
        with self._changed:
            self._now += seconds
            self._monotonic += seconds
            self._changed.notify_all()

    def set(self, now: float) -> None:
        """Set world time to an instant, to the bit; the monotonic time stays."""
        with self._changed:
            self._now = now
            self._changed.notify_all()

    def set_back(self, seconds: float) -> None:
        """Step the wall clock backwards; a real world clock would not notice."""
        with self._changed:
            self._now -= seconds
            self._changed.notify_all()

    def wait_until_asleep(self) -> None:
        """Return when every thread that lives by this clock has nothing to do and waits for it."""
        with self._changed:
            asleep = self._changed.wait_for(
                lambda: all(wake.is_asleep for wake in self._wakes), TIMEOUT_S
            )
        if not asleep:
            raise TimeoutError("a thread did not come to rest")

    def forget_wakes(self) -> None:
        """Wait for nobody any more: the threads that lived by this clock are at their end."""
        with self._changed:
            self._wakes.clear()
            self._changed.notify_all()

    def tick(self, seconds: float, times: int = 1) -> None:
        """Advance step by step, letting the threads do in each step what is due."""
        for _ in range(times):
            self.wait_until_asleep()
            self.advance(seconds)
        self.wait_until_asleep()


class ManualWake:
    """See core.clock.Wake."""

    def __init__(self, clock: ManualClock, changed: threading.Condition) -> None:
        self._clock = clock
        self._changed = changed
        self._set = False
        self._until: float | None = None

    @property
    def is_asleep(self) -> bool:
        return self._until is not None and not self._set and self._clock.monotonic() < self._until

    def set(self) -> None:
        with self._changed:
            self._set = True
            self._changed.notify_all()

    def clear(self) -> None:
        with self._changed:
            self._set = False

    def wait(self, until: float) -> None:
        with self._changed:
            self._until = until
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._set or self._clock.monotonic() >= until)
            self._until = None
