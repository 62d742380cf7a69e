"""The lines of the log that pass a filter, as a list for a view."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop_app.log_capture import LINES_MAX, LogLine
from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.log_tail import level_of

AnyIndex = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()
SOURCE_CHARACTERS = 22


class LogModel(QAbstractListModel):
    """Lines of at least a level, and of a level that is wanted, that contain a text."""

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all: list[LogLine] = []
        self._lines: list[LogLine] = []
        self.wanted: frozenset[str] = frozenset(NAMES)
        self.text = ""

    # Lines -------------------------------------------------------------------------------------

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end; the oldest ones go when there are too many."""
        self._all += lines
        del self._all[:-LINES_MAX]
        passing = [line for line in lines if self.passes(line)]
        if passing:
            first = len(self._lines)
            self.beginInsertRows(NO_INDEX, first, first + len(passing) - 1)
            self._lines += passing
            self.endInsertRows()
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        surplus = len(self._lines) - LINES_MAX
        if surplus > 0:
            self.beginRemoveRows(NO_INDEX, 0, surplus - 1)
            del self._lines[:surplus]
            self.endRemoveRows()

    def set_filter(self, wanted: frozenset[str], text: str) -> None:
        """Show only lines of these levels, by name, that contain a text."""
        self.beginResetModel()
        self.wanted, self.text = wanted, text.casefold()
        self._lines = [line for line in self._all if self.passes(line)]
        self.endResetModel()

    def passes(self, line: LogLine) -> bool:
        """Return whether a line is shown."""
        if level_name(line.level) not in self.wanted:
            return False
        return not self.text or self.text in f"{line.source} {line.text}".casefold()

    def line(self, row: int) -> LogLine:
        return self._lines[row]

    # Qt's view of it ---------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return in_words(line)
        if role == Qt.ItemDataRole.ForegroundRole:
            level = level_of(line)
            if line.level < logging.INFO:
                return self._theme.color("muted")
            return self._theme.color("text") if level is Level.GOOD else self._theme.level(level)
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.details or None
        return None


NAMES = ("debug", "info", "warning", "error")


def level_name(level: int) -> str:
    """Return under which name a level of logging is counted."""
    bounds = (logging.INFO, logging.WARNING, logging.ERROR)
    return NAMES[sum(level >= bound for bound in bounds)]


def in_words(line: LogLine) -> str:
    """Return a line as one line of text."""
    clock = time.strftime("%H:%M:%S", time.localtime(line.at))
    mark = {"warning": "▲", "error": "■"}.get(level_name(line.level), " ")
    first, *more = line.text.splitlines() or [""]
    ending = " …" if more or line.details else ""
    return f"{clock} {mark} {line.source:<{SOURCE_CHARACTERS}.{SOURCE_CHARACTERS}} {first}{ending}"
