"""Opening connections of SQLite, and knowing when the last of their threads has ended.

Each connection of aiosqlite has a thread of its own, which tells the event loop what has become of
every call, also of one that nobody waits for any more. So a loop must outlive these threads.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

import aiosqlite

if TYPE_CHECKING:
    from threading import Thread

_POLL_S = 0.002

_threads: weakref.WeakSet[Thread] = weakref.WeakSet()


def opener(pragmas: Sequence[str]) -> Callable[..., Awaitable[aiosqlite.Connection]]:
    """Return what opens a connection and tells it `pragmas`, for SQLAlchemy's `async_creator_fn`.

    Whoever is cancelled meanwhile leaves none behind.
    """

    async def connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:
        # The driver would begin transactions by itself, and never one for DDL.
        connection: Any = aiosqlite.connect(*arguments, **options, isolation_level=None)
        thread = connection._thread
        # A disk that hangs must not keep the program from ending.
        thread.daemon = True
        _threads.add(thread)
        opened: aiosqlite.Connection = await connection
        try:
            for pragma in pragmas:
                await opened.execute_fetchall(f"PRAGMA {pragma}")
        except BaseException:
            await asyncio.shield(opened.close())
            raise
        return opened

    return connect


async def connections_ended(timeout_s: float) -> bool:
    """Wait until no connection has a thread any more; return whether that came in time."""
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + timeout_s
    while any(thread.is_alive() for thread in _threads):
        if loop.time() >= give_up_at:
            return False
        await asyncio.sleep(_POLL_S)
    return True
