"""Lateness of ticks with the window open and ten thousand rows a second being saved."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.hosted import changing_world, ticks_since
from tests.benchmarks.report import milliseconds, print_table, quantile
from tests.benchmarks.worlds import on_host_loop, write_seeded_world

PLANETS = 100_000
TICK_RATE = 20.0
ROWS_PER_SECOND = 10_000
WARM_UP_S = 4.0


def idle_lateness(seconds: float) -> list[float]:
    """Return how late a thread wakes that does nothing but keep to the same deadlines."""
    latenesses = []
    period = 1 / TICK_RATE
    wake = threading.Event()
    due = time.perf_counter() + period
    for _ in range(int(seconds * TICK_RATE)):
        wake.wait(max(0.0, due - time.perf_counter()))
        latenesses.append(time.perf_counter() - due)
        due += period
    return latenesses


async def in_thread(seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[float]] = loop.create_future()

    def work() -> None:
        result = idle_lateness(seconds)
        loop.call_soon_threadsafe(done.set_result, result)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        return await done
    finally:
        thread.join()


async def loaded(folder: Path, seconds: float) -> dict[str, Any]:
    """Host a world under load with the window open; return what its ticks and saves were like."""
    async with changing_world(folder, TICK_RATE, ROWS_PER_SECOND, window=True) as host:
        await asyncio.sleep(WARM_UP_S)
        ticks_before, saves_before = host.metrics.ticks.count, host.metrics.saves.count
        await asyncio.sleep(seconds)
        ticks = ticks_since(host, ticks_before)
        saves = host.metrics.saves.latest(host.metrics.saves.count - saves_before)
    return {
        "lateness_s": ticks["lateness_s"].tolist(),
        "work_s": ticks["work_s"].tolist(),
        "skipped": int(ticks["skipped"].sum()),
        "rows_per_s": saves["rows"].sum() / seconds,
    }


async def measure(runs: int, seconds: float) -> int:
    rows, idles, loads = [], [], []
    with tempfile.TemporaryDirectory() as name:
        await write_seeded_world(Path(name) / "world.db", PLANETS)
        for number in range(1, runs + 1):
            idle = await in_thread(seconds)
            result = await loaded(Path(name), seconds)
            idles.append(quantile(idle, 0.99))
            loads.append(quantile(result["lateness_s"], 0.99))
            rows.append(
                (
                    f"run {number}",
                    milliseconds(idles[-1]),
                    milliseconds(loads[-1]),
                    milliseconds(max(result["lateness_s"])),
                    milliseconds(quantile(result["work_s"], 0.99)),
                    str(result["skipped"]),
                    f"{result['rows_per_s']:,.0f}",
                )
            )
    ratio = statistics.median(loads) / statistics.median(idles)
    print_table(
        f"Lateness of ticks: {PLANETS:,} planets, {TICK_RATE:g} Hz, window open,"
        f" {seconds:g} s each; median p99 {milliseconds(statistics.median(loads))},"
        f" {ratio:.1f} times idle",
        ("", "idle p99", "p99", "max", "work p99", "skipped", "rows saved/s"),
        rows,
    )
    return 0


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="lateness")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments or [])
    on_host_loop(lambda: measure(options.runs, options.seconds))
