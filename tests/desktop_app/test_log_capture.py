"""desktop_app.log_capture"""

from __future__ import annotations

import logging
from threading import Thread

from desktop_app.log_capture import LogCapture


def log(capture: LogCapture, text: str, *args: object, level: int = logging.INFO) -> None:
    capture.handle(logging.LogRecord("core.simulation", level, "", 1, text, args, None))


def test_that_it_keeps_lines_in_words() -> None:
    capture = LogCapture()
    log(capture, "caught up on %d events", 7, level=logging.WARNING)
    (line,) = capture.since(0)
    assert (line.number, line.level, line.source, line.text) == (
        1,
        logging.WARNING,
        "simulation",
        "caught up on 7 events",
    )


def test_that_the_oldest_lines_are_dropped() -> None:
    capture = LogCapture(lines_max=3)
    for number in range(5):
        log(capture, "%d", number)
    assert [line.text for line in capture.since(0)] == ["2", "3", "4"]
    assert [line.text for line in capture.since(4)] == ["4"]
    assert capture.since(5) == []
    assert capture.count == capture.counts[logging.INFO] == 5


def test_that_it_can_be_asked_for_more_lines_than_there_are() -> None:
    capture = LogCapture()
    log(capture, "one")
    assert len(capture.since(-20)) == 1


def test_that_no_line_is_lost_between_threads() -> None:
    capture = LogCapture(lines_max=10_000)
    threads = [Thread(target=lambda: log_often(capture, 500)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line.number for line in capture.since(0)] == list(range(1, 2001))


def log_often(capture: LogCapture, times: int) -> None:
    for _ in range(times):
        log(capture, "line")
