"""How friends join: the link, and who can reach it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton

from desktop_app.monitor.reading import Reading
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.quiet_line import QuietLine

# Two lines each.
LOOPBACK = (
    "Only this computer can reach it.",
    "To let friends join, start Starkeep with --host 0.0.0.0",
)
SHARED = (
    "Friends on the same network open this link in a browser.",
    "This computer's firewall must let them in.",
)
NOT_RUNNING = ("Nobody can join while the world is not running.", "")


class JoinCard(Card):
    """Shows the link in large letters, and copies it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Invite friends")
        self.link: str | None = None
        self._address = QLabel("–")
        self._address.setObjectName("address")
        self._address.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # Not a label that wraps: its height would depend on the width of the page.
        self._lines = [QuietLine(theme, "Who can join") for _ in NOT_RUNNING]
        self.copy = QPushButton("Copy link")
        self.copy.setProperty("primary", True)
        self.copy.setToolTip("Ctrl+Shift+C")
        self.copy.clicked.connect(self.copy_link)
        self._open = QPushButton("Open")
        self._open.setToolTip("Open the link in this computer's browser")
        self._open.clicked.connect(self._open_link)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.copy)
        buttons.addWidget(self._open)
        buttons.addStretch()
        self.add(self._address)
        for line in self._lines:
            self.add(line)
        self.body.addStretch()
        self.body.addLayout(buttons)
        self._offer_link()
        self._show_reach(NOT_RUNNING)

    def show_reading(self, reading: Reading) -> None:
        """Show where the host is reached, if it is."""
        link = reading.link if reading.running else None
        reach = NOT_RUNNING if link is None else LOOPBACK if reading.loopback_only else SHARED
        self.set_hint("" if link is None else _where(reading))
        self._show_reach(reach)
        if link != self.link:
            self.link = link
            self._address.setText("–" if link is None else link.removeprefix("http://"))
            self._offer_link()

    def _show_reach(self, reach: tuple[str, str]) -> None:
        for line, text in zip(self._lines, reach, strict=True):
            line.show_text(text)
        self.set_summary(" ".join(reach).strip())

    def _offer_link(self) -> None:
        self.copy.setEnabled(self.link is not None)
        self._open.setEnabled(self.link is not None)

    def copy_link(self) -> None:
        """Put the link on the clipboard."""
        if self.link is not None:
            QGuiApplication.clipboard().setText(self.link)

    def _open_link(self) -> None:
        if self.link is not None:
            QDesktopServices.openUrl(QUrl(self.link))


def _where(reading: Reading) -> str:
    return "on this computer only" if reading.loopback_only else "on this network"
