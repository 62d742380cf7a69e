"""A start after a week in which the world was off: all that fell due meanwhile is applied first."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from core.process_memory import resident_bytes
from core.rules.arithmetic import SECONDS_PER_DAY
from desktop_app.application import Host
from tests.benchmarks.populous import Size, add_options, size_of, write_populous_world
from tests.benchmarks.report import against_bar, print_table
from tests.benchmarks.worlds import on_host_loop
from tests.hosts import make_host

DAYS = 7.0
SECONDS_MAX = 60.0
SAMPLE_INTERVAL_S = 0.1
# The longest time without any news of how far it is, and without an answer of the main loop.
SILENCE_S_MAX = 2.0


@dataclass(frozen=True, slots=True)
class Return:
    """What a start came to; `seconds` are those of catching up, without loading."""

    seconds: float
    computed_s: float
    loaded_s: float
    events: int
    reports: int
    silence_s: float
    loop_lag_s: float
    peak_mib: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


class _Witness:
    """Notes what is told of a start, and how alive the main loop is meanwhile."""

    def __init__(self, host: Host) -> None:
        self.told: list[float] = []
        self.peak_bytes = 0
        self.loop_lag_s = 0.0
        host.progressed.connect(self._note)

    def _note(self, text: str, _done: int, _total: int) -> None:
        if text.startswith("Catching up"):
            self.told.append(time.monotonic())

    async def watch(self) -> None:
        while True:
            due = time.monotonic() + SAMPLE_INTERVAL_S
            await asyncio.sleep(SAMPLE_INTERVAL_S)
            if self.told:
                self.loop_lag_s = max(self.loop_lag_s, time.monotonic() - due)
            self.peak_bytes = max(self.peak_bytes, resident_bytes())

    @property
    def silence_s(self) -> float:
        return max((b - a for a, b in zip(self.told, self.told[1:], strict=False)), default=0.0)


async def measure(folder: Path) -> Return:
    """Host the world of a folder until it has caught up."""
    host = make_host(folder, tick_rate=10.0)
    witness = _Witness(host)
    watching = asyncio.ensure_future(witness.watch())
    begun_at, computed_s = time.monotonic(), time.process_time()
    try:
        await host.start()
        ended_at, computed_s = time.monotonic(), time.process_time() - computed_s
        events = host.metrics.registry.get_sample_value("due_events_total") or 0.0
        await host.stop()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    first = witness.told[0] if witness.told else ended_at
    return Return(
        seconds=ended_at - first,
        computed_s=computed_s,
        loaded_s=first - begun_at,
        events=int(events),
        reports=len(witness.told),
        silence_s=witness.silence_s,
        loop_lag_s=witness.loop_lag_s,
        peak_mib=witness.peak_bytes / 2**20,
    )


def report(title: str, back: Return) -> bool:
    """Print what was measured; return whether the bar is met."""
    rows = [
        ("loading", f"{back.loaded_s:.1f} s"),
        ("catching up", f"{back.seconds:.1f} s"),
        ("computed, with loading", f"{back.computed_s:.1f} s"),
        ("events", f"{back.events:,}"),
        ("events per second", f"{back.events_per_s:,.0f}"),
        ("reports of progress", f"{back.reports:,}"),
        ("longest time without one", f"{back.silence_s:.2f} s"),
        ("longest delay of the main loop", f"{back.loop_lag_s:.2f} s"),
        ("most memory", f"{back.peak_mib:,.0f} MiB"),
    ]
    print_table(title, ("", ""), rows)
    met = back.seconds < SECONDS_MAX and max(back.silence_s, back.loop_lag_s) <= SILENCE_S_MAX
    measured = f"caught up in {back.seconds:.1f} s"
    bar = f"under {SECONDS_MAX:.0f} s, and {SILENCE_S_MAX:.0f} s or less in silence"
    print(against_bar(measured, met, bar))
    return met


async def _run(size: Size, days: float, speed: float, *, long_queues: bool) -> int:
    with tempfile.TemporaryDirectory() as folder:
        await write_populous_world(
            Path(folder) / "world.db",
            size,
            age_s=days * SECONDS_PER_DAY,
            long_queues=long_queues,
            speed=speed,
        )
        back = await measure(Path(folder))
    queues = "long queues" if long_queues else "short queues"
    title = (
        f"{days:g} days away: {size.players:,} players, {size.planets:,} planets,"
        f" {size.fleets:,} fleets, speed {speed:g}, {queues}"
    )
    return 0 if report(title, back) else 1


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="absence")
    add_options(parser)
    parser.add_argument("--days", type=float, default=DAYS)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--short-queues", action="store_true", help="one item in each queue")
    options = parser.parse_args(arguments or [])
    on_host_loop(
        lambda: _run(
            size_of(options), options.days, options.speed, long_queues=not options.short_queues
        )
    )


if __name__ == "__main__":
    run(sys.argv[1:])
