"""A few statements below one another, each with the sign of its level."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetrics, QPaintEvent

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided
from desktop_app.widgets.sign import paint_sign

SIGN_PX = 11
INDENT_PX = 20
MORE_GAP_PX = 14


class Statements(Painted):
    """Shows up to so many statements; the tooltip tells all of them, and in full."""

    def __init__(self, theme: Theme, name: str, lines: int) -> None:
        self._line_px = theme.font_px + 14
        super().__init__(theme, height_px=lines * self._line_px)
        self._name = name
        self._lines = lines
        self.shown: tuple[tuple[Level, str], ...] = ()
        self.more = ""  # how many there are besides
        self._all: tuple[tuple[Level, str], ...] = ()

    def show_statements(self, *statements: tuple[Level, str]) -> None:
        """Show these, and repaint only if they are others than before."""
        if statements != self._all:
            self._all, self.shown = statements, statements[: self._lines]
            more = len(statements) - len(self.shown)
            self.more = f"and {more} more" if more else ""
            text = "\n".join(text for _, text in statements)
            self.setToolTip(text)
            self.setAccessibleName(f"{self._name}: {text}")
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        metrics = QFontMetrics(self.theme.font)
        ascent = metrics.ascent()
        for number, (level, text) in enumerate(self.shown):
            middle = (number + 0.5) * self._line_px
            paint_sign(
                painter, QRectF(1, middle - SIGN_PX / 2, SIGN_PX, SIGN_PX), level, self.theme
            )
            base = middle + ascent / 2 - 1
            right = float(self.width())
            if self.more and number == self._lines - 1:
                right -= metrics.horizontalAdvance(self.more)
                painter.setFont(self.theme.font)
                painter.setPen(self.theme.color("muted"))
                painter.drawText(int(right), int(base), self.more)
                right -= MORE_GAP_PX
            color = self.theme.color("text")
            room = right - INDENT_PX
            draw_elided(painter, INDENT_PX, base, room, text, color, self.theme.font)
        painter.end()
