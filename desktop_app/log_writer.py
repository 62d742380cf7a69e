"""Writes the log on a thread of its own, so that nobody who logs waits for a disk or a pipe.

What does not fit while one of them hangs is lost, counted, and told of as soon as it can be. The
thread is a daemon: a disk that hangs does not keep the program from ending.
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

log = logging.getLogger(__name__)

# Some ten thousand lines.
BYTES_WAITING_MAX = 2_000_000
# Beside them there is room for telling that lines were lost.
BYTES_TO_TELL = 10_000
# How long the end of the program waits for the last lines.
FLUSH_TIMEOUT_S = 2.0


class Sink(Protocol):
    """Where lines end up. Only the writer's thread calls it; both may raise OSError, and hang."""

    def write(self, line: bytes) -> None: ...
    def close(self) -> None: ...


class _NoLock:
    """What logging takes for a handler's lock; the writer has one of its own.

    The end of the program would hold it while it waits for the last lines, and the writer's thread
    may have a line to log itself.
    """

    def acquire(self) -> None:
        pass

    def release(self) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        pass


class LogWriter(logging.Handler):
    """Takes lines on any thread, and hands them to a sink in their order."""

    def __init__(
        self,
        target: str,
        sink: Sink,
        *,
        encoding: str = "utf-8",
        bytes_waiting_max: int = BYTES_WAITING_MAX,
    ) -> None:
        super().__init__()
        # Of all lines since the beginning.
        self.lines_lost = 0
        self._sink = sink
        self._encoding = encoding
        self._bytes_waiting_max = bytes_waiting_max
        self._changed = threading.Condition()
        self._lines: list[bytes] = []
        # With those that are just being written.
        self._bytes_waiting = 0
        self._lines_untold = 0
        self._writing = False
        self._hangs = False
        self._closed = False
        self._target = target
        self._thread = threading.Thread(target=self._run, name=f"log to {target}", daemon=True)
        self._thread.start()

    def createLock(self) -> None:
        self.lock = _NoLock()  # type: ignore[assignment]

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(self._encoding, "backslashreplace")
        except Exception:  # noqa: BLE001 - logging's own way to report a broken call
            self.handleError(record)
            return
        with self._changed:
            room = self._bytes_waiting_max
            if record.name == __name__:
                room += BYTES_TO_TELL
            if self._closed or self._bytes_waiting + len(line) > room:
                self._lose(1)
                return
            self._lines.append(line)
            self._bytes_waiting += len(line)
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all is written, but not for ever."""
        with self._changed:
            self._hangs = not self._changed.wait_for(
                lambda: not self._lines and not self._writing, self._wait_s
            )

    def close(self) -> None:
        """Have the thread write what is left, and end. Nothing is written from then on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(self._wait_s)
        super().close()

    @property
    def _wait_s(self) -> float:
        # Whoever has waited once in vain knows enough.
        return 0.0 if self._hangs else FLUSH_TIMEOUT_S

    def _lose(self, lines: int) -> None:
        self.lines_lost += lines
        self._lines_untold += lines

    # The writer's thread -----------------------------------------------------------------------

    def _run(self) -> None:
        while lines := self._take():
            self._write(lines)
        try:
            self._sink.close()
        except OSError as error:
            log.warning("the log (%s) could not be closed: %s", self._target, error)

    def _take(self) -> list[bytes]:
        """Return the next lines when there are any, and none at the end."""
        with self._changed:
            self._writing = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._lines or self._closed)
            lines, self._lines = self._lines, []
            self._writing = bool(lines)
            return lines

    def _write(self, lines: list[bytes]) -> None:
        written = 0
        for line in lines:
            try:
                self._sink.write(line)
            except OSError:
                continue
            written += 1
        with self._changed:
            self._hangs = False
            self._bytes_waiting -= sum(map(len, lines))
            self._lose(len(lines) - written)
            untold = self._lines_untold if written else 0
            self._lines_untold -= untold
        if untold:
            log.warning("%d lines of the log (%s) could not be written", untold, self._target)
