"""Copies of a database that is in use."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from core.backup import copy_sqlite
from core.database import SessionLocal
from core.persistence import accounts
from core.persistence.single_session import NewAccount
from tests.databases import open_database

pytestmark = pytest.mark.sqlite_file


async def register(*names: str) -> None:
    for name in names:
        await accounts.register_account(NewAccount(name, f"{name}@b.c", "x"))


def names_in(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT username FROM users ORDER BY id")
        return [name for (name,) in rows]


async def test_that_a_copy_holds_what_lies_in_the_write_ahead_log(tmp_path: Path) -> None:
    source, target = tmp_path / "world.db", tmp_path / "copy" / "world.db"
    target.parent.mkdir()
    async with open_database(source):
        await register("ada", "bea")
        assert (tmp_path / "world.db-wal").stat().st_size > 0
        await copy_sqlite(source, target)
        assert [path.name for path in target.parent.iterdir()] == ["world.db"]
        # The world goes on.
        await register("cyd")
    assert names_in(target) == ["ada", "bea"]
    assert names_in(source) == ["ada", "bea", "cyd"]


async def test_that_a_copy_holds_nothing_that_is_not_committed(tmp_path: Path) -> None:
    source, target = tmp_path / "world.db", tmp_path / "copy.db"
    async with open_database(source):
        await register("ada")
        async with SessionLocal() as session, session.begin():
            await session.execute(text("DELETE FROM users"))
            await copy_sqlite(source, target)
    assert names_in(target) == ["ada"]
    assert names_in(source) == []


async def test_that_a_copy_replaces_an_older_one_and_what_a_crash_left(tmp_path: Path) -> None:
    source, target = tmp_path / "world.db", tmp_path / "copy.db"
    target.write_bytes(b"an older copy")
    (tmp_path / "copy.db.part").write_bytes(b"half a copy")
    async with open_database(source):
        await register("ada")
        await copy_sqlite(source, target)
    assert names_in(target) == ["ada"]
    assert not (tmp_path / "copy.db.part").exists()


async def test_that_a_copy_that_fails_leaves_the_older_one(tmp_path: Path) -> None:
    source, target = tmp_path / "world.db", tmp_path / "copy.db"
    source.write_bytes(b"not a database, but long enough to look like one" * 40)
    target.write_bytes(b"an older copy")
    with pytest.raises(sqlite3.DatabaseError):
        await copy_sqlite(source, target)
    assert target.read_bytes() == b"an older copy"
