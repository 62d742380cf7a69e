"""A line of small, quiet text that may change often."""

from __future__ import annotations

from PySide6.QtGui import QFontMetrics, QPaintEvent

from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided


class QuietLine(Painted):
    """Shows one line, cut short where it does not fit."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__(theme, height_px=theme.font_px + 6)
        self._name = name
        self._text = ""

    @property
    def text(self) -> str:
        return self._text

    def show_text(self, text: str) -> None:
        """Show this, and repaint only if it is something else than before."""
        if text != self._text:
            self._text = text
            self.setAccessibleName(f"{self._name}: {text}")
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        font = self.theme.sized(-1)
        baseline = (self.height() + QFontMetrics(font).ascent()) / 2 - 1
        color = self.theme.color("muted")
        draw_elided(painter, 1, baseline, self.width() - 2, self._text, color, font)
        painter.end()
