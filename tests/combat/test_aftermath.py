from __future__ import annotations

import dataclasses

import pytest

from core.combat.aftermath import debris_of, moon_chance_percent, restored_of
from core.combat.dice import Dice
from tests.combat.armies import AFTERMATH, STATS, fleet


def test_that_debris_is_30_percent_of_metal_and_crystal_of_ships_lost_by_both() -> None:
    lost = (fleet({"cruiser": 3}).counts, fleet({"light_fighter": 1, "gauss_cannon": 9}).counts)
    none = (fleet({}).counts,) * 2
    # 0.3 · (3 · 20000 + 3000), 0.3 · (3 · 7000 + 1000)
    assert debris_of(lost, none, STATS, AFTERMATH) == (18_900, 6_600, 0)


def test_that_debris_of_defence_and_deuterium_are_settings() -> None:
    laws = dataclasses.replace(AFTERMATH, debris_from_defence_percent=10, debris_has_deuterium=True)
    lost, back = fleet({"cruiser": 1, "gauss_cannon": 9}), fleet({"gauss_cannon": 4})
    # 0.3 · (20000, 7000, 2000) + 0.1 · 5 · (20000, 15000, 2000)
    assert debris_of([lost.counts], [back.counts], STATS, laws) == (16_000, 9_600, 1_600)


def test_that_ships_never_come_back_and_defence_does_by_chance() -> None:
    lost = fleet({"light_laser": 1000, "battleship": 1000}).counts
    back = restored_of([lost], STATS, AFTERMATH, Dice(1))[0]
    assert sum(back) == back[lost.index(1000, lost.index(1000) + 1)] == pytest.approx(700, abs=60)


@pytest.mark.parametrize(
    ("debris", "chance"),
    [((99_999, 0, 0), 0), ((60_000, 40_000, 0), 1), ((1_950_000, 0, 0), 19), ((10**9, 0, 0), 20)],
)
def test_that_the_chance_of_a_moon_follows_the_debris(
    debris: tuple[int, int, int], chance: int
) -> None:
    assert moon_chance_percent(debris, AFTERMATH) == chance
