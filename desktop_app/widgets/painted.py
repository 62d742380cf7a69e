"""The base of widgets that paint their own text.

A label of Qt's asks for a new layout of the window each time its text changes; these only repaint.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app.theme import Theme


class Painted(QWidget):
    """A widget that paints itself on the surface of a card, of a fixed height if it has one."""

    def __init__(self, theme: Theme, height_px: int | None = None) -> None:
        super().__init__()
        self.theme = theme
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        if height_px is None:
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        else:
            self.setFixedHeight(height_px)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def begin(self) -> QPainter:
        """Return a painter on a filled background."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.theme.color("surface"))
        return painter

    def sizeHint(self) -> QSize:
        return QSize(0, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.height())


def draw_elided(
    painter: QPainter,
    x: float,
    baseline: float,
    width: float,
    text: str,
    color: QColor,
    font: QFont,
) -> float:
    """Draw a text, cut short with … where it does not fit, and return its width."""
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(width))
    painter.setFont(font)
    painter.setPen(color)
    painter.drawText(int(x), int(baseline), shown)
    return metrics.horizontalAdvance(shown)
