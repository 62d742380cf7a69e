"""desktop_app.single_instance"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.paths import DataFolder
from desktop_app.single_instance import FirstInstance, raise_first_instance

# Offscreen there is no stack of windows.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support raise")


async def test_that_a_second_start_raises_the_window_of_the_first(
    tmp_path: Path, qtbot: QtBot
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.showMinimized()
    first = FirstInstance(DataFolder(tmp_path), window)
    assert await raise_first_instance(DataFolder(tmp_path))
    assert window.isVisible()
    assert not window.isMinimized()
    first.close()


async def test_that_nobody_answers_for_another_world(tmp_path: Path, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    first = FirstInstance(DataFolder(tmp_path / "one"), window)
    assert not await raise_first_instance(DataFolder(tmp_path / "other"))
    first.close()


async def test_that_nobody_answers_after_the_first_has_closed(tmp_path: Path, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    FirstInstance(DataFolder(tmp_path), window).close()
    assert not await raise_first_instance(DataFolder(tmp_path))


async def test_that_every_further_start_raises_it_again(tmp_path: Path, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    first = FirstInstance(DataFolder(tmp_path), window)
    for _ in range(5):
        window.hide()
        assert await raise_first_instance(DataFolder(tmp_path))
        assert window.isVisible()
    first.close()
