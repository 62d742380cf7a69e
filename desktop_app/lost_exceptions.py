"""Exceptions that nobody catches: Python would only print them, and nobody sees standard error.

Those in a slot of Qt's, each refresh of the window included, and those that end a thread.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

log = logging.getLogger(__name__)

# What fails at each refresh would push everything else out of the log.
SAME_AGAIN_S = 60.0

Place = tuple[type[BaseException], str, int]


class LostExceptions:
    """Logs them, the same one now and then, and has each of them noted."""

    def __init__(
        self, note: Callable[[Exception], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._note = note
        self._clock = clock
        self._next: dict[Place, float] = {}
        self._noting = False

    def take(self, error: Exception, where: str) -> bool:
        """Log one, on whichever thread; return False if the same was logged a moment ago."""
        if self._noting:
            # Telling of one has failed as well.
            return True
        self._noting = True
        try:
            place = _place_of(error)
            now = self._clock()
            is_news = now >= self._next.get(place, now)
            if is_news:
                self._next[place] = now + SAME_AGAIN_S
                log.critical("an exception in %s that nobody caught", where, exc_info=error)
            self._note(error)
        finally:
            self._noting = False
        return is_news


@contextlib.contextmanager
def lost_exceptions_told(note: Callable[[Exception], None]) -> Iterator[LostExceptions]:
    """Have them logged and noted meanwhile; what was done with them before is still done."""
    lost = LostExceptions(note)
    before, before_on_threads = sys.excepthook, threading.excepthook

    def take(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception) or lost.take(error, "a slot"):
            before(kind, error, traceback)

    def take_on_thread(args: threading.ExceptHookArgs) -> None:
        error, name = args.exc_value, args.thread.name if args.thread else "that has ended"
        if not isinstance(error, Exception) or lost.take(error, f"thread {name}"):
            before_on_threads(args)

    sys.excepthook, threading.excepthook = take, take_on_thread
    try:
        yield lost
    finally:
        sys.excepthook, threading.excepthook = before, before_on_threads


def _place_of(error: Exception) -> Place:
    """Return what makes two of them the same: their type, and where they were raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return type(error), "", 0
    return type(error), traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
