"""Connections of SQLite: opening them, and knowing when the last of their threads has ended.

Each connection of aiosqlite has a thread of its own, which tells the event loop what has become of
every call, also of one that nobody waits for any more. So a loop must outlive these threads.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import weakref
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import aiosqlite

if TYPE_CHECKING:
    from threading import Thread

log = logging.getLogger(__name__)

_POLL_S = 0.002
# How long a new connection waits for those that were given up while they were opened.
_GIVEN_UP_S = 5.0
# How many rows the driver's own cursors fetch at once.
_CHUNK_ROWS = 64

Work = Callable[[sqlite3.Connection], None]

_threads: weakref.WeakSet[Thread] = weakref.WeakSet()
# What goes on for a connection that nobody waits for any more.
_unwanted: set[asyncio.Future[Any]] = set()


class Connection(aiosqlite.Connection):
    """A connection whose commit carries out what it was given before, in the same hop.

    A hop to the driver's thread and back costs as much as a small save itself.
    """

    _at_commit: Work | None = None

    def do_at_commit(self, work: Work) -> None:
        """Leave work, all statements of a transaction, to the next commit.

        If it raises, nothing is committed; a rollback instead of the commit drops it.
        """
        if self._at_commit is not None:
            raise RuntimeError("a commit carries out all statements of its transaction at once")
        self._at_commit = work

    @property
    def has_work(self) -> bool:
        """True while a commit would carry something out."""
        return self._at_commit is not None

    async def commit(self) -> None:
        work, self._at_commit = self._at_commit, None
        if work is None:
            await super().commit()
        else:
            await self.do_now(partial(self._carry_out_and_commit, work))

    def _carry_out_and_commit(self, work: Work, connection: sqlite3.Connection) -> None:
        work(connection)
        if not self._running:
            # Given up while it waited to begin. Whoever saves next waits for the lock that this
            # holds now, and must not find his rows overwritten by older ones.
            connection.rollback()
            raise sqlite3.OperationalError("the connection was given up")
        connection.commit()

    async def rollback(self) -> None:
        self._at_commit = None
        await super().rollback()

    async def do_now(self, work: Work) -> None:
        """Do some work on the driver's thread, in a single hop.

        WORKAROUND: aiosqlite 0.22 takes one statement a hop and brings a cursor back from each. Its
        own methods are made of `_execute`, which runs any function on that thread.
        """
        await self._execute(work, self._conn)  # type: ignore[no-untyped-call]


class _Driver(sqlite3.Connection):
    """Really closes: SQLite keeps a connection, and its locks, for a query that is not finished.

    Whoever is cancelled in the middle of one leaves its cursor to the garbage collector.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        cursor = super().cursor(*arguments, **options)
        self._cursors.add(cursor)
        return cursor

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        # By itself it makes a cursor that nobody knows of.
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.execute(*arguments)

    def close(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


def opener(pragmas: Sequence[str]) -> Callable[..., Awaitable[aiosqlite.Connection]]:
    """Return what opens a connection and tells it `pragmas`, for SQLAlchemy's `async_creator_fn`.

    Whoever is cancelled meanwhile leaves none behind: what is being opened is closed when it is
    open. The driver itself would drop it.
    """

    async def connect(*arguments: Any, **options: Any) -> aiosqlite.Connection:
        if _unwanted:
            # Two that move a file to the write-ahead log at once lock each other out, and SQLite
            # tells one of them so without waiting.
            await asyncio.wait(_unwanted, timeout=_GIVEN_UP_S)
        # The driver would begin transactions by itself, and never one for DDL.
        options |= {"isolation_level": None, "factory": _Driver}
        connector = partial(sqlite3.connect, *arguments, **options)
        connection: Any = Connection(connector, _CHUNK_ROWS)
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
