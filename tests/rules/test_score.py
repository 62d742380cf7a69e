"""Points, against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.rules import RULES
from core.rules.score import Points, Spent, points, spent_on_units

TABLE = RULES.unit_table


@pytest.mark.parametrize(
    ("spent", "expected"),
    [
        (Spent(0, 0, 0, 0, 0), Points(0, 0, 0, 0)),
        (Spent(999, 999, 0, 0, 0), Points(1, 0, 0, 0)),  # each kind is floored alone
        # total 15; economy 1.5 + 3 + 2.5 = 7, research 2.5, military 3 + 3 + 2.5 = 8.5
        (Spent(1500, 2500, 3000, 3000, 5000), Points(15, 7, 2, 8)),
        # half of 1001 is 500.5: 500 + 500.5 is a point
        (Spent(500, 0, 0, 0, 1001), Points(1, 1, 0, 0)),
        (Spent(499, 0, 0, 500, 1001), Points(2, 0, 0, 1)),
    ],
)
def test_that_a_thousand_resources_are_a_point(spent: Spent, expected: Points) -> None:
    assert points(RULES.score, spent) == expected


def test_that_points_of_many_players_are_worked_out_at_once() -> None:
    spent = Spent(
        *(np.array(column) for column in ([0, 1500], [999, 2500], [0, 3000], [0, 3000], [0, 5000]))
    )
    found = points(RULES.score, spent)
    assert found.total.tolist() == [0, 15]
    assert found.economy.tolist() == [0, 7]
    assert found.research.tolist() == [0, 2]
    assert found.military.tolist() == [0, 8]


@pytest.mark.parametrize(
    ("counts", "spent"),
    [
        ({"small_cargo": 2, "solar_satellite": 1}, (0, 0, 10_500)),
        ({"cruiser": 1, "deathstar": 1}, (0, 10_029_000, 0)),
        ({"rocket_launcher": 3, "interplanetary_missile": 2}, (56_000, 0, 0)),
        ({"espionage_probe": 5, "bomber": 1, "ion_cannon": 1}, (8000, 90_000, 5000)),
    ],
)
def test_that_units_count_as_what_they_are(
    counts: dict[str, int], spent: tuple[int, int, int]
) -> None:
    assert spent_on_units(TABLE, TABLE.counts(counts)) == spent
    both = spent_on_units(TABLE, np.array([TABLE.counts({}), TABLE.counts(counts)]))
    assert [column.tolist() for column in both] == [[0, amount] for amount in spent]
