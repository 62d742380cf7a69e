"""Who may not be attacked: the weak beside the strong, and who is on vacation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.rules.arithmetic import SECONDS_PER_DAY, SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from core.rules.entry import Entry


class Activity(StrEnum):
    """How long a player has stayed away."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    LONG_INACTIVE = "long_inactive"


@dataclass(frozen=True, slots=True)
class ProtectionRules:
    """Newbie protection, vacation mode, and how often it is noted that somebody is there."""

    score_ratio_percent: int
    score_points: int
    vacation_hours_least: int
    presence_minutes: int

    @property
    def presence_s(self) -> int:
        return self.presence_minutes * SECONDS_PER_MINUTE


def activity(
    idle_s: float, inactive_after_days: float, long_inactive_after_days: float
) -> Activity:
    """Return how inactive somebody is who was last seen so many seconds ago."""
    if idle_s >= long_inactive_after_days * SECONDS_PER_DAY:
        return Activity.LONG_INACTIVE
    if idle_s >= inactive_after_days * SECONDS_PER_DAY:
        return Activity.INACTIVE
    return Activity.ACTIVE


def is_protected(
    rules: ProtectionRules, points: int, target_points: int, target_activity: Activity
) -> bool:
    """Return whether newbie protection forbids an attack or espionage, as far as it is on.

    One of the two has under score_ratio_percent of the other's points, the weaker one has under
    score_points, and the target is active. It does not matter which of them is the weaker one, nor
    whether the attacker is active.
    """
    if target_activity is not Activity.ACTIVE:
        return False
    weaker, stronger = sorted((points, target_points))
    return 100 * weaker < rules.score_ratio_percent * stronger and weaker < rules.score_points


def vacation_ends_earliest(rules: ProtectionRules, started_at: float) -> float:
    """Return the world time from which on a vacation may be ended."""
    return started_at + rules.vacation_hours_least * SECONDS_PER_HOUR


def read_protection(entry: Entry) -> ProtectionRules:
    return ProtectionRules(
        entry.whole("score_ratio_percent", most=100),
        entry.whole("score_points"),
        entry.whole("vacation_hours_least", most=100_000),
        entry.whole("presence_minutes", least=1, most=1440),
    )
