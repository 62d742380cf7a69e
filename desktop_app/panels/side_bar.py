"""The side bar: the pages of the window, and below them what the window itself costs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QVBoxLayout

from desktop_app.monitor.wording import percent
from desktop_app.theme import Theme
from desktop_app.widgets.quiet_line import QuietLine

WIDTH_PX = 142


class SideBar(QFrame):
    """Emits the number of the page that is wanted."""

    page_wanted = Signal(int)

    def __init__(self, theme: Theme, titles: Sequence[str]) -> None:
        super().__init__()
        self.setObjectName("sideBar")
        self.setFixedWidth(WIDTH_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 14, 10, 12)
        layout.setSpacing(2)
        self._buttons = QButtonGroup(self)
        for number, title in enumerate(titles):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setToolTip(f"Ctrl+{number + 1}")
            self._buttons.addButton(button, number)
            layout.addWidget(button)
        self._buttons.idClicked.connect(self.page_wanted)
        layout.addStretch()
        self._cost = QuietLine(theme, "The window's own cost")
        layout.addWidget(self._cost)

    def set_page(self, number: int) -> None:
        """Mark the page in sight."""
        self._buttons.button(number).setChecked(True)

    def show_cost(self, share: float | None) -> None:
        """Show which share of one core refreshing and painting the window takes."""
        self._cost.show_text("" if share is None else f"window {percent(share)} CPU")
