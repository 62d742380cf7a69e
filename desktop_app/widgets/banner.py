"""A message across the window that stays until it is dismissed or no longer true."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.painted import Painted
from desktop_app.widgets.sign import paint_sign

SIGN_PX = 12


class Banner(QFrame):
    """Shows what has gone wrong and what to do about it; hidden while there is nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._text = QLabel()
        # It shows paths and what others have written, where a < is only a <.
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        dismiss = QPushButton("Dismiss")
        dismiss.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 8, 14, 8)
        row.setSpacing(10)
        row.addWidget(_Sign(theme))
        row.addWidget(self._text, 1)
        row.addWidget(dismiss)
        self.hide()

    @property
    def text(self) -> str:
        return self._text.text()

    def show_text(self, text: str | None) -> None:
        """Show a message, or nothing."""
        self._text.setText(text or "")
        self.setAccessibleName(text or "")
        self.setVisible(bool(text))

    def take_back(self, text: str) -> None:
        """Hide a message that is no longer true; another one stays."""
        if text == self.text:
            self.show_text(None)


class _Sign(Painted):
    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, height_px=SIGN_PX)
        self.setFixedWidth(SIGN_PX)

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = self.begin()
        paint_sign(painter, self.rect().toRectF(), Level.BAD, self.theme)
        painter.end()
