"""What a tick costs, from a thousand planets to a million."""

from __future__ import annotations

import statistics
import threading

from core.clock import SystemClock
from core.metrics import Metrics, Samples
from core.simulation import Simulation
from tests.benchmarks.report import milliseconds, print_table, quantile
from tests.benchmarks.worlds import seeded_game
from tests.store import ManualStore

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TICK_RATE = 50.0
SECONDS = 6.0
WARM_UP_TICKS = 50


def measure(planets: int, *, idle: bool) -> Samples:
    """Run a real simulation for a while and return its ticks."""
    clock = SystemClock()
    metrics = Metrics(tick_ring_capacity=10_000)
    simulation = Simulation(
        seeded_game(planets, clock, idle=idle, store=ManualStore(at_once=True)),
        clock,
        metrics,
        tick_rate=TICK_RATE,
        save_interval_s=3600,
        pending_max=100,
    )
    thread = threading.Thread(target=simulation.run)
    thread.start()
    simulation.ready.result()
    clock.wake().wait(clock.monotonic() + SECONDS)
    ticks = metrics.ticks.latest()
    simulation.request_stop()
    thread.join()
    return {name: values[WARM_UP_TICKS:] for name, values in ticks.items()}


def run() -> None:
    rows = []
    medians: dict[tuple[str, int], float] = {}
    # A million planets that build are thousands of events a second: more than a tick can hold.
    for label, idle, sizes in (("idle", True, SIZES), ("20 % building", False, SIZES[:-1])):
        for planets in sizes:
            work = measure(planets, idle=idle)["work_s"].tolist()
            medians[label, planets] = statistics.median(work)
            ratio = medians[label, planets] / medians.get((label, 10_000), float("nan"))
            rows.append(
                (
                    f"{planets:,} planets, {label}",
                    milliseconds(medians[label, planets]),
                    milliseconds(quantile(work, 0.99)),
                    milliseconds(max(work)),
                    "" if ratio != ratio else f"{ratio:.2f}",
                )
            )
    print_table("Work of a tick", ("world", "p50", "p99", "max", "p50 against 10,000"), rows)
