"""A bar of parts that follow one another, with their names and values below."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent

from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided

BAR_PX = 8
GAP_PX = 2
SWATCH_PX = 7
GAP_MIN_PX, GAP_MAX_PX = 8, 28


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the whole: its size, its colour by name, and what is written about it."""

    size: float
    color: str
    text: str


class StackedBar(Painted):
    """Shows parts of a whole to scale; `caption` comes first in the line below."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, height_px=BAR_PX + theme.font_px + 16)
        self._metrics = QFontMetrics(theme.mono)
        self._shown: tuple[str, tuple[Part, ...]] = ("", ())

    def show_parts(self, caption: str, parts: tuple[Part, ...]) -> None:
        """Show these, and repaint only if they are others than before."""
        if (caption, parts) != self._shown:
            self._shown = (caption, parts)
            self.setAccessibleName(", ".join([caption, *(part.text for part in parts)]))
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        caption, parts = self._shown
        painter = self.begin()
        painter.setPen(Qt.PenStyle.NoPen)
        self._paint_bar(painter, parts)
        self._paint_line(painter, caption, parts)
        painter.end()

    def _paint_bar(self, painter: QPainter, parts: tuple[Part, ...]) -> None:
        whole = sum(part.size for part in parts)
        room = self.width() - GAP_PX * (len(parts) - 1)
        x = 0.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not whole:
            painter.setBrush(self.theme.color("border"))
            painter.drawRoundedRect(QRectF(0, 2, self.width(), BAR_PX), 2, 2)
        for part in parts if whole else ():
            width = room * part.size / whole
            painter.setBrush(self.theme.color(part.color))
            painter.drawRoundedRect(QRectF(x, 2, max(width, 1.0), BAR_PX), 2, 2)
            x += width + GAP_PX
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)

    def _paint_line(self, painter: QPainter, caption: str, parts: tuple[Part, ...]) -> None:
        painter.setFont(self.theme.mono)
        baseline = self.height() - 6
        widths = [self._metrics.horizontalAdvance(part.text) + SWATCH_PX + 5 for part in parts]
        room = self.width() - sum(widths) - GAP_MIN_PX * len(parts)
        if self._metrics.horizontalAdvance(caption) > room:
            caption = ""
        muted = self.theme.color("muted")
        x = draw_elided(painter, 0, baseline, room, caption, muted, self.theme.mono)
        gap = min(GAP_MAX_PX, GAP_MIN_PX + (room - x) / max(1, len(parts)))
        for part, width in zip(parts, widths, strict=True):
            x += gap
            swatch = QRectF(x, baseline - SWATCH_PX, SWATCH_PX, SWATCH_PX)
            painter.fillRect(swatch, self.theme.color(part.color))
            painter.drawText(int(x + SWATCH_PX + 5), baseline, part.text)
            x += width
