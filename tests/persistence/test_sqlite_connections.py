"""Connections of SQLite: what they carry out at a commit, and how they are opened."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from core.persistence import sqlite_connections
from core.persistence.sqlite_connections import Connection, opener


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[Connection]:
    connection = await opener(["journal_mode=WAL"])(folder / "some.db")
    assert isinstance(connection, Connection)
    try:
        await connection.execute_fetchall("CREATE TABLE seen (number)")
        yield connection
    finally:
        await connection.close()


async def numbers(connection: Connection) -> list[int]:
    return [row[0] for row in await connection.execute_fetchall("SELECT number FROM seen")]


def inserting(*numbers: int) -> list[str]:
    return ["BEGIN IMMEDIATE", *(f"INSERT INTO seen VALUES ({number})" for number in numbers)]


def leave(connection: Connection, *statements: str) -> None:
    def work(driver: sqlite3.Connection) -> None:
        for statement in statements:
            driver.execute(statement)

    connection.do_at_commit(work)


async def test_that_a_commit_carries_out_what_was_left_to_it_and_only_once(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        leave(connection, *inserting(1, 2))
        assert connection.has_work
        assert await numbers(connection) == []
        await connection.commit()
        assert not connection.in_transaction
        assert not connection.has_work
        await connection.commit()
        assert await numbers(connection) == [1, 2]


async def test_that_nothing_is_committed_if_a_statement_fails(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        leave(connection, *inserting(1), "INSERT INTO nowhere VALUES (1)")
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            await connection.commit()
        assert connection.in_transaction
        await connection.rollback()
        assert await numbers(connection) == []
        await connection.commit()
        assert await numbers(connection) == []


async def test_that_a_rollback_drops_what_was_left_to_the_commit(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        leave(connection, *inserting(1))
        await connection.rollback()
        await connection.commit()
        assert await numbers(connection) == []


async def test_that_a_commit_that_was_given_up_comes_to_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        with closing(sqlite3.connect(tmp_path / "some.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            leave(connection, *inserting(1))
            # With the driver's thread from here on, where it waits to begin.
            committing = asyncio.ensure_future(connection.commit())
            await asyncio.sleep(0)
            stopped = connection.stop()
            other.execute("ROLLBACK")
            with pytest.raises(sqlite3.OperationalError, match="given up"):
                await committing
            assert stopped is not None
            await stopped
            assert other.execute("SELECT count(*) FROM seen").fetchone() == (0,)


async def test_that_nothing_is_locked_by_a_connection_that_was_closed_in_a_query(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path) as connection:
        await connection.execute_fetchall("INSERT INTO seen VALUES (1), (2)")
        await connection.execute_fetchall("BEGIN IMMEDIATE")
        # As the exception of whoever was cancelled there keeps it.
        kept = await connection.execute("SELECT number FROM seen")
        await connection.close()
        with closing(sqlite3.connect(tmp_path / "some.db", timeout=0.0)) as other:
            other.execute("BEGIN IMMEDIATE")
        del kept


async def test_that_two_pieces_of_work_are_not_left_to_one_commit(tmp_path: Path) -> None:
    async with connected(tmp_path) as connection:
        leave(connection, *inserting(1))
        with pytest.raises(RuntimeError, match="at once"):
            leave(connection, *inserting(2))


async def test_that_nobody_opens_a_file_beside_somebody_who_has_given_up_opening_it(
    tmp_path: Path,
) -> None:
    seen: list[str] = []
    may_close = asyncio.Event()

    class Noting(Connection):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            seen.append("made")

        async def close(self) -> None:
            await may_close.wait()
            await super().close()
            seen.append("closed")

    with patch.object(sqlite_connections, "Connection", Noting):
        given_up = asyncio.ensure_future(opener(["journal_mode=WAL"])(tmp_path / "some.db"))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            _ = await given_up
        next_one = asyncio.ensure_future(opener(["journal_mode=WAL"])(tmp_path / "some.db"))
        # It makes its connection, or waits, as soon as its turn comes.
        await asyncio.sleep(0)
        assert seen == ["made"]
        may_close.set()
        await (await next_one).close()
    assert seen == ["made", "closed", "made", "closed"]
