"""What would a power cut cost now? What is at risk, and how old the oldest change to write is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.metrics import Samples, SaveState
from core.simulation import STATUS_INTERVAL_S
from desktop_app.monitor.columns import fold, zigzag
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.scales import LinearRange, limit_scale
from desktop_app.monitor.trail import Trail
from desktop_app.monitor.wording import counted, duration, grouped
from desktop_app.panels.chart_panel import GAP_PERIODS, ChartPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import Figure

TITLE = "What would a power cut cost now?"


class PowerCutPanel(ChartPanel):
    """The age of the oldest change to write, its limit, and squares where something was at risk."""

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__(theme, monitor, TITLE, "oldest change to write")
        self._range = LinearRange(1.0)
        self._line = self.chart.add_line("good")
        self._at_risk = self.chart.add_marks("bad", "s", size_px=5)
        self._allowed = self.chart.add_limit()

    @property
    def _trail(self) -> Trail:
        return self.monitor.risk

    def _draw(self, stretch: Stretch, edge: float) -> None:
        width_s = self.chart.column_width_s
        risk = self.monitor.risk.between(edge - stretch.span_s - 1, stretch.until)
        columns = fold(risk["at"], risk["oldest_age_s"], width_s)
        allowed_s = self.monitor.allowed_age_s
        peak = float(columns.high.max()) if len(columns.high) else 0.0
        top = self._range.include(stretch.until, peak) if peak > allowed_s else allowed_s
        scale = limit_scale(allowed_s, top, "s")
        self.chart.set_scale(scale)
        self._allowed.draw(allowed_s)
        period_s = max(STATUS_INTERVAL_S, self.monitor.period_s)
        x, y, joined = zigzag(columns, GAP_PERIODS * period_s)
        self._line.draw(x - edge, y, joined)
        at = risk["at"][stays_at_risk(risk, self.monitor.saves.between(stretch.since - 60))]
        y = np.full(len(at), scale.high * 0.02)
        self.chart.draw_thinned(self._at_risk, at - edge, y, edge)

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        saves = reading.saves
        allowed = f"{self.monitor.allowed_age_s:g}"
        if saves.at_risk is None:
            self.show_figures(Figure("allowed", allowed, "s"))
            why = "stands still" if reading.stale else "is not running"
            self.set_summary(f"Not known: the world {why}.")
            return
        level = max(reading.level_of("at risk"), reading.level_of("stalled"))
        self.show_figures(
            Figure("at risk", grouped(saves.at_risk), level=level),
            Figure("to write", grouped(saves.to_write)),
            Figure("oldest", duration(saves.oldest_age_s), level=reading.level_of("oldest")),
            Figure("allowed", allowed, "s"),
        )
        cost = counted(saves.at_risk, "change") if saves.at_risk else "nothing"
        self.set_summary(
            f"A power cut now would cost {cost}; {counted(saves.to_write, 'change')} to write, "
            f"the oldest {duration(saves.oldest_age_s)} old, {allowed} s are allowed."
        )

    def set_state(self, reading: Reading) -> None:
        super().set_state(reading)
        unknown = reading.running and not reading.stale and reading.saves.at_risk is None
        if unknown:
            self.set_hint("not known yet", stays=True)


def stays_at_risk(risk: Samples, saves: Samples) -> npt.NDArray[np.bool_]:
    """Return, for each sample, whether something is at risk as before and nothing was saved since.

    What is at risk for a moment only, on its way to the disk, is as it should be.
    """
    commits = saves["at"][saves["state"] != SaveState.FAILED]
    commit_counts = np.searchsorted(commits, risk["at"])
    at_risk = risk["at_risk"] > 0
    stays = np.zeros(len(at_risk), dtype=np.bool_)
    stays[1:] = at_risk[1:] & at_risk[:-1] & (np.diff(commit_counts) == 0)
    return stays
