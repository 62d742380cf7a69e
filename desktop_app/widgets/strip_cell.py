"""One statement of the status strip: a sign, a bold line and a quiet one below it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QSizePolicy

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted, draw_elided
from desktop_app.widgets.sign import paint_sign

SIGN_PX = 11
GAP_PX = 9


class StripCell(Painted):
    """Shows a level and two lines; `widest` are lines that should fit, `tight` is one that must."""

    def __init__(self, theme: Theme, name: str, widest: tuple[str, str], tight: str) -> None:
        super().__init__(theme, height_px=2 * theme.font_px + 14)
        self._name = name
        self._shown = (Level.UNKNOWN, "", "")
        bold, small = QFontMetrics(theme.bold), QFontMetrics(theme.sized(-1))
        headline, details = widest
        wide = max(bold.horizontalAdvance(headline), small.horizontalAdvance(details))
        self._width_px = SIGN_PX + GAP_PX + wide + 4
        self._width_px_min = SIGN_PX + GAP_PX + bold.horizontalAdvance(tight) + 4
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def show_lines(self, level: Level, headline: str, details: str) -> None:
        """Show this, and repaint only if it is something else than before."""
        shown = (level, headline, details)
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
        level, headline, details = self._shown
        painter = self.begin()
        middle = self.height() / 2
        paint_sign(painter, QRectF(0, middle - SIGN_PX / 2, SIGN_PX, SIGN_PX), level, self.theme)
        x = SIGN_PX + GAP_PX
        width = self.width() - x
        color = self.theme.color("text")
        draw_elided(painter, x, middle - 3, width, headline, color, self.theme.bold)
        small = self.theme.sized(-1)
        below = middle + self.theme.font_px + 1
        draw_elided(painter, x, below, width, details, self.theme.color("muted"), small)
        painter.end()
