"""The sign of a level: its shape and colour say the same, so that neither is needed alone."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme

OUTLINE_PX = 1.5


def paint_sign(painter: QPainter, place: QRectF, level: Level, theme: Theme) -> None:
    """Draw ● good, ▲ warn (hollow: watch), ■ bad, or a hollow ○ for what is not known."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    color = theme.level(level)
    if level in (Level.UNKNOWN, Level.WATCH):
        inset = OUTLINE_PX / 2
        place = place.adjusted(inset, inset, -inset, -inset)
        painter.setPen(QPen(color, OUTLINE_PX, j=Qt.PenJoinStyle.MiterJoin))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
    match level:
        case Level.UNKNOWN | Level.GOOD:
            painter.drawEllipse(place)
        case Level.WATCH | Level.WARN:
            top = QPointF(place.center().x(), place.top())
            painter.drawPolygon(QPolygonF([top, place.bottomRight(), place.bottomLeft()]))
        case Level.BAD:
            painter.drawRect(place)
    painter.restore()
