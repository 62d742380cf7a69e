"""How long does a save take? A mark for each commit, and the parts of the one that is chosen."""

from __future__ import annotations

import time

import numpy as np

from core.metrics import SAVE_REASONS, Samples, SaveState
from desktop_app.monitor.columns import Floats, quantiles
from desktop_app.monitor.figures import SAVE_PARTS, save_durations_s
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.scales import DecadeRange, decade_scale_ms
from desktop_app.monitor.trail import Trail
from desktop_app.monitor.wording import counted, milliseconds
from desktop_app.panels.chart_panel import ChartPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import Figure
from desktop_app.widgets.stacked_bar import Part, StackedBar

LEAST_MS = 0.01
MANY_ROWS = 100
REACH_PX = 14
PART_LOOKS = (
    ("capture", "muted"),
    ("waited", "warn"),
    ("write", "good_faint"),
    ("commit", "good"),
)


class SaveDurationsPanel(ChartPanel):
    """Marks on a logarithmic axis: round for commits, pointed if retried, square if failed."""

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__(theme, monitor, "How long does a save take?", "each mark is one commit")
        self._range = DecadeRange(0, 2)
        self._small = self.chart.add_marks("good", "o", size_px=5)
        self._large = self.chart.add_marks("good", "o", size_px=10)
        self._retried = self.chart.add_marks("warn", "t1", size_px=10)
        self._failed = self.chart.add_marks("bad", "s", size_px=8)
        self._parts = StackedBar(theme)
        self.add(self._parts)
        self._chosen_at: float | None = None
        self._edge = 0.0
        self.chart.clicked.connect(self._choose)

    def begin_anew(self) -> None:
        super().begin_anew()
        self._chosen_at = None

    @property
    def _trail(self) -> Trail:
        return self.monitor.saves

    def _draw(self, stretch: Stretch, edge: float) -> None:
        self._edge = edge
        saves = self.monitor.saves.between(edge - stretch.span_s, stretch.until)
        x, total_ms = saves["at"] - edge, durations_ms(saves)
        if len(total_ms):
            low, high = self._range.include(stretch.until, total_ms.min(), total_ms.max())
        else:
            low, high = self._range.low, self._range.high
        self.chart.set_scale(decade_scale_ms(low, high))
        y = np.log10(total_ms)
        committed = saves["state"] == SaveState.COMMITTED
        many = saves["rows"] >= MANY_ROWS
        for marks, chosen in (
            (self._small, committed & ~many),
            (self._large, committed & many),
            (self._retried, saves["state"] == SaveState.RETRIED),
            (self._failed, saves["state"] == SaveState.FAILED),
        ):
            self.chart.draw_thinned(marks, x[chosen], y[chosen], edge)

    def _choose(self, x: float, y: float) -> None:
        """Choose the mark that was clicked, or the latest one when there is none near."""
        saves = self.monitor.saves.between(self._edge - self.chart.span_s, self._edge)
        second_per_pixel, y_per_pixel = self.chart.pixel_size
        away = np.hypot(
            (saves["at"] - self._edge - x) / second_per_pixel,
            (np.log10(durations_ms(saves)) - y) / y_per_pixel,
        )
        near = len(away) and away.min() <= REACH_PX
        self._chosen_at = float(saves["at"][away.argmin()]) if near else None
        self._show_parts(self.monitor.saves.between(self._edge - self.chart.span_s))

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        saves = self.monitor.saves.between(stretch.since, stretch.until)
        self._show_parts(saves)
        total = durations_ms(saves)[saves["state"] != SaveState.FAILED] / 1000
        if not len(total):
            self.show_figures()
            self.set_summary(f"No save in the {stretch.words}.")
            return
        p50, p95, most = (milliseconds(value) for value in quantiles(total, 0.5, 0.95, 1))
        self.show_figures(
            Figure("p50", p50, shares="ms"),
            Figure("p95", p95, level=reading.level_of("save"), shares="ms"),
            Figure("max", most, "ms"),
        )
        self.set_summary(
            f"{counted(len(total), 'save')} in the {stretch.words}: half below {p50} ms, "
            f"p95 {p95} ms, at most {most} ms."
        )

    def _show_parts(self, saves: Samples) -> None:
        if not len(saves["at"]):
            self._parts.show_parts("no save yet", ())
            return
        # The chosen one may have left the stretch; then the latest is shown, and said to be that.
        chosen = np.flatnonzero(saves["at"] == self._chosen_at)
        place = int(chosen[0]) if len(chosen) else -1
        save = {name: float(values[place]) for name, values in saves.items()}
        self._parts.show_parts(_caption(save, chosen=len(chosen) > 0), _parts(save))


def durations_ms(saves: Samples) -> Floats:
    """Return how long each save took, as it can be drawn on a logarithmic axis."""
    return np.maximum(save_durations_s(saves) * 1000, LEAST_MS)


def _caption(save: dict[str, float], *, chosen: bool) -> str:
    which = "last"
    if chosen:
        wall = time.localtime(time.time() - (time.perf_counter() - save["at"]))
        which = time.strftime("%H:%M:%S", wall)
    if save["state"] == SaveState.FAILED:
        return f"{which}: failed"
    reason = SAVE_REASONS[int(save["reason"])].value
    return f"{which}: {reason}, {counted(int(save['rows']), 'row')}"


def _parts(save: dict[str, float]) -> tuple[Part, ...]:
    if save["state"] == SaveState.FAILED:
        capture, failed = save["capture_s"], save["execute_s"]
        return (
            Part(capture, "muted", f"capture {milliseconds(capture)}"),
            Part(failed, "bad", f"failed after {milliseconds(failed)} ms"),
        )
    last = len(SAVE_PARTS) - 1
    return tuple(
        Part(
            save[field],
            color,
            f"{name} {milliseconds(save[field])}" + (" ms" if place == last else ""),
        )
        for place, (field, (name, color)) in enumerate(zip(SAVE_PARTS, PART_LOOKS, strict=True))
    )
