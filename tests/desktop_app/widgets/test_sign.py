"""desktop_app.widgets.sign"""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.sign import paint_sign


def painted(level: Level) -> bytes:
    image = QImage(16, 16, QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    paint_sign(painter, QRectF(1, 1, 14, 14), level, Theme())
    painter.end()
    # What is drawn at all, whatever its brightness.
    return bytes(255 if byte > 40 else 0 for byte in bytes(image.constBits()))


@pytest.mark.usefixtures("qapp")
def test_that_levels_are_told_apart_without_colour() -> None:
    assert QApplication.instance() is not None
    assert len({painted(level) for level in Level}) == len(Level)
