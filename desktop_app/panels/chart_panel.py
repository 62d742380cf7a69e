"""What all cards of the inspect page have in common: when they draw and what they say."""

from __future__ import annotations

import math

from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import warming_up
from desktop_app.monitor.trail import Trail
from desktop_app.monitor.wording import duration
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.chart import Chart

# A chart is drawn when a new column begins, and at least this often while there is something new.
SLOWEST_DRAW_S = 1.0
# Where so many samples are missing nothing was measured.
GAP_PERIODS = 3


class InspectPanel(Card):
    """A card about a stretch of time."""

    def __init__(self, theme: Theme, monitor: Monitor, title: str, hint: str) -> None:
        super().__init__(theme, title, hint)
        self.monitor = monitor
        self._base_hint = hint

    def set_span(self, span_s: float) -> None:
        """Show so many seconds from now on."""

    def begin_anew(self) -> None:
        """Forget what belongs to the world's last run."""

    def draw(self, at: float, stretch: Stretch) -> bool:
        """Draw what is new, if it is time to; return whether that was done."""
        return False

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        """Show the key figures of the stretch."""
        raise NotImplementedError

    def set_state(self, reading: Reading) -> None:
        """Say it where the card does not show the present."""
        state = _state(reading)
        self.set_hint(state or self._base_hint, stays=bool(state))


def _state(reading: Reading) -> str:
    if not reading.running:
        return reading.state.value
    if reading.stale:
        return "stale"
    return warming_up(reading) if reading.ticks.warming_up else ""


class ChartPanel(InspectPanel):
    """A card whose body is a chart."""

    def __init__(self, theme: Theme, monitor: Monitor, title: str, hint: str) -> None:
        super().__init__(theme, monitor, title, hint)
        self.chart = Chart(theme)
        self.chart.setAccessibleName(title)
        self.add(self.chart, 1)
        self._drawn: tuple[float, ...] = ()
        self._next_draw = 0.0

    def set_span(self, span_s: float) -> None:
        self.chart.set_span(span_s)
        self._draw_again()

    def begin_anew(self) -> None:
        self._draw_again()

    def _draw_again(self) -> None:
        self._next_draw = 0.0
        self._drawn = ()

    def set_summary(self, text: str) -> None:
        super().set_summary(text)
        self.chart.setAccessibleDescription(text)

    def set_state(self, reading: Reading) -> None:
        super().set_state(reading)
        self.chart.set_known(reading.running and not reading.stale)
        since = self._trail.complete_since if self.chart.known_since is not None else None
        if since is not None and self.hint == self._base_hint:
            self.set_hint(f"{self._base_hint}, kept for {duration(reading.at - since)}")

    def draw(self, at: float, stretch: Stretch) -> bool:
        """Draw the stretch, unless it was drawn a moment ago or would look the same."""
        newest = self._trail.last_at
        shown_until = stretch.until if newest is None else min(newest, stretch.until)
        edge = stretch.edge(self.slot_s)
        looks = (edge, shown_until, self.chart.width(), self.chart.height())
        same_column = self._drawn[:1] == looks[:1]
        if looks == self._drawn or (same_column and at < self._next_draw):
            return False
        self._drawn = looks
        self._next_draw = at + SLOWEST_DRAW_S
        self._draw(stretch, edge)
        since = self._kept_since
        self.chart.set_known_since(None if since is None else since - edge)
        return True

    @property
    def _kept_since(self) -> float | None:
        """When what is kept begins to be whole columns; None where nothing is missing."""
        since = self._trail.complete_since
        return None if since is None else math.ceil(since / self.slot_s) * self.slot_s

    @property
    def slot_s(self) -> float:
        """The width in seconds of what is drawn: a column, or a wider bar."""
        return self.chart.column_width_s

    @property
    def _trail(self) -> Trail:
        """The samples that are drawn."""
        raise NotImplementedError

    def _draw(self, stretch: Stretch, edge: float) -> None:
        """Draw the stretch; `edge` is the instant at the right end of the axis."""
        raise NotImplementedError
