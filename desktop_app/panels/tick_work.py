"""Does the world keep time? The work of each tick against its budget."""

from __future__ import annotations

import numpy as np

from desktop_app.monitor.columns import fold, quantiles
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.scales import DecadeRange, decade_scale_ms
from desktop_app.monitor.trail import Trail
from desktop_app.monitor.wording import milliseconds
from desktop_app.panels.chart_panel import ChartPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import Figure

# What a tick takes at least, for the logarithm.
LEAST_MS = 0.001
BAR_SHARE = 0.67
LEAST_PX = 2


class TickWorkPanel(ChartPanel):
    """Columns from the least to the greatest work of the ticks that share them.

    Those over the budget stand on the axis: between the budget and little more they would hardly
    be seen.
    """

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__(theme, monitor, "Does the world keep time?", "work per tick")
        self._range = DecadeRange(-1, 2)
        self._band = self.chart.add_bars("good")
        self._over = self.chart.add_bars("bad")
        self._budget = self.chart.add_limit()

    @property
    def _trail(self) -> Trail:
        return self.monitor.ticks

    def _draw(self, stretch: Stretch, edge: float) -> None:
        width_s = self.chart.column_width_s
        ticks = self.monitor.ticks.between(edge - stretch.span_s - width_s, stretch.until)
        columns = fold(ticks["at"], np.maximum(ticks["work_s"] * 1000, LEAST_MS), width_s)
        budget_ms = self.monitor.period_s * 1000
        least, most = budget_ms, budget_ms
        if len(columns.low):
            least, most = float(columns.low.min()), max(budget_ms, float(columns.high.max()))
        scale = decade_scale_ms(*self._range.include(stretch.until, least, most))
        self.chart.set_scale(scale)
        self._budget.draw(float(np.log10(budget_ms)))
        left, bar_s = columns.start - edge, width_s * BAR_SHARE
        _, y_per_pixel = self.chart.pixel_size
        low = np.log10(columns.low)
        high = np.maximum(np.log10(columns.high), low + LEAST_PX * y_per_pixel)
        over = columns.high > budget_ms
        self._band.draw(left[~over], bar_s, low[~over], high[~over])
        self._over.draw(left[over], bar_s, scale.low, high[over])

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        work = self.monitor.ticks.between(stretch.since, stretch.until)["work_s"]
        budget = milliseconds(self.monitor.period_s)
        if not len(work):
            self.show_figures(Figure("budget", budget, "ms"))
            self.set_summary("No tick in this time.")
            return
        p50, p95, most = (milliseconds(value) for value in quantiles(work, 0.5, 0.95, 1))
        self.show_figures(
            Figure("p50", p50, shares="ms"),
            Figure("p95", p95, level=reading.level_of("work"), shares="ms"),
            Figure("max", most, "ms"),
            Figure("budget", budget, shares="ms"),
        )
        self.set_summary(
            f"Work per tick in the {stretch.words}: half below {p50} ms, p95 {p95} ms, "
            f"at most {most} ms of a budget of {budget} ms."
        )
