"""What is left when the shooting is over: debris, defence that comes back, perhaps a moon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from core.combat.dice import Dice
from core.combat.order import AftermathLaws, Counts, UnitStats


def restored_of(
    losses: Sequence[Counts], stats: UnitStats, laws: AftermathLaws, dice: Dice
) -> tuple[Counts, ...]:
    """Return the defence that comes back: each unit that was lost with the same probability."""
    lost = np.array(losses, dtype=np.int64).reshape(-1, len(stats.is_defence))
    defence = np.where(np.array(stats.is_defence, dtype=np.bool_), lost, 0).ravel()
    back = dice.binomial(defence, np.full(len(defence), laws.repair_percent / 100))
    return tuple(map(tuple, back.reshape(lost.shape).tolist()))


def debris_of(
    losses: Sequence[Counts], restored: Sequence[Counts], stats: UnitStats, laws: AftermathLaws
) -> tuple[int, int, int]:
    """Return the debris of what stays lost, each resource rounded down.

    What comes back leaves no debris: nothing is made out of a battle.
    """
    ships, defence = (Fraction(percent) / 100 for percent in _percents(laws))
    totals = [Fraction(0)] * 3
    for lost, back in zip(losses, restored, strict=True):
        for kind, number in enumerate(lost):
            share = defence if stats.is_defence[kind] else ships
            for resource, price in enumerate(stats.cost[kind]):
                totals[resource] += share * price * (number - back[kind])
    metal, crystal, deuterium = map(math.floor, totals)
    return metal, crystal, deuterium if laws.debris_has_deuterium else 0


def moon_chance_percent(debris: Sequence[int], laws: AftermathLaws) -> int:
    """Return the chance of a moon: a per cent for each so many units of debris, up to a limit."""
    return min(laws.moon_chance_max_percent, sum(debris) // laws.debris_per_moon_percent)


def _percents(laws: AftermathLaws) -> tuple[float, float]:
    return laws.debris_from_ships_percent, laws.debris_from_defence_percent
