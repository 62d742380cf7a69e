"""The save path on PostgreSQL, from a SaveBatch to its commit, against asyncpg by itself.

Both write the same rows with the same statement, in turn, over a connection of their own. asyncpg
finds its parameters ready; the program makes them out of NumPy columns.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from core import database, sync
from core.components import PLANET
from core.game import GameWorld
from core.metrics import Metrics
from core.persistence import bulk
from core.save_batch import SaveBatch, SaveReason, WorldClock
from tests.benchmarks.report import against_bar, print_table, rate, spread
from tests.benchmarks.worlds import (
    changed_rows,
    load_game,
    on_host_loop,
    open_world,
    write_seeded_world,
)
from tests.postgres import find_binaries, private_server

SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = 7
# Save throughput against raw asyncpg.
SHARE_MIN = 0.5

# The parameters of one statement: an array for each column.
Arrays = list[list[Any]]


def changed(game: GameWorld, count: int, number: int) -> SaveBatch:
    """Change planets and return the batch that saves them."""
    rows = changed_rows(game, count, number)
    next_ids = {kind.name: next_id for kind, next_id in game.state.world.next_id.items()}
    clock = WorldClock(game.clock.now(), number, next_ids)
    return SaveBatch(number, SaveReason.PERIODIC, (rows,), {}, clock, time.perf_counter())


async def save(batch: SaveBatch) -> float:
    """Return the seconds that the program takes to commit a batch."""
    start = time.perf_counter()
    await asyncio.wrap_future(sync.submit_save(batch))
    return time.perf_counter() - start


def arrays_of(batch: SaveBatch) -> list[Arrays]:
    """Return the parameters of a batch as the program cuts them."""
    (rows,) = batch.rows
    size = bulk._ENCODED_ROWS
    parts = (rows.part(start, start + size) for start in range(0, len(rows.ids), size))
    return [bulk._encoded(PLANET, part) for part in parts]


async def write_raw(connection: Any, batch: SaveBatch) -> float:
    """Return the seconds that asyncpg takes to commit rows whose parameters are ready."""
    sql = bulk._postgres_update(PLANET, (*batch.rows[0].columns,))
    parameters = arrays_of(batch)
    start = time.perf_counter()
    async with connection.transaction():
        statement = await connection.prepare(sql)
        for arrays in parameters:
            await statement.fetch(*arrays)
    return time.perf_counter() - start


async def compare(
    connection: Any, game: GameWorld, count: int, rounds: int
) -> tuple[tuple[str, ...], float]:
    """Return a line of the table, and the median share of asyncpg's throughput."""
    ours, raw = [], []
    for number in range(1, 2 * rounds + 2, 2):
        ours.append(await save(changed(game, count, number)))
        raw.append(await write_raw(connection, changed(game, count, number + 1)))
    # The first of each prepares its statements.
    ours, raw = ours[1:], raw[1:]
    shares = [theirs / own for own, theirs in zip(ours, raw, strict=True)]
    line = (
        f"{count:,} planets",
        rate(count / statistics.median(ours)),
        rate(count / statistics.median(raw)),
        spread(shares),
    )
    return line, statistics.median(shares)


async def measure(url: URL, sizes: Sequence[int], rounds: int) -> float:
    """Print the table and return the least of the median shares."""
    await write_seeded_world(url, max(sizes))
    async with open_world(url):
        game = await load_game(Metrics())
        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(plain)
        try:
            compared = [await compare(connection, game, count, rounds) for count in sizes]
        finally:
            await connection.close()
    least = min(share for _, share in compared)
    print_table(
        f"Rows saved on PostgreSQL, from the batch to the commit ({rounds} rounds, medians)",
        ("changed", "program", "asyncpg", "ratio"),
        [line for line, _ in compared],
    )
    print(
        against_bar(f"the least ratio is {least:.2f}", least >= SHARE_MIN, f"{SHARE_MIN} or more")
    )
    return least


async def _on_private_server(sizes: Sequence[int], rounds: int, *, durable: bool) -> int:
    binaries = find_binaries()
    if binaries is None:
        print("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
        return 1
    with private_server(binaries, durable=durable) as server:
        server.execute("CREATE DATABASE world")
        await measure(database.async_url(server.url_of("world")), sizes, rounds)
    return 0


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="postgres")
    parser.add_argument("--planets", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--durable", action="store_true", help="wait for the disk, as a server does that is in use"
    )
    options = parser.parse_args(arguments or [])
    on_host_loop(
        lambda: _on_private_server(options.planets, options.rounds, durable=options.durable)
    )
