"""One statement of the status strip: a sign, a bold line and a quiet one below it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided
from desktop_app.widgets.sign import paint_sign

SIGN_PX = 11
GAP_PX = 9


@dataclass(frozen=True, slots=True)
class Room:
    """The longest lines a cell is made for: those that must fit, and those that should."""

    needed: tuple[str, ...]
    headlines: tuple[str, ...]
    details: tuple[str, ...] = ()


class StripCell(Painted):
    """Shows a level and two lines; a headline that does not fit gives way to a shorter one."""

    def __init__(self, theme: Theme, name: str, room: Room) -> None:
        super().__init__(theme, height_px=2 * theme.font_px + 14)
        self._name = name
        self._shown = (Level.UNKNOWN, "", "", "")
        self._bold = QFontMetrics(theme.bold)
        small = QFontMetrics(theme.sized(-1))
        needed_px = max(map(self._bold.horizontalAdvance, room.needed))
        headline_px = max(map(self._bold.horizontalAdvance, room.headlines))
        details_px = max(map(small.horizontalAdvance, room.details), default=0)
        self._width_px = SIGN_PX + GAP_PX + max(needed_px, headline_px, details_px) + 4
        self._width_px_min = SIGN_PX + GAP_PX + needed_px + 4
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_lines(self, level: Level, headline: str, details: str, shorter: str = "") -> None:
        """Show this, and repaint only if it is something else than before.

        `shorter` says as much as the headline where there is no room for that.
        """
        shown = (level, headline, details, shorter)
        if shown == self._shown:
            return
        self._shown = shown
        self.setAccessibleName(f"{self._name}: {headline}, {details}")
        self.setToolTip(f"{headline}\n{details}")
        self.update()

    @property
    def headline(self) -> str:
        return self._shown[1]

    @property
    def details(self) -> str:
        return self._shown[2]

    @property
    def level(self) -> Level:
        return self._shown[0]

    def sizeHint(self) -> QSize:
        return QSize(self._width_px, self.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(self._width_px_min, self.height())

    def paintEvent(self, _: QPaintEvent) -> None:
        level, headline, details, shorter = self._shown
        painter = self.begin()
        middle = self.height() / 2
        paint_sign(painter, QRectF(0, middle - SIGN_PX / 2, SIGN_PX, SIGN_PX), level, self.theme)
        x = SIGN_PX + GAP_PX
        width = self.width() - x
        if shorter and self._bold.horizontalAdvance(headline) > width:
            headline = shorter
        color = self.theme.color("text")
        draw_elided(painter, x, middle - 3, width, headline, color, self.theme.bold)
        small = self.theme.sized(-1)
        below = middle + self.theme.font_px + 1
        draw_elided(painter, x, below, width, details, self.theme.color("muted"), small)
        painter.end()
