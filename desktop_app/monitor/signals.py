"""The signals that decide whether the host is well, each with its value in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from desktop_app.monitor import levels
from desktop_app.monitor.levels import Band, Level, SteadyLevel
from desktop_app.monitor.reading import (
    BackupFigures,
    Finding,
    MachineFigures,
    SaveFigures,
    TickFigures,
)
from desktop_app.monitor.wording import counted, duration, last_backup, percent, significant, size


class Subject(Enum):
    """What a signal is about."""

    TIME = "time"
    SAFETY = "safety"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Signal:
    """One measurement: how it stands at this instant, and the sentence that says so."""

    name: str
    subject: Subject
    level: Level
    text: str


def signals(
    ticks: TickFigures,
    saves: SaveFigures,
    machine: MachineFigures,
    set_aside: int,
    backup: BackupFigures = BackupFigures(),  # noqa: B008 - it is frozen
) -> Iterator[Signal]:
    """Judge all figures that are known; of each subject what weighs most comes first."""
    yield from _time_signals(ticks)
    yield from _safety_signals(ticks, saves)
    yield from _machine_signals(machine, set_aside)
    yield from _backup_signals(backup)


def _time_signals(ticks: TickFigures) -> Iterator[Signal]:
    budget = duration(ticks.period_s)
    if ticks.work_p95_s is not None:
        share = ticks.work_p95_s / ticks.period_s
        text = f"A tick takes {duration(ticks.work_p95_s)} of {budget}, {percent(share)} (p95)."
        yield _time("work", levels.WORK_PER_BUDGET, share, text)
    if ticks.rate is not None:
        target = 1 / ticks.period_s
        text = f"The tick rate is {significant(ticks.rate, 3)} of {target:g} per second."
        yield _time("rate", levels.RATE_SHORTFALL, 1 - ticks.rate / target, text)
    if ticks.lateness_p95_s is not None:
        text = f"Ticks start {duration(ticks.lateness_p95_s)} late (p95)."
        share = ticks.lateness_p95_s / ticks.period_s
        yield _time("lateness", levels.LATENESS_PER_BUDGET, share, text)
    if ticks.skipped_share is not None:
        text = f"{percent(ticks.skipped_share)} of the ticks were skipped in the last 5 minutes."
        yield _time("skipped", levels.SKIPPED_SHARE, ticks.skipped_share, text)


def _safety_signals(ticks: TickFigures, saves: SaveFigures) -> Iterator[Signal]:
    allowed = saves.allowed_age_s
    if saves.at_risk is not None:
        level = Level.BAD if saves.stalled else Level.GOOD
        text = "The disk does not answer: orders are refused until it does."
        yield Signal("stalled", Subject.SAFETY, level, text)
        # The reason may be known before the failure is among the samples.
        failures = max(saves.failures_in_row, 1 if saves.error else 0)
        text = f"{counted(failures, 'save')} failed in a row"
        text += f": {saves.error}." if saves.error else "."
        yield _safety("failures", levels.SAVE_FAILURES_IN_ROW, failures, text)
        age_s = (saves.saved_ago_s or 0.0) if saves.at_risk else 0.0
        text = f"{counted(saves.at_risk, 'change')} at risk, {duration(age_s)} after the last save."
        yield _safety("at risk", levels.AT_RISK_S, age_s, text)
        yield from _wrong_changes(saves)
        text = f"The oldest change to write is {duration(saves.oldest_age_s)} old."
        share = saves.oldest_age_s / allowed
        yield _safety("oldest", levels.OLDEST_PER_ALLOWED_AGE, share, text)
    if saves.save_p95_s is not None:
        text = f"A save takes {duration(saves.save_p95_s)} (p95)."
        yield _safety("save", levels.SAVE_PER_ALLOWED_AGE, saves.save_p95_s / allowed, text)
    if saves.capture_p95_s is not None:
        text = f"Capturing a save takes {duration(saves.capture_p95_s)} of a tick (p95)."
        share = saves.capture_p95_s / ticks.period_s
        yield _safety("capture", levels.CAPTURE_PER_BUDGET, share, text)


def _wrong_changes(saves: SaveFigures) -> Iterator[Signal]:
    text = f"The database refuses {counted(saves.refused, 'change')}: save again, or take back."
    text = text if saves.refused else "The database takes every change."
    level = Level.WARN if saves.refused else Level.GOOD
    yield Signal("refused", Subject.SAFETY, level, text)
    text = f"{counted(saves.violations, 'change')} saved against a rule of the world; see the log."
    text = text if saves.violations else "No change that was saved breaks a rule of the world."
    level = Level.WARN if saves.violations else Level.GOOD
    yield Signal("violations", Subject.SAFETY, level, text)


def _machine_signals(machine: MachineFigures, set_aside: int) -> Iterator[Signal]:
    if machine.loop_lag_p95_s is not None:
        text = f"The program answers {duration(machine.loop_lag_p95_s)} late (p95)."
        yield _machine("loop lag", levels.LOOP_LAG_S, machine.loop_lag_p95_s, text)
    if machine.disk_free_bytes is not None:
        text = f"Only {size(machine.disk_free_bytes)} are free where the world lies."
        yield _machine("disk", levels.DISK_SHORTAGE_BYTES, -machine.disk_free_bytes, text)
    level = Level.WARN if set_aside else Level.GOOD
    text = f"{counted(set_aside, 'entity', 'entities')} set aside after an error; see the log."
    yield Signal("set aside", Subject.MACHINE, level, text)


def _backup_signals(backup: BackupFigures) -> Iterator[Signal]:
    if backup.made_at is None and backup.failure is None:
        return
    # The world itself is safe: this is no reason to call it anything but degraded.
    level = Level.WARN if backup.is_bad else Level.GOOD
    yield Signal("backup", Subject.MACHINE, level, last_backup(backup))


def _time(name: str, band: Band, value: float, text: str) -> Signal:
    return Signal(name, Subject.TIME, band.level(value), text)


def _safety(name: str, band: Band, value: float, text: str) -> Signal:
    return Signal(name, Subject.SAFETY, band.level(value), text)


def _machine(name: str, band: Band, value: float, text: str) -> Signal:
    return Signal(name, Subject.MACHINE, band.level(value), text)


class Judge:
    """Follows the signals over time and gives each a level that does not flicker."""

    def __init__(self) -> None:
        self._steady: dict[str, SteadyLevel] = {}

    def sample(self, at: float, measured: Iterable[Signal]) -> tuple[Signal, ...]:
        """Return the signals with the levels to show; those not measured are forgotten."""
        steady = {signal.name: self._steady.get(signal.name, SteadyLevel()) for signal in measured}
        self._steady = steady
        return tuple(
            Signal(s.name, s.subject, steady[s.name].sample(at, s.level), s.text) for s in measured
        )


def worst_levels(judged: Iterable[Signal]) -> Mapping[Subject, Level]:
    """Return the worst level of each subject."""
    worst: dict[Subject, Level] = dict.fromkeys(Subject, Level.UNKNOWN)
    for signal in judged:
        worst[signal.subject] = max(worst[signal.subject], signal.level)
    return worst


def findings(judged: Iterable[Signal]) -> tuple[Finding, ...]:
    """Return what is worth a look: the worst first, of what is equally bad what may be lost."""
    found = [signal for signal in judged if signal.level > Level.GOOD]
    found.sort(key=lambda signal: (-signal.level, signal.subject is not Subject.SAFETY))
    return tuple(Finding(signal.level, signal.text) for signal in found)
