"""A page of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from desktop_app.monitor.reading import Reading


class Page(QWidget):
    """Something the side bar leads to. Only the page in sight is asked to show anything."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_reading(self, reading: Reading) -> None:
        """Show the host's figures; called about twice a second."""

    def draw(self, at: float, reading: Reading) -> None:
        """Draw what is new; called at each refresh, with the latest reading."""

    def begin_anew(self) -> None:
        """Forget what belongs to the world's last run: the host has started it again."""


def scrolling(inner: QWidget) -> QScrollArea:
    """Return an area that shows a widget whole where there is room, and scrolls where not."""
    inner.setObjectName("scrolled")
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inner)
    return area
