"""The latest lines of the log on the host page."""

from __future__ import annotations

import logging

from desktop_app.log_capture import LogCapture
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.wording import grouped
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.log_tail import LogTail


class RecentLogCard(Card):
    """As many lines as there is room for."""

    def __init__(self, theme: Theme, capture: LogCapture) -> None:
        super().__init__(theme, "Log")
        self._capture = capture
        self.tail = LogTail(theme)
        self.add(self.tail, 1)

    def show_reading(self, _: Reading) -> None:
        self.set_hint(counts_in_words(self._capture))
        lines = self._capture.since(self._capture.count - 4 * self.tail.room)
        self.tail.show_lines([line for line in lines if line.level >= logging.INFO])


def counts_in_words(capture: LogCapture) -> str:
    """Return how many lines there were of each level that matters."""
    levels = (("info", logging.INFO), ("warning", logging.WARNING), ("error", logging.ERROR))
    bounds = [level for _, level in levels[1:]] + [1000]
    counts = capture.counts.copy()
    return "   ".join(
        f"{name} {grouped(sum(n for lv, n in counts.items() if level <= lv < bound))}"
        for (name, level), bound in zip(levels, bounds, strict=True)
    )
