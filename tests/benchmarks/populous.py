"""A populous world at its full rate: computer players who act, fleets that arrive, saves to a file.

The program itself hosts it, without a window. Besides the work of ticks by the clock there is what
the simulation thread has computed per tick, which says more where other programs run meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core import sync
from core.clock import SystemClock
from core.components import BUILDINGS, FLEET, UNIVERSE, UNIVERSE_ID
from core.ecs import World
from core.persistence import worlds
from core.process_memory import resident_bytes
from core.save_batch import TableRows, WorldClock
from core.seed import plan_seed
from core.seeded_world import Population, make_world
from desktop_app.application import Host
from tests.benchmarks.hosted import ticks_since
from tests.benchmarks.report import against_bar, milliseconds, print_table, quantile
from tests.benchmarks.worlds import on_host_loop, open_world
from tests.hosts import make_host
from tests.store import ManualStore
from tests.worlds import new_game

TICK_RATE = 10.0
WARM_UP_S = 60.0
MEMORY_INTERVAL_S = 1.0
WORK_P99_MAX_S = 0.020
# What counts as flat: the trace of the last hour is touched page by page.
GROWTH_SHARE_MAX = 0.03
# Five items, as a player leaves them who goes away: a mine after the other.
QUEUE = ("metal_mine", "crystal_mine", "solar_plant", "deuterium_synthesizer", "metal_mine")

SPEEDS = (
    "economy_speed",
    "research_speed",
    "fleet_speed_war",
    "fleet_speed_peaceful",
    "fleet_speed_holding",
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a world is. A few people have been away for long; they are whom fleets attack."""

    bots: int = 10_000
    people: int = 500
    planets: int = 30_000
    fleets: int = 20_000

    @property
    def players(self) -> int:
        return self.bots + self.people


def add_options(parser: argparse.ArgumentParser) -> None:
    usual = Size()
    for name in ("bots", "people", "planets", "fleets"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))


def size_of(options: argparse.Namespace) -> Size:
    return Size(options.bots, options.people, options.planets, options.fleets)


async def write_populous_world(
    path: Path, size: Size, *, age_s: float = 0.0, long_queues: bool = False, speed: float = 1.0
) -> None:
    """Make an SQLite file with a world that was saved so many seconds ago."""
    clock = SystemClock()
    game = new_game(clock, ManualStore(at_once=True))
    world = game.state.world
    universe = world.tables[UNIVERSE]
    for name in SPEEDS:
        universe.set(UNIVERSE_ID, f"Universe.{name}", speed)
    galaxies = universe.get(UNIVERSE_ID, "Universe.galaxies")
    systems = universe.get(UNIVERSE_ID, "Universe.systems")
    plan = plan_seed(size.players, size.planets, galaxies, systems)
    universe.set(UNIVERSE_ID, "Universe.galaxies", plan.galaxies)
    accounts = [sync.new_bot(number) for number in range(1, size.bots + 1)]
    accounts += [sync.NewAccount(f"player{n}", "a@b.c", "x") for n in range(1, size.people + 1)]
    population = Population(
        plan, [account.username for account in accounts], size.bots, size.fleets
    )

    def make_rows(ids: Any) -> tuple[Sequence[TableRows], WorldClock]:
        at = WorldClock(clock.now() - age_s, 0, {})
        rows, made = make_world(population, world, ids, at, np.random.default_rng(1))
        if long_queues:
            _lengthen_queues(rows)
        return rows, made

    async with open_world(path):
        await worlds.write_seed(accounts, make_rows, lambda *_: None)


def _lengthen_queues(rows: Sequence[TableRows]) -> None:
    """Have everybody who builds or researches go on with something when that is done."""
    (planets,) = (each.columns for each in rows if each.table == "planet")
    queued = planets["BuildQueue.queued"]
    building = queued[:, 0] != 0
    codes = [BUILDINGS.index(name) + 1 for name in QUEUE]
    queued[building, 1:] = codes[: queued.shape[1] - 1]
    (players,) = (each.columns for each in rows if each.table == "player")
    studies, where = players["ResearchQueue.queued"], players["ResearchQueue.planet_id"]
    studies[:, 1:] = studies[:, :1]
    where[:, 1:] = where[:, :1]


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured over a stretch of time."""

    seconds: float
    work_s: list[float]
    computed_s: list[float]
    skipped: int
    resident_mib: list[float]
    counts: dict[str, float]
    fleets: tuple[int, int]

    @property
    def growth(self) -> float:
        """Return by which share memory has grown after what is warm-up."""
        later = self.resident_mib
        tenth = max(1, len(later) // 10)
        begin, end = (float(np.median(part)) for part in (later[:tenth], later[-tenth:]))
        return end / begin - 1


async def measure(
    folder: Path, seconds: float, warm_up_s: float = WARM_UP_S, **settings: Any
) -> Run:
    """Host the world of a folder for a while."""
    host = make_host(folder, tick_rate=TICK_RATE, rate_limit_per_minute=1_000_000, **settings)
    await host.start()
    try:
        computed = _note_computing(host)
        await asyncio.sleep(warm_up_s)
        return await _watch(host, seconds, computed)
    finally:
        await host.stop()


def _note_computing(host: Host) -> list[float]:
    """Have the time noted that the simulation thread has computed since the tick before."""
    if host.game is None:
        raise RuntimeError("the world is not running")
    computed: list[float] = []
    before = 0.0

    def note(_world: World, _now: float) -> None:
        nonlocal before
        now = time.thread_time()
        computed.append(now - before)
        before = now

    host.game.state.world.add_processor(note)
    return computed


async def _watch(host: Host, seconds: float, computed: list[float]) -> Run:
    game, simulation = host.game, host.simulation
    if game is None or simulation is None:
        raise RuntimeError("the world is not running")
    count, begun, before = host.metrics.ticks.count, len(computed), _counts(host)
    fleets = len(game.state.world.tables[FLEET])
    resident = []
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < seconds:
        resident.append(resident_bytes() / 2**20)
        await asyncio.sleep(min(MEMORY_INTERVAL_S, seconds - elapsed))
    after, ticks = _counts(host), ticks_since(host, count)
    return Run(
        seconds=time.monotonic() - start,
        work_s=ticks["work_s"].tolist(),
        computed_s=computed[begun + 1 :],
        skipped=int(ticks["skipped"].sum()),
        resident_mib=resident,
        counts={name: after[name] - before[name] for name in after},
        fleets=(fleets, len(game.state.world.tables[FLEET])),
    )


def _counts(host: Host) -> dict[str, float]:
    """Return what the program has counted so far."""
    metrics, simulation = host.metrics, host.simulation
    totals = {
        "events": "due_events_total",
        "commands": "commands_total",
        "battles": "battles_total",
        "ticks held by a battle": "held_ticks_total",
        "rows saved": "save_rows_total",
        "commits": "save_total",
        "failures": "save_failures_total",
    }
    counted = dict.fromkeys(totals, 0.0)
    for family in metrics.registry.collect():
        for sample in family.samples:
            for name, total in totals.items():
                if sample.name == total:
                    counted[name] += sample.value
    counted["turns"] = float(simulation.bots.turns) if simulation is not None else 0.0
    counted["turns' refusals"] = float(simulation.bots.refused) if simulation is not None else 0.0
    return counted


def report(size: Size, run: Run) -> bool:
    """Print what was measured; return whether the bar is met."""
    rows = []
    for name, values in (("work", run.work_s), ("computed", run.computed_s)):
        rows.append(
            (
                name,
                *(milliseconds(quantile(values, share)) for share in (0.5, 0.99)),
                milliseconds(max(values)),
            )
        )
    print_table(
        f"Ticks: {size.players:,} players, {size.planets:,} planets, {run.fleets[0]:,} fleets"
        f" ({run.fleets[1]:,} at the end), {run.seconds:.0f} s at {TICK_RATE:.0f} Hz",
        ("of a tick", "p50", "p99", "max"),
        rows,
    )
    print_table(
        "What happened",
        ("", "in all", "per second"),
        [(name, f"{n:,.0f}", f"{n / run.seconds:,.1f}") for name, n in run.counts.items()],
    )
    p99 = quantile(run.work_s, 0.99)
    met = [p99 < WORK_P99_MAX_S, run.skipped == 0, run.growth <= GROWTH_SHARE_MAX]
    print(against_bar(f"p99 of the work of a tick {milliseconds(p99)}", met[0], "under 20 ms"))
    print(against_bar(f"{run.skipped} ticks were skipped", met[1], "none"))
    print(
        against_bar(
            f"memory went from {run.resident_mib[0]:.0f} to {run.resident_mib[-1]:.0f} MiB,"
            f" {run.growth:+.1%}",
            met[2],
            f"{GROWTH_SHARE_MAX:.0%} or less",
        )
    )
    return all(met)


async def _run(size: Size, minutes: float) -> int:
    with tempfile.TemporaryDirectory() as folder:
        await write_populous_world(Path(folder) / "world.db", size)
        run = await measure(Path(folder), minutes * 60)
    return 0 if report(size, run) else 1


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="populous")
    add_options(parser)
    parser.add_argument("--minutes", type=float, default=5.0)
    options = parser.parse_args(arguments or [])
    on_host_loop(lambda: _run(size_of(options), options.minutes))


if __name__ == "__main__":
    run(sys.argv[1:])
