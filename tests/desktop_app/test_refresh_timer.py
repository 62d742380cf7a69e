"""desktop_app.refresh_timer"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from desktop_app.refresh_timer import RefreshTimer


class Refreshed:
    """A window whose refreshes are counted."""

    def __init__(self, quiet_instant: Callable[[float], float] = lambda wanted: wanted) -> None:
        self.window = QLabel("never")
        self.count = 0
        self.reported: list[float] = []
        self.timer = RefreshTimer(self.window, self._refresh, self.reported.append, quiet_instant)

    def _refresh(self) -> None:
        self.count += 1
        self.window.setText(str(self.count))


def test_that_it_refreshes_only_what_can_be_seen(qtbot: QtBot) -> None:
    refreshed = Refreshed()
    qtbot.addWidget(refreshed.window)
    assert not refreshed.timer.active
    refreshed.window.show()
    qtbot.waitUntil(lambda: refreshed.count >= 3)
    refreshed.window.hide()
    qtbot.waitUntil(lambda: not refreshed.timer.active)


def test_that_painting_is_part_of_what_it_reports(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    refreshed = Refreshed()
    qtbot.addWidget(refreshed.window)
    spent: list[float] = []
    monkeypatch.setattr(refreshed.timer.pace, "spend", spent.append)
    refreshed.window.show()
    qtbot.waitUntil(lambda: len(refreshed.reported) >= 2)
    # A refresh and the painting that came of it are spent one by one and reported together, when
    # the next refresh begins.
    reported = sum(refreshed.reported)
    assert any(math.isclose(sum(spent[:count]), reported) for count in range(3, len(spent) + 1))


def test_that_it_asks_when_to_refresh(qtbot: QtBot) -> None:
    wanted: list[float] = []

    def never(instant: float) -> float:
        wanted.append(instant)
        return instant + 3600

    refreshed = Refreshed(never)
    qtbot.addWidget(refreshed.window)
    refreshed.window.show()
    qtbot.waitUntil(lambda: len(wanted) == 1)
    assert refreshed.timer._timer.remainingTime() > 3_000_000
    assert refreshed.count == 0


def test_that_an_error_does_not_end_it(qtbot: QtBot) -> None:
    refreshed = Refreshed()
    qtbot.addWidget(refreshed.window)
    with pytest.MonkeyPatch.context() as patch, qtbot.captureExceptions() as errors:
        patch.setattr(refreshed.timer, "_refresh", lambda: 1 / 0)
        refreshed.window.show()
        qtbot.waitUntil(lambda: len(errors) >= 2)
    assert refreshed.timer.active
