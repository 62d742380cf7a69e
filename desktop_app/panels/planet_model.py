"""The world's planets as a table that knows only the rows somebody looks at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import shiboken6
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from core.queries import ListWorldPlanets, WorldPlanet, WorldPlanets
from desktop_app.monitor.levels import Level
from desktop_app.monitor.wording import grouped
from desktop_app.theme import Theme

AnyIndex = QModelIndex | QPersistentModelIndex
NO_INDEX = QModelIndex()
Ask = Callable[[ListWorldPlanets], "Future[Any]"]

PAGE_ROWS_MAX = 100
ROWS_KEPT_MAX = 2_000

HEADERS = (
    "planet",
    "owner",
    "coordinates",
    "metal",
    "crystal",
    "deuterium",
    "levels",
    "queue",
    "on disk",
)
AT_THE_RIGHT = frozenset((3, 4, 5, 6, 7, 8))
ON_DISK = {"": "kept", "waiting": "to write", "urgent": "at risk", "set aside": "refused"}


class PlanetModel(QAbstractTableModel):
    """As many rows as the world has planets; those asked for are filled in when they arrive."""

    # From the simulation thread to this one.
    _answered = Signal(object)

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._total = 0
        self._rows: OrderedDict[int, WorldPlanet] = OrderedDict()
        self._pending: Future[Any] | None = None
        self._pending_first = 0
        self._answered.connect(self._take_answer)

    # Rows --------------------------------------------------------------------------------------

    @property
    def waiting(self) -> bool:
        """True while rows have been asked for and not arrived."""
        return self._pending is not None

    def request(self, ask: Ask, first: int, last: int) -> None:
        """Ask for these rows; without effect while an earlier request has no answer."""
        if self._pending is not None:
            return
        first = max(0, first)
        limit = min(max(1, last - first + 1), PAGE_ROWS_MAX)
        self._pending_first = first
        self._pending = ask(ListWorldPlanets(limit, first))
        # Called on the simulation thread, or at once.
        self._pending.add_done_callback(self._post)

    def _post(self, future: Future[Any]) -> None:
        if shiboken6.isValid(self):
            self._answered.emit(future)

    def _take_answer(self, future: Future[Any]) -> None:
        if future is not self._pending:
            return
        self._pending = None
        if future.cancelled() or future.exception() is not None:
            return
        answer = future.result()
        if isinstance(answer, WorldPlanets):
            self._resize(answer.total)
            self._fill(self._pending_first, answer.planets)

    def clear(self) -> None:
        """Forget all rows: the world they belong to is gone."""
        self._pending = None
        self._resize(0)

    def _resize(self, total: int) -> None:
        if total > self._total:
            self.beginInsertRows(NO_INDEX, self._total, total - 1)
            self._total = total
            self.endInsertRows()
        elif total < self._total:
            self.beginRemoveRows(NO_INDEX, total, self._total - 1)
            self._total = total
            for row in [row for row in self._rows if row >= total]:
                del self._rows[row]
            self.endRemoveRows()

    def _fill(self, first: int, planets: tuple[WorldPlanet, ...]) -> None:
        for row, planet in enumerate(planets, start=first):
            self._rows[row] = planet
            self._rows.move_to_end(row)
        while len(self._rows) > ROWS_KEPT_MAX:
            self._rows.popitem(last=False)
        if planets:
            last = self.index(first + len(planets) - 1, len(HEADERS) - 1)
            self.dataChanged.emit(self.index(first, 0), last)

    def planet(self, row: int) -> WorldPlanet | None:
        """Return what is known of a row."""
        return self._rows.get(row)

    # Qt's view of it ---------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: AnyIndex = NO_INDEX) -> int:
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return HEADERS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        planet = self._rows.get(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return "…" if planet is None else _cell(planet, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(planet, index.column())
        return None

    def _color(self, planet: WorldPlanet | None, column: int) -> Any:
        if planet is None:
            return self._theme.color("muted")
        if HEADERS[column] != "on disk":
            return None
        if planet.unsaved in ("urgent", "set aside"):
            return self._theme.level(Level.WARN)
        return self._theme.color("text" if planet.unsaved else "muted")


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in AT_THE_RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _cell(planet: WorldPlanet, column: int) -> str:
    summary = planet.summary
    match column:
        case 0:
            return summary.name
        case 1:
            return planet.owner_name
        case 2:
            return ":".join(map(str, summary.coordinates))
        case 3 | 4 | 5:
            return grouped(int(summary.amounts[column - 3]))
        case 6:
            return grouped(planet.levels_total)
        case 7:
            return str(planet.queue_length or "")
        case _:
            return ON_DISK[planet.unsaved]
