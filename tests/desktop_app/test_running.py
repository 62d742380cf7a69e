"""desktop_app.running: a coroutine on Qt's event loop, its exceptions, signals and exit code"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication

from core import database
from core.database import async_url, make_engine, start_db
from core.errors import StarkeepError
from desktop_app.running import EXIT_OK, run_on_host_loop

WORK_TIMEOUT_S = 20.0


def test_that_the_exit_code_is_that_of_the_work(qapp: QCoreApplication) -> None:
    async def work(_stop: asyncio.Event) -> int:
        await asyncio.sleep(0)
        return 7

    assert run_on_host_loop(qapp, work) == 7


@pytest.mark.parametrize("error", [StarkeepError("no world"), ValueError("a bug"), SystemExit(3)])
def test_that_an_exception_comes_out_after_the_clean_up(
    qapp: QCoreApplication, error: BaseException
) -> None:
    seen: list[Any] = []

    async def work(_stop: asyncio.Event) -> int:
        seen.append(asyncio.get_running_loop())
        try:
            raise error
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned up")

    with pytest.raises(type(error)) as raised:
        run_on_host_loop(qapp, work)
    assert raised.value is error
    loop, last = seen
    assert last == "cleaned up"
    assert loop.is_closed()


def test_that_quitting_qt_lets_the_work_end_in_order(
    qapp: QCoreApplication, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(stop: asyncio.Event) -> int:
        QCoreApplication.quit()
        async with asyncio.timeout(WORK_TIMEOUT_S):
            await stop.wait()
        # An impatient person asks once more while the world is being saved.
        QCoreApplication.quit()
        await asyncio.sleep(0.001)
        return EXIT_OK

    assert run_on_host_loop(qapp, work) == EXIT_OK
    assert "ended from outside" in caplog.text


@pytest.fixture
def signals() -> Iterator[None]:
    """Keep signals that nobody takes from ending the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: None)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can send SIGTERM there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("signals")
def test_that_a_signal_asks_the_work_to_stop(
    qapp: QCoreApplication, number: signal.Signals
) -> None:
    async def work(stop: asyncio.Event) -> int:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(WORK_TIMEOUT_S):
            await stop.wait()
        return EXIT_OK

    assert run_on_host_loop(qapp, work) == EXIT_OK


@pytest.mark.skipif(sys.platform == "win32", reason="signals are taken another way there")
@pytest.mark.usefixtures("signals")
def test_that_signals_are_given_back_even_after_an_error(qapp: QCoreApplication) -> None:
    async def work(_stop: asyncio.Event) -> int:
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        run_on_host_loop(qapp, work)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_that_an_exception_nobody_catches_is_logged_with_its_traceback(
    qapp: QCoreApplication, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ValueError("a bug")

    async def work(_stop: asyncio.Event) -> int:
        asyncio.get_running_loop().call_soon(broken)
        await asyncio.sleep(0.001)
        return EXIT_OK

    assert run_on_host_loop(qapp, work) == EXIT_OK
    (record,) = [record for record in caplog.records if record.name == "desktop_app.running"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


@pytest.mark.sqlite_file
def test_that_the_loop_outlives_a_connection_that_was_given_up(
    qapp: QCoreApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, given_up = threading.Event(), threading.Event()

    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def slow(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opening.set()
        assert given_up.wait(WORK_TIMEOUT_S)
        return connect(*arguments, **options)

    monkeypatch.setattr(sqlite3, "connect", slow)

    async def work(_stop: asyncio.Event) -> int:
        start = asyncio.create_task(start_db(async_url(f"sqlite:///{tmp_path}/world.db")))
        await asyncio.to_thread(opening.wait, WORK_TIMEOUT_S)
        start.cancel()
        await asyncio.wait([start])
        # Only when the work has ended does the disk answer.
        threading.Timer(0.05, given_up.set).start()
        return EXIT_OK

    # If it finds the loop closed, the driver's thread dies of it, which fails a test.
    assert run_on_host_loop(qapp, work) == EXIT_OK


@pytest.mark.sqlite_file
def test_that_a_connection_that_never_ends_is_told(
    qapp: QCoreApplication,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(database, "LAST_WRITE_TIMEOUT_S", 0.01)
    engines: list[Any] = []

    async def work(_stop: asyncio.Event) -> int:
        engine = make_engine(async_url(f"sqlite:///{tmp_path}/world.db"))
        async with engine.connect():
            pass
        engines.append(engine)
        return EXIT_OK

    assert run_on_host_loop(qapp, work) == EXIT_OK
    assert "does not end" in caplog.text
    asyncio.run(engines[0].dispose())
