"""One run of the program: an event loop, a host, and a window unless it is headless."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from PySide6.QtCore import QCoreApplication

from core.errors import StarkeepError, StorageError, WorldInUseError
from core.paths import DataFolder
from desktop_app import logs
from desktop_app.application import Host, HostState
from desktop_app.lost_exceptions import lost_exceptions_told
from desktop_app.running import EXIT_NOT_SAVED, EXIT_OK, run_on_host_loop

log = logging.getLogger(__name__)


def run(folder: DataFolder, overrides: Mapping[str, Any], log_level: str, headless: bool) -> int:
    """Host the world until somebody stops it. Raise StarkeepError if it cannot be started."""
    logs.keep_quiet()
    app = QCoreApplication(sys.argv[:1]) if headless else _gui_application()
    host = Host(folder, overrides)
    work = _headless if headless else _with_window
    error: StarkeepError | None = None
    try:
        with lost_exceptions_told(host.note_lost_exception):
            return run_on_host_loop(app, lambda stop: work(host, log_level, stop))
    except StarkeepError as caught:
        error = caught
        raise
    finally:
        # Whatever has happened, no thread outlives this and hangs the process.
        if not host.end_threads():
            _leave(error)
        host.release()
        logs.flush()


def _leave(error: StarkeepError | None) -> NoReturn:
    """End the process where it stands: it would abort over a simulation that does not end."""
    if error is not None:
        logs.say(f"starkeep: {error}")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_NOT_SAVED)


# Headless -----------------------------------------------------------------------------------------


async def _headless(host: Host, log_level: str, stop: asyncio.Event) -> int:
    host.acquire()
    logs.log_to_file(host.folder.logs, log_level)
    # Nobody is there to press a button: a world that has failed is saved and ends.
    host.changed.connect(lambda: stop.set() if host.state is HostState.FAILED else None)
    if await _started(host, stop):
        logs.log_to_stderr(log_level)
        announce(host)
        await stop.wait()
    failed = host.state is HostState.FAILED
    return EXIT_NOT_SAVED if not await _stopped(host) or failed else EXIT_OK


# With a window ------------------------------------------------------------------------------------


async def _with_window(host: Host, log_level: str, stop: asyncio.Event) -> int:
    # Only here: a headless start needs no display and none of its libraries.
    from desktop_app.main_window import MainWindow
    from desktop_app.single_instance import FirstInstance, raise_first_instance

    try:
        host.acquire()
    except WorldInUseError:
        if await raise_first_instance(host.folder):
            return EXIT_OK
        raise
    logs.log_to_file(host.folder.logs, log_level)
    window = MainWindow(host)
    window.quit_requested.connect(stop.set)
    first = FirstInstance(host.folder, window)
    window.show()
    try:
        await _run_in_sight(host, stop)
        return EXIT_OK if await _stopped(host) else EXIT_NOT_SAVED
    finally:
        first.close()
        window.end()


async def _run_in_sight(host: Host, stop: asyncio.Event) -> None:
    """Run the host until somebody wants to stop.

    Where the first start fails the window stays with the reason and its Start, for whoever has
    double-clicked sees nothing else. Raise what was wrong if the world has not run until the end.
    """
    try:
        started = await _started(host, stop)
    except Exception as error:
        if not _can_be_seen():
            raise
        ours = not isinstance(error, StarkeepError)
        log.error("the world cannot be started: %s", error, exc_info=ours)
        started = await _started_by_hand(host, stop)
        if not started:
            await host.stop()
            raise
    if started:
        announce(host)
        await stop.wait()


async def _started_by_hand(host: Host, stop: asyncio.Event) -> bool:
    """Wait until the window has started the world; return False if it is closed before that."""
    runs = asyncio.Event()
    connection = host.changed.connect(
        lambda: runs.set() if host.state is HostState.RUNNING else None
    )
    waiting = [asyncio.ensure_future(event.wait()) for event in (runs, stop)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for wait in waiting:
        wait.cancel()
    host.changed.disconnect(connection)
    return runs.is_set()


def _can_be_seen() -> bool:
    """Return whether there is a screen, and not only a place to draw to for tests and servers."""
    from PySide6.QtGui import QGuiApplication

    return QGuiApplication.platformName() not in ("offscreen", "minimal")


def _gui_application() -> QCoreApplication:
    if sys.platform == "linux" and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    ):
        # Qt would abort the process.
        raise StarkeepError("there is no display here; start with --headless")
    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    from PySide6.QtWidgets import QApplication

    app = QApplication(sys.argv[:1])
    app.setApplicationName("Starkeep")
    app.setQuitOnLastWindowClosed(False)
    return app


# Both ---------------------------------------------------------------------------------------------


async def _started(host: Host, stop: asyncio.Event) -> bool:
    """Start the host; break that off, and return False, as soon as somebody wants to stop."""
    starting = asyncio.ensure_future(host.start())
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        with contextlib.suppress(StorageError):  # it is told at the end
            await host.stop()
    await starting
    return host.state is not HostState.STOPPED


def announce(host: Host) -> None:
    """Tell whoever started the program where players can connect."""
    print(f"listening on {host.url}", flush=True)


async def _stopped(host: Host) -> bool:
    """Stop the host; return whether everything was saved, and say so if it was not."""
    with contextlib.suppress(StorageError):  # host.not_saved tells of it
        await host.stop()
    if host.not_saved is not None:
        logs.say(f"starkeep: {host.not_saved}")
    return host.not_saved is None
