"""desktop_app.lost_exceptions"""

from __future__ import annotations

import logging
import sys
import threading

import pytest
from PySide6.QtCore import QTimer
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from desktop_app.lost_exceptions import SAME_AGAIN_S, LostExceptions, lost_exceptions_told


def fail() -> None:
    raise RuntimeError("our own fault")


def raised() -> Exception:
    try:
        fail()
    except RuntimeError as error:
        return error
    raise AssertionError


def test_that_what_fails_in_a_slot_is_logged_noted_and_passed_on(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    noted: list[Exception] = []
    with capture_exceptions() as passed_on:
        before = sys.excepthook
        with lost_exceptions_told(noted.append):
            QTimer.singleShot(0, fail)
            qtbot.waitUntil(lambda: noted != [])
        assert sys.excepthook is before
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.CRITICAL,
        "an exception in a slot that nobody caught",
    )
    assert record.exc_info is not None
    assert [str(error) for _, error, _ in passed_on] == ["our own fault"]


def test_that_what_ends_a_thread_is_logged_and_noted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    noted: list[Exception] = []
    passed_on: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", passed_on.append)
    with lost_exceptions_told(noted.append):
        thread = threading.Thread(target=fail, name="one of ours")
        thread.start()
        thread.join()
    assert threading.excepthook == passed_on.append
    assert [record.getMessage() for record in caplog.records] == [
        "an exception in thread one of ours that nobody caught"
    ]
    assert len(noted) == len(passed_on) == 1


def test_that_what_fails_all_the_time_is_noted_but_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    noted: list[Exception] = []
    now = 100.0
    lost = LostExceptions(noted.append, clock=lambda: now)
    assert [lost.take(raised(), "a slot") for _ in range(3)] == [True, False, False]
    assert lost.take(ValueError("something else"), "a slot")
    now += SAME_AGAIN_S
    assert lost.take(raised(), "a slot")
    assert len(caplog.records) == 3
    assert len(noted) == 5


def test_that_telling_of_it_may_fail_as_well(caplog: pytest.LogCaptureFixture) -> None:
    def note(error: Exception) -> None:
        # As an excepthook would be called for a slot of the one who is told.
        assert lost.take(raised(), "a slot")

    lost = LostExceptions(note)
    lost.take(raised(), "a slot")
    assert len(caplog.records) == 1


def test_that_ctrl_c_is_nobodys_fault(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    passed_on: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, *_: passed_on.append(kind))
    with lost_exceptions_told(lambda _: None):
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert passed_on == [KeyboardInterrupt]
    assert caplog.records == []
