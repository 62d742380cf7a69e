from __future__ import annotations

import math

import numpy as np
import pytest

from core.combat.dice import Dice
from core.combat.hulls import Grouping, Hulls
from core.combat.stacks import POINT, Stacks, stacks_of
from tests.combat.armies import LAWS, STATS, fleet
from tests.combat.samples import difference

# Everything is thrown one by one, or as much as possible is spread.
THROWING = Grouping(throws_max=10**9)
SPREADING = Grouping(throws_max=0, throws_max_per_stack=0)


def stacks(**units: int) -> Stacks:
    return stacks_of([fleet(units)], STATS, LAWS)


def units_alive(hulls: Hulls) -> int:
    return int(hulls.count[hulls.hull > 0].sum())


@pytest.mark.parametrize("grouping", [THROWING, SPREADING])
def test_that_hits_neither_make_nor_remove_units(grouping: Grouping) -> None:
    hulls = Hulls(stacks(light_fighter=3000, cruiser=200), grouping)
    for attack in (50, 400, 1):
        hulls.hit(attack * POINT, np.array([5000, 700]), Dice(attack))
        assert hulls.count.sum() == 3200
        assert (hulls.count > 0).all()
    hulls.begin_round()
    assert hulls.units.sum() == units_alive(hulls) < 3200


def test_that_a_hit_takes_the_shield_first_and_then_the_hull() -> None:
    hulls = Hulls(stacks(battleship=1), THROWING)
    hulls.hit(150 * POINT, np.array([1]), Dice(1))
    assert (hulls.shield[0], hulls.hull[0]) == (50 * POINT, 6000 * POINT)
    hulls.hit(150 * POINT, np.array([1]), Dice(1))
    assert (hulls.shield[0], hulls.hull[0]) == (0, 5900 * POINT)
    assert hulls.absorbed == 200 * POINT


def test_that_a_hull_keeps_its_damage_and_the_shield_is_filled_for_the_next_round() -> None:
    hulls = Hulls(stacks(battleship=1), THROWING)
    hulls.hit(1000 * POINT, np.array([1]), Dice(1))
    hulls.begin_round()
    assert (hulls.shield[0], hulls.hull[0]) == (200 * POINT, 5200 * POINT)
    assert hulls.absorbed == 0


def test_that_a_hull_of_70_percent_holds() -> None:
    hulls = Hulls(stacks(battleship=10_000), THROWING)
    hulls.hull[:] = 4500 * POINT
    hulls.hit(500 * POINT, np.array([1]), Dice(1))  # 200 absorbed, 300 through: 4200 = 70 %
    assert units_alive(hulls) == 10_000


def test_that_absorbed_hits_explode_damaged_units_too() -> None:
    units = 100_000
    hulls = Hulls(stacks(large_shield_dome=units), SPREADING)
    hulls.hull[:] = 5000 * POINT
    hulls.hit(100 * POINT, np.array([units]), Dice(3))
    # Each of its Poisson(1) hits is survived by a half.
    expected = units * math.exp(-0.5)
    assert abs(units_alive(hulls) - expected) < 5 * math.sqrt(units)
    assert hulls.hull.max() == 5000 * POINT


def test_that_what_reaches_hull_zero_always_explodes() -> None:
    hulls = Hulls(stacks(light_fighter=50), THROWING)
    hulls.hit(410 * POINT, np.array([10_000]), Dice(1))
    assert units_alive(hulls) == 0


def test_that_any_number_of_hits_is_dealt_with_in_bounded_steps() -> None:
    hulls = Hulls(stacks(cruiser=1, light_fighter=10**9), Grouping())
    hulls.hit(1 * POINT, np.array([10**12, 10**13]), Dice(1))
    assert units_alive(hulls) == 0


def test_that_hits_without_strength_change_no_sound_hull() -> None:
    hulls = Hulls(stacks(espionage_probe=1000), Grouping())
    hulls.hit(0, np.array([10**9]), Dice(1))
    assert units_alive(hulls) == 1000


def sample(grouping: Grouping, seed: int) -> dict[str, int]:
    """Return what three volleys leave of a small side."""
    hulls = Hulls(stacks(light_fighter=60, battleship=30), grouping)
    dice = Dice(seed)
    for attack, hits in ((150, (70, 30)), (1000, (30, 60)), (5, (200, 0))):
        hulls.hit(attack * POINT, np.array(hits), dice)
    whole = (hulls.stack == 1) & (hulls.hull == 6000 * POINT)
    return {
        "alive": units_alive(hulls),
        "absorbed": hulls.absorbed // (10 * POINT),
        "whole": int(hulls.count[whole].sum()),
        "hull": int((hulls.hull * hulls.count).sum() // (2000 * POINT)),
    }


def test_that_spreading_hits_has_the_distribution_of_throwing_them() -> None:
    thrown = [sample(THROWING, seed) for seed in range(120)]
    spread = [sample(SPREADING, seed) for seed in range(50_000, 50_120)]
    for name in thrown[0]:
        values = [[told[name] for told in sampled] for sampled in (thrown, spread)]
        assert difference(*values) < 3.5, name


def test_that_rounding_keeps_the_mean_of_hulls_and_bounds_the_classes() -> None:
    exact = Hulls(stacks(battleship=200_000), Grouping(classes_max=10**9))
    bounded = Hulls(stacks(battleship=200_000), Grouping(classes_max=24))
    for hulls in (exact, bounded):
        for attack in (203, 307, 211, 401, 223):  # hardly ever below 70 %
            hulls.hit(attack * POINT, np.array([100_000]), Dice(attack))
    assert len(bounded.count) < 100 < len(exact.count)
    means = [np.average(hulls.hull, weights=hulls.count) for hulls in (exact, bounded)]
    assert means[1] == pytest.approx(means[0], rel=1e-3)
    assert bounded.count.sum() == 200_000
