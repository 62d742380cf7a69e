"""Opening connections of SQLite, and knowing when the last of their threads has ended.

Each connection of aiosqlite has a thread of its own, which tells the event loop what has become of
every call, also of one that nobody waits for any more. So a loop must outlive these threads.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import aiosqlite

if TYPE_CHECKING:
    from threading import Thread

log = logging.getLogger(__name__)

_POLL_S = 0.002

_threads: weakref.WeakSet[Thread] = weakref.WeakSet()
# What goes on for a connection that nobody waits for any more.
_unwanted: set[asyncio.Future[Any]] = set()


def opener(pragmas: Sequence[str]) -> Callable[..., Awaitable[aiosqlite.Connection]]:
    """Return what opens a connection and tells it `pragmas`, for SQLAlchemy's `async_creator_fn`.

    Whoever is cancelled meanwhile leaves none behind: what is being opened is closed when it is
    open. The driver itself would drop it.
    """

    async def connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:
        # The driver would begin transactions by itself, and never one for DDL.
        connection: Any = aiosqlite.connect(*arguments, **options, isolation_level=None)
        thread = connection._thread
        # A disk that hangs must not keep the program from ending.
        thread.daemon = True
        _threads.add(thread)
        opening = asyncio.ensure_future(_opened(connection, pragmas))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # A disk that hangs must not keep whoever stops from going on.
            _keep(asyncio.ensure_future(_close_when_open(opening)))
            raise

    return connect


async def _opened(connection: Any, pragmas: Sequence[str]) -> aiosqlite.Connection:
    opened: aiosqlite.Connection = await connection
    try:
        for pragma in pragmas:
            await opened.execute_fetchall(f"PRAGMA {pragma}")
    except BaseException:
        await asyncio.shield(opened.close())
        raise
    return opened


async def _close_when_open(opening: asyncio.Future[aiosqlite.Connection]) -> None:
    try:
        await (await opening).close()
    except (sqlite3.Error, OSError, ValueError) as error:
        # Nobody waits for it any more; whoever opens the next one is told.
        log.warning("a connection that was given up could not be opened or closed: %s", error)


def _keep(task: asyncio.Future[Any]) -> None:
    """Hold on to a task until it is done; the event loop itself does not."""
    _unwanted.add(task)
    task.add_done_callback(_unwanted.discard)


async def connections_ended(timeout_s: float) -> bool:
    """Wait until no connection has a thread any more; return whether that came in time."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + timeout_s
    while _unwanted or any(thread.is_alive() for thread in _threads):
        if loop.time() >= give_up_at:
            return False
        await asyncio.sleep(_POLL_S)
    return True
