"""The save path, from changed rows in memory to the commit, against sqlite3 by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from core.components import PLANET
from core.game import GameWorld
from core.metrics import Metrics
from core.persistence import bulk
from core.save_batch import TableRows
from tests.benchmarks.report import print_table, rate, spread
from tests.benchmarks.worlds import (
    change_planets,
    changed_rows,
    load_game,
    on_host_loop,
    open_world,
    write_seeded_world,
)

SIZES = (100, 10_000, 100_000)
ROUNDS = 7


async def save(game: GameWorld, count: int, number: int) -> float:
    """Return the rows per second of one save of `count` changed planets."""
    change_planets(game, slice(0, count), number)
    start = time.perf_counter()
    await asyncio.wrap_future(game.save_player_data())
    return count / (time.perf_counter() - start)


def by_many_rows(connection: sqlite3.Connection, rows: TableRows) -> float:
    """Return rows per second with the statements that the program uses, parameters ready."""
    statements = list(bulk._sqlite_writes(PLANET, rows))
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for sql, parameters, _ in statements:
        connection.execute(sql, parameters)
    connection.execute("COMMIT")
    return len(rows.ids) / (time.perf_counter() - start)


def by_executemany(connection: sqlite3.Connection, rows: TableRows) -> float:
    sql = bulk._sqlite_update(PLANET, (*rows.columns,), 1)
    parameters = list(zip(*bulk._encoded(PLANET, rows), strict=True))
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(sql, parameters)
    connection.execute("COMMIT")
    return len(parameters) / (time.perf_counter() - start)


async def compare(connection: sqlite3.Connection, game: GameWorld, count: int) -> tuple[str, ...]:
    ours, prepared, many = [], [], []
    # The first round finds nothing prepared, nowhere.
    for number in range(0, 3 * (1 + ROUNDS), 3):
        ours.append(await save(game, count, number))
        prepared.append(by_many_rows(connection, changed_rows(game, count, number + 1)))
        many.append(by_executemany(connection, changed_rows(game, count, number + 2)))
    del ours[0], prepared[0], many[0]
    return (
        f"{count:,} planets",
        rate(statistics.median(ours)),
        rate(statistics.median(prepared)),
        rate(statistics.median(many)),
        spread([a / b for a, b in zip(ours, prepared, strict=True)]),
        spread([a / b for a, b in zip(ours, many, strict=True)]),
    )


def open_copy(path: Path, copy: Path) -> sqlite3.Connection:
    """Return a connection like the program's to a world of its own, as large as the program's."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    connection = sqlite3.connect(copy, isolation_level=None)
    # As the program has them: both move the log into the database as they go.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


async def measure() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.db"
        await write_seeded_world(path, max(SIZES))
        async with open_world(path):
            game = await load_game(Metrics())
            with closing(open_copy(path, Path(folder) / "copy.db")) as connection:
                rows = [await compare(connection, game, count) for count in SIZES]
    print_table(
        f"Rows saved, from memory to the commit ({ROUNDS} rounds, medians)",
        ("changed", "program", "sqlite3 many rows", "executemany", "ratio", "ratio to executemany"),
        rows,
    )
    return 0


def run() -> None:
    on_host_loop(measure)
