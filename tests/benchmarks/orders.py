"""Acknowledged orders: sixteen players who order without pause, each answer after its commit."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from core import sync
from core.api.door import WorldDoor
from core.commands import CancelBuilding, FoundHome, StartBuilding
from core.simulation import Simulation
from core.sync import Account, NewAccount
from desktop_app.application import Host
from tests.benchmarks.report import milliseconds, print_table, quantile, rate
from tests.benchmarks.worlds import on_host_loop
from tests.hosts import order, running_host

CLIENTS = 16
SECONDS = 8.0
TICK_RATES = (10.0, 1.0)


async def settle(host: Host) -> list[int]:
    ids = []
    for number in range(CLIENTS):
        account = await sync.register_account(NewAccount(f"player{number}", "a@b.c", "x"))
        if not isinstance(account, Account):
            raise TypeError(account)
        await order(host, FoundHome(account.id, account.username))
        ids.append(account.id)
    return ids


async def play(door: WorldDoor, player_id: int, until: float, latencies: list[float]) -> None:
    """Build and cancel in turn: each is an urgent change of one planet."""
    while time.perf_counter() < until:
        for command in (StartBuilding(player_id, "metal_mine"), CancelBuilding(player_id, 0)):
            start = time.perf_counter()
            await door.order(command)
            latencies.append(time.perf_counter() - start)


def clients(simulation: Simulation, player_ids: list[int], latencies: list[float]) -> None:
    """Run all clients on an event loop of their own, as the server does."""

    async def all_of_them() -> None:
        door = WorldDoor(simulation, grace_s=30)
        door.open(lambda _event: None, lambda: None)
        until = time.perf_counter() + SECONDS
        await asyncio.gather(*(play(door, player, until, latencies) for player in player_ids))
        door.close()

    asyncio.run(all_of_them())


async def measure_at(tick_rate: float) -> list[float]:
    latencies: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with running_host(Path(folder), tick_rate=tick_rate) as host:
            player_ids = await settle(host)
            simulation = host.simulation
            if simulation is None:
                raise RuntimeError("the world is not running")
            ended = asyncio.Event()
            loop = asyncio.get_running_loop()

            def work() -> None:
                clients(simulation, player_ids, latencies)
                loop.call_soon_threadsafe(ended.set)

            thread = threading.Thread(target=work)
            thread.start()
            await ended.wait()
            thread.join()
    return latencies


def commits_per_second() -> float:
    """Return how often sqlite3 by itself commits one small row durably."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "raw.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x REAL)")
            start, count = time.perf_counter(), 0
            while time.perf_counter() - start < 2:
                connection.execute(
                    "INSERT INTO t VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET x = excluded.x",
                    (count,),
                )
                count += 1
            return count / (time.perf_counter() - start)


async def measure() -> int:
    raw = commits_per_second()
    rows = []
    for tick_rate in TICK_RATES:
        latencies = await measure_at(tick_rate)
        per_second = len(latencies) / SECONDS
        rows.append(
            (
                f"{CLIENTS} clients, {tick_rate:g} ticks/s",
                rate(per_second),
                milliseconds(statistics.median(latencies)),
                milliseconds(quantile(latencies, 0.99)),
                f"{per_second / raw:.2f}",
            )
        )
    print_table(
        f"Acknowledged orders (sqlite3 alone commits {rate(raw)})",
        ("load", "orders", "p50", "p99", "against bare commits"),
        rows,
    )
    return 0


def run() -> None:
    on_host_loop(measure)
