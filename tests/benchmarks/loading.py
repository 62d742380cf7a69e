"""Loading a world, against fetching the same rows with sqlite3."""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

from core.metrics import Metrics
from tests.benchmarks.report import print_table, spread
from tests.benchmarks.worlds import load_game, on_host_loop, open_world, write_seeded_world

SIZES = (10_000, 100_000)
ROUNDS = 5


def fetch(path: Path) -> float:
    with closing(sqlite3.connect(path)) as connection:
        start = time.perf_counter()
        connection.execute("SELECT * FROM planets").fetchall()
        return time.perf_counter() - start


async def measure() -> int:
    rows = []
    for planets in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "world.db"
            await write_seeded_world(path, planets)
            ours, raw = [], []
            async with open_world(path):
                for _ in range(ROUNDS):
                    start = time.perf_counter()
                    await load_game(Metrics())
                    ours.append(time.perf_counter() - start)
                    raw.append(fetch(path))
        rows.append(
            (
                f"{planets:,} planets",
                f"{statistics.median(ours):.2f} s",
                f"{statistics.median(raw):.2f} s",
                spread([a / b for a, b in zip(ours, raw, strict=True)]),
            )
        )
    print_table("Loading", ("world", "program", "sqlite3 fetchall", "ratio"), rows)
    return 0


def run() -> None:
    on_host_loop(measure)
