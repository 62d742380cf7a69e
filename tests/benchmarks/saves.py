"""The save path, from changed rows in memory to the commit, against sqlite3 by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

from core.components import PLANET
from core.game import GameWorld
from core.metrics import Metrics
from core.persistence import bulk
from tests.benchmarks.report import print_table, rate, spread
from tests.benchmarks.worlds import (
    change_planets,
    load_game,
    on_host_loop,
    open_world,
    write_seeded_world,
)

SIZES = (100, 10_000, 100_000)
ROUNDS = 7

Rows = list[tuple[Any, ...]]


async def save(game: GameWorld, count: int, number: int) -> float:
    """Return the rows per second of one save of `count` changed planets."""
    change_planets(game, slice(0, count), number)
    start = time.perf_counter()
    await asyncio.wrap_future(game.save_player_data())
    return count / (time.perf_counter() - start)


def changed_rows(game: GameWorld, count: int, number: int) -> Rows:
    change_planets(game, slice(0, count), number)
    table = game.state.world.tables[PLANET]
    table.array("mark.flags")[:] = 0
    columns = {field.key: table.array(field.key)[:count] for field in table.fields}
    encoded = (column.encode(columns) for column in bulk.stored_columns_of(PLANET))
    return list(zip(table.ids[:count].tolist(), *encoded, strict=True))


def by_many_rows(connection: sqlite3.Connection, rows: Rows) -> float:
    """Return rows per second with the statement that the program uses, parameters ready."""
    size = bulk._statement_rows(PLANET)
    sql = bulk._sqlite_upsert(PLANET, size)
    padded = rows + [rows[-1]] * (-len(rows) % size)
    parameters = [
        tuple(chain.from_iterable(padded[start : start + size]))
        for start in range(0, len(padded), size)
    ]
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for part in parameters:
        connection.execute(sql, part)
    connection.execute("COMMIT")
    return len(rows) / (time.perf_counter() - start)


def by_executemany(connection: sqlite3.Connection, rows: Rows) -> float:
    sql = bulk._sqlite_upsert(PLANET, 1)
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(sql, rows)
    connection.execute("COMMIT")
    return len(rows) / (time.perf_counter() - start)


async def compare(path: Path, game: GameWorld, count: int) -> tuple[str, ...]:
    ours, prepared, many = [], [], []
    number = 0
    for _ in range(ROUNDS):
        number += 3
        ours.append(await save(game, count, number))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            # As the program has them: both move the log into the database as they go.
            for pragma in ("synchronous=FULL", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("SELECT count(*) FROM planets").fetchone()
            prepared.append(by_many_rows(connection, changed_rows(game, count, number + 1)))
            many.append(by_executemany(connection, changed_rows(game, count, number + 2)))
    return (
        f"{count:,} planets",
        rate(statistics.median(ours)),
        rate(statistics.median(prepared)),
        rate(statistics.median(many)),
        spread([a / b for a, b in zip(ours, prepared, strict=True)]),
        spread([a / b for a, b in zip(ours, many, strict=True)]),
    )


async def measure() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "world.db"
        await write_seeded_world(path, max(SIZES))
        async with open_world(path):
            game = await load_game(Metrics())
            rows = [await compare(path, game, count) for count in SIZES]
    print_table(
        f"Rows saved, from memory to the commit ({ROUNDS} rounds, medians)",
        ("changed", "program", "sqlite3 many rows", "executemany", "ratio", "ratio to executemany"),
        rows,
    )
    return 0


def run() -> None:
    on_host_loop(measure)
