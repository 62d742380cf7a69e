"""Lateness of ticks while another process holds the database's write lock, against a healthy one.

One world, hosted once, healthy and blocked in turn. Its rows change all the time and players order
all the time; while it is blocked they are refused when the time of grace is over.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.backup import on_own_thread
from desktop_app.application import Host
from tests import faults
from tests.benchmarks.hosted import Stretch, StretchClock, changing_world
from tests.benchmarks.neighbours import Told, idle_loop, players
from tests.benchmarks.report import against_bar, milliseconds, print_table, quantile
from tests.benchmarks.worlds import on_host_loop, write_seeded_world

PLANETS = 100_000
TICK_RATE = 20.0
ROWS_PER_SECOND = 2_000
PLAYERS = 8
SECONDS = 30.0
ROUNDS = 3
WARM_UP_S = 4.0
GRACE_S = 10.0
RECOVERY_TIMEOUT_S = 120.0
# p99 blocked against p99 healthy.
RATIO_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Round:
    healthy: Stretch
    blocked: Stretch
    recovery_s: float

    @property
    def ratio(self) -> float:
        return self.blocked.p99 / self.healthy.p99


async def recovered(host: Host) -> float:
    """Wait until everything that was changed so far is saved; return the seconds it took."""
    start = time.perf_counter()
    await asyncio.wait_for(asyncio.wrap_future(host.save_now()), RECOVERY_TIMEOUT_S)
    return time.perf_counter() - start


async def play_round(host: Host, number: int, seconds: float) -> Round:
    clock = StretchClock(host)
    await asyncio.sleep(seconds)
    healthy = clock.end(f"{number} healthy")
    with contextlib.ExitStack() as stack:
        lock = faults.locked_by_another_process(host.folder.database)
        # The save that has the lock now needs this very thread to come to its end.
        await on_own_thread(stack.enter_context, lock)
        clock.begin()
        await asyncio.sleep(seconds)
        blocked = clock.end(f"{number} blocked")
    return Round(healthy, blocked, await recovered(host))


async def measure(folder: Path, planets: int, rounds: int, seconds: float) -> list[Round]:
    """Play some rounds with a world in an empty folder, and print them."""
    await write_seeded_world(folder / "world.db", planets)
    grace_s = min(GRACE_S, seconds / 3)
    with idle_loop(TICK_RATE) as idle:
        async with changing_world(
            folder, TICK_RATE, ROWS_PER_SECOND, window=True, storage_grace_seconds=grace_s
        ) as host:
            url = host.url
            if url is None:
                raise RuntimeError("the world serves nobody")
            with players(url, PLAYERS) as answers:
                await asyncio.sleep(WARM_UP_S)
                played = [await play_round(host, n, seconds) for n in range(1, rounds + 1)]
    _report(played, idle, answers, planets, seconds)
    return played


def ratio_of(played: Iterable[Round]) -> float:
    return statistics.median(each.ratio for each in played)


def _report(played: list[Round], idle: Told, answers: Told, planets: int, seconds: float) -> None:
    rows = []
    for each in played:
        rows += [_line(each.healthy, idle, answers), _line(each.blocked, idle, answers)]
    print_table(
        f"Lateness of ticks with a blocked database: {planets:,} planets, {TICK_RATE:g} Hz,"
        f" window open, {PLAYERS} players, {seconds:g} s each",
        ("", "p50", "p99", "max", "skipped", "idle p99", "idle max", "accepted", "refused"),
        rows,
    )
    recoveries = ", ".join(f"{each.recovery_s:.1f} s" for each in played)
    print(f"  all was saved {recoveries} after the lock was gone")
    ratio = ratio_of(played)
    measured = f"the median ratio of p99, blocked to healthy, is {ratio:.2f}"
    print(against_bar(measured, ratio <= RATIO_MAX, f"{RATIO_MAX:g} or less"))


def _line(stretch: Stretch, idle: Told, answers: Told) -> tuple[str, ...]:
    beside = stretch.phase.of(idle.stamped) or [0.0]
    statuses = Counter(int(status) for status in stretch.phase.of(answers.stamped))
    return (
        stretch.name,
        milliseconds(stretch.median),
        milliseconds(stretch.p99),
        milliseconds(stretch.worst),
        str(stretch.skipped),
        milliseconds(quantile(beside, 0.99)),
        milliseconds(max(beside)),
        str(statuses[200]),
        str(statuses[503] + statuses[504]),
    )


async def _in_temporary_folder(planets: int, rounds: int, seconds: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        await measure(Path(name), planets, rounds, seconds)
    return 0


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="blocked")
    parser.add_argument("--planets", type=int, default=PLANETS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="healthy, and blocked")
    options = parser.parse_args(arguments or [])
    on_host_loop(lambda: _in_temporary_folder(options.planets, options.rounds, options.seconds))
