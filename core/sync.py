"""The door to the persistence loop, and the only bridge between the world and the database.

The persistence loop is the main thread's asyncio loop (in the program, Qt's through qasync). It is
captured once, by `set_persistence_loop`. Every database call runs there and nowhere else:

* on the loop, operations are awaited as they are (core.persistence);
* from another thread through this module: `in_background` (nobody waits, a failure is counted and
  logged), `submit` (a future), `wait` (blocks, with a limit) or `run` (for another event loop).

Futures given out are shielded: who stops waiting never cancels work on the database.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

from core import database
from core.bots.strength import Bot, Strength
from core.ecs.table import Ids
from core.errors import PersistenceClosed, StorageError, WorldInUseError
from core.failure_words import in_words
from core.persistence import accounts, answered_requests, bisecting, worlds
from core.persistence.accounts import (
    Account,
    AccountChange,
    AccountPage,
    Credentials,
    NameTaken,
    Revocation,
)
from core.persistence.answered_requests import KeyedRequest
from core.persistence.driver_errors import is_driver_error
from core.persistence.single_session import NewAccount, _ensure_user_and_planet_in_session
from core.persistence.worlds import LoadedTable, LoadedWorld, Progress
from core.save_batch import RowName, SaveBatch, SaveReceipt, TableRows, WorldClock

__all__ = [
    "Account",
    "AccountChange",
    "AccountPage",
    "Credentials",
    "KeyedRequest",
    "LoadedTable",
    "LoadedWorld",
    "NameTaken",
    "NewAccount",
    "Progress",
    "Revocation",
    "_db_available",
    "_ensure_user_and_planet_in_session",
    "in_background",
    "on_failure",
    "on_operation",
    "run",
    "set_persistence_loop",
    "submit",
    "submit_save",
    "wait",
]

log = logging.getLogger(__name__)

T = TypeVar("T")
Operation = Coroutine[Any, Any, T]

# (name, "done" or "failed" or "late", seconds)
NoteOperation = Callable[[str, str, float], None]

CLOSED = "the database is not open"
OPERATION_TIMEOUT_S = 15.0


class _Door:
    """The captured loop and everything that was submitted to it and is not done."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.outstanding: set[Future[Any]] = set()
        self.report: Callable[[str], None] = lambda _what: None
        self.note: NoteOperation = lambda _name, _outcome, _seconds: None


_door = _Door()


def set_persistence_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Capture the loop on which every database call runs, or let go of it.

    None is to be set before that loop stops: a future handed to a closed loop is never resolved,
    so all that are outstanding fail now, with PersistenceClosed.
    """
    with _door.lock:
        _door.loop = loop
        abandoned = [] if loop is not None else list(_door.outstanding)
        _door.outstanding.difference_update(abandoned)
    for future in abandoned:
        _fail(future)


def on_failure(report: Callable[[str], None]) -> None:
    """Have failures that nobody waits for reported by the name of what failed, to be counted."""
    _door.report = report


def on_operation(note: NoteOperation) -> None:
    """Have the operations that somebody waits for reported with their outcome, to be counted."""
    _door.note = note


def _db_available() -> bool:
    """Return whether operations can run: the loop is captured and the engine is up."""
    return _door.loop is not None and database.is_open()


def submit(operation: Operation[T]) -> Future[T]:
    """Run an operation on the persistence loop; any thread. The future may be PersistenceClosed.

    Cancelling the future, or giving up on it, leaves the operation alone.
    """
    outer: Future[T] = Future()
    outer.set_running_or_notify_cancel()
    with _door.lock:
        loop = _door.loop
        if loop is not None:
            _door.outstanding.add(outer)
    if loop is None:
        operation.close()
        _door.report("submitted without a persistence loop")
        _fail(outer)
        return outer
    try:
        inner = asyncio.run_coroutine_threadsafe(operation, loop)
    except RuntimeError:
        operation.close()
        _forget(outer)
        _fail(outer)
        return outer
    inner.add_done_callback(partial(_hand_over, outer))
    return outer


def in_background(operation: Operation[T], *, what: str, default: T | None = None) -> T | None:
    """Run an operation that nobody waits for; return `default` at once.

    A failure is counted and logged under `what`.
    """

    def look(future: Future[T]) -> None:
        error = future.exception()
        if error is not None:
            _door.report(what)
            log.warning("%s failed: %s", what, error)

    submit(operation).add_done_callback(look)
    return default


def wait(operation: Operation[T], timeout_s: float) -> T:
    """Run an operation and block until it is done. Not on the loop's own thread.

    Raise RuntimeError there, where it would wait for itself; TimeoutError after the limit (the
    operation goes on); PersistenceClosed without a loop.
    """
    try:
        running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
    except RuntimeError:
        running = None
    if running is not None and running is _door.loop:
        operation.close()
        raise RuntimeError("waiting on the persistence loop for itself; await the operation there")
    return submit(operation).result(timeout_s)


async def run(
    operation: Operation[T],
    timeout_s: float = OPERATION_TIMEOUT_S,
    *,
    on_end: Callable[[], None] = lambda: None,
) -> T:
    """Await an operation from whatever event loop this is.

    Raise StorageError if the database fails or takes longer than the limit; in the latter case
    its cause is a TimeoutError, and the operation goes on. `on_end` is called when it has really
    ended, on whatever thread.
    """
    name = getattr(operation, "__name__", "unknown")
    start, outcome = time.perf_counter(), "failed"
    try:
        if asyncio.get_running_loop() is _door.loop:
            try:
                value = await operation
            finally:
                on_end()
            outcome = "done"
            return value
        future = submit(operation)
        future.add_done_callback(lambda _future: on_end())
        answer = asyncio.wrap_future(future)
        try:
            value = await asyncio.wait_for(answer, timeout_s)
            outcome = "done"
            return value
        except TimeoutError as error:
            if not answer.cancelled():
                raise  # the driver's own
            outcome = "late"
            raise StorageError(f"the database takes longer than {timeout_s:g} s") from error
    except Exception as error:
        if not is_driver_error(error) and not isinstance(error, WorldInUseError):
            raise
        words = in_words(error)
        log.info("an operation failed, the database is %s: %s", words, error)
        # Without the cause: nobody needs a stack of the driver's, and this one is no TimeoutError.
        raise StorageError(f"the database failed: {words}") from None
    finally:
        _door.note(name, outcome, time.perf_counter() - start)


def _hand_over(outer: Future[T], inner: Future[T]) -> None:
    _forget(outer)
    if outer.done():
        return
    if inner.cancelled():
        _fail(outer)
        return
    error = inner.exception()
    if error is not None:
        outer.set_exception(error)
    else:
        outer.set_result(inner.result())


def _forget(future: Future[Any]) -> None:
    with _door.lock:
        _door.outstanding.discard(future)


def _fail(future: Future[Any]) -> None:
    if not future.done():
        future.set_exception(PersistenceClosed(CLOSED))


# The operations -----------------------------------------------------------------------------------


def submit_save(batch: SaveBatch) -> Future[SaveReceipt]:
    """Write a batch; the future is done when it is committed, or has failed.

    What the database refuses for good is left out and named in the receipt.
    """
    return submit(bisecting.write_what_is_accepted(batch, time.perf_counter()))


async def read_rows(wanted: Iterable[RowName]) -> tuple[TableRows, ...]:
    return await run(worlds.read_rows(wanted))


async def load_world(progress: Progress) -> LoadedWorld:
    """Read the whole world, on the persistence loop itself: it may take as long as it takes."""
    return await worlds.load_world(progress)


async def write_seed(
    new: Sequence[NewAccount],
    make_rows: Callable[[Ids], tuple[Sequence[TableRows], WorldClock]],
    progress: Progress,
    before_commit: Callable[[], None] = lambda: None,
) -> None:
    """Write a seeded world, on the persistence loop itself: it may take as long as it takes."""
    await worlds.write_seed(new, make_rows, progress, before_commit)


async def register_account(
    new: NewAccount, request: KeyedRequest | None = None
) -> Account | NameTaken:
    return await run(accounts.register_account(new, request))


async def delete_homeless_account(account_id: int) -> bool:
    return await run(accounts.delete_homeless_account(account_id))


async def find_credentials(username: str) -> Credentials | None:
    return await run(accounts.find_credentials(username))


async def find_account(account_id: int) -> Account | None:
    return await run(accounts.find_account(account_id))


async def find_answered(account_id: int, text: str) -> KeyedRequest | None:
    return await run(answered_requests.find_answered(account_id, text))


async def revoke_token(
    revocation: Revocation, request: KeyedRequest | None = None
) -> KeyedRequest | None:
    return await run(accounts.revoke_token(revocation, request))


async def load_revocations() -> tuple[Revocation, ...]:
    return await run(accounts.load_revocations())


async def change_password(
    account_id: int,
    password_hash: str,
    on_end: Callable[[], None] = lambda: None,
    request: KeyedRequest | None = None,
) -> Account | KeyedRequest | None:
    changing = accounts.change_password(account_id, password_hash, request)
    return await run(changing, on_end=on_end)


async def change_account(
    account_id: int, change: AccountChange, request: KeyedRequest | None = None
) -> Account | NameTaken | KeyedRequest | None:
    return await run(accounts.change_account(account_id, change, request))


async def list_accounts(search: str, limit: int, offset: int) -> AccountPage:
    return await run(accounts.list_accounts(search, limit, offset))


async def grant_admin(account_id: int) -> Account | None:
    return await run(accounts.grant_admin(account_id))


def new_bot(number: int) -> NewAccount:
    return accounts.new_bot(number)


async def keep_bots(at_least: int, strength: Strength | None = None) -> tuple[Bot, ...]:
    return await run(accounts.keep_bots(at_least, strength))


async def record_login(account_id: int) -> bool:
    return await run(accounts.record_login(account_id))
