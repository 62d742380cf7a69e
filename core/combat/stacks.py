"""A side as stacks: the units of one type and one owner, equal in strength."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.combat.dice import Flags, Floats, Wholes
from core.combat.order import BattleLaws, BattleOrder, Counts, Participant, UnitStats
from core.rules.arithmetic import exact

# Strengths are whole thousandths of a point: base values have tenths at most, technology
# hundredths. So a hull that was hit in any order is the same number, and equal units are equal.
POINT = 1000
POINTS_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks of a side, in the order in which they fire: by owner, then by type.

    `attack`, `shield`, `hull` and `sound_hull` (from which on a hull does not explode) are in
    1/POINT of a point.
    """

    owner: Wholes
    kind: Wholes
    count: Wholes
    attack: Wholes
    shield: Wholes
    hull: Wholes
    sound_hull: Wholes

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, slots=True)
class Fire:
    """What the shots of a side do to the other, by (shooting stack, target stack).

    `again` is the probability of another shot after one at that target; `bounces` where a shot
    has no effect.
    """

    attack: Wholes
    again: Floats
    bounces: Flags


def stacks_of(side: Sequence[Participant], stats: UnitStats, laws: BattleLaws) -> Stacks:
    """Return what a side has, without what it has none of."""
    rows = [
        (owner, kind, count)
        for owner, participant in enumerate(side)
        for kind, count in enumerate(participant.counts)
        if count
    ]
    owner, kind, count = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    levels = np.array([participant.levels for participant in side], dtype=np.int64).reshape(-1, 3)
    factor = (100 + laws.technology_percent * levels)[owner]
    attack, shield, hull = (
        np.rint(np.array(column, dtype=np.float64) * 10).astype(np.int64)[kind] * factor[:, place]
        for place, column in enumerate((stats.attack, stats.shield, stats.hull))
    )
    if (
        sum(number * each for number, each in zip(count.tolist(), shield.tolist(), strict=True))
        > POINTS_MAX
    ):
        raise ValueError("the shields of a side are more than 64 bits hold")
    share = exact(laws.explosion_percent) / 100
    sound = np.array([math.ceil(share * int(full)) for full in hull], dtype=np.int64)
    return Stacks(owner, kind, count, attack, shield, hull, sound)


def fire_of(shooters: Stacks, targets: Stacks, order: BattleOrder) -> Fire:
    """Return how the one side fires at the other."""
    share = exact(order.laws.bounce_percent) / 100
    limit = np.array([math.ceil(share * full) for full in targets.shield.tolist()], dtype=np.int64)
    bounces = shooters.attack[:, None] < limit[None, :]
    table = np.array(order.stats.rapid_fire, dtype=np.int64)
    shots = table[np.ix_(shooters.kind, targets.kind)]
    again = np.where(bounces, 0.0, (shots - 1) / shots)
    return Fire(shooters.attack, again, bounces)


def by_owner_and_kind(
    stacks: Stacks, count: Wholes, side: Sequence[Participant]
) -> tuple[Counts, ...]:
    """Return counts by stack as counts by participant and type."""
    table = [[0] * len(participant.counts) for participant in side]
    for owner, kind, number in zip(
        stacks.owner.tolist(), stacks.kind.tolist(), count.tolist(), strict=True
    ):
        table[owner][kind] = number
    return tuple(map(tuple, table))
