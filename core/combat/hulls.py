"""The units of a side in the middle of a battle, grouped by what is left of them.

Units of one stack with the same hull and the same shield cannot be told apart: a *class* is their
number. The hits on a stack fall on its units at random; what is drawn is how many units of each
class are hit how often:

- A few hits are thrown one by one (`_throw`).
- Of many hits, first almost all are spread (`_spread`): if each unit is hit as often as its own
  Poisson variable says, then given their sum all ways to spread that many hits are equally
  likely, as they should be. The mean is chosen some deviations below what is to be spread, the
  rest is spread again, and the last few are thrown. This is exact, not an approximation.

So the cost depends on the number of classes and, by a logarithm, on the number of units. The
number of classes is bounded: if a side has more than `classes_max`, then in each stack that has
more than its share of them the largest stay as they are, and of the others hull and shield are
rounded to a grid, each unit up or down at random so that its mean stays what it was. The points
where the rules change (70 % of the hull, no shield, full shield) lie on the grid, and between them
the probability to explode is linear in the hull: its mean over the units stays exact, the error is
of second order in the step, and only for the few units whose history is rare. A side of up to
`classes_max` units is never rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.combat.dice import Dice, Floats, Odds, Wholes, sum_by, sums_of_rows
from core.combat.stacks import Stacks

# Deviations between the hits that are spread and those that are to be spread: if there were more,
# they are drawn again, which changes nothing in how they lie.
SPREAD_DEVIATIONS = 4.0
# Beyond a unit's certain end, and this many, a hit changes nothing; with twice as many in the mean
# no unit gets fewer (the probability is below e^-200).
SATURATION = 512
NEGLIGIBLE = 1e-19
KEY_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Grouping:
    """How finely units are grouped: the switches between exact throws, spreading and rounding."""

    throws_max: int = 8192
    throws_max_per_stack: int = 64
    classes_max: int = 768
    classes_min_per_stack: int = 24
    hull_steps: int = 25
    shield_steps: int = 2


class Grid:
    """Points that values are rounded to, for each stack its own."""

    def __init__(self, points: list[set[int]]) -> None:
        sizes = [max(of_stack) + 1 for of_stack in points]
        self._start = np.cumsum([0, *sizes])[:-1]
        ordered = [
            start + np.array(sorted(p)) for start, p in zip(self._start, points, strict=True)
        ]
        self._points = np.concatenate([*ordered, [sum(sizes)]]).astype(np.int64)

    def around(self, stack: Wholes, values: Wholes) -> tuple[Wholes, Wholes, Floats]:
        """Return the points below and above each value, and how far it lies between them."""
        start = self._start[stack]
        place = np.searchsorted(self._points, start + values, side="right") - 1
        low, high = self._points[place], self._points[place + 1]
        return low - start, high - start, (start + values - low) / (high - low)


class Hulls:
    """The classes of a side: `stack`, `hull`, `shield` (1/POINT) and `count`, a row each.

    A wreck, which stays a target until the round ends, is a unit with hull 0.
    """

    def __init__(self, stacks: Stacks, grouping: Grouping) -> None:
        self.stacks = stacks
        self.grouping = grouping
        self.absorbed = 0
        self.stack = np.arange(len(stacks))
        self.hull = stacks.hull.copy()
        self.shield = stacks.shield.copy()
        self.count = stacks.count.copy()
        self.units = stacks.count.copy()
        self._hull_grid = Grid(
            [
                {0, 1, int(sound) - 1, int(sound), *_steps(int(full), grouping.hull_steps)}
                for full, sound in zip(stacks.hull, stacks.sound_hull, strict=True)
            ]
        )
        self._shield_grid = Grid(
            [{0, *_steps(int(full), grouping.shield_steps)} for full in stacks.shield]
        )

    def begin_round(self) -> None:
        """Remove the wrecks and fill the shields."""
        alive = np.flatnonzero(self.hull)
        stack = self.stack[alive]
        self._regroup(stack, self.hull[alive], self.stacks.shield[stack], self.count[alive])
        self.units = sum_by(self.stack, self.count, len(self.stacks))
        self.absorbed = 0

    def hit(self, attack: int, hits: Wholes, dice: Dice) -> None:
        """Let so many hits of one strength fall on the units of each stack at random."""
        left = np.minimum(hits, self._enough_hits(attack))
        if not left.any():
            return
        throws_max = self.grouping.throws_max + self.grouping.throws_max_per_stack * len(
            self.stacks
        )
        while left.sum() > throws_max:
            mean = np.floor(np.maximum(left - SPREAD_DEVIATIONS * np.sqrt(left), 0))
            if not mean.any():
                break
            left = left - self._spread(attack, mean, left, dice)
        if left.any():
            self._throw(attack, left, dice)
        self._bound(dice)

    def _enough_hits(self, attack: int) -> Wholes:
        """Return the number of hits by stack above which more of them change nothing."""
        points = self.stacks.hull + self.stacks.shield
        certain_end = -(-points // attack) if attack else np.zeros_like(points)
        return self.units * (2 * certain_end + SATURATION)

    def _spread(self, attack: int, mean: Floats, limit: Wholes, dice: Dice) -> Wholes:
        """Hit every unit as often as a Poisson variable says; return the hits by stack."""
        least, odds = _poisson(mean / np.maximum(self.units, 1))
        while True:
            row, more, number = dice.scatter(self.count, self.stack, odds)
            times = least[self.stack[row]] + more
            landed = sum_by(self.stack[row], times * number, len(self.stacks))
            if (landed <= limit).all():
                break
        self._strike(row, times, number, attack, dice)
        return landed

    def _throw(self, attack: int, hits: Wholes, dice: Dice) -> None:
        """Throw each hit at a unit of its stack."""
        stack = np.repeat(np.arange(len(hits)), hits)
        order = np.argsort(self.stack, kind="stable")
        ends = np.cumsum(self.count[order])
        first = np.cumsum(self.units) - self.units
        unit, times = np.unique(first[stack] + dice.below(self.units[stack]), return_counts=True)
        row = order[np.searchsorted(ends, unit, side="right")]
        base = int(times.max()) + 1
        pair, number = np.unique(row * base + times, return_counts=True)
        row, times = np.divmod(pair, base)
        spared = self.count - sum_by(row, number, len(self.count))
        self._strike(
            np.concatenate((row, np.arange(len(spared)))),
            np.concatenate((times, np.zeros_like(spared))),
            np.concatenate((number, spared)),
            attack,
            dice,
        )

    def _strike(self, row: Wholes, times: Wholes, number: Wholes, attack: int, dice: Dice) -> None:
        """Replace the classes by these: so many units of a row, each hit so many times."""
        stack, hull, shield = self.stack[row], self.hull[row], self.shield[row]
        struck = np.flatnonzero((times > 0) & (hull > 0) & (number > 0))
        sound = self.stacks.sound_hull[stack[struck]]
        harmless = np.where(hull[struck] >= sound, times[struck], 0)
        if attack:
            room = hull[struck] + shield[struck] - sound
            harmless = np.minimum(harmless, np.maximum(room, 0) // attack)
        self._damage(struck, harmless * attack, hull, shield, number)
        times = times.copy()
        times[struck] -= harmless
        wrecks = np.zeros(len(self.stacks), dtype=np.int64)
        # Every further hit is a test that 30 % or more do not survive: this ends soon.
        while len(struck := struck[(times[struck] > 0) & (number[struck] > 0)]):
            self._damage(struck, np.full(len(struck), attack), hull, shield, number)
            times[struck] -= 1
            left = np.maximum(hull[struck], 0)
            exploded = dice.binomial(number[struck], 1 - left / self.stacks.hull[stack[struck]])
            number[struck] -= exploded
            wrecks += sum_by(stack[struck], exploded, len(wrecks))
        self._regroup(
            np.concatenate((stack, np.arange(len(wrecks)))),
            np.concatenate((hull, np.zeros_like(wrecks))),
            np.concatenate((shield, np.zeros_like(wrecks))),
            np.concatenate((number, wrecks)),
        )

    def _damage(
        self, rows: Wholes, damage: Wholes, hull: Wholes, shield: Wholes, number: Wholes
    ) -> None:
        """Let the shields of some rows take what they can of the damage, and the hulls the rest."""
        absorbed = np.minimum(shield[rows], damage)
        shield[rows] -= absorbed
        hull[rows] -= damage - absorbed
        self.absorbed += int((absorbed * number[rows]).sum())

    def _bound(self, dice: Dice) -> None:
        """Round the classes of a stack that has too many of them."""
        if len(self.count) <= self.grouping.classes_max:
            return
        share = max(
            self.grouping.classes_max // len(self.stacks), self.grouping.classes_min_per_stack
        )
        number = np.bincount(self.stack, minlength=len(self.stacks))
        crowded = number > share
        by_size = np.lexsort((-self.count, self.stack))
        rank = np.empty_like(by_size)
        rank[by_size] = np.arange(len(by_size)) - (np.cumsum(number) - number)[self.stack[by_size]]
        common = ~crowded[self.stack] | (rank < share // 2)
        rows, kept = np.flatnonzero(~common), np.flatnonzero(common)
        stack, hull, count = self.stack[rows], self.hull[rows], self.count[rows]
        stack, shield, hull, count = _round(
            self._shield_grid, stack, self.shield[rows], hull, count, dice
        )
        stack, hull, shield, count = _round(self._hull_grid, stack, hull, shield, count, dice)
        self._regroup(
            np.concatenate((self.stack[kept], stack)),
            np.concatenate((self.hull[kept], hull)),
            np.concatenate((self.shield[kept], shield)),
            np.concatenate((self.count[kept], count)),
        )

    def _regroup(self, stack: Wholes, hull: Wholes, shield: Wholes, count: Wholes) -> None:
        """Make one class of rows that are equal, in the order of (stack, hull, shield)."""
        some = np.flatnonzero(count)
        stack, hull, shield, count = stack[some], hull[some], shield[some], count[some]
        order = self._order(stack, hull, shield)
        stack, hull, shield = stack[order], hull[order], shield[order]
        new = np.ones(len(order), dtype=np.bool_)
        new[1:] = (np.diff(stack) != 0) | (np.diff(hull) != 0) | (np.diff(shield) != 0)
        first = np.flatnonzero(new)
        self.stack, self.hull, self.shield = stack[first], hull[first], shield[first]
        self.count = sum_by(np.cumsum(new) - 1, count[order], len(first))

    def _order(self, stack: Wholes, hull: Wholes, shield: Wholes) -> Wholes:
        """Return the order that sorts by (stack, hull, shield)."""
        hulls = int(self.stacks.hull.max(initial=0)) + 1
        shields = int(self.stacks.shield.max(initial=0)) + 1
        if len(self.stacks) * hulls * shields > KEY_MAX:
            return np.lexsort((shield, hull, stack))
        return np.argsort((stack * hulls + hull) * shields + shield, kind="stable")


def _steps(full: int, number: int) -> list[int]:
    return [full * step // number for step in range(1, number + 1)]


def _round(
    grid: Grid, stack: Wholes, values: Wholes, others: Wholes, count: Wholes, dice: Dice
) -> tuple[Wholes, Wholes, Wholes, Wholes]:
    """Round values up or down at random, so that their mean stays; return rows twice as many."""
    low, high, share = grid.around(stack, values)
    up = dice.binomial(count, share)
    return (
        np.concatenate((stack, stack)),
        np.concatenate((low, high)),
        np.concatenate((others, others)),
        np.concatenate((count - up, up)),
    )


def _poisson(mean: Floats) -> tuple[Wholes, Odds]:
    """Return for each mean the least number considered, and the odds of it and those above.

    What is left out on either side has a probability of about 1e-18.
    """
    wide = 9 * np.sqrt(mean)
    least = np.floor(np.maximum(mean - wide, 0)).astype(np.int64)
    size = int(np.ceil((mean + wide + 12) - least).max())
    factors = np.ones((len(mean), size))
    factors[:, 1:] = mean[:, None] / (least[:, None] + np.arange(1, size))
    weights = np.multiply.accumulate(factors, axis=1)
    likely = weights > NEGLIGIBLE * sums_of_rows(weights)[:, None]
    return least, Odds.of(weights[:, : int(np.flatnonzero(likely.any(axis=0))[-1]) + 1])
