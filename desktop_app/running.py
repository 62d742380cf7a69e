"""Running one coroutine on the program's event loop, until it ends or somebody stops it.

Apart from the session that hosts a world: a command needs no server, and to import one takes a
second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from PySide6.QtCore import QCoreApplication, QTimer

from core.database import await_last_connection
from desktop_app.host_loop import HostLoop

log = logging.getLogger(__name__)

EXIT_OK = 0
EXIT_NOT_SAVED = 1
# How often Windows gives Python a chance to notice Ctrl+C.
_WINDOWS_SIGNAL_INTERVAL_MS = 200

# What runs on the loop; the event is set when somebody wants it to stop.
Work = Callable[[asyncio.Event], Coroutine[Any, Any, int]]


def run_on_host_loop(app: QCoreApplication, work: Work) -> int:
    """Run a coroutine on Qt's event loop to its end and return its exit code."""
    loop = HostLoop(app)
    asyncio.set_event_loop(loop)
    loop.set_exception_handler(_log_lost_exception)
    stop = asyncio.Event()
    try:
        with _signals_set(loop, stop):
            return _run_to_its_end(loop, work(stop), stop)
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def _run_to_its_end(loop: HostLoop, work: Coroutine[Any, Any, int], stop: asyncio.Event) -> int:
    task: asyncio.Task[tuple[int, BaseException | None]] = loop.create_task(_outcome_of(work))
    while not task.done():
        try:
            loop.run_until_complete(task)
        except RuntimeError:
            # Somebody ended Qt's loop (quit() does): the world is still to be stopped in order.
            # With its display gone it ends at every event, and the stop goes on all the same.
            if not stop.is_set():
                log.warning("the event loop was ended from outside; stopping in order")
                stop.set()
    code, error = task.result()
    if error is not None:
        raise error
    return code


async def _outcome_of(work: Coroutine[Any, Any, int]) -> tuple[int, BaseException | None]:
    # An exception leaves the loop as a value: on Qt's, SystemExit in a task would end the process
    # on the spot, without any clean-up.
    try:
        return await work, None
    except BaseException as error:  # noqa: BLE001 - raised again by _run_to_its_end
        return EXIT_NOT_SAVED, error
    finally:
        # Their threads talk to this loop, which is about to close.
        await await_last_connection()


@contextlib.contextmanager
def _signals_set(loop: HostLoop, stop: asyncio.Event) -> Iterator[None]:
    """Have Ctrl+C and SIGTERM set `stop`; Python's own handlers run only when Qt lets them."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    if sys.platform != "win32":
        for number in numbers:
            loop.add_signal_handler(number, stop.set)
        yield
        for number in numbers:
            loop.remove_signal_handler(number)
        return
    for number in numbers:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    heartbeat = QTimer()
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start(_WINDOWS_SIGNAL_INTERVAL_MS)
    yield
    heartbeat.stop()


def _log_lost_exception(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    log.error("%s", context.get("message"), exc_info=context.get("exception"))
