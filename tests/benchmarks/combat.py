"""What a battle costs, from ten units a side to a hundred million, and whom it keeps waiting."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from core.combat import BattleOrder, fight
from tests.benchmarks.report import milliseconds, print_table, quantile
from tests.combat.armies import CASES, every_ship, everything, order_of

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000, 100_000_000)
REFERENCE = 10_000
RUNS = 3

WAKE_EVERY_S = 0.01
WATCHED_S = 4.0
SWITCH_INTERVAL_S = 0.001  # the program's own


def cpu_seconds(order: BattleOrder) -> float:
    """Return the processor time of a battle, the least of some runs."""
    runs = []
    for _ in range(RUNS):
        begun = time.process_time()
        fight(order)
        runs.append(time.process_time() - begun)
    return min(runs)


def lateness(beside: Callable[[], object]) -> list[float]:
    """Wake a thread every 10 ms while something goes on again and again; return its delays."""
    late: list[float] = []

    def keep_time() -> None:
        deadline = time.monotonic()
        until = deadline + WATCHED_S
        while deadline < until:
            deadline += WAKE_EVERY_S
            time.sleep(max(0.0, deadline - time.monotonic()))
            late.append(time.monotonic() - deadline)

    keeper = threading.Thread(target=keep_time)
    keeper.start()
    while keeper.is_alive():
        beside()
    keeper.join()
    return late


def measure_cost() -> None:
    rows = []
    for label, attackers, defenders in CASES:
        seconds = {size: cpu_seconds(order_of(attackers(size), defenders(size))) for size in SIZES}
        rows += [
            (f"{label}, {size:,} a side", milliseconds(each), f"{each / seconds[REFERENCE]:.2f}")
            for size, each in seconds.items()
        ]
    print_table("Cost of a battle", ("battle", "CPU", f"against {REFERENCE:,}"), rows)


def measure_waiting() -> None:
    order = order_of(every_ship(1_000_000), everything(1_000_000))
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(fight, order).result()
        cases: tuple[tuple[str, Callable[[], object]], ...] = (
            ("nothing", lambda: time.sleep(0.1)),
            ("a battle in another process", lambda: pool.submit(fight, order).result()),
            ("a battle on another thread", lambda: fight(order)),
        )
        rows = []
        for label, beside in cases:
            late = lateness(beside)
            quantiles = (quantile(late, 0.5), quantile(late, 0.99), max(late))
            rows.append((label, *map(milliseconds, quantiles)))
    print_table("Lateness of a thread beside", ("", "p50", "p99", "max"), rows)


def run() -> None:
    measure_cost()
    measure_waiting()
