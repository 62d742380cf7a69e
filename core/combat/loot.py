"""What the winner takes home."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def loot_of(stock: Sequence[int], space: int, share_percent: float) -> tuple[int, ...]:
    """Return what of each resource is taken into so much cargo space, in whole units.

    First each gets min(its share of the stock, a third of the space); what space is left is shared
    equally among those with stock left, until none is left or it is too little to share.
    """
    within_reach = [math.floor(Fraction(share_percent) * amount / 100) for amount in stock]
    taken = [0] * len(within_reach)
    waiting = list(range(len(within_reach)))
    while waiting and (part := (space - sum(taken)) // len(waiting)) > 0:
        for resource in waiting:
            taken[resource] += min(within_reach[resource] - taken[resource], part)
        waiting = [resource for resource in waiting if taken[resource] < within_reach[resource]]
    return tuple(taken)
