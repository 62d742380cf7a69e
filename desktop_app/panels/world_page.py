"""The world page: all planets, and which of them are not on disk yet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QVBoxLayout

from desktop_app.application import Host
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.wording import age, counted
from desktop_app.panels.page import Page
from desktop_app.panels.planet_model import PlanetModel
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card

REFRESH_INTERVAL_S = 1.0


class WorldPage(Page):
    """Asks for the rows in sight, and for no others."""

    def __init__(self, theme: Theme, host: Host) -> None:
        super().__init__("World")
        self._host = host
        self._next_request = 0.0
        self.model = PlanetModel(theme, self)
        self.card = Card(theme, "Planets")
        self.card.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.view = _new_view(self.model, theme)
        self.view.verticalScrollBar().valueChanged.connect(self._on_scroll)
        self.card.add(self.view, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.addWidget(self.card)

    def _on_scroll(self) -> None:
        # New rows come with the next refresh.
        self._next_request = 0.0

    def begin_anew(self) -> None:
        self.model.clear()

    def show_reading(self, reading: Reading) -> None:
        if not reading.running:
            self.model.clear()
            self.card.set_hint("the world is not running")
        elif not reading.world.planets:
            self.card.set_hint("none yet; a player who registers gets the first one")
        else:
            planets = counted(self.model.rowCount(), "planet")
            ago = reading.saves.unknown_for_s
            then = "" if ago is None else f" as they were {age(ago)} ago"
            self.card.set_hint(planets + then)

    def draw(self, at: float, reading: Reading) -> None:
        """Ask for the rows in sight, once a second."""
        simulation = self._host.simulation
        if simulation is None or not reading.running or self.model.waiting:
            return
        if at < self._next_request:
            return
        self._next_request = at + REFRESH_INTERVAL_S
        self.model.request(simulation.ask, *self._rows_in_sight())

    def _rows_in_sight(self) -> tuple[int, int]:
        height = self.view.viewport().height()
        first, last = self.view.rowAt(0), self.view.rowAt(height - 1)
        first = max(first, 0)
        # More than there are: a world that has grown shows its new planets.
        rows = height // max(1, self.view.verticalHeader().defaultSectionSize()) + 1
        return first, max(last, first + rows)


def _new_view(model: PlanetModel, theme: Theme) -> QTableView:
    view = QTableView()
    view.setModel(model)
    view.setAccessibleName("Planets of the world")
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    vertical = view.verticalHeader()
    vertical.hide()
    vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    vertical.setDefaultSectionSize(theme.font_px + 15)
    horizontal = view.horizontalHeader()
    horizontal.setHighlightSections(False)
    horizontal.setSectionsClickable(False)
    horizontal.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    return view
