"""The head of a card: its title, what it shows, and key figures in monospaced text at the right."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided
from desktop_app.widgets.sign import paint_sign

GAP_CHARACTERS = 3
GAP_PX = 8
SIGN_PX = 8
SIGN_GAP_PX = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with its name and unit: p95 4.1 ms, 41 urgent."""

    name: str
    value: str
    unit: str = ""
    level: Level = Level.GOOD
    value_first: bool = False

    def __str__(self) -> str:
        words = (self.value, self.name) if self.value_first else (self.name, self.value)
        return " ".join(word for word in (*words, self.unit) if word)


class CardHeader(Painted):
    """Where there is no room for all, the hint goes first, then figures from the last one on."""

    def __init__(self, theme: Theme, title: str, hint: str) -> None:
        super().__init__(theme, height_px=theme.font_px + 12)
        self._metrics = QFontMetrics(theme.mono)
        self._title = title
        self.hint = hint
        self.figures: tuple[Figure, ...] = ()

    def show_hint(self, hint: str) -> None:
        """Show what the card is about, and repaint only if that is something else than before."""
        if hint != self.hint:
            self.hint = hint
            self.update()

    def show_figures(self, *figures: Figure) -> None:
        """Show these, and repaint only if they are others than before."""
        if figures != self.figures:
            self.figures = figures
            self.setAccessibleName(", ".join(map(str, figures)))
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        base = (self.height() + QFontMetrics(self.theme.bold).ascent()) / 2 - 2
        text = self.theme.color("text")
        x = draw_elided(painter, 0, base, self.width(), self._title, text, self.theme.bold) + GAP_PX
        right = self._paint_figures(painter, x, base)
        if QFontMetrics(self.theme.font).horizontalAdvance(self.hint) <= right - x:
            color = self.theme.color("muted")
            draw_elided(painter, x, base, right - x, self.hint, color, self.theme.font)
        painter.end()

    def _paint_figures(self, painter: QPainter, left: float, base: float) -> float:
        """Paint the figures that fit to the right of `left`; return where they begin."""
        fitting = self._fitting(self.width() - left)
        gap = self._metrics.horizontalAdvance("0") * GAP_CHARACTERS
        begin = x = self.width() - sum(width + gap for _, width in fitting) + gap
        painter.setFont(self.theme.mono)
        for figure, width in fitting:
            self._paint_figure(painter, figure, x, base)
            x += width + gap
        return begin - gap

    def _fitting(self, room: float) -> list[tuple[Figure, int]]:
        """Return the figures there is room for, with their widths."""
        gap = self._metrics.horizontalAdvance("0") * GAP_CHARACTERS
        fitting = []
        for figure in self.figures:
            width = self._metrics.horizontalAdvance(str(figure))
            width += SIGN_PX + SIGN_GAP_PX if figure.level > Level.GOOD else 0
            if width > room:
                break
            fitting.append((figure, width))
            room -= width + gap
        return fitting

    def _paint_figure(self, painter: QPainter, figure: Figure, x: int, base: float) -> None:
        color = self.theme.color("muted")
        if figure.level > Level.GOOD:
            middle = base - self._metrics.ascent() / 2 + 1
            place = QRectF(x, middle - SIGN_PX / 2, SIGN_PX, SIGN_PX)
            paint_sign(painter, place, figure.level, self.theme)
            color = self.theme.level(figure.level)
            x += SIGN_PX + SIGN_GAP_PX
        painter.setPen(color)
        painter.drawText(x, int(base), str(figure))
