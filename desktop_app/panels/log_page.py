"""The log page: all lines of the log with filters and search, and the details of one."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
)

from desktop_app.log_capture import LogCapture
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.wording import grouped
from desktop_app.panels.log_model import NAMES, LogModel, in_words, level_name
from desktop_app.panels.page import Page
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card

DETAILS_HEIGHT_PX = 190


class LogPage(Page):
    """Follows the log until somebody scrolls up; then it waits."""

    def __init__(self, theme: Theme, capture: LogCapture) -> None:
        super().__init__("Log")
        self._capture = capture
        self._taken = 0
        self.model = LogModel(theme, self)
        self.view = _new_view(self.model)
        self.view.selectionModel().currentChanged.connect(self._show_details)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search in the log")
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(240)
        self.search.textChanged.connect(self._filter)
        self.levels = {name: _level_button(name) for name in NAMES}
        for button in self.levels.values():
            button.toggled.connect(self._filter)
        self._details = QPlainTextEdit()
        self._details.setReadOnly(True)
        self._details.setAccessibleName("Details of the chosen line")
        self._details.setFixedHeight(DETAILS_HEIGHT_PX)
        self._details.hide()
        self._lay_out(theme)
        self._filter()

    def _lay_out(self, theme: Theme) -> None:
        filters = QFrame()
        filters.setObjectName("filters")
        row = QHBoxLayout(filters)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in self.levels.values():
            row.addWidget(button)
        row.addStretch()
        row.addWidget(self.search)
        card = Card(theme, "Log", "newest at the bottom")
        card.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        card.add(self.view, 1)
        card.add(self._details)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 14)
        layout.setSpacing(6)
        layout.addWidget(filters)
        layout.addWidget(card, 1)

    def draw(self, at: float, reading: Reading) -> None:
        """Take over what was logged since the last time."""
        if self._capture.count == self._taken:
            return
        bar = self.view.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - bar.singleStep()
        lines = self._capture.since(self._taken)
        self._taken = lines[-1].number if lines else self._taken
        self.model.append(lines)
        if follows:
            self.view.scrollToBottom()

    def show_reading(self, reading: Reading) -> None:
        counts = dict.fromkeys(NAMES, 0)
        for level, count in self._capture.counts.copy().items():
            counts[level_name(level)] += count
        for name, button in self.levels.items():
            text = f"{name} {grouped(counts[name])}"
            if text != button.text():
                button.setText(text)

    def _filter(self) -> None:
        wanted = frozenset(name for name, button in self.levels.items() if button.isChecked())
        self.model.set_filter(wanted, self.search.text())
        # All rows are new, and none of them is chosen; the view does not tell of that.
        self._show_details(self.view.currentIndex())
        self.view.scrollToBottom()

    def _show_details(self, current: QModelIndex) -> None:
        details = ""
        if current.isValid():
            line = self.model.line(current.row())
            many = "\n" in line.text or line.details
            details = f"{line.text}\n{line.details}".strip() if many else ""
        self._details.setPlainText(details)
        self._details.setVisible(bool(details))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            chosen = sorted(index.row() for index in self.view.selectedIndexes())
            text = "\n".join(in_words(self.model.line(row)) for row in chosen)
            QGuiApplication.clipboard().setText(text)
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus()
        else:
            super().keyPressEvent(event)


def _new_view(model: LogModel) -> QListView:
    view = QListView()
    view.setObjectName("log")
    view.setAccessibleName("Lines of the log")
    view.setModel(model)
    view.setUniformItemSizes(True)
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setTextElideMode(Qt.TextElideMode.ElideRight)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return view


def _level_button(name: str) -> QPushButton:
    button = QPushButton(name)
    button.setCheckable(True)
    button.setChecked(name != "debug")
    button.setAccessibleName(f"Show {name} lines")
    return button
