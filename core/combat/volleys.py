"""How many shots each stack fires at each stack of the enemy in one round."""

from __future__ import annotations

import numpy as np

from core.combat.dice import Dice, Odds, Wholes, sums_of_rows
from core.combat.stacks import Fire


def volleys(fire: Fire, shooters: Wholes, targets: Wholes, dice: Dice) -> Wholes:
    """Return the shots by (shooting stack, target stack), those that bounce too.

    `shooters` and `targets` are the units of each stack. Every shot goes to a unit at random and
    ends its volley or not by its target's type alone. So n volleys have n last shots, and the
    others are what fails before n successes; where each of the two kinds goes is multinomial.
    """
    share = targets / targets.sum()
    goes_on, ends = share * fire.again, share * (1 - fire.again)
    ending = sums_of_rows(ends)
    chance = np.minimum(ending / (ending + sums_of_rows(goes_on)), 1.0)
    counts = np.concatenate((dice.failures(shooters, chance), shooters))
    odds = Odds.of(np.concatenate((goes_on, ends)))
    row, target, number = dice.scatter(counts, np.arange(len(counts)), odds)
    shots = np.zeros(fire.again.shape, dtype=np.int64)
    np.add.at(shots, (row % len(shooters), target), number)
    return shots
