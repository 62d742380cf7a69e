"""The one timer of the window, which also measures what redrawing costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from desktop_app.monitor.pace import RefreshPace

PAINTED = QEvent.Type(QEvent.registerEventType())


class RefreshTimer(QObject):
    """Calls `refresh` while a window can be seen, less often when it is not in front.

    Painting is timed from outside, by what comes before and after it in the queue of events: a
    Python method that passed painting on to Qt would hold the interpreter all the while, and ticks
    would be late by as much.
    """

    def __init__(
        self,
        window: QWidget,
        refresh: Callable[[], None],
        report: Callable[[float], None],
        quiet_instant: Callable[[float], float],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._refresh = refresh
        self._report = report
        self._quiet_instant = quiet_instant
        self.pace = RefreshPace()
        self._spent_s = 0.0
        self._painting_since: float | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_timeout)
        window.installEventFilter(self)

    @property
    def active(self) -> bool:
        return self._timer.isActive()

    @property
    def interval_ms(self) -> int:
        return self.pace.interval_ms(in_front=self._window.isActiveWindow())

    def stop(self) -> None:
        """Refresh no more."""
        self._window.removeEventFilter(self)
        self._timer.stop()

    def _on_timeout(self) -> None:
        start = time.perf_counter()
        if self._spent_s:
            # The last refresh and the painting that came of it.
            self._report(self._spent_s)
        try:
            self._refresh()
        finally:
            end = time.perf_counter()
            self._spent_s = end - start
            self.pace.spend(self._spent_s)
            self.pace.measure(end)
            self._schedule(start)

    def _schedule(self, last: float) -> None:
        """Start the timer for the first quiet instant when the interval is over."""
        instant = self._quiet_instant(last + self.interval_ms / 1000)
        self._timer.start(max(1, math.ceil((instant - time.perf_counter()) * 1000)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.UpdateRequest:
            self._before_painting()
        elif kind == PAINTED:
            self._after_painting()
        elif kind in _CHANGES_OF_SIGHT:
            # After the window has dealt with the event itself.
            QTimer.singleShot(0, self, self._adapt)
        return False

    def _before_painting(self) -> None:
        if self._painting_since is None:
            self._painting_since = time.perf_counter()
            high = Qt.EventPriority.HighEventPriority.value
            QCoreApplication.postEvent(self._window, QEvent(PAINTED), high)

    def _after_painting(self) -> None:
        if self._painting_since is not None:
            seconds = time.perf_counter() - self._painting_since
            self._painting_since = None
            self._spent_s += seconds
            self.pace.spend(seconds)

    def _adapt(self) -> None:
        """Run while the window can be seen, at the pace for where it is."""
        seen = self._window.isVisible() and not self._window.isMinimized()
        if not seen:
            self._timer.stop()
            self.pace.pause()
        elif not self._timer.isActive():
            self._schedule(time.perf_counter())


_CHANGES_OF_SIGHT = frozenset(
    (
        QEvent.Type.Show,
        QEvent.Type.Hide,
        QEvent.Type.WindowStateChange,
        QEvent.Type.ActivationChange,
    )
)
