"""Engines and sessions; nothing else creates an engine.

Exactly one connection writes: `SessionLocal` is bound to it. Readers are a second engine that
cannot write and is to be left quickly: on SQLite, where it cannot checkpoint either, an open read
transaction lets the write-ahead log grow.

One process owns a world. A file is locked for as long as it is `claimed`; on PostgreSQL the
connection that writes holds the lock.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import PoolResetState, QueuePool

from core.errors import DatabaseError, WorldInUseError
from core.persistence.advisory_lock import prepare_writer
from core.persistence.clock_trail import ClockTrail
from core.persistence.sqlite_connections import connections_ended, opener
from core.world_lock import WorldLock

log = logging.getLogger(__name__)

# The first that can change many rows to different values at once: UPDATE ... FROM.
SQLITE_MIN = (3, 33)
BUSY_TIMEOUT_MS = 5_000
READERS_MAX = 4
CONNECT_TIMEOUT_S = 10
# A little longer than a writer waits for whoever keeps him from it.
LAST_WRITE_TIMEOUT_S = 8.0

# One session, one transaction: `async with SessionLocal() as session, session.begin(): ...`
SessionLocal: async_sessionmaker[AsyncSession] = async_sessionmaker(expire_on_commit=False)
ReadSession: async_sessionmaker[AsyncSession] = async_sessionmaker(expire_on_commit=False)

# An execution option: whoever takes this connection begins SQLite's transaction himself, together
# with his first statements. By itself, BEGIN is three hops to the driver's thread.
BEGINS_ITSELF = "begins_itself"

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
# What a PostgreSQL URL may ask for behind its question mark: as text, the driver takes no more.
_POSTGRES_OPTIONS = {
    "command_timeout",
    "database",
    "gsslib",
    "host",
    "krbsrvname",
    "passfile",
    "password",
    "port",
    "prepared_statement_cache_size",
    "service",
    "servicefile",
    "ssl",
    "target_session_attrs",
    "user",
}


class _Engines:
    """The engines of the running program; two while a world is open, none otherwise."""

    writer: AsyncEngine | None = None
    reader: AsyncEngine | None = None
    trail = ClockTrail()


def async_url(url: str) -> URL:
    """Return a database URL with the asynchronous driver. Raise DatabaseError if it is none."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseError(
            "DATABASE_URL is not a database URL; for example sqlite:////path/world.db"
        ) from error
    driver = _DRIVERS.get(parsed.drivername, parsed.drivername)
    if driver not in _DRIVERS.values():
        raise DatabaseError(f"DATABASE_URL names {parsed.drivername}; use sqlite or postgresql")
    if parsed.get_backend_name() == "sqlite" and _is_in_memory(parsed):
        raise DatabaseError(
            "DATABASE_URL names a database in memory, which keeps nothing;"
            " name a file, for example sqlite:////path/world.db"
        )
    parsed = parsed.set(drivername=driver)
    return _with_driver_options(parsed) if driver == _DRIVERS["postgresql"] else parsed


def _with_driver_options(url: URL) -> URL:
    """Return a PostgreSQL URL with the driver's names of its options. Raise DatabaseError."""
    options = dict(url.query)
    if {"ssl", "sslmode"} <= options.keys():
        raise DatabaseError("DATABASE_URL asks for ssl and sslmode, which mean the same; name one")
    # What everybody else calls it, libpq and what hosts of databases show their customers.
    if "sslmode" in options:
        options["ssl"] = options.pop("sslmode")
    if unknown := sorted(options.keys() - _POSTGRES_OPTIONS):
        raise DatabaseError(
            f"DATABASE_URL asks for {', '.join(unknown)}, which is not known here; it may ask for "
            + ", ".join(sorted({*_POSTGRES_OPTIONS, "sslmode"}))
        )
    return url.set(query=options)


def _is_in_memory(url: URL) -> bool:
    name = url.database or ""
    uri_in_memory = name.startswith("file:") and ":memory:" in name
    return name in {"", ":memory:"} or uri_in_memory or url.query.get("mode") == "memory"


def shown_url(url: str) -> str:
    """Return a database URL without anything secret, as it may be shown and logged."""
    parsed = async_url(url)
    plain = parsed.set(drivername=parsed.get_backend_name(), query={})
    return plain.render_as_string(hide_password=True)


def sqlite_path(url: URL) -> Path | None:
    """Return the file of an SQLite URL, None for another database."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


@contextlib.contextmanager
def claimed(url: URL) -> Iterator[None]:
    """Keep a database file for this process alone for a while. Raise WorldInUseError.

    Whatever leads to it, a link or another folder's settings: the lock lies beside the file itself.
    On PostgreSQL there is nothing to do here, since each connection that may write takes the lock.
    """
    path = sqlite_path(url)
    if path is None:
        yield
        return
    path = path.resolve()
    if not path.parent.is_dir():
        raise DatabaseError(f"the database cannot be opened: there is no folder {path.parent}")
    lock = WorldLock(
        path.with_name(f"{path.name}.lock"), f"the world in {path}", "another --database-url"
    )
    try:
        lock.acquire()
    except OSError as error:
        raise DatabaseError(f"the database cannot be opened: {path}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def make_engine(
    url: URL, *, foreign_keys: bool = True, read_only: bool = False, readers_max: int = READERS_MAX
) -> AsyncEngine:
    """Create an engine; SQLite's gets its pragmas and real transactions.

    On PostgreSQL the one connection of an engine that may write holds the lock of the world:
    connecting raises WorldInUseError if another process has it. `foreign_keys=False` is for
    migrations: rebuilding a table of SQLite would delete the rows that refer to it.
    """
    sqlite = url.get_backend_name() == "sqlite"
    options: dict[str, Any] = {
        "pool_size": readers_max if read_only else 1,
        "max_overflow": 0,
        # Whoever waits for a connection has limits of his own.
        "pool_timeout": 3600,
        # The values of rows are no business of a log.
        "hide_parameters": True,
    }
    if sqlite:
        # _on_reset rolls back what is open; the pool would ask the driver each time, a hop more.
        pragmas = _sqlite_pragmas(foreign_keys=foreign_keys, read_only=read_only)
        options |= {
            "pool_reset_on_return": None,
            "connect_args": {"async_creator_fn": opener(pragmas)},
        }
    else:
        options |= {"pool_pre_ping": True, "connect_args": {"timeout": CONNECT_TIMEOUT_S}}
        if read_only:
            # A transaction sees one moment, as SQLite's do.
            options |= {
                "isolation_level": "REPEATABLE READ",
                "execution_options": {"postgresql_readonly": True},
            }
    engine = create_async_engine(url, **options)
    if sqlite:
        _prepare_sqlite(engine, read_only=read_only)
    elif not read_only:
        _prepare_postgres_writer(engine)
    return engine


def _prepare_postgres_writer(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        try:
            connection.run_async(lambda driver: prepare_writer(driver, BUSY_TIMEOUT_MS))
        except BaseException:
            # The pool has not got it yet, so nobody else would close it.
            connection.driver_connection.terminate()
            raise


def _sqlite_pragmas(*, foreign_keys: bool, read_only: bool) -> list[str]:
    return [
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
        *(["query_only=ON", "wal_autocheckpoint=0"] if read_only else ["journal_mode=WAL"]),
    ]


def _prepare_sqlite(engine: AsyncEngine, *, read_only: bool) -> None:
    # A deferred transaction that reads first and writes later fails at once when somebody else
    # writes between, whatever the time-out.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        if BEGINS_ITSELF in connection.get_execution_options():
            return
        # By SQLAlchemy's own way: if it is cancelled half way, the connection is thrown away and
        # does not come back to the pool with a transaction open.
        connection.exec_driver_sql(begin)

    @event.listens_for(engine.sync_engine, "reset")
    def _on_reset(connection: Any, _record: Any, state: PoolResetState) -> None:
        # A commit that fails ends the transaction for SQLAlchemy, but not for SQLite: left open it
        # would lock everybody out, and fail whoever comes next.
        if state.asyncio_safe and connection.driver_connection.in_transaction:
            connection.rollback()


async def start_db(url: URL, readers_max: int = READERS_MAX) -> None:
    """Open the database and bind the sessions to it.

    Raise DatabaseError if it cannot be opened, WorldInUseError if another process has the world.
    """
    if _Engines.writer is not None:
        raise RuntimeError("the database is open already")
    if url.get_backend_name() == "sqlite" and sqlite3.sqlite_version_info < SQLITE_MIN:
        wanted = ".".join(map(str, SQLITE_MIN))
        raise DatabaseError(
            f"this Python has SQLite {sqlite3.sqlite_version}, and {wanted} or newer is needed;"
            " install a newer Python, or use PostgreSQL"
        )
    writer = make_engine(url)
    try:
        async with writer.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except BaseException as error:
        await writer.dispose()
        if not isinstance(error, Exception):
            raise  # whoever opened it has given up
        if isinstance(error, WorldInUseError):
            raise
        raise DatabaseError(f"the database cannot be opened: {_reason(error)}") from error
    _Engines.writer = writer
    _Engines.reader = make_engine(url, read_only=True, readers_max=readers_max)
    _Engines.trail = ClockTrail()
    SessionLocal.configure(bind=_Engines.writer)
    ReadSession.configure(bind=_Engines.reader)


async def shutdown_db() -> None:
    """Move the write-ahead log into the database and close every connection."""
    writer, reader = _Engines.writer, _Engines.reader
    _Engines.writer = _Engines.reader = None
    SessionLocal.configure(bind=None)
    ReadSession.configure(bind=None)
    if reader is not None:
        await _let_users_finish(reader)
        await reader.dispose()
    if writer is None:
        return
    await _let_users_finish(writer)
    if writer.dialect.name == "sqlite":
        try:
            async with writer.connect() as connection:
                raw: Any = await connection.get_raw_connection()
                # Outside of a transaction, where SQLAlchemy's own execute() would open one.
                await raw.driver_connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        except Exception:
            log.exception("the write-ahead log stays beside the database")
    await writer.dispose()


async def await_last_connection() -> None:
    """Wait until the thread of every connection has ended: the last thing before the loop closes.

    A connection whose opening or whose statement was given up ends when its thread gets there.
    """
    if not await connections_ended(LAST_WRITE_TIMEOUT_S):
        log.error("a connection of the database does not end; it is left to itself")


async def _let_users_finish(engine: AsyncEngine) -> None:
    """Wait for what is being written or read: its connection would outlive the engine.

    Who is cancelled while his session closes is gone, and his session closes by itself.
    """
    pool = cast("QueuePool", engine.sync_engine.pool)
    give_up_at = time.monotonic() + LAST_WRITE_TIMEOUT_S
    while pool.checkedout() and time.monotonic() < give_up_at:  # noqa: ASYNC110
        await asyncio.sleep(0.005)  # the pool tells nobody


def is_open() -> bool:
    """Return whether the database is open: start_db() was called, shutdown_db() was not."""
    return _Engines.writer is not None


def clock_trail() -> ClockTrail:
    """Return what is known of the clock in the database since it was opened."""
    return _Engines.trail


def _reason(error: Exception) -> str:
    """Return the driver's own words, without the statement and without a password."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
