"""Everything the window says about the host at one instant, as plain values.

None stands for what is not known (yet): it is shown in grey and never as perfect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.bots.driver import BotFigures
from desktop_app.application import HostState
from desktop_app.monitor.levels import Level


@dataclass(frozen=True, slots=True)
class TickFigures:
    """Whether the world keeps time."""

    period_s: float
    samples: int = 0
    samples_needed: int = 1
    rate: float | None = None
    work_p95_s: float | None = None
    lateness_p95_s: float | None = None
    skipped_share: float | None = None
    since_last_s: float | None = None

    @property
    def warming_up(self) -> bool:
        return self.samples < self.samples_needed


@dataclass(frozen=True, slots=True)
class SaveFigures:
    """Whether everything is on disk."""

    allowed_age_s: float
    at_risk: int | None = None
    unknown_for_s: float | None = None  # only the world could tell, and it stands still
    at_risk_before: int = 0  # when it told last
    unsaved: int = 0
    refused: int = 0  # by the database; in no save until the host decides
    violations: int = 0  # rules that saved rows broke since the start
    oldest_age_s: float = 0.0
    saved_ago_s: float | None = None
    save_p95_s: float | None = None
    capture_p95_s: float | None = None
    failures_in_row: int = 0
    stalled: bool = False
    all_saved: bool = False  # by the last save of a host that has stopped
    not_saved: str | None = None  # what that save has lost, and why
    error: str | None = None
    last_failure: tuple[float, str] | None = None  # how long ago, why

    @property
    def to_write(self) -> int:
        """Changes that are not on disk but certain to come out the same after a restart."""
        return max(0, self.unsaved - (self.at_risk or 0))


@dataclass(frozen=True, slots=True)
class BackupFigures:
    """The last backup: when it was made, and whether it is known to be sound; and the next."""

    made_at: datetime | None = None
    verified: bool | None = None
    finding: str | None = None
    failure: str | None = None  # why none could be made since
    next_at: datetime | None = None  # when the next one on schedule is due

    @property
    def is_bad(self) -> bool:
        return self.failure is not None or self.verified is False


@dataclass(frozen=True, slots=True)
class MachineFigures:
    """How the computer and the window's own thread are doing."""

    loop_lag_p95_s: float | None = None
    disk_free_bytes: float | None = None
    wal_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class WorldFigures:
    """What is in the world."""

    players: int = 0
    players_online: int = 0
    planets: int = 0
    due_soon: int = 0
    tick: int = 0
    world_time: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a look, in one sentence that holds its value."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The host at one instant; `at` is on the monotonic clock."""

    at: float
    state: HostState
    world_name: str
    uptime_s: float | None
    link: str | None
    loopback_only: bool
    error: str | None
    doing: str  # what is being done while the host starts or stops
    ticks: TickFigures
    saves: SaveFigures
    backup: BackupFigures
    machine: MachineFigures
    world: WorldFigures
    bots: BotFigures
    time_level: Level
    safety_level: Level
    health: Level
    findings: tuple[Finding, ...]
    levels: Mapping[str, Level]

    def level_of(self, signal: str) -> Level:
        """Return the level of a signal by its name; good where it is not measured."""
        return self.levels.get(signal, Level.GOOD)

    @property
    def running(self) -> bool:
        return self.state is HostState.RUNNING

    @property
    def stale(self) -> bool:
        """True while the world should tick and does not."""
        return self.running and no_tick_for_too_long(self.ticks)


# After so many periods without a tick, and at least this long, the world stands still.
PERIODS_WITHOUT_TICK = 10
SECONDS_WITHOUT_TICK = 1.0


def no_tick_for_too_long(ticks: TickFigures) -> bool:
    """Return whether the last tick was too long ago for a world that keeps time."""
    since = ticks.since_last_s
    limit = max(PERIODS_WITHOUT_TICK * ticks.period_s, SECONDS_WITHOUT_TICK)
    return since is not None and since > limit
