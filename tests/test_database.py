"""Engines, sessions and what SQLite is told when it is opened."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from core import database
from core.errors import DatabaseError
from core.persistence.sqlite_connections import connections_ended
from tests import faults
from tests.databases import open_database


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("sqlite:////x/world.db", "sqlite+aiosqlite"),
        ("sqlite+aiosqlite:////x/world.db", "sqlite+aiosqlite"),
        ("postgresql://u:p@h/world", "postgresql+asyncpg"),
        ("postgres://u:p@h/world", "postgresql+asyncpg"),
        ("postgresql+asyncpg://u:p@h/world", "postgresql+asyncpg"),
    ],
)
def test_that_synchronous_and_asynchronous_urls_mean_the_same(given: str, driver: str) -> None:
    assert database.async_url(given).drivername == driver


@pytest.mark.parametrize("given", ["mysql://u:secret@h/world", "world.db", ""])
def test_that_another_database_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        database.async_url(given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_that_encryption_is_asked_for_in_either_way(scheme: str) -> None:
    for name in ("ssl", "sslmode"):
        url = database.async_url(f"{scheme}://h/world?host=/run&{name}=require")
        assert url.query == {"host": "/run", "ssl": "require"}


def test_that_encryption_that_is_asked_for_twice_is_refused() -> None:
    with pytest.raises(DatabaseError, match="ssl and sslmode, which mean the same"):
        database.async_url("postgresql://h/world?sslmode=verify-full&ssl=disable")


def test_that_an_option_the_driver_does_not_take_is_refused_by_its_name() -> None:
    with pytest.raises(DatabaseError, match="asks for connect_timeout, which is not known") as told:
        database.async_url("postgresql://u:secret@h/world?connect_timeout=7&password=sekret")
    assert "secret" not in str(told.value)
    assert "sekret" not in str(told.value)


@pytest.mark.sqlite_file
async def test_that_sqlite_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"), database.SessionLocal() as session:
        pragmas = {
            name: await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_that_readers_cannot_write(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"), database.ReadSession() as session:
        with pytest.raises(DBAPIError, match=r"read-?only"):
            await session.execute(text("DELETE FROM users"))


async def test_that_a_reader_does_not_wait_for_the_writer(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"), database.SessionLocal() as writer:
        await writer.execute(text("DELETE FROM users"))
        async with database.ReadSession() as reader:
            assert await reader.scalar(text("SELECT count(*) FROM users")) == 0


async def test_that_one_session_writes_at_a_time(tmp_path: Path) -> None:
    writing = 0

    async def write() -> int:
        nonlocal writing
        async with database.SessionLocal() as session, session.begin():
            await session.execute(text("DELETE FROM users"))
            writing += 1
            most = writing
            await session.execute(text("DELETE FROM revoked_tokens"))
            writing -= 1
        return most

    async with open_database(tmp_path / "world.db"):
        assert set(await asyncio.gather(*(write() for _ in range(20)))) == {1}


async def test_that_a_failed_transaction_takes_its_tables_with_it(tmp_path: Path) -> None:
    async def fail_half_way() -> None:
        async with database.SessionLocal() as session, session.begin():
            await session.execute(text("CREATE TABLE half (id INTEGER)"))
            raise OSError("half way")

    async with open_database(tmp_path / "world.db"):
        with pytest.raises(OSError, match="half way"):
            await fail_half_way()
        async with database.ReadSession() as session:
            connection = await session.connection()
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert "half" not in names


@pytest.mark.sqlite_file
@pytest.mark.parametrize("error", [faults.ON_FIRE, sqlite3.OperationalError("disk I/O error")])
async def test_that_a_commit_that_fails_leaves_no_transaction_open(
    tmp_path: Path, error: Exception
) -> None:
    async with open_database(tmp_path / "world.db"):
        with faults.failing_commits(1, error=error), pytest.raises((OSError, DBAPIError)):
            async with database.SessionLocal() as session, session.begin():
                await session.execute(text("CREATE TABLE half (id INTEGER)"))
        # Nobody is locked out, and the next one can begin.
        faults.sql(tmp_path / "world.db", "PRAGMA busy_timeout=0", "DELETE FROM users")
        async with database.SessionLocal() as session, session.begin():
            await session.execute(text("CREATE TABLE half (id INTEGER)"))


@pytest.mark.sqlite_file
async def test_that_closing_leaves_one_file(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"), database.SessionLocal() as session:
        await session.execute(text("DELETE FROM users"))
        await session.commit()
        assert (tmp_path / "world.db-wal").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["world.db"]


async def test_that_a_library_that_is_too_old_is_refused_by_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    with pytest.raises(DatabaseError, match=r"3\.33 or newer is needed; install a newer Python"):
        await database.start_db(database.async_url(f"sqlite:///{tmp_path}/world.db"))
    assert not database.is_open()


@pytest.mark.sqlite_file
async def test_that_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_bytes(b"not a database, but long enough to look like one" * 40)
    with pytest.raises(DatabaseError, match="cannot be opened"):
        await database.start_db(database.async_url(f"sqlite:///{tmp_path}/world.db"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:sekret@host:5432/world", "postgresql://ada:***@host:5432/world"),
        ("postgresql:///world?host=/tmp&user=ada&password=sekret", "postgresql:///world"),
        ("postgresql+asyncpg://host/world?ssl=require", "postgresql://host/world"),
        ("sqlite:////data/world.db", "sqlite:////data/world.db"),
    ],
)
def test_that_a_url_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert database.shown_url(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:world?mode=memory&uri=true",
        "sqlite:///file::memory:?uri=true",
    ],
)
def test_that_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(DatabaseError, match="keeps nothing"):
        database.async_url(url)


@pytest.mark.sqlite_file
async def test_that_a_folder_that_does_not_exist_is_not_made(tmp_path: Path) -> None:
    url = database.async_url(f"sqlite:///{tmp_path}/mistyped/world.db")
    with pytest.raises(DatabaseError, match="no folder"), database.claimed(url):
        raise AssertionError
    assert not list(tmp_path.iterdir())


async def test_that_an_error_tells_no_value_of_a_row(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"), database.SessionLocal() as session:
        with pytest.raises(DBAPIError) as caught:
            await session.execute(
                text("INSERT INTO users (username, email) VALUES (:name, :email)"),
                {"name": "ada", "email": "ada@example.org"},
            )
    assert "ada" not in str(caught.value)


@pytest.mark.parametrize("sessions", ["ReadSession", "SessionLocal"])
async def test_that_a_session_that_closes_late_leaves_no_connection(
    tmp_path: Path, sessions: str
) -> None:
    async with open_database(tmp_path / "world.db"):
        session = getattr(database, sessions)()
        await session.execute(text("SELECT 1"))
        closing = asyncio.ensure_future(database.shutdown_db())
        for _ in range(20):
            await asyncio.sleep(0)
        await session.close()
        await closing
        assert await connections_ended(5.0)
