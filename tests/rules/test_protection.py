"""Newbie protection, inactivity and vacation, against the rules of the genre."""

from __future__ import annotations

import pytest

from core.rules import RULES
from core.rules.protection import Activity, activity, is_protected, vacation_ends_earliest


@pytest.mark.parametrize(
    ("mine", "his", "his_activity", "protected"),
    [
        (1000, 199, Activity.ACTIVE, True),
        (1000, 200, Activity.ACTIVE, False),  # not under 20 %
        (199, 1000, Activity.ACTIVE, True),  # nor may the weak attack the strong
        (1000, 199, Activity.INACTIVE, False),
        (1000, 0, Activity.LONG_INACTIVE, False),
        (1_000_000, 49_999, Activity.ACTIVE, True),
        (1_000_000, 50_000, Activity.ACTIVE, False),
        (0, 0, Activity.ACTIVE, False),
    ],
)
def test_that_the_weak_are_protected_while_they_play(
    mine: int, his: int, his_activity: Activity, protected: bool
) -> None:
    assert is_protected(RULES.protection, mine, his, his_activity) is protected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (6.99, Activity.ACTIVE),
        (7.0, Activity.INACTIVE),
        (27.9, Activity.INACTIVE),
        (28.0, Activity.LONG_INACTIVE),
    ],
)
def test_that_who_stays_away_becomes_inactive(days: float, expected: Activity) -> None:
    assert activity(days * 86_400, 7.0, 28.0) is expected


def test_that_a_vacation_lasts_two_days_at_least() -> None:
    assert vacation_ends_earliest(RULES.protection, 1000.0) == 1000.0 + 172_800
