"""tests.conftest: what a test may not leave behind"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, QTimer

from tests.conftest import still_running


class Pulse(QTimer):
    """A timer as somebody might make it his own."""


def test_that_timers_that_run_are_found_wherever_they_are_kept(qapp: QCoreApplication) -> None:
    owner = QObject()
    kept = [QTimer(), Pulse(), QTimer(owner)]
    assert still_running() == []
    for timer in kept:
        timer.start(60_000)
    assert set(map(id, still_running())) == set(map(id, kept))
    for timer in kept:
        timer.stop()
    assert still_running() == []
