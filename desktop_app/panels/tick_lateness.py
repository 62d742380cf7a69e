"""Do ticks start when they should? How late each start was, and which were skipped."""

from __future__ import annotations

import numpy as np

from desktop_app.monitor.columns import fold, quantiles, zigzag
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.scales import LinearRange, linear_scale
from desktop_app.monitor.trail import Trail
from desktop_app.monitor.wording import grouped, milliseconds
from desktop_app.panels.chart_panel import GAP_PERIODS, ChartPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import Figure

LEAST_TOP_MS = 1.0


class TickLatenessPanel(ChartPanel):
    """A line through least and greatest lateness, and a mark where slots were skipped."""

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__(theme, monitor, "Do ticks start when they should?", "lateness")
        self._range = LinearRange(LEAST_TOP_MS)
        self._line = self.chart.add_line("good")
        self._skipped = self.chart.add_marks("bad", "s", size_px=7)

    @property
    def _trail(self) -> Trail:
        return self.monitor.ticks

    def _draw(self, stretch: Stretch, edge: float) -> None:
        width_s = self.chart.column_width_s
        ticks = self.monitor.ticks.between(edge - stretch.span_s - width_s, stretch.until)
        columns = fold(ticks["at"], np.maximum(ticks["lateness_s"] * 1000, 0.0), width_s)
        peak = float(columns.high.max()) if len(columns.high) else 0.0
        scale = linear_scale(self._range.include(stretch.until, peak), "ms")
        self.chart.set_scale(scale)
        x, y, joined = zigzag(columns, GAP_PERIODS * self.monitor.period_s)
        self._line.draw(x - edge, y, joined)
        skipped = fold(ticks["at"], ticks["skipped"], width_s)
        some = skipped.high > 0
        self._skipped.draw(skipped.start[some] - edge, np.full(some.sum(), scale.high * 0.95))

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        ticks = self.monitor.ticks.between(stretch.since, stretch.until)
        if not len(ticks["at"]):
            self.show_figures()
            self.set_summary("No tick in this time.")
            return
        p95, most = (milliseconds(max(0, v)) for v in quantiles(ticks["lateness_s"], 0.95, 1))
        skipped = int(ticks["skipped"].sum())
        level = max(reading.level_of("skipped"), Level.WATCH) if skipped else Level.GOOD
        self.show_figures(
            Figure("p95", p95, level=reading.level_of("lateness"), shares="ms"),
            Figure("max", most, "ms"),
            Figure("skipped", grouped(skipped), level=level),
        )
        self.set_summary(
            f"Lateness of ticks in the {stretch.words}: p95 {p95} ms, at most {most} ms, "
            f"{skipped} skipped."
        )
