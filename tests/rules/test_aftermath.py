"""Debris, loot and repair, against numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import RULES
from core.rules.aftermath import DebrisSettings, debris, loot

TABLE = RULES.unit_table
STANDARD = DebrisSettings(ships_percent=30.0, defence_percent=0.0, deuterium=False)


@pytest.mark.parametrize(
    ("lost", "settings", "amounts"),
    [
        ({"light_fighter": 1}, STANDARD, (900, 300, 0)),
        ({"cruiser": 7, "espionage_probe": 1}, STANDARD, (42_000, 15_000, 0)),
        ({"rocket_launcher": 100, "interplanetary_missile": 9}, STANDARD, (0, 0, 0)),
        (
            {"destroyer": 3, "gauss_cannon": 1},
            DebrisSettings(30.0, 10.0, True),
            # 54 000 + 2000, 45 000 + 1500, 13 500 + 200
            (56_000, 46_500, 13_700),
        ),
        (
            {"espionage_probe": 1, "solar_satellite": 1},
            DebrisSettings(33.3, 0, True),
            (0, 999, 166),
        ),
    ],
)
def test_that_lost_ships_leave_debris(
    lost: dict[str, int], settings: DebrisSettings, amounts: tuple[int, ...]
) -> None:
    assert debris(TABLE, TABLE.counts(lost), settings) == amounts


@pytest.mark.parametrize(
    ("stocks", "room", "taken"),
    [
        ((1000.0, 1000.0, 1000.0), 9000, (500, 500, 500)),  # half of each
        ((9000.0, 9000.0, 9000.0), 3000, (1000, 1000, 1000)),  # a third of the room each
        # 100, 1000, 1000 at first; the 900 left go to two of them.
        ((200.0, 9000.0, 9000.0), 3000, (100, 1450, 1450)),
        # 333, 50, 333; of 284 left 142 each.
        ((5000.0, 100.0, 5000.0), 1000, (475, 50, 475)),
        ((10_000.0, 0.0, 0.0), 999, (999, 0, 0)),
        # 3, 3, 3 and one that does not go round.
        ((99.0, 99.0, 99.0), 10, (3, 3, 3)),
        ((11.9, 0.5, 0.0), 100, (5, 0, 0)),  # 5.95 and 0.25
        ((1000.0, 1000.0, 1000.0), 0, (0, 0, 0)),
        ((1000.0, 0.0, 0.0), 2, (2, 0, 0)),  # no third of it, but all for the only one
        ((1000.0, 0.0, 1000.0), 1, (0, 0, 0)),
    ],
)
def test_that_what_is_looted_fits_the_room(
    stocks: tuple[float, ...], room: int, taken: tuple[int, ...]
) -> None:
    assert loot(stocks, 50.0, room) == taken


@given(
    st.lists(st.floats(0, 1e9), min_size=3, max_size=3),
    st.floats(0, 100),
    st.integers(0, 10**9),
)
def test_that_loot_never_exceeds_the_room_or_the_share(
    stocks: Sequence[float], percent: float, room: int
) -> None:
    taken = loot(stocks, percent, room)
    assert sum(taken) <= room
    limits = [math.floor(Fraction(stock) * Fraction(str(percent)) / 100) for stock in stocks]
    assert all(0 <= part <= limit for part, limit in zip(taken, limits, strict=True))
    # What is left of the room does not go round among those that have something left.
    left = [limit - part for part, limit in zip(taken, limits, strict=True)]
    assert room - sum(taken) < max(1, sum(rest > 0 for rest in left)) or not any(left)
