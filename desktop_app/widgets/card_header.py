"""The head of a card: its title, what it shows, and key figures in monospaced text at the right."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    """A value with its name and unit: p95 4.1 ms, 41 urgent.

    `shares` is a unit that another figure shows for this one, as long as that one is shown.
    """

    name: str
    value: str
    unit: str = ""
    level: Level = Level.GOOD
    value_first: bool = False
    shares: str = ""

    def __str__(self) -> str:
        words = (self.value, self.name) if self.value_first else (self.name, self.value)
        return " ".join(word for word in (*words, self.unit) if word)


class CardHeader(Painted):
    """Where there is no room for all, the hint goes first, then figures from the last one on.

    Those that warn stay longest, and so does a hint that says that nothing here is the present.
    """

    def __init__(self, theme: Theme, title: str, hint: str) -> None:
        super().__init__(theme, height_px=theme.font_px + 12)
        self._metrics = QFontMetrics(theme.mono)
        self._title = title
        self.hint = hint
        self._hint_stays = False
        self.figures: tuple[Figure, ...] = ()

    def show_hint(self, hint: str, *, stays: bool = False) -> None:
        """Show what the card is about, and repaint only if that is something else than before.

        One that `stays` comes before all figures.
        """
        if (hint, stays) != (self.hint, self._hint_stays):
            self.hint, self._hint_stays = hint, stays
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
        hint_px = QFontMetrics(self.theme.font).horizontalAdvance(self.hint)
        reserved = hint_px + GAP_PX if self._hint_stays else 0
        room = self.width() - reserved
        x = draw_elided(painter, 0, base, room, self._title, text, self.theme.bold) + GAP_PX
        right = self._paint_figures(painter, x + reserved, base)
        if self._hint_stays or hint_px <= right - x:
            color = self.theme.color("muted")
            draw_elided(painter, x, base, self.width() - x, self.hint, color, self.theme.font)
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
        """Return the figures there is room for, with their widths; the worst come first to it."""
        gap = self._metrics.horizontalAdvance("0") * GAP_CHARACTERS
        numbers = range(len(self.figures))
        by_weight = sorted(numbers, key=lambda n: -max(Level.GOOD, self.figures[n].level))
        for count in range(len(by_weight), 0, -1):
            shown = _with_units([self.figures[number] for number in sorted(by_weight[:count])])
            widths = [self._width(figure) for figure in shown]
            if sum(widths) + gap * (count - 1) <= room:
                return list(zip(shown, widths, strict=True))
        return []

    def _width(self, figure: Figure) -> int:
        sign = SIGN_PX + SIGN_GAP_PX if figure.level > Level.GOOD else 0
        return self._metrics.horizontalAdvance(str(figure)) + sign

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


def _with_units(figures: list[Figure]) -> list[Figure]:
    """Give the last figure that shares a unit that unit where none is left that shows it."""
    shown = {figure.unit for figure in figures}
    for place in reversed(range(len(figures))):
        unit = figures[place].shares
        if unit and unit not in shown:
            figures[place] = replace(figures[place], unit=unit)
            shown.add(unit)
    return figures
