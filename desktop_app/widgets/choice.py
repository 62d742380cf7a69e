"""A choice among a few, with the arrow that a style sheet leaves out."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox

from desktop_app.theme import Theme

ARROW_PX = 4.0
_FROM_THE_RIGHT_PX = 14.0


class Choice(QComboBox):
    """Is drawn by the style sheet, but for its arrow."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.color("muted" if self.isEnabled() else "faint"), 1.5))
        tip = QPointF(self.width() - _FROM_THE_RIGHT_PX, (self.height() + ARROW_PX) / 2)
        ends = (tip + QPointF(side * ARROW_PX, -ARROW_PX) for side in (-1, 1))
        left, right = ends
        painter.drawPolyline([left, tip, right])
        painter.end()
