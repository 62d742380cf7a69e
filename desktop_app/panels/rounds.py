"""Refreshes the charts of a page a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from desktop_app.monitor.reading import Reading
from desktop_app.panels.chart_panel import InspectPanel
from desktop_app.panels.stretch import Stretch

DRAWN_AT_ONCE = 2


class Rounds:
    """Takes turns, so that no refresh keeps the interpreter from the next tick for long."""

    def __init__(self, panels: Sequence[InspectPanel]) -> None:
        self._panels = panels
        self._to_draw = cycle(panels)
        self._to_describe = cycle(panels)

    def refresh(self, at: float, stretch: Stretch, reading: Reading) -> None:
        """Draw what is due, but only so many charts, and describe one of them."""
        drawn = 0
        for _ in self._panels:
            drawn += next(self._to_draw).draw(at, stretch)
            if drawn >= DRAWN_AT_ONCE:
                break
        # The figures of an hour take a while to compute.
        next(self._to_describe).describe(stretch, reading)
