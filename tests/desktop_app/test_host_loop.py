"""Qt's event loop as the persistence loop, and the platform under it."""

from __future__ import annotations

import asyncio
import sys
import time

import pytest
from PySide6.QtCore import QCoreApplication, QTimer
from pytestqt.qtbot import QtBot

from desktop_app.host_loop import HostLoop


@pytest.mark.parametrize("delay_s", [0.0019, 0.0199, 0.05, 0.1, 0.25, 0.333])
async def test_that_a_sleep_is_never_too_short(delay_s: float) -> None:
    start = time.perf_counter()
    await asyncio.sleep(delay_s)
    assert time.perf_counter() - start >= delay_s


def test_that_a_closed_loop_says_so_to_other_threads(qapp: QCoreApplication) -> None:
    loop = HostLoop(qapp)
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_soon_threadsafe(lambda: None)


def test_that_a_task_goes_on_whenever_somebody_ends_qts_loop(qapp: QCoreApplication) -> None:
    loop = HostLoop(qapp)
    # As Qt itself does, at every event, when the display is gone.
    quitting = QTimer()
    quitting.timeout.connect(qapp.quit)
    quitting.start(0)

    async def work() -> int:
        for _ in range(50):
            await asyncio.wait_for(asyncio.sleep(0.001), 5)
        return asyncio.get_running_loop() is loop

    task = loop.create_task(work())
    interruptions = 0
    while not task.done():
        try:
            loop.run_until_complete(task)
        except RuntimeError:
            interruptions += 1
    quitting.stop()
    loop.close()
    assert task.result()
    assert interruptions > 10


async def test_that_callbacks_keep_their_order() -> None:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    seen: list[int] = []
    for number in range(200):
        loop.call_soon(seen.append, number)
    loop.call_soon(done.set_result, None)
    await done
    assert seen == list(range(200))


def test_that_qt_takes_no_references_that_are_not_its_own(qtbot: QtBot) -> None:
    # PySide6-Essentials 6.12.0 on CPython 3.11 lost one of None and True at each of these, and the
    # process was aborted after some thousand.
    timer, fired = QTimer(), 0

    def count() -> None:
        nonlocal fired
        fired += 1

    timer.timeout.connect(count)
    timer.start(0)
    before = sys.getrefcount(None), sys.getrefcount(True)
    qtbot.waitUntil(lambda: fired > 5000, timeout=20_000)
    timer.stop()
    after = sys.getrefcount(None), sys.getrefcount(True)
    assert after[0] > before[0] - 1000
    assert after[1] > before[1] - 1000
