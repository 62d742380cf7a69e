from __future__ import annotations

import dataclasses

import pytest

from core.combat.aftermath import debris_of, moon_of, restored_of
from core.combat.dice import Dice
from core.rules.aftermath import DebrisSettings
from tests.combat.armies import AFTERMATH, STATS, fleet


def test_that_debris_is_30_percent_of_metal_and_crystal_of_ships_lost_by_both() -> None:
    lost = (fleet({"cruiser": 3}).counts, fleet({"light_fighter": 1, "gauss_cannon": 9}).counts)
    # 0.3 · (3 · 20000 + 3000), 0.3 · (3 · 7000 + 1000)
    assert debris_of(lost, STATS, AFTERMATH) == (18_900, 6_600, 0)


def test_that_debris_of_defence_and_deuterium_are_settings() -> None:
    laws = dataclasses.replace(AFTERMATH, debris=DebrisSettings(30, 10, deuterium=True))
    lost = fleet({"cruiser": 1, "gauss_cannon": 5}).counts
    # 0.3 · (20000, 7000, 2000) + 0.1 · 5 · (20000, 15000, 2000)
    assert debris_of([lost], STATS, laws) == (16_000, 9_600, 1_600)


def test_that_ships_never_come_back_and_defence_does_by_chance() -> None:
    lost = fleet({"light_laser": 1000, "battleship": 1000}).counts
    back = restored_of([lost], STATS, AFTERMATH, Dice(1))[0]
    assert sum(back) == back[lost.index(1000, lost.index(1000) + 1)] == pytest.approx(700, abs=60)


@pytest.mark.parametrize(("percent", "count"), [(0.0, 0), (100.0, 40)])
def test_that_none_or_all_of_it_comes_back(percent: float, count: int) -> None:
    laws = dataclasses.replace(AFTERMATH, repair_percent=percent)
    lost = fleet({"ion_cannon": 40}).counts
    assert sum(restored_of([lost], STATS, laws, Dice(1))[0]) == count


@pytest.mark.parametrize(
    ("debris", "chance"),
    [((99_999, 0, 0), 0), ((60_000, 40_000, 0), 1), ((1_950_000, 0, 0), 19), ((10**9, 0, 0), 20)],
)
def test_that_a_moon_comes_about_as_often_as_its_chance_says(
    debris: tuple[int, int, int], chance: int
) -> None:
    moons = [moon_of(debris, AFTERMATH, Dice(seed)) for seed in range(1000)]
    assert {told for told, _ in moons} == {chance}
    drawn = [diameter for _, diameter in moons if diameter]
    assert len(drawn) == pytest.approx(10 * chance, abs=4 * (10 * chance) ** 0.5)
    # floor(sqrt(10..20 + 3 · debris / 100000) · 1000), at most 8944
    assert all(3605 <= diameter <= 8944 for diameter in drawn)
