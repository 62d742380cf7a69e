"""A host that does not run but looks as if it did, for tests of what the window shows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from core.bots.driver import BotFigures
from core.metrics import SAVE_REASONS, SaveState
from core.queries import Query
from core.save_batch import SaveReason
from core.simulation import Simulation, Status
from desktop_app.application import Host, HostState
from tests.hosts import make_host

PHASES_S = (0.0004, 0.0008, 0.001, 0.0002, 0.0001)
WORK_S = 0.0025
LATENESS_S = 0.0003


class ShownBots:
    """What the window reads of the computer players."""

    figures = BotFigures()


class ShownSimulation:
    """What the window reads of a simulation."""

    def __init__(self) -> None:
        self.bots = ShownBots()
        self.status = Status(running=True)
        self.asked: list[tuple[Query, Future[Any]]] = []

    def ask(self, query: Query) -> Future[Any]:
        future: Future[Any] = Future()
        self.asked.append((query, future))
        return future


class Showcase:
    """A host with a status and samples that a test writes itself."""

    def __init__(self, folder: Path, **overrides: Any) -> None:
        self.host: Host = make_host(folder, **overrides)
        self.simulation = ShownSimulation()
        self.host.simulation = cast(Simulation, self.simulation)
        self.host.state = HostState.RUNNING
        self.host.address = ("127.0.0.1", 8642)
        self.host.started_at = time.monotonic()
        self.now = time.perf_counter()
        self.set_status(last_tick_at=self.now, last_commit_at=self.now - 0.1)

    def set_status(self, **changes: Any) -> None:
        self.simulation.status = replace(self.simulation.status, **changes)

    def tick(self, count: int, *, work_s: float = WORK_S, skipped: int = 0) -> None:
        """Write ticks that end now, a tenth of a second apart."""
        for age in range(count, 0, -1):
            at = self.now - age * 0.1
            self.host.metrics.note_tick(at, LATENESS_S, work_s, PHASES_S, skipped)

    def save(
        self,
        ago_s: float,
        *,
        state: SaveState = SaveState.COMMITTED,
        reason: SaveReason = SaveReason.URGENT,
        execute_s: float = 0.002,
    ) -> None:
        self.host.metrics.saves.append(
            self.now - ago_s,
            state,
            SAVE_REASONS.index(reason),
            2,
            8,
            0.0002,
            0.001,
            execute_s,
            0.0015,
        )

    def risk(self, ago_s: float, at_risk: int, oldest_age_s: float) -> None:
        self.host.metrics.note_risk(self.now - ago_s, at_risk, at_risk, oldest_age_s)

    def stop(self) -> None:
        """Look like a host that has been stopped."""
        self.host.state = HostState.STOPPED
        self.host.simulation = None
        self.host.address = None
        self.host.changed.emit()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; the time limit is the test's own."""
    while not condition():
        await asyncio.sleep(0.005)
