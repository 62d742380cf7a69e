"""A card: one question, its key figures, and the body that answers it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from desktop_app.theme import Theme
from desktop_app.widgets.card_header import CardHeader, Figure


class Card(QFrame):
    """A surface with a title, a hint, figures at the right, and room below. Tab reaches it."""

    def __init__(self, theme: Theme, title: str, hint: str = "") -> None:
        super().__init__()
        self.setObjectName("card")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(title)
        self._header = CardHeader(theme, title, hint)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(14, 5, 14, 10)
        self.body.setSpacing(2)
        self.body.addWidget(self._header)

    @property
    def hint(self) -> str:
        return self._header.hint

    @property
    def figures(self) -> tuple[Figure, ...]:
        return self._header.figures

    def set_hint(self, text: str, *, stays: bool = False) -> None:
        """Say in a few words what the card shows, or why it cannot: that `stays` in any case."""
        self._header.show_hint(text, stays=stays)

    def show_figures(self, *figures: Figure) -> None:
        """Show the values that answer the question in short."""
        self._header.show_figures(*figures)

    def set_summary(self, text: str) -> None:
        """Give the sentence that a screen reader says about the card."""
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)

    def add(self, widget: QWidget, stretch: int = 0) -> None:
        """Put a widget below what is there."""
        self.body.addWidget(widget, stretch)
