"""How many saves, and why? Urgent, scheduled and failed ones over time."""

from __future__ import annotations

import math

import numpy as np

from core.metrics import SAVE_REASONS, Samples, SaveState
from core.save_batch import SaveReason
from desktop_app.monitor.columns import Floats, count_per_slot
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.scales import LinearRange, linear_scale
from desktop_app.monitor.trail import Trail
from desktop_app.monitor.wording import duration, grouped, significant
from desktop_app.panels.chart_panel import ChartPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import Figure

SLOT_S = {60.0: 2.0, 300.0: 10.0, 900.0: 30.0, 3600.0: 60.0}
SLOT_WORDS = {2.0: "per 2 s", 10.0: "per 10 s", 30.0: "per half minute", 60.0: "per minute"}
BAR_SHARE = 0.7
LEAST_TOP = 5.0
URGENT = SAVE_REASONS.index(SaveReason.URGENT)


class SaveCountsPanel(ChartPanel):
    """Stacked bars: urgent saves, above them scheduled ones, above them failures."""

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__(theme, monitor, "How many saves, and why?", SLOT_WORDS[SLOT_S[60.0]])
        self._range = LinearRange(LEAST_TOP)
        self._urgent = self.chart.add_bars("good")
        self._scheduled = self.chart.add_bars("muted")
        self._failed = self.chart.add_bars("bad")

    @property
    def slot_s(self) -> float:
        return SLOT_S[self.chart.span_s]

    def set_span(self, span_s: float) -> None:
        super().set_span(span_s)
        self._range = LinearRange(LEAST_TOP)
        self._base_hint = SLOT_WORDS[self.slot_s]
        self.set_hint(self._base_hint)

    @property
    def _trail(self) -> Trail:
        return self.monitor.saves

    def _draw(self, stretch: Stretch, edge: float) -> None:
        slot_s, slots = self.slot_s, int(stretch.span_s / self.slot_s)
        first = edge - slots * slot_s
        # A bar of which a part is not kept would be too low.
        kept_since = -math.inf if self._kept_since is None else self._kept_since
        urgent, scheduled, failed = (
            count_per_slot(at, first, slot_s, slots)
            for at in by_kind(self.monitor.saves.between(max(first, kept_since), stretch.until))
        )
        top = urgent + scheduled + failed
        self.chart.set_scale(linear_scale(self._range.include(stretch.until, top.max()), ""))
        left = np.arange(slots, dtype=np.float64) * slot_s + (first - edge)
        left += slot_s * (1 - BAR_SHARE) / 2
        width = slot_s * BAR_SHARE
        self._urgent.draw(left, width, 0.0, urgent)
        self._scheduled.draw(left, width, urgent, urgent + scheduled)
        self._failed.draw(left, width, urgent + scheduled, top)

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        kept_since, begun_at = self._trail.complete_since, self.monitor.begun_at
        since = max(stretch.since, kept_since or begun_at or stretch.since)
        # Of a world that stands still nobody hears what is committed.
        unknown_s = reading.saves.unknown_for_s or 0.0
        until = min(stretch.until, reading.at - unknown_s)
        if since >= until:
            self.show_figures()
            self.set_summary("The saves of this time are not known.")
            return
        kinds = by_kind(self.monitor.saves.between(since, until))
        urgent, scheduled, failed = (len(at) for at in kinds)
        minutes = max(until - since, 1.0) / 60
        failed_level = max(reading.level_of("failures"), Level.WATCH) if failed else Level.GOOD
        self.show_figures(
            Figure("urgent", _number(urgent / minutes), value_first=True, shares="/min"),
            Figure("periodic", _number(scheduled / minutes), value_first=True, shares="/min"),
            Figure("failed", _number(failed / minutes), "/min", failed_level, value_first=True),
        )
        some = kept_since is not None and kept_since > stretch.since
        words = f"last {duration(until - since)}" if some else stretch.words
        more = "; older ones are not kept" if some else ""
        self.set_summary(
            f"Saves in the {words}: {urgent} urgent, {scheduled} periodic, {failed} failed{more}."
        )


def _number(value: float) -> str:
    return grouped(value) if value >= 1000 else significant(value)


def by_kind(saves: Samples) -> tuple[Floats, Floats, Floats]:
    """Return the instants of urgent commits, of all other commits, and of failures."""
    failed = saves["state"] == SaveState.FAILED
    urgent = (saves["reason"] == URGENT) & ~failed
    return saves["at"][urgent], saves["at"][~urgent & ~failed], saves["at"][failed]
