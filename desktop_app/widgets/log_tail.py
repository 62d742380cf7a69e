"""The latest lines of the log, as many as there is room for, the newest first."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetrics, QPaintEvent

from desktop_app.log_capture import LogLine
from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided
from desktop_app.widgets.sign import paint_sign

LINES_MIN = 3
SIGN_PX = 8
SOURCE_CHARACTERS = 14


def level_of(line: LogLine) -> Level:
    """Return how serious a line of the log is."""
    if line.level >= logging.ERROR:
        return Level.BAD
    return Level.WARN if line.level >= logging.WARNING else Level.GOOD


class LogTail(Painted):
    """Shows lines without scrolling."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._line_px = theme.font_px + 7
        self._metrics = QFontMetrics(theme.mono)
        self.lines: tuple[LogLine, ...] = ()

    @property
    def room(self) -> int:
        """How many lines fit."""
        return max(1, self.height() // self._line_px)

    def sizeHint(self) -> QSize:
        return QSize(0, 8 * self._line_px)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, LINES_MIN * self._line_px)

    def show_lines(self, lines: Sequence[LogLine]) -> None:
        """Show these, the last one on top."""
        shown = tuple(reversed(lines[-self.room :]))
        if shown != self.lines:
            self.lines = shown
            self.setAccessibleName(
                "Latest lines of the log: " + "; ".join(s.text for s in shown[:3])
            )
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        character = self._metrics.horizontalAdvance("0")
        muted, text = self.theme.color("muted"), self.theme.color("text")
        for number, line in enumerate(self.lines):
            top = number * self._line_px
            base = top + (self._line_px + self._metrics.ascent()) / 2 - 1
            clock = time.strftime("%H:%M:%S", time.localtime(line.at))
            draw_elided(painter, 0, base, 10 * character, clock, muted, self.theme.mono)
            x, room = 12 * character, SOURCE_CHARACTERS * character
            draw_elided(painter, x, base, room, line.source, muted, self.theme.mono)
            x += room + character
            level = level_of(line)
            if level > Level.GOOD:
                middle = top + self._line_px / 2
                place = QRectF(x, middle - SIGN_PX / 2, SIGN_PX, SIGN_PX)
                paint_sign(painter, place, level, self.theme)
                x += SIGN_PX + 6
            color = text if level is Level.GOOD else self.theme.level(level)
            draw_elided(painter, x, base, self.width() - x, line.text, color, self.theme.mono)
        painter.end()
