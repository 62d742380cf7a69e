"""A world under load: hosted as the program does it, while its rows change all the time."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.components import PLANET
from core.ecs import World
from core.metrics import Samples
from desktop_app.application import Host
from desktop_app.main_window import MainWindow
from tests.benchmarks.neighbours import Phase
from tests.benchmarks.report import quantile
from tests.benchmarks.worlds import change_planets
from tests.hosts import make_host


@asynccontextmanager
async def changing_world(
    folder: Path, tick_rate: float, rows_per_second: int, *, window: bool, **settings: Any
) -> AsyncIterator[Host]:
    """Host the world of a folder; every change is saved within a second or two."""
    host = make_host(
        folder,
        tick_rate=tick_rate,
        save_interval_seconds=1.0,
        persist_interval_seconds=1.0,
        rate_limit_per_minute=1_000_000,
        **settings,
    )
    main_window = _shown(host) if window else None
    await host.start()
    try:
        keep_changing(host, int(rows_per_second / tick_rate))
        yield host
    finally:
        await host.stop()
        if main_window is not None:
            main_window.end()


def keep_changing(host: Host, rows_per_tick: int) -> None:
    """Have every tick change its share of the rows, as so many due events would."""
    game = host.game
    if game is None:
        raise RuntimeError("the world is not running")
    generator = np.random.default_rng(1)
    number = 0

    def change(world: World, _now: float) -> None:
        nonlocal number
        number += 1
        rows = generator.choice(len(world.tables[PLANET]), rows_per_tick, replace=False)
        change_planets(game, np.sort(rows), number)

    game.state.world.add_processor(change)


@dataclass(frozen=True, slots=True)
class Stretch:
    """How late the ticks of a stretch of a run were."""

    name: str
    phase: Phase
    lateness_s: list[float]
    skipped: int

    @property
    def seconds(self) -> float:
        return self.phase.ended_at - self.phase.begun_at

    @property
    def median(self) -> float:
        return statistics.median(self.lateness_s or [0.0])

    @property
    def p99(self) -> float:
        return quantile(self.lateness_s or [0.0], 0.99)

    @property
    def worst(self) -> float:
        return max(self.lateness_s, default=0.0)


class StretchClock:
    """Parts a run into stretches, one after the other."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.begin()

    def begin(self) -> None:
        self._tick_count, self._begun_at = self._host.metrics.ticks.count, time.perf_counter()

    def end(self, name: str) -> Stretch:
        """Return the stretch that ends now, and begin the next one."""
        ticks = ticks_since(self._host, self._tick_count)
        phase = Phase(self._begun_at, time.perf_counter())
        self.begin()
        return Stretch(name, phase, ticks["lateness_s"].tolist(), int(ticks["skipped"].sum()))


def ticks_since(host: Host, count: int) -> Samples:
    """Return the ticks after the first `count` that were counted."""
    return host.metrics.ticks.latest(host.metrics.ticks.count - count)


def _shown(host: Host) -> MainWindow:
    window = MainWindow(host)
    window.resize(1440, 900)
    window.show()
    return window
