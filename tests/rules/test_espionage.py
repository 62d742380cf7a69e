"""What probes see, against numbers worked by hand."""

from __future__ import annotations

import pytest

from core.rules import RULES
from core.rules.espionage import counter_chance_percent, effective_probes, sections_seen

ALL = ("resources", "fleet", "defence", "buildings", "research")


@pytest.mark.parametrize(
    ("probes", "attacker", "defender", "effective"),
    [(5, 4, 4, 5), (5, 9, 4, 5), (5, 4, 6, 1), (5, 4, 7, -4), (30, 1, 6, 5)],
)
def test_that_a_better_defender_blinds_probes(
    probes: int, attacker: int, defender: int, effective: int
) -> None:
    assert effective_probes(probes, attacker, defender) == effective


@pytest.mark.parametrize(
    ("probes", "attacker", "defender", "seen"),
    [
        (1, 3, 3, ALL[:1]),
        (2, 3, 3, ALL[:2]),
        (4, 3, 3, ALL[:3]),
        (5, 3, 3, ALL[:4]),
        (7, 3, 3, ALL),
        (1, 4, 3, ALL[:2]),  # one ahead
        (1, 5, 3, ALL[:3]),
        (1, 6, 3, ALL[:4]),
        (1, 7, 3, ALL),
        (6, 3, 5, ALL[:2]),  # 6 - 4 = 2
        (1, 3, 8, ALL[:1]),  # 1 - 25
    ],
)
def test_that_probes_or_levels_show_more(
    probes: int, attacker: int, defender: int, seen: tuple[str, ...]
) -> None:
    assert sections_seen(RULES.espionage, probes, attacker, defender) == seen


@pytest.mark.parametrize(
    ("probes", "attacker", "defender", "ships", "percent"),
    [
        (1, 3, 3, 0, 0),
        (1, 3, 3, 1, 25),  # 1 · 1 / 4
        (3, 3, 5, 2, 50),  # 2 · 3 / 12
        (7, 2, 2, 5, 17),  # 5 / 28 = 17.86 %
        (1, 3, 3, 9, 100),
        (1, 4, 3, 1000, 0),  # one ahead: 1000 · 0
        (1, 9, 3, 1000, 0),
    ],
)
def test_that_ships_there_may_notice(
    probes: int, attacker: int, defender: int, ships: int, percent: int
) -> None:
    assert counter_chance_percent(RULES.espionage, probes, attacker, defender, ships) == percent
