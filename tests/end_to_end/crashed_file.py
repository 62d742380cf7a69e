"""The file as a kill left it: opened on a copy, checked, and read as the program would."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.building_queue import Step
from core.components import BUILDINGS, KINDS, PLANET, Buildings, BuildQueue, Ledger
from core.ecs import Kind
from core.invariants import violations
from core.models.database import WORLD_TABLES
from core.persistence.columns import stored_columns
from core.persistence.worlds import LoadedTable, LoadedWorld
from core.save_batch import WorldClock
from tests.end_to_end.expectation import Found
from tests.replay import BrokenPromise


@dataclass(slots=True)
class Counters:
    """The highest numbers that were ever seen in the file."""

    next_ids: dict[str, int] = field(default_factory=dict)
    user_id: int = 0

    def check(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        row = dict(connection.execute("SELECT * FROM world_clock").fetchone() or {})
        for kind in KINDS:
            name = f"next_{kind.name}_id"
            if row.get(name, 0) < self.next_ids.get(name, 0):
                raise BrokenPromise(f"{name} fell from {self.next_ids[name]} to {row.get(name)}")
            self.next_ids[name] = row.get(name, 0)
        (user_id,) = connection.execute("SELECT coalesce(max(id), 0) FROM users").fetchone()
        if user_id < self.user_id:
            raise BrokenPromise(f"account {self.user_id} is gone")
        self.user_id = user_id


@contextmanager
def copy_of(database: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of a database that nobody closed: to open it is to repair it."""
    with tempfile.TemporaryDirectory(prefix="starkeep-crash-") as folder:
        for suffix in ("", "-wal"):
            file = database.with_name(database.name + suffix)
            if file.exists():
                shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / database.name)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection


def check_laws(connection: sqlite3.Connection) -> None:
    """Check what is true of every file, whatever happened."""
    sound = [row[0] for row in connection.execute("PRAGMA integrity_check")]
    if sound != ["ok"]:
        raise BrokenPromise(f"the file is damaged: {sound}")
    if orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
        raise BrokenPromise(f"{len(orphans)} rows refer to rows that are not there")
    for kind in KINDS:
        ids, columns = columns_of(connection, kind)
        for violation in violations(kind, columns):
            raise BrokenPromise(f"{kind.name} {ids[violation.row]}: {violation.reason}")


def columns_of(connection: sqlite3.Connection, kind: Kind) -> tuple[list[int], dict[str, Any]]:
    """Return the rows of a kind as the program would have them in memory."""
    rows = connection.execute(f"SELECT * FROM {WORLD_TABLES[kind].name} ORDER BY id").fetchall()
    columns: dict[str, Any] = {}
    for stored in stored_columns(kind):
        column = columns.setdefault(stored.field.key, stored.field.empty(len(rows)))
        values = stored.decode([row[stored.name] for row in rows])
        (column if stored.place is None else column[:, stored.place])[...] = values
    return [row["id"] for row in rows], columns


def loaded_from(connection: sqlite3.Connection) -> LoadedWorld:
    """Return the world in a file as a start would load it; the clock of none is None."""
    connection.row_factory = sqlite3.Row
    # All of it as of one instant, if the program is running.
    connection.execute("BEGIN")
    clock = connection.execute("SELECT * FROM world_clock").fetchone()
    tables = {}
    for kind in KINDS:
        ids, columns = columns_of(connection, kind)
        tables[kind] = LoadedTable(np.array(ids, dtype=np.int64), columns)
    connection.rollback()
    if clock is None:
        return LoadedWorld(None, tables, ())
    next_ids = {kind.name: clock[f"next_{kind.name}_id"] for kind in KINDS}
    return LoadedWorld(WorldClock(clock["world_time"], clock["tick"], next_ids), tables, ())


def planets_by_owner(connection: sqlite3.Connection) -> dict[int, Found]:
    _, columns = columns_of(connection, PLANET)
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


def keys_by_account(connection: sqlite3.Connection) -> dict[int, set[str]]:
    """Return the keys of the requests whose answers lie in the file."""
    keys: dict[int, set[str]] = {}
    for row in connection.execute("SELECT account_id, request_key FROM remembered_answers"):
        keys.setdefault(row["account_id"], set()).add(row["request_key"])
    return keys
