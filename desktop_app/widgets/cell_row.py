"""Cells side by side with a line after each; where there is no room some give way before others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from desktop_app.widgets.strip_cell import StripCell

GAP_PX = 10
LINE_PX = 1
MARGIN_PX = 2


class CellRow(QWidget):
    """Gives each cell the width it likes, or takes what is missing from those that give way first.

    A layout of Qt's takes the same from each, and cuts short what matters most.
    """

    def __init__(self, cells: Sequence[StripCell], giving_way: Sequence[StripCell]) -> None:
        super().__init__()
        self._cells = tuple(cells)
        self._giving_way = tuple(giving_way)
        self._lines = tuple(QFrame(self) for _ in cells)
        for line in self._lines:
            line.setObjectName("separator")
        for cell in cells:
            cell.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        return self._size([cell.sizeHint() for cell in self._cells])

    def minimumSizeHint(self) -> QSize:
        return self._size([cell.minimumSizeHint() for cell in self._cells])

    def _size(self, sizes: list[QSize]) -> QSize:
        height = max(size.height() for size in sizes)
        return QSize(sum(size.width() for size in sizes) + self._between_px, height)

    @property
    def _between_px(self) -> int:
        return len(self._cells) * (2 * GAP_PX + LINE_PX) - GAP_PX

    def resizeEvent(self, _: QResizeEvent) -> None:
        x = 0
        for cell, line, width in zip(self._cells, self._lines, self._widths(), strict=True):
            cell.setGeometry(x, (self.height() - cell.height()) // 2, width, cell.height())
            x += width + GAP_PX
            line.setGeometry(x, MARGIN_PX, LINE_PX, self.height() - 2 * MARGIN_PX)
            x += LINE_PX + GAP_PX

    def _widths(self) -> list[int]:
        widths = {cell: cell.sizeHint().width() for cell in self._cells}
        missing = sum(widths.values()) + self._between_px - self.width()
        least = {cell: cell.minimumSizeHint().width() for cell in self._cells}
        # A window that is narrower than may be cuts short the same ones.
        for floor in (least, dict.fromkeys(self._cells, 0)):
            for cell in self._giving_way:
                given = max(0, min(missing, widths[cell] - floor[cell]))
                widths[cell] -= given
                missing -= given
        return [widths[cell] for cell in self._cells]
