"""The door to the persistence loop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from core import sync
from core.errors import PersistenceClosed, StorageError, WorldInUseError
from tests.databases import open_database

T = TypeVar("T")
LIMIT_S = 10.0


@pytest.fixture
def reported() -> Iterator[list[str]]:
    """Names of failures that nobody waited for."""
    names: list[str] = []
    sync.on_failure(names.append)
    yield names
    sync.on_failure(lambda _what: None)


async def in_thread(work: Callable[[], T]) -> T:
    """Run something on a thread of its own while this loop goes on."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - handed on to the test
            loop.call_soon_threadsafe(done.set_exception, error)
        else:
            loop.call_soon_threadsafe(done.set_result, result)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        return await asyncio.wait_for(done, LIMIT_S)
    finally:
        thread.join()


@pytest.fixture
def captured(qloop: Any) -> Iterator[None]:
    sync.set_persistence_loop(qloop)
    yield
    sync.set_persistence_loop(None)


async def thread_name() -> str:
    return threading.current_thread().name


async def test_that_an_operation_runs_on_the_captured_loop(captured: None) -> None:
    assert await in_thread(lambda: sync.wait(thread_name(), LIMIT_S)) == "MainThread"


async def test_that_waiting_on_the_loop_for_itself_is_refused_at_once(captured: None) -> None:
    with pytest.raises(RuntimeError, match="for itself"):
        sync.wait(thread_name(), LIMIT_S)


async def test_that_giving_up_on_an_operation_leaves_it_alone(captured: None) -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def operation() -> str:
        await go_on.wait()
        ended.set()
        return "done"

    def give_up() -> None:
        with pytest.raises(TimeoutError):
            sync.wait(operation(), 0.01)

    await in_thread(give_up)
    go_on.set()
    await asyncio.wait_for(ended.wait(), LIMIT_S)


async def test_that_cancelling_the_future_leaves_the_operation_alone(captured: None) -> None:
    go_on, ended = asyncio.Event(), asyncio.Event()

    async def operation() -> None:
        await go_on.wait()
        ended.set()

    future = sync.submit(operation())
    waiter = asyncio.ensure_future(asyncio.wrap_future(future))
    await asyncio.sleep(0)
    waiter.cancel()
    go_on.set()
    await asyncio.wait_for(ended.wait(), LIMIT_S)
    assert not future.cancelled()


async def test_that_another_event_loop_can_await_an_operation(captured: None) -> None:
    def other_loop() -> str:
        return asyncio.run(sync.run(thread_name()))

    assert await in_thread(other_loop) == "MainThread"


async def test_that_a_failure_nobody_waits_for_is_counted_and_logged(
    captured: None, reported: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise OSError("no disk")

    with caplog.at_level(logging.WARNING):
        assert sync.in_background(fail(), what="a note", default=7) == 7
        await until(lambda: reported == ["a note"])
    assert "no disk" in caplog.text


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until a condition holds."""
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0)


def test_that_without_a_loop_a_save_fails_at_once(reported: list[str]) -> None:
    future = sync.submit(thread_name())
    assert isinstance(future.exception(timeout=0), PersistenceClosed)
    assert reported


def test_that_without_a_loop_waiting_fails_at_once() -> None:
    with pytest.raises(PersistenceClosed):
        sync.wait(thread_name(), LIMIT_S)


def test_that_without_a_loop_the_default_is_returned(reported: list[str]) -> None:
    assert sync.in_background(thread_name(), what="a note", default="none") == "none"
    assert "a note" in reported


async def test_that_letting_go_of_the_loop_fails_what_is_outstanding(qloop: Any) -> None:
    sync.set_persistence_loop(qloop)
    go_on, went_on = asyncio.Event(), asyncio.Event()
    future = sync.submit(_wait_for(go_on, went_on))
    sync.set_persistence_loop(None)
    assert isinstance(future.exception(timeout=0), PersistenceClosed)
    go_on.set()
    await went_on.wait()


async def _wait_for(event: asyncio.Event, went_on: asyncio.Event | None = None) -> None:
    await event.wait()
    if went_on is not None:
        went_on.set()


async def test_that_a_cancelled_operation_is_no_silent_success(captured: None) -> None:
    async def cancel_itself() -> None:
        raise asyncio.CancelledError

    with pytest.raises(PersistenceClosed):
        await in_thread(lambda: sync.wait(cancel_itself(), LIMIT_S))


async def test_that_an_operation_that_takes_too_long_is_a_storage_error(captured: None) -> None:
    go_on = asyncio.Event()

    def other_loop() -> None:
        with pytest.raises(StorageError):
            asyncio.run(sync.run(_wait_for(go_on), timeout_s=0.01))

    await in_thread(other_loop)
    go_on.set()


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError("nobody there"),
        TimeoutError("the driver's own"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.ConnectionDoesNotExistError("it was cut"),
        WorldInUseError("somebody else has it"),
    ],
)
async def test_that_a_database_that_fails_is_a_storage_error_and_not_under_way(
    captured: None, error: Exception
) -> None:
    async def fail() -> None:
        raise error

    def other_loop() -> None:
        with pytest.raises(StorageError) as caught:
            asyncio.run(sync.run(fail()))
        assert caught.value.__cause__ is None

    await in_thread(other_loop)
    with pytest.raises(StorageError):
        await sync.run(fail())


async def test_that_a_bug_is_no_storage_error(captured: None) -> None:
    async def fail() -> None:
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        await sync.run(fail())


async def test_that_hundreds_of_threads_get_their_own_answers(captured: None) -> None:
    async def echo(value: int) -> int:
        await asyncio.sleep(0)
        return value

    async def one(value: int) -> int:
        return await in_thread(lambda: sync.wait(echo(value), LIMIT_S))

    assert await asyncio.gather(*map(one, range(100))) == list(range(100))


async def test_that_operations_are_counted_and_timed_by_name(tmp_path: Path) -> None:
    noted: list[tuple[str, str]] = []
    sync.on_operation(lambda name, outcome, seconds: noted.append((name, outcome)))
    try:
        async with open_database(tmp_path / "world.db"):
            await sync.find_account(1)
            with pytest.raises(ValueError, match="a bug"):
                await sync.run(broken())
        with pytest.raises(PersistenceClosed):
            await sync.find_account(1)
    finally:
        sync.on_operation(lambda _name, _outcome, _seconds: None)
    assert noted == [("find_account", "done"), ("broken", "failed"), ("find_account", "failed")]


async def broken() -> None:
    raise ValueError("a bug")
