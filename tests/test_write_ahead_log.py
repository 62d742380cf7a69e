"""core.write_ahead_log: how many frames are in use, as SQLite itself tells it"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.write_ahead_log import frames_in_use

pytestmark = pytest.mark.sqlite_file


class World:
    """A database with a log that grows until somebody moves it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = path.with_name(path.name + "-wal")
        self.connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", "wal_autocheckpoint=0", "synchronous=OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("CREATE TABLE pages (content BLOB)")

    def write(self, pages: int) -> None:
        self.connection.execute("INSERT INTO pages VALUES (zeroblob(?))", (pages * 4096,))

    def move(self) -> tuple[int, int]:
        """Move what can be moved; return how many frames there are, and how many were moved."""
        answer = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return answer[1], answer[2]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "world.db")
    with closing(world.connection):
        yield world


def test_that_the_frames_are_those_that_sqlite_counts(world: World) -> None:
    for pages in (1, 2, 40):
        world.write(pages)
        in_use = frames_in_use(world.log)
        assert in_use > pages
        assert world.move() == (in_use, in_use)


def test_that_what_was_moved_is_not_counted_when_the_log_has_begun_anew(world: World) -> None:
    world.write(200)
    world.move()
    size = world.log.stat().st_size
    world.write(1)
    assert world.log.stat().st_size == size
    assert 1 <= frames_in_use(world.log) < 10
    assert frames_in_use(world.log) == world.move()[0]


def test_that_a_reader_who_stays_lets_the_log_grow(world: World) -> None:
    world.write(1)
    with closing(sqlite3.connect(world.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM pages").fetchone()
        for pages in (50, 100, 150):
            world.write(50)
            counted, moved = world.move()
            assert frames_in_use(world.log) == counted > pages
            assert moved < counted


def test_that_a_log_that_is_not_there_or_empty_has_none(world: World, tmp_path: Path) -> None:
    assert frames_in_use(tmp_path / "nothing-wal") == 0
    world.write(1)
    world.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert world.log.stat().st_size == 0
    assert frames_in_use(world.log) == 0
