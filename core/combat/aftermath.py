"""What is left when the shooting is over: debris, defence that comes back, perhaps a moon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from core.combat.dice import Dice, Flags, Wholes
from core.combat.order import AftermathLaws, Counts, UnitStats
from core.rules.aftermath import debris
from core.rules.moons import moon_chance_percent, moon_diameter_km


class _Columns(NamedTuple):
    cost: Wholes
    is_ship: Flags
    is_defence: Flags


def restored_of(
    losses: Sequence[Counts], stats: UnitStats, laws: AftermathLaws, dice: Dice
) -> tuple[Counts, ...]:
    """Return the defence that comes back: each unit that was lost with the same probability."""
    lost = np.array(losses, dtype=np.int64).reshape(-1, len(stats.is_defence))
    defence = np.where(np.array(stats.is_defence, dtype=np.bool_), lost, 0).ravel()
    back = dice.binomial(defence, np.full(len(defence), laws.repair_percent / 100))
    return tuple(map(tuple, back.reshape(lost.shape).tolist()))


def debris_of(
    losses: Sequence[Counts], stats: UnitStats, laws: AftermathLaws
) -> tuple[int, int, int]:
    """Return the debris of what was lost, in whole units of metal, crystal and deuterium."""
    lost = np.array(losses, dtype=np.int64).reshape(-1, len(stats.cost)).sum(axis=0)
    columns = _Columns(
        np.array(stats.cost, dtype=np.int64).reshape(-1, 3),
        np.array(stats.is_ship, dtype=np.bool_),
        np.array(stats.is_defence, dtype=np.bool_),
    )
    metal, crystal, deuterium = debris(columns, lost, laws.debris)
    return metal, crystal, deuterium


def moon_of(lying: tuple[int, int, int], laws: AftermathLaws, dice: Dice) -> tuple[int, int]:
    """Return the chance of a moon in per cent and the diameter of the one drawn, 0 for none."""
    chance = moon_chance_percent(laws.moon, sum(lying), laws.moon_chance_percent_max)
    least, most = laws.moon.first
    hundredth, first = dice.below(np.array([100, most - least + 1])).tolist()
    if hundredth >= chance:
        return chance, 0
    return chance, moon_diameter_km(laws.moon, sum(lying), least + first)
