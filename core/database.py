"""Engines and sessions; nothing else creates an engine.

SQLite has exactly one connection that writes: `SessionLocal` is bound to it. Readers are a second
engine that cannot write, cannot checkpoint, and is to be left quickly: an open read transaction
lets the write-ahead log grow.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from core.errors import DatabaseError

log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 5_000
READERS_MAX = 4

# One session, one transaction: `async with SessionLocal() as session, session.begin(): ...`
SessionLocal: async_sessionmaker[AsyncSession] = async_sessionmaker(expire_on_commit=False)
ReadSession: async_sessionmaker[AsyncSession] = async_sessionmaker(expire_on_commit=False)

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class _Engines:
    """The engines of the running program; two while a world is open, none otherwise."""

    writer: AsyncEngine | None = None
    reader: AsyncEngine | None = None


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
    return parsed.set(drivername=driver)


def _is_in_memory(url: URL) -> bool:
    name = url.database or ""
    return not name or ":memory:" in name or url.query.get("mode") == "memory"


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


def make_engine(url: URL, *, foreign_keys: bool = True, read_only: bool = False) -> AsyncEngine:
    """Create an engine; SQLite's gets its pragmas and real transactions.

    `foreign_keys=False` is for migrations: rebuilding a table would delete the rows that refer to
    it.
    """
    options: dict[str, Any] = {}
    if url.get_backend_name() == "sqlite":
        options = {
            "pool_size": READERS_MAX if read_only else 1,
            "max_overflow": 0,
            # Whoever waits for the one writer has limits of his own.
            "pool_timeout": 3600,
        }
    elif not read_only:
        options = {"pool_pre_ping": True}
    engine = create_async_engine(url, **options)
    if url.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, foreign_keys=foreign_keys, read_only=read_only)
    return engine


def _prepare_sqlite(engine: AsyncEngine, *, foreign_keys: bool, read_only: bool) -> None:
    pragmas = [
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "synchronous=FULL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    ]
    pragmas += ["query_only=ON", "wal_autocheckpoint=0"] if read_only else ["journal_mode=WAL"]
    # A deferred transaction that reads first and writes later fails at once when somebody else
    # writes between, whatever the time-out.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and never one for DDL.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)


async def start_db(url: URL) -> None:
    """Open the database and bind the sessions to it. Raise DatabaseError if it cannot be opened."""
    if _Engines.writer is not None:
        raise RuntimeError("the database is open already")
    writer = make_engine(url)
    try:
        async with writer.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except BaseException as error:
        await writer.dispose()
        if not isinstance(error, Exception):
            raise  # whoever opened it has given up
        raise DatabaseError(f"the database cannot be opened: {_reason(error)}") from error
    sqlite = url.get_backend_name() == "sqlite"
    _Engines.writer = writer
    _Engines.reader = make_engine(url, read_only=True) if sqlite else writer
    SessionLocal.configure(bind=_Engines.writer)
    ReadSession.configure(bind=_Engines.reader)


async def shutdown_db() -> None:
    """Move the write-ahead log into the database and close every connection."""
    writer, reader = _Engines.writer, _Engines.reader
    _Engines.writer = _Engines.reader = None
    SessionLocal.configure(bind=None)
    ReadSession.configure(bind=None)
    if reader is not None and reader is not writer:
        await reader.dispose()
    if writer is None:
        return
    if writer.dialect.name == "sqlite":
        try:
            async with writer.connect() as connection:
                raw: Any = await connection.get_raw_connection()
                # Outside of a transaction, where SQLAlchemy's own execute() would open one.
                await raw.driver_connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        except Exception:
            log.exception("the write-ahead log stays beside the database")
    await writer.dispose()


def is_open() -> bool:
    """Return whether the database is open: start_db() was called, shutdown_db() was not."""
    return _Engines.writer is not None


def _reason(error: Exception) -> str:
    """Return the driver's own words, without the statement and without a password."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]
