"""Whether the world keeps its two promises: a verdict over the simulation's status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from core.simulation import Status

_SILENT_TICKS_MAX = 10


class Level(Enum):
    """How well the world does."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Health:
    """A verdict with its reasons, the worst first."""

    level: Level
    findings: tuple[str, ...]
    database: str

    @property
    def is_failing(self) -> bool:
        return self.level is Level.FAILING


def assess(status: Status, tick_period_s: float, monotonic_now: float) -> Health:
    """Judge a status; `monotonic_now` is on the clock of `status.last_tick_at`."""
    failing, degraded = [], []
    if not status.running:
        failing.append("the world is not running")
    elif (
        status.last_tick_at is not None
        and monotonic_now - status.last_tick_at > _SILENT_TICKS_MAX * tick_period_s
    ):
        failing.append(f"no tick for {monotonic_now - status.last_tick_at:.1f} s")
    if status.stalled:
        failing.append("changes cannot be saved")
    elif status.last_error is not None:
        degraded.append(f"the last save failed and is tried again: {status.last_error}")
    if status.set_aside:
        degraded.append(f"{status.set_aside} things were set aside after an error")
    if status.violations:
        degraded.append(
            f"{status.violations} changes were saved that break a rule of the world;"
            " the log names them"
        )
    if status.quarantined:
        degraded.append(f"the database refuses {status.quarantined} changes, which are set aside")
    level = Level.FAILING if failing else Level.DEGRADED if degraded else Level.OK
    database = "unavailable" if status.stalled else "retrying" if status.last_error else "ok"
    return Health(level, (*failing, *degraded), database)
