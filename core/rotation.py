"""Which backups to keep: the newest of each of the latest hours, days and weeks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.backup_shelf import BackupReason, Manifest

_HOUR_S = 3_600
_DAY_S = 86_400
# The first day of 1970 was a Thursday; weeks begin on Mondays.
_DAYS_BEFORE_FIRST = 3


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How many to keep: scheduled ones by hour, day and week, of all others the newest of a kind.

    Hours, days and weeks in which no backup was made are not counted: a world that was off for a
    year does not lose what it has.
    """

    hourly: int
    daily: int
    weekly: int
    manual: int


def to_delete(
    manifests: Sequence[Manifest], now: datetime, policy: RetentionPolicy
) -> tuple[Manifest, ...]:
    """Return the backups that are not to be kept any longer, oldest first.

    Never among them: the newest, the newest that is verified, and what claims to be made after
    `now`, which says nothing about the past. Of the backups of one hour (day, week) that is kept
    the newest stays that is not known to be damaged.
    """
    past = sorted((m for m in manifests if m.made_at <= now), key=_order)
    kept: set[str] = {m.name for m in (*past[-1:], *_verified(past)[-1:])}
    scheduled = [m for m in past if m.reason is BackupReason.SCHEDULED]
    for period_of, count in (
        (_hour, policy.hourly),
        (_day, policy.daily),
        (_week, policy.weekly),
    ):
        kept |= _newest_of_each(scheduled, period_of, count)
    for reason in BackupReason:
        if reason is not BackupReason.SCHEDULED and policy.manual:
            kept |= {m.name for m in [m for m in past if m.reason is reason][-policy.manual :]}
    return tuple(m for m in past if m.name not in kept)


def _newest_of_each(
    manifests: Iterable[Manifest], period_of: Callable[[datetime], int], count: int
) -> set[str]:
    """Return the names of the best of each of the latest `count` periods that have any."""
    best: dict[int, Manifest] = {}
    for manifest in manifests:
        period = period_of(manifest.made_at)
        if period not in best or _worth(manifest) >= _worth(best[period]):
            best[period] = manifest
    return {best[period].name for period in sorted(best, reverse=True)[:count]}


def _worth(manifest: Manifest) -> tuple[bool, datetime]:
    return manifest.verified is not False, manifest.made_at


def _verified(manifests: Iterable[Manifest]) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest.verified]


def _order(manifest: Manifest) -> tuple[datetime, str]:
    return manifest.made_at, manifest.name


def _hour(at: datetime) -> int:
    return int(at.timestamp() // _HOUR_S)


def _day(at: datetime) -> int:
    return int(at.timestamp() // _DAY_S)


def _week(at: datetime) -> int:
    return (_day(at) + _DAYS_BEFORE_FIRST) // 7
