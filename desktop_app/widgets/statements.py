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


class Statements(Painted):
    """Shows up to so many statements; longer ones are cut short and told in full by the tooltip."""

    def __init__(self, theme: Theme, name: str, lines: int) -> None:
        self._line_px = theme.font_px + 14
        super().__init__(theme, height_px=lines * self._line_px)
        self._name = name
        self._lines = lines
        self.shown: tuple[tuple[Level, str], ...] = ()

    def show_statements(self, *statements: tuple[Level, str]) -> None:
        """Show these, and repaint only if they are others than before."""
        shown = statements[: self._lines]
        if shown != self.shown:
            self.shown = shown
            text = "\n".join(text for _, text in shown)
            self.setToolTip(text)
            self.setAccessibleName(f"{self._name}: {text}")
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        ascent = QFontMetrics(self.theme.font).ascent()
        for number, (level, text) in enumerate(self.shown):
            middle = (number + 0.5) * self._line_px
            paint_sign(
                painter, QRectF(1, middle - SIGN_PX / 2, SIGN_PX, SIGN_PX), level, self.theme
            )
            draw_elided(
                painter,
                INDENT_PX,
                middle + ascent / 2 - 1,
                self.width() - INDENT_PX,
                text,
                self.theme.color("text"),
                self.theme.font,
            )
        painter.end()
