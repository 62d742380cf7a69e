"""desktop_app.log_writer"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest

from desktop_app import log_writer
from desktop_app.log_writer import LogWriter


class TroubledSink:
    """Keeps lines; it hangs while `runs` is not set, and fails while `failure` is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.runs = threading.Event()
        self.runs.set()
        self.begun = threading.Event()
        self.failure: OSError | None = None
        self.is_closed = False

    def write(self, line: bytes) -> None:
        self.begun.set()
        self.runs.wait()
        if self.failure is not None:
            raise self.failure
        self.lines.append(line.decode().rstrip("\n"))

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def sink() -> Iterator[TroubledSink]:
    sink = TroubledSink()
    yield sink
    sink.runs.set()


@pytest.fixture
def writer(sink: TroubledSink) -> Iterator[LogWriter]:
    """A writer for five lines; what it says itself it writes, too."""
    writer = LogWriter("a disk", sink, bytes_waiting_max=5 * len("line 0\n"))
    log_writer.log.addHandler(writer)
    yield writer
    log_writer.log.removeHandler(writer)
    sink.runs.set()
    writer.close()


def emit(writer: LogWriter, *numbers: int) -> None:
    for number in numbers:
        writer.handle(logging.makeLogRecord({"msg": "line %d", "args": (number,)}))


def test_that_lines_are_written_in_their_order(writer: LogWriter, sink: TroubledSink) -> None:
    emit(writer, *range(5))
    writer.flush()
    emit(writer, 5)
    writer.flush()
    assert sink.lines == [f"line {number}" for number in range(6)]
    assert writer.lines_lost == 0


def test_that_what_does_not_fit_is_lost_counted_and_told_of(
    writer: LogWriter, sink: TroubledSink
) -> None:
    sink.runs.clear()
    emit(writer, 0)
    assert sink.begun.wait(10)
    emit(writer, *range(1, 8))
    assert writer.lines_lost == 3
    sink.runs.set()
    writer.flush()
    emit(writer, 8)
    writer.flush()
    told = "3 lines of the log (a disk) could not be written"
    expected = [f"line {number}" for number in range(5)]
    assert sink.lines[:5] == expected
    # Told when others could be written: after the first of them, or after all.
    assert sorted(sink.lines[5:]) == [told, "line 8"]


def test_that_what_cannot_be_written_is_counted_and_told_of_when_it_can(
    writer: LogWriter, sink: TroubledSink
) -> None:
    sink.failure = OSError("no space left on device")
    emit(writer, 0, 1)
    writer.flush()
    assert (writer.lines_lost, sink.lines) == (2, [])
    sink.failure = None
    emit(writer, 2)
    writer.flush()
    assert sink.lines == ["line 2", "2 lines of the log (a disk) could not be written"]


def test_that_what_another_writer_tells_has_an_end_as_well(
    writer: LogWriter, sink: TroubledSink
) -> None:
    sink.runs.clear()
    for _ in range(1000):
        log_writer.log.warning("%d lines of the log (a pipe) could not be written", 1)
    assert 0 < writer.lines_lost < 1000
    sink.runs.set()
    writer.flush()
    kept = "\n".join(sink.lines).encode()
    assert len(kept) < writer._bytes_waiting_max + log_writer.BYTES_TO_TELL + 100


def test_that_the_end_writes_what_is_left(writer: LogWriter, sink: TroubledSink) -> None:
    sink.runs.clear()
    emit(writer, 0, 1, 2)
    sink.runs.set()
    writer.close()
    emit(writer, 3)
    assert (sink.lines, sink.is_closed) == (["line 0", "line 1", "line 2"], True)
    assert writer.lines_lost == 1


def test_that_the_end_waits_once_for_what_hangs(
    writer: LogWriter, sink: TroubledSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(log_writer, "FLUSH_TIMEOUT_S", 0.01)
    monkeypatch.setattr(writer._thread, "join", waits.append)
    sink.runs.clear()
    emit(writer, 0)
    writer.flush()
    writer.close()
    assert waits == [0.0]
    monkeypatch.undo()
    sink.runs.set()
    writer._thread.join()
    assert sink.lines == ["line 0"]


def test_that_the_lock_that_logging_holds_keeps_no_line_of_the_writer_waiting(
    writer: LogWriter, sink: TroubledSink
) -> None:
    sink.failure = OSError("no space left on device")
    emit(writer, 0, 1)
    writer.flush()
    sink.failure = None
    # As the end of Python does, and from 3.13 on every line.
    assert writer.lock is not None
    with writer.lock:
        emit(writer, 2)
        writer.flush()
    assert sink.lines == ["line 2", "2 lines of the log (a disk) could not be written"]
