"""What a planet must be after the answers that its player was given: a bookkeeper of his own.

Nothing here asks the program how it is done. A planet is the levels that stand, what was spent and
the orders that are still to come; time moves orders from the queue to the levels and does nothing
else, as long as no order is dropped for want of resources or requirements. So what is found must be
the ledger's first so many orders carried out and the rest of them queued, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from core.building_queue import Step, level_of, planned, price_of
from core.components import BUILDINGS, RESOURCES
from core.rules import ECONOMY

NO_LEVELS = (0,) * len(BUILDINGS)
NOTHING = (0,) * len(RESOURCES)

Steps = tuple[Step, ...]
Amounts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A planet as somebody found it: with what was spent, if it was the file he looked into."""

    levels: tuple[int, ...]
    queue: Steps
    spent: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class History:
    """One way in which things may have gone: what stands, what it cost, what is still to come."""

    levels: tuple[int, ...] = NO_LEVELS
    spent: Amounts = NOTHING
    orders: Steps = ()

    def ordered(self, steps: Steps) -> History:
        return History(self.levels, self.spent, self.orders + steps)

    def cancelled(self, place: int) -> History:
        return History(self.levels, self.spent, self.orders[:place] + self.orders[place + 1 :])

    def carried_out(self, count: int) -> History:
        """Return it when the first orders are done."""
        levels, spent = self.levels, self.spent
        for step in self.orders[:count]:
            spent = _sum(spent, _price(levels, step))
            levels = _values(planned(_named(levels), [step]))
        return History(levels, spent, self.orders[count:])

    def at(self, found: Found) -> History | None:
        """Return it at the moment at which it comes to what was found; None if it never does."""
        done = len(self.orders) - len(found.queue)
        if done < 0:
            return None
        then = self.carried_out(done)
        if (then.levels, then.orders) != (found.levels, found.queue):
            return None
        # The active item is paid.
        spent = then.carried_out(1).spent if then.orders else then.spent
        return then if found.spent in (None, spent) else None


class Expectation:
    """All ways in which one player's planet may have come to be, given what he was told."""

    def __init__(self) -> None:
        self.histories: frozenset[History] = frozenset((History(),))

    @property
    def any_history(self) -> History:
        return min(self.histories, key=lambda history: len(history.orders))

    def found(self, found: Found) -> bool:
        """Leave out what cannot have been; return False, and learn nothing, if all is left out.

        What was found in the file is the beginning of everything that is found later. What a player
        has seen is not: that a building was finished may wait for its save, and happen once more.
        """
        possible = {
            history: then for history in self.histories if (then := history.at(found)) is not None
        }
        if possible:
            in_file = found.spent is not None
            self.histories = frozenset(possible.values() if in_file else possible)
        return bool(possible)

    def ordered(self, accepted: Sequence[Step], perhaps: Sequence[Step] = ()) -> None:
        """These were accepted and those perhaps, all asked for at once: in any order."""
        self.histories = frozenset(
            history.ordered(order)
            for history in self.histories
            for count in range(len(perhaps) + 1)
            for more in combinations(perhaps, count)
            for order in permutations((*accepted, *more))
        )

    def cancelled(self, place: int, left: Steps) -> bool:
        """The item at a place of the queue was cancelled; return False if `left` cannot be."""
        possible = set()
        for history in self.histories:
            # Those before had been finished by then.
            done = len(history.orders) - 1 - len(left)
            if done >= 0 and done + place < len(history.orders):
                then = history.cancelled(done + place)
                if then.orders[done:] == left:
                    possible.add(then)
        self.histories = frozenset(possible) or self.histories
        return bool(possible)

    def perhaps_cancelled(self, place: int, queue: Steps) -> None:
        """Nobody knows whether the item at a place of a queue was cancelled, nor if it was that."""
        for history in list(self.histories):
            # Each one that was finished meanwhile has moved those behind it by a place.
            done = len(history.orders) - len(queue)
            places = range(done + place, len(history.orders))
            self.histories |= {history.cancelled(each) for each in places}


def next_price(levels: tuple[int, ...], queue: Steps, step: Step) -> Amounts:
    """Return what an order costs when its turn comes after these."""
    return tuple(price_of(ECONOMY, step, level_of(_named(levels), queue, step)))


def _price(levels: tuple[int, ...], step: Step) -> Amounts:
    return next_price(levels, (), step)


def _sum(these: Amounts, those: Amounts) -> Amounts:
    return tuple(a + b for a, b in zip(these, those, strict=True))


def _named(levels: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(BUILDINGS.labels, levels, strict=True))


def _values(levels: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(levels[name] for name in BUILDINGS.labels)
