"""What every test runs in: Qt's event loop for coroutines, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

import argon2
import hypothesis
import pytest
import shiboken6
import uvicorn.server
from PySide6.QtCore import QCoreApplication, QThread, QTimer
from sqlalchemy.engine import URL

from core import database, sync, verification
from core.api import passwords
from core.persistence import sqlite_connections
from desktop_app.host_loop import HostLoop
from tests.databases import Databases, worlds_on
from tests.end_to_end import program, warm_run
from tests.postgres import find_binaries, private_server

# A test that hangs is a failure, not a coffee break.
ASYNC_TEST_TIMEOUT_S = 60.0
ENDING_THREAD_S = 5.0
# Programs are started and waited for in them.
_TAKES_LONG = "end_to_end/*.py"

# A slow machine is no bug. Where everything must pass, the same examples are tried every time; at
# a desk new ones are.
hypothesis.settings.register_profile(
    "starkeep",
    deadline=None,
    derandomize="CI" in os.environ,
    print_blob=True,
    # To explain a failure takes longer than to find it.
    phases=set(hypothesis.Phase) - {hypothesis.Phase.explain},
)
hypothesis.settings.load_profile("starkeep")

# The suite starts the program many times, and each start would compile all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Nothing that a test writes has to survive the computer; where there is room for it in memory, no
# test waits for a disk. pytest's own --basetemp comes first.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it
_ROOM_BYTES = 2 * 1024**3
if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))

for _name in list(os.environ):
    # The suite must not depend on what a developer has set for the program.
    if _name in {"DATABASE_URL", "DEV_CREATE_ALL", "TICK_RATE", "WORLD_NAME"}:
        del os.environ[_name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres", action="store_true", help="run on a private PostgreSQL server, not on SQLite"
    )
    parser.addoption(
        "--program",
        type=Path,
        metavar="FILE",
        help="what the tests of a running program start, e.g. dist/starkeep/starkeep",
    )
    parser.addoption("--kills", type=int, default=5, help="how often the crash test kills (5)")
    parser.addoption(
        "--fuzz", type=int, default=40, help="how many inputs each fuzz test makes up (40)"
    )
    parser.addoption(
        "--kill-seed", type=int, default=0, help="what the crash test does, as far as it can tell"
    )


def pytest_configure(config: pytest.Config) -> None:
    packaged = config.getoption("--program")
    if packaged is not None:
        program.start_packaged(packaged)


class LostExceptions(list[dict[str, Any]]):
    """What an event loop was told of exceptions that nobody caught."""


@pytest.fixture
def qloop(qapp: QCoreApplication) -> Iterator[HostLoop]:
    """The program's event loop. Coroutine tests get it without asking."""
    qapp.setQuitOnLastWindowClosed(False)  # type: ignore[attr-defined]
    loop = HostLoop(qapp)
    asyncio.set_event_loop(loop)
    loop.lost = LostExceptions()
    loop.set_exception_handler(lambda _loop, context: loop.lost.append(context))
    yield loop
    loop.close()
    asyncio.set_event_loop(None)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test on Qt's event loop; fail it for what it leaves there."""
    function = pyfuncitem.obj
    if not inspect.iscoroutinefunction(function):
        return None
    loop = pyfuncitem.funcargs["qloop"]
    assert isinstance(loop, HostLoop)
    wanted = inspect.signature(function).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    try:
        loop.run_until_complete(asyncio.wait_for(function(**arguments), ASYNC_TEST_TIMEOUT_S))
    finally:
        # As the program's own loop does.
        loop.run_until_complete(database.await_last_connection())
        left = _left_on(loop)
    if left:
        pytest.fail("\n".join(left), pytrace=False)
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--program"):
        # They put something of their own into the process they start.
        deselect(config, items, "checkout")
    if config.getoption("--postgres"):
        # They are about the file itself: its pragmas, its copies, a file that is no database, what
        # lies beside it. What they promise of a world other tests promise of both databases.
        deselect(config, items, "sqlite_file")
    for item in items:
        if not isinstance(item, pytest.Function) or "qloop" in item.fixturenames:
            continue
        if inspect.iscoroutinefunction(item.obj):
            item.fixturenames.insert(0, "qloop")
    if "PYTEST_XDIST_WORKER" in os.environ:
        # Begun last, one of them would have all other workers wait for its end.
        items.sort(key=lambda item: not item.path.match(_TAKES_LONG))


def deselect(config: pytest.Config, items: list[pytest.Item], marker: str) -> None:
    """Leave out the tests that bear a marker."""
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(marker)])
    items[:] = [item for item in items if not item.get_closest_marker(marker)]


def _left_on(loop: HostLoop) -> list[str]:
    """Cancel what still runs on a loop, and say what that was and which exceptions were lost."""
    tasks = [task for task in asyncio.all_tasks(loop) if not task.done()]
    for task in tasks:
        task.cancel()
    if tasks:
        # gather() would wait for ever for a task that is wedged.
        loop.run_until_complete(asyncio.wait(tasks, timeout=1))
    gc.collect()
    # Exceptions nobody has retrieved are reported when their tasks are collected.
    loop.run_until_complete(asyncio.sleep(0))
    return [f"left running: {task}" for task in tasks] + [f"lost: {lost}" for lost in loop.lost]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Leave what was there before a test out of the collections in it and after it.

    A host would have all of it looked at again when it stops: 0.3 s for each. The garbage of the
    test before goes first, while there is nothing else to look at.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def quick_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have hosts leave alone what is frozen, and freeze nothing that is garbage after the test."""
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(gc, "unfreeze", lambda: None)


@pytest.fixture(autouse=True)
def nothing_left_behind(quick_collection: None) -> Iterator[None]:
    """Fail a test that leaves a thread, a QThread, a QTimer or an open database behind."""
    before = set(threading.enumerate())
    yield
    assert not database.is_open(), "the database is still open"
    assert not sync._db_available()
    left = [
        thread
        for thread in threading.enumerate()
        if thread not in before and not _is_harmless(thread)
    ]
    for thread in left:
        # A driver says that it has closed a moment before its thread ends.
        thread.join(ENDING_THREAD_S)
    left = [thread for thread in left if thread.is_alive()]
    if left:
        # The tests after this one need not wait for its connections, too.
        sqlite_connections._threads.clear()
    assert not left, f"threads left running: {left}"
    running = still_running()
    assert not running, f"QThreads or QTimers left running: {running}"


def still_running() -> list[QThread | QTimer]:
    """Return the threads and timers of Qt that were made since the test began, and still run."""
    things = gc.get_objects()
    # Asking the types that there are takes half the time of asking everything.
    kinds = {kind for kind in set(map(type, things)) if issubclass(kind, (QThread, QTimer))}
    return [
        thing
        for thing in things
        if type(thing) in kinds and shiboken6.isValid(thing) and _is_running(thing)
    ]


def _is_running(thing: QThread | QTimer) -> bool:
    return thing.isRunning() if isinstance(thing, QThread) else thing.isActive()


def _is_harmless(thread: threading.Thread) -> bool:
    # A QThread that has called into `threading` leaves an entry of this kind when it is gone.
    return isinstance(thread, threading._DummyThread)


@pytest.fixture(scope="session", autouse=True)
def passwords_at_full_cost() -> Iterator[argon2.PasswordHasher]:
    """Hash passwords at no cost meanwhile; return what hashes them in earnest."""
    in_earnest = passwords._HASHER
    cheap = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", cheap)
        patch.setattr(passwords, "_NOBODY", cheap.hash("nobody has this password"))
        yield in_earnest


class _Impatient:
    """asyncio, for somebody who looks more often."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 20)


@pytest.fixture(scope="session", autouse=True)
def servers_that_stop_quickly() -> Iterator[None]:
    """Have uvicorn look more often whether its connections have gone: 0.1 s for each host."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn.server, "asyncio", _Impatient())
        yield


@pytest.fixture(scope="session", autouse=True)
def checks_that_take_their_turn() -> Iterator[int]:
    """Have backups looked at with the priority of the tests; return the one they have in earnest.

    With the lowest of all a check gets nowhere while other workers keep all processors busy.
    """
    in_earnest = verification._LOWEST_PRIORITY
    with pytest.MonkeyPatch.context() as patch:
        if sys.platform != "win32":
            ours = os.getpriority(os.PRIO_PROCESS, os.getpid())
            patch.setattr(verification, "_LOWEST_PRIORITY", ours)
        yield in_earnest


@pytest.fixture(scope="session", autouse=True)
def checks_that_start_warm() -> Iterator[None]:
    """Have backups looked at by processes that need not import the program: 2 s for each."""
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(os, "fork"):
            patch.setattr(verification, "Checking", warm_run.WarmChecking)
        yield


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Run a private PostgreSQL server for as long as the tests run."""
    binaries = find_binaries()
    if binaries is None:
        missing = "no PostgreSQL server is installed (Debian: apt-get install postgresql)"
        if request.config.getoption("--postgres") or "CI" in os.environ:
            pytest.fail(missing)
        pytest.skip(missing)
    with private_server(binaries) as server:
        databases = Databases(server)
        databases.make_template()
        yield databases


@pytest.fixture(autouse=True)
def world_in_a_folder(request: pytest.FixtureRequest) -> Iterator[None]:
    """Have every world lie where the command line says: in its folder or on a server."""
    if not request.config.getoption("--postgres"):
        yield
        return
    databases: Databases = request.getfixturevalue("postgres")
    with worlds_on(databases):
        yield


@pytest.fixture
def postgres_url(postgres: Databases) -> Iterator[URL]:
    """The URL of an empty PostgreSQL database."""
    yield database.async_url(postgres.empty_url())
    postgres.drop_all()
