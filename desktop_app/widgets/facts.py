"""Names and values in two columns."""

from __future__ import annotations

from PySide6.QtGui import QFontMetrics, QPaintEvent

from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided

NAME_SHARE = 0.46


class Facts(Painted):
    """Shows names on the left and values beside them, a line each."""

    def __init__(self, theme: Theme, name: str, lines: int) -> None:
        self._line_px = theme.font_px + 13
        super().__init__(theme, height_px=lines * self._line_px)
        self._name = name
        self.facts: dict[str, str] = {}

    def show_facts(self, facts: dict[str, str]) -> None:
        """Show these, and repaint only if they are others than before."""
        if facts != self.facts:
            self.facts = facts
            lines = [f"{name}: {value}" for name, value in facts.items()]
            self.setAccessibleName(f"{self._name}, {', '.join(lines)}")
            self.setToolTip("\n".join(lines))
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        metrics = QFontMetrics(self.theme.font)
        split = self.width() * NAME_SHARE
        for number, (name, value) in enumerate(self.facts.items()):
            top = number * self._line_px
            if number:
                painter.fillRect(0, top, self.width(), 1, self.theme.color("border"))
            base = top + (self._line_px + metrics.ascent()) / 2 - 1
            muted = self.theme.color("muted")
            draw_elided(painter, 0, base, split - 8, name, muted, self.theme.font)
            room = self.width() - split
            draw_elided(
                painter, split, base, room, value, self.theme.color("text"), self.theme.font
            )
        painter.end()
