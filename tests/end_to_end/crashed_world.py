"""What a kill has left: read as the program would, from a copy of its file or from its server."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.engine import URL

from core.building_queue import Step
from core.components import (
    BUILDINGS,
    KINDS,
    PLANET,
    REMEMBERED_ANSWER,
    Buildings,
    BuildQueue,
    Ledger,
)
from core.database import async_url, make_engine
from core.invariants import violations
from core.models.database import User
from core.persistence.worlds import LoadedWorld, load_world_at_rest
from tests.databases import chosen_url, is_anybody_connected, url_of_world
from tests.end_to_end.expectation import Found
from tests.end_to_end.program import wait_until
from tests.replay import BrokenPromise


@dataclass(frozen=True, slots=True)
class Left:
    """A world at rest, and the highest account in it."""

    world: LoadedWorld
    user_id: int


@dataclass(slots=True)
class Counters:
    """The highest numbers that were ever seen on the disk."""

    next_ids: dict[str, int] = field(default_factory=dict)
    user_id: int = 0

    def check(self, left: Left) -> None:
        clock = left.world.clock
        for kind in KINDS:
            number = 0 if clock is None else clock.next_ids[kind.name]
            if number < self.next_ids.get(kind.name, 0):
                before = self.next_ids[kind.name]
                raise BrokenPromise(f"the next {kind.name} fell from {before} to {number}")
            self.next_ids[kind.name] = number
        if left.user_id < self.user_id:
            raise BrokenPromise(f"account {self.user_id} is gone")
        self.user_id = left.user_id


def what_is_left(data_dir: Path) -> Left:
    """Return what lies on the disk of a program that does not run. Raise BrokenPromise."""
    if chosen_url(data_dir) is None:
        with copy_of(data_dir / "world.db") as file:
            _check_file(file)
            left = asyncio.run(_read(async_url(f"sqlite:///{file}")))
    else:
        # What a killed program has sent already its server still carries out.
        wait_until("nobody is connected", lambda: not is_anybody_connected(data_dir))
        left = asyncio.run(_read(url_of_world(data_dir)))
    for kind, table in left.world.tables.items():
        for violation in violations(kind, table.columns):
            raise BrokenPromise(f"{kind.name} {table.ids[violation.row]}: {violation.reason}")
    return left


@contextmanager
def copy_of(database: Path) -> Iterator[Path]:
    """Copy a database that nobody closed: to open it is to repair it."""
    with tempfile.TemporaryDirectory(prefix="starkeep-crash-") as folder:
        for suffix in ("", "-wal"):
            file = database.with_name(database.name + suffix)
            if file.exists():
                shutil.copy(file, folder)
        yield Path(folder) / database.name


def _check_file(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        sound = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        if sound != ["ok"]:
            raise BrokenPromise(f"the file is damaged: {sound}")
        if orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
            raise BrokenPromise(f"{len(orphans)} rows refer to rows that are not there")


async def _read(url: URL) -> Left:
    world = await load_world_at_rest(url, lambda _what, _done, _total: None)
    engine = make_engine(url, read_only=True)
    try:
        async with engine.connect() as connection:
            return Left(world, await connection.scalar(select(func.max(User.id))) or 0)
    finally:
        await engine.dispose()


def planets_by_owner(world: LoadedWorld) -> dict[int, Found]:
    columns = world.tables[PLANET].columns
    return {
        owner_id: Found(
            tuple(levels),
            tuple(
                Step(BUILDINGS.labels[abs(code) - 1], demolish=code < 0) for code in queue if code
            ),
            tuple(spent),
        )
        for owner_id, levels, queue, spent in zip(
            columns["Planet.owner_id"].tolist(),
            columns[f"{Buildings.__name__}.level"].tolist(),
            columns[f"{BuildQueue.__name__}.queued"].tolist(),
            columns[f"{Ledger.__name__}.spent"].tolist(),
            strict=True,
        )
    }


def keys_by_account(world: LoadedWorld) -> dict[int, set[str]]:
    """Return the keys of the requests whose answers lie on the disk."""
    columns = world.tables[REMEMBERED_ANSWER].columns
    keys: dict[int, set[str]] = {}
    for account_id, key in zip(
        columns["RememberedAnswer.account_id"].tolist(),
        columns["RememberedAnswer.request_key"].tolist(),
        strict=True,
    ):
        keys.setdefault(account_id, set()).add(key)
    return keys
