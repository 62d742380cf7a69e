"""Reads the host for the whole window: its rings into trails, its figures into a reading."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import Gauge

from core.bots.driver import BotFigures
from core.metrics import SAVE_REASONS, Metrics, SaveState
from core.save_batch import SaveReason
from core.simulation import Status
from desktop_app.application import Host, HostState
from desktop_app.monitor.addresses import is_loopback, join_address
from desktop_app.monitor.figures import (
    PERCENTILE_WINDOW_S,
    allowed_age_s,
    failures_in_row,
    p95,
    save_durations_s,
    tick_figures,
)
from desktop_app.monitor.histogram import RecentHistogram
from desktop_app.monitor.levels import Level
from desktop_app.monitor.quiet import quiet_instant
from desktop_app.monitor.reading import (
    BackupFigures,
    Finding,
    MachineFigures,
    Reading,
    SaveFigures,
    TickFigures,
    WorldFigures,
    no_tick_for_too_long,
)
from desktop_app.monitor.signals import Judge, Signal, Subject, findings, signals, worst_levels
from desktop_app.monitor.trail import Trail

SAMPLE_INTERVAL_S = 1.0
FINAL = SAVE_REASONS.index(SaveReason.FINAL)


class Monitor:
    """The window's one view of a host. Belongs to the GUI thread."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._doing = ""
        self._begin(host.metrics)

    def _begin(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self.ticks = Trail(metrics.ticks)
        self.saves = Trail(metrics.saves)
        self.risk = Trail(metrics.risk)
        self._loop_lag = RecentHistogram(metrics.loop_lag, PERCENTILE_WINDOW_S)
        self._judge = Judge()
        self._judged: tuple[Signal, ...] = ()
        self._next_sample = -math.inf
        self._address: tuple[str, int] | None = None
        self._join_address: str | None = None
        self._failure: tuple[float, str] | None = None

    # What belongs to every refresh -------------------------------------------------------------

    def follow(self) -> bool:
        """Take over new samples; return True if the host has started anew since the last call."""
        started_anew = self._host.metrics is not self._metrics
        if started_anew:
            self._begin(self._host.metrics)
        for trail in (self.ticks, self.saves, self.risk):
            trail.follow()
        return started_anew

    def note_progress(self, text: str) -> None:
        """Remember what is being done while the host starts or stops."""
        self._doing = text

    def now(self) -> float:
        """Return the right edge of all charts: now, or where the samples end."""
        if self._host.state in (HostState.RUNNING, HostState.STOPPING):
            return time.perf_counter()
        ends = [trail.last_at for trail in (self.ticks, self.saves, self.risk)]
        return max((end for end in ends if end is not None), default=time.perf_counter())

    @property
    def begun_at(self) -> float | None:
        """Since when there are samples of anything."""
        begins = (trail.first_at for trail in (self.ticks, self.saves, self.risk))
        return min((begin for begin in begins if begin is not None), default=None)

    def quiet_instant(self, wanted: float) -> float:
        """Return when to refresh the window, from an instant on, without making a tick late."""
        status = self._status()
        if not self.live or status.last_tick_at is None:
            return wanted
        deadline = status.last_tick_at - status.last_lateness_s
        return quiet_instant(wanted, deadline, self.period_s, status.last_tick_s)

    @property
    def live(self) -> bool:
        return self._host.state is HostState.RUNNING

    @property
    def period_s(self) -> float:
        return 1.0 / self._host.settings.tick_rate

    @property
    def allowed_age_s(self) -> float:
        return allowed_age_s(self._host.settings)

    def _status(self) -> Status:
        simulation = self._host.simulation
        return Status() if simulation is None else simulation.status

    # A reading ---------------------------------------------------------------------------------

    def read(self, at: float) -> Reading:
        """Return what the window says about the host at this instant."""
        host, status = self._host, self._status()
        last_tick_at = status.last_tick_at if self.live else None
        ticks = tick_figures(self.ticks, at, self.period_s, last_tick_at)
        saves = self._save_figures(at, status, ticks)
        machine = self._machine_figures(at)
        backup = self._backup_figures()
        self._sample(at, lambda: signals(ticks, saves, machine, status.set_aside, backup))
        worst = worst_levels(self._judged)
        return Reading(
            at=at,
            state=host.state,
            world_name=host.settings.world_name,
            uptime_s=None if host.started_at is None else time.monotonic() - host.started_at,
            link=self._link(),
            loopback_only=host.address is not None and is_loopback(host.address[0]),
            error=host.error,
            doing=self._doing,
            ticks=ticks,
            saves=saves,
            backup=backup,
            machine=machine,
            world=self._world_figures(status),
            bots=BotFigures() if host.simulation is None else host.simulation.bots.figures,
            time_level=worst[Subject.TIME],
            safety_level=_safety_level(saves, worst[Subject.SAFETY]),
            health=_health(self._judged, ticks),
            findings=(*_losses(saves), *findings(self._judged)),
            levels={signal.name: signal.level for signal in self._judged},
        )

    def _sample(self, at: float, measure: Callable[[], Iterable[Signal]]) -> None:
        """Judge the signals once a second; nothing is known of a host that does not run."""
        if not self.live:
            self._judge, self._judged, self._next_sample = Judge(), (), -math.inf
        elif at >= self._next_sample:
            self._next_sample = at + SAMPLE_INTERVAL_S
            self._judged = self._judge.sample(at, tuple(measure()))

    def _link(self) -> str | None:
        """Return where players find the host; looked up once, when its address is known."""
        if self._host.address != self._address:
            self._address = self._host.address
            self._join_address = join_address(self._address)
        return None if self._join_address is None else f"http://{self._join_address}"

    def _save_figures(self, at: float, status: Status, ticks: TickFigures) -> SaveFigures:
        allowed = self.allowed_age_s
        if not (self.live and status.running):
            return SaveFigures(
                allowed_age_s=allowed,
                failures_in_row=failures_in_row(self.saves.between(-math.inf)["state"]),
                all_saved=self._ended_saved(),
                not_saved=self._host.not_saved,
            )
        if status.last_error is not None:
            self._failure = (at, status.last_error)
        failure = self._failure
        last_failure = None if failure is None else (at - failure[0], failure[1])
        if no_tick_for_too_long(ticks):
            # The status is as old as the last tick, and nobody hears of commits either. What is
            # refused stays refused: only the world lets it in again.
            return SaveFigures(
                allowed_age_s=allowed,
                unknown_for_s=ticks.since_last_s,
                at_risk_before=status.at_risk,
                refused=status.quarantined,
                last_failure=last_failure,
            )
        recent = self.saves.between(at - PERCENTILE_WINDOW_S)
        committed = recent["state"] != SaveState.FAILED
        return SaveFigures(
            allowed_age_s=allowed,
            at_risk=status.at_risk,
            unsaved=status.unsaved,
            refused=status.quarantined,
            violations=status.violations,
            oldest_age_s=status.oldest_unsaved_s,
            saved_ago_s=self._saved_ago_s(at, status),
            save_p95_s=p95(save_durations_s(recent)[committed]),
            capture_p95_s=p95(recent["capture_s"]),
            failures_in_row=failures_in_row(self.saves.between(-math.inf)["state"]),
            stalled=status.stalled,
            error=status.last_error,
            last_failure=last_failure,
        )

    def _ended_saved(self) -> bool:
        """Return whether the last save of a host that has stopped since has left nothing out."""
        host, saves = self._host, self.saves.between(-math.inf)
        if host.state is not HostState.STOPPED or not len(saves["at"]):
            return False
        # The final save may be several, of which only the last one is looked at here.
        final = saves["state"][-1] != SaveState.FAILED and saves["reason"][-1] == FINAL
        return bool(final and host.error is None and host.not_saved is None)

    def _saved_ago_s(self, at: float, status: Status) -> float | None:
        """The status is a second old at most; the trail knows of the latest commits."""
        recent = self.saves.between(at - PERCENTILE_WINDOW_S)
        committed = recent["at"][recent["state"] != SaveState.FAILED]
        times = [float(committed[-1])] if len(committed) else []
        if status.last_commit_at is not None:
            times.append(status.last_commit_at)
        return max(0.0, at - max(times)) if times else None

    def _backup_figures(self) -> BackupFigures:
        backups = self._host.backups
        last, failure, next_at = backups.last, backups.failure, backups.next_at
        if last is None:
            return BackupFigures(failure=failure, next_at=next_at)
        finding = last.findings[0] if last.findings else None
        return BackupFigures(last.made_at, last.verified, finding, failure, next_at)

    def _machine_figures(self, at: float) -> MachineFigures:
        if not self.live:
            return MachineFigures()
        metrics = self._metrics
        return MachineFigures(
            loop_lag_p95_s=self._loop_lag.quantile(at, 0.95),
            # 0 until it was looked at for the first time.
            disk_free_bytes=_value(metrics.disk_free) or None,
            wal_bytes=_value(metrics.wal_bytes),
        )

    def _world_figures(self, status: Status) -> WorldFigures:
        return WorldFigures(
            players=status.players,
            players_online=int(_value(self._metrics.players_online)),
            planets=status.planets,
            due_soon=status.due_soon,
            tick=status.tick,
            world_time=status.world_time,
        )


def _safety_level(saves: SaveFigures, judged: Level) -> Level:
    """Return the level of what would be lost, as it is now and not as it was judged last."""
    if saves.not_saved is not None:
        return Level.BAD
    if saves.all_saved:
        return Level.GOOD
    return Level.UNKNOWN if saves.at_risk is None else judged


def _losses(saves: SaveFigures) -> tuple[Finding, ...]:
    lost = saves.not_saved
    return () if lost is None else (Finding(Level.BAD, f"{lost[:1].upper()}{lost[1:]}."),)


def _health(judged: Sequence[Signal], ticks: TickFigures) -> Level:
    """Failing: the disk, or no tick for long; degraded: any warning; unknown until both are."""
    if no_tick_for_too_long(ticks):
        return Level.BAD
    worst = worst_levels(judged)
    if worst[Subject.SAFETY] is Level.BAD:
        return Level.BAD
    if Level.UNKNOWN in (worst[Subject.TIME], worst[Subject.SAFETY]):
        return Level.UNKNOWN
    return min(Level.WARN, max(worst.values()))


def _value(gauge: Gauge) -> float:
    return next(iter(gauge.collect())).samples[0].value
