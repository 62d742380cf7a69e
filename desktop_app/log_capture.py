"""Keeps the latest lines of the log for the window: a bounded buffer, no signal per line."""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import dataclass

LINES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class LogLine:
    """One record in words. `number` counts all lines ever kept; `at` is epoch seconds."""

    number: int
    at: float
    level: int
    source: str
    text: str
    details: str = ""


class LogCapture(logging.Handler):
    """Appended to on any thread, read on the window's timer. The oldest lines are dropped."""

    def __init__(self, lines_max: int = LINES_MAX) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=lines_max)
        self._count = 0
        self.counts: Counter[int] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        # Handler.handle() holds the lock. The words are made here: arguments may change later.
        try:
            text, details = record.getMessage(), _details(record)
        except Exception:  # noqa: BLE001 - logging's own way to report a broken call
            self.handleError(record)
            return
        self._count += 1
        self.counts[record.levelno] += 1
        source = record.name.removeprefix("core.").removeprefix("desktop_app.")
        line = LogLine(self._count, record.created, record.levelno, source, text, details)
        self._lines.append(line)

    @property
    def count(self) -> int:
        """How many lines were ever kept."""
        return self._count

    def since(self, number: int) -> list[LogLine]:
        """Return the lines after the one with that number, oldest first."""
        self.acquire()
        try:
            new = min(self._count - number, len(self._lines))
            return [self._lines[place] for place in range(len(self._lines) - new, len(self._lines))]
        finally:
            self.release()


def _details(record: logging.LogRecord) -> str:
    parts = []
    if record.exc_info:
        parts.append(logging.Formatter().formatException(record.exc_info))
    if record.stack_info:
        parts.append(record.stack_info)
    return "\n".join(parts)
