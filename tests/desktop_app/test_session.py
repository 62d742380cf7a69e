"""desktop_app.session: from the start of the event loop to the exit code"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from core import database
from core.errors import StarkeepError
from desktop_app import session
from desktop_app.application import Host, HostState
from desktop_app.main_window import MainWindow
from desktop_app.running import EXIT_NOT_SAVED, EXIT_OK
from tests.databases import locked_world
from tests.desktop_app.showcase import until
from tests.hosts import make_host

WORK_TIMEOUT_S = 20.0

# A world ------------------------------------------------------------------------------------------


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Host]]:
    """The hosts that have announced themselves. The log is left as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hosts: list[Host] = []
    monkeypatch.setattr(session, "announce", hosts.append)
    yield hosts
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


async def announced(work: asyncio.Task[int], hosts: list[Host]) -> Host:
    await until(lambda: hosts or work.done())
    return hosts[0]


def headless(folder: Path, stop: asyncio.Event, **overrides: Any) -> asyncio.Task[int]:
    host = make_host(folder, final_save_timeout_seconds=1.0, **overrides)
    return asyncio.create_task(released(host, session._headless(host, "warning", stop)))


async def released(host: Host, work: Coroutine[Any, Any, int]) -> int:
    try:
        return await work
    finally:
        host.release()


async def test_that_a_headless_world_that_fails_ends_by_itself_and_says_so(
    tmp_path: Path, hosts: list[Host]
) -> None:
    work = headless(tmp_path, asyncio.Event())
    host = await announced(work, hosts)

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a bug")

    assert host.game is not None
    host.game.process = broken  # type: ignore[method-assign]
    assert await work == EXIT_NOT_SAVED


async def test_that_a_final_save_that_cannot_be_made_is_said_and_no_success(
    tmp_path: Path,
    hosts: list[Host],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 500)
    stop = asyncio.Event()
    work = headless(tmp_path, stop)
    await announced(work, hosts)
    with locked_world(tmp_path):
        stop.set()
        assert await work == EXIT_NOT_SAVED
    assert "starkeep: " in capsys.readouterr().err


def with_window(folder: Path) -> asyncio.Task[int]:
    host = make_host(folder)
    work = session._with_window(host, "warning", asyncio.Event())
    return asyncio.create_task(released(host, work))


def windows() -> list[MainWindow]:
    return [
        widget
        for widget in QApplication.topLevelWidgets()
        if isinstance(widget, MainWindow) and widget.isVisible()
    ]


async def test_that_closing_the_window_saves_the_world_and_ends(
    tmp_path: Path, hosts: list[Host]
) -> None:
    work = with_window(tmp_path)
    host = await announced(work, hosts)
    (window,) = windows()
    window.close()
    assert window.isVisible()
    assert await work == EXIT_OK
    assert windows() == []
    assert host.simulation is None


@pytest.mark.sqlite_file
async def test_that_a_start_that_fails_takes_a_window_away_that_nobody_sees(
    tmp_path: Path, hosts: list[Host]
) -> None:
    (tmp_path / "world.db").write_text("this is a diary")
    with pytest.raises(StarkeepError, match="cannot be opened"):
        await with_window(tmp_path)
    assert windows() == []
    assert hosts == []


@pytest.mark.parametrize("in_the_end", [True, False])
@pytest.mark.sqlite_file
async def test_that_a_window_that_can_be_seen_stays_where_the_first_start_fails(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch, in_the_end: bool
) -> None:
    monkeypatch.setattr(session, "_can_be_seen", lambda: True)
    (tmp_path / "world.db").write_text("this is a diary")
    work = with_window(tmp_path)
    await until(lambda: windows() and windows()[0].banner.isVisible())
    (window,) = windows()
    assert "cannot be opened" in window.banner.text
    assert window.strip.start_stop.text() == "Start"
    if in_the_end:
        (tmp_path / "world.db").unlink()
        window.strip.start_stop.click()
        await announced(work, hosts)
        window.close()
        assert await work == EXIT_OK
    else:
        window.close()
        with pytest.raises(StarkeepError, match="cannot be opened"):
            await work
    assert windows() == []


# Offscreen there is no stack of windows.
@pytest.mark.qt_log_ignore("This plugin does not support raise")
async def test_that_a_second_start_leaves_the_first_alone(
    tmp_path: Path, hosts: list[Host]
) -> None:
    first = with_window(tmp_path)
    await announced(first, hosts)
    assert await with_window(tmp_path) == EXIT_OK
    (window,) = windows()
    assert not first.done()
    window.close()
    assert await first == EXIT_OK


@pytest.mark.qt_log_ignore("This plugin does not support raise")
async def test_that_a_second_start_finds_the_window_of_a_stopped_world(
    tmp_path: Path, hosts: list[Host]
) -> None:
    first = with_window(tmp_path)
    host = await announced(first, hosts)
    (window,) = windows()
    await host.stop()
    window.hide()
    assert await with_window(tmp_path) == EXIT_OK
    assert windows() == [window]
    await host.start()
    window.close()
    assert await first == EXIT_OK
    assert host.state is HostState.STOPPED


async def test_that_closing_the_window_breaks_a_start_off(
    tmp_path: Path, hosts: list[Host]
) -> None:
    host = make_host(tmp_path)
    states: list[HostState] = []
    host.changed.connect(lambda: states.append(host.state))
    host.changed.connect(lambda: windows()[0].close() if host.state is HostState.STARTING else None)
    work = session._with_window(host, "warning", asyncio.Event())
    assert await released(host, work) == EXIT_OK
    assert states == [HostState.STARTING, HostState.STOPPED]
    assert hosts == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_that_a_window_without_a_display_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StarkeepError, match="--headless"):
        session._gui_application()
