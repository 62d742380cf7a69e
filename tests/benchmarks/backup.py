"""A backup of a large world that runs: how late it makes ticks, how long until it is verified."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.backup_shelf import BackupReason
from desktop_app.application import Host
from tests.benchmarks.hosted import Stretch, StretchClock, changing_world
from tests.benchmarks.neighbours import Told, idle_loop
from tests.benchmarks.report import against_bar, milliseconds, print_table, quantile
from tests.benchmarks.worlds import on_host_loop, write_seeded_world

PLANETS = 100_000
TICK_RATE = 20.0
ROWS_PER_SECOND = 2_000
BACKUPS = 5
WARM_UP_S = 4.0
COMPARED_S_MAX = 30.0
# The worst tick, and from the request to the verdict.
LATENESS_S_MAX = 0.010
VERIFIED_S_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """A backup: the ticks while it was copied, while it was looked at, and without it."""

    copying: Stretch
    verifying: Stretch
    without: Stretch
    verified: bool

    @property
    def worst(self) -> float:
        return max(self.copying.worst, self.verifying.worst)

    @property
    def verified_after_s(self) -> float:
        return self.copying.seconds + self.verifying.seconds


async def back_up(host: Host, number: int) -> Made:
    clock = StretchClock(host)
    made = await host.backups.make(BackupReason.MANUAL)
    copying = clock.end(f"{number} copying")
    looked_at = await host.backups.verify(made.name)
    verifying = clock.end(f"{number} verifying")
    await asyncio.sleep(min(copying.seconds + verifying.seconds, COMPARED_S_MAX))
    return Made(copying, verifying, clock.end(f"{number} no backup"), bool(looked_at.verified))


async def measure(folder: Path, planets: int, backups: int, *, window: bool) -> list[Made]:
    """Make some backups of a world in an empty folder, and print what they cost."""
    await write_seeded_world(folder / "world.db", planets)
    with idle_loop(TICK_RATE) as idle:
        async with changing_world(folder, TICK_RATE, ROWS_PER_SECOND, window=window) as host:
            await asyncio.sleep(WARM_UP_S)
            made = [await back_up(host, number) for number in range(1, backups + 1)]
    _report(made, idle, planets, window=window)
    return made


def _report(made: list[Made], idle: Told, planets: int, *, window: bool) -> None:
    stretches = [s for each in made for s in (each.copying, each.verifying, each.without)]
    print_table(
        f"Backups of {planets:,} planets, {TICK_RATE:g} Hz, {ROWS_PER_SECOND:,} rows/s saved"
        + (", window open" if window else ""),
        ("", "seconds", "p50", "p99", "worst", "skipped", "idle p99", "idle worst"),
        [_line(stretch, idle) for stretch in stretches],
    )
    worst, without = max(each.worst for each in made), max(each.without.worst for each in made)
    beside = max(max(_idle(idle, s)) for each in made for s in (each.copying, each.verifying))
    measured = (
        f"the worst tick was {milliseconds(worst)} late, without a backup {milliseconds(without)},"
        f" of a loop that does nothing beside the backups {milliseconds(beside)}"
    )
    print(against_bar(measured, worst <= LATENESS_S_MAX, f"{milliseconds(LATENESS_S_MAX)} or less"))
    longest = max(each.verified_after_s for each in made)
    verified = sum(each.verified for each in made)
    measured = f"{verified} of {len(made)} were verified, the slowest after {longest:.1f} s"
    is_met = verified == len(made) and longest < VERIFIED_S_MAX
    print(against_bar(measured, is_met, f"all in less than {VERIFIED_S_MAX:g} s"))


def _line(stretch: Stretch, idle: Told) -> tuple[str, ...]:
    beside = _idle(idle, stretch)
    return (
        stretch.name,
        f"{stretch.seconds:.2f}",
        milliseconds(stretch.median),
        milliseconds(stretch.p99),
        milliseconds(stretch.worst),
        str(stretch.skipped),
        milliseconds(quantile(beside, 0.99)),
        milliseconds(max(beside)),
    )


def _idle(idle: Told, stretch: Stretch) -> list[float]:
    """Return how late a loop that does nothing woke meanwhile."""
    return stretch.phase.of(idle.stamped) or [0.0]


async def _in_temporary_folder(planets: int, backups: int, *, window: bool) -> int:
    with tempfile.TemporaryDirectory() as name:
        await measure(Path(name), planets, backups, window=window)
    return 0


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="backup")
    parser.add_argument("--planets", type=int, default=PLANETS)
    parser.add_argument("--backups", type=int, default=BACKUPS)
    parser.add_argument("--window", action="store_true", help="with the window open")
    options = parser.parse_args(arguments or [])
    on_host_loop(
        lambda: _in_temporary_folder(options.planets, options.backups, window=options.window)
    )
