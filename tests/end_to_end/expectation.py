"""What a planet must be after the answers that its player was given: a bookkeeper of his own.

Nothing here asks the program how it is done. A planet is the levels that stand, what was spent and
the orders that are still to come; time moves orders from the queue to the levels and does nothing
else, as long as no order is dropped for want of resources or requirements. So what is found must be
the ledger's first so many orders carried out and the rest of them queued, in their order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """One way in which things may have gone: what stands, what it cost, what is still to come.

    `keys` are those of the requests without an answer that were carried out in it.
    """

    levels: tuple[int, ...] = NO_LEVELS
    spent: Amounts = NOTHING
    orders: Steps = ()
    keys: frozenset[str] = frozenset()

    def ordered(self, steps: Steps, keys: Collection[str] = ()) -> History:
        return replace(self, orders=self.orders + steps, keys=self.keys.union(keys))

    def cancelled(self, place: int, keys: Collection[str] = ()) -> History:
        left = self.orders[:place] + self.orders[place + 1 :]
        return replace(self, orders=left, keys=self.keys.union(keys))

    def carried_out(self, count: int) -> History:
        """Return it when the first orders are done."""
        levels, spent = self.levels, self.spent
        for step in self.orders[:count]:
            spent = _sum(spent, _price(levels, step))
            levels = _values(planned(_named(levels), [step]))
        return replace(self, levels=levels, spent=spent, orders=self.orders[count:])

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

    def ordered(
        self, accepted: Sequence[Step], perhaps: Sequence[Step] = (), keys: Sequence[str] = ()
    ) -> None:
        """These were accepted and those perhaps, all asked for at once: in any order.

        `keys` are those of the latter, if they came with any.
        """
        numbers = range(len(perhaps))
        self.histories = frozenset(
            history.ordered(order, [keys[number] for number in more] if keys else ())
            for history in self.histories
            for count in range(len(perhaps) + 1)
            for more in combinations(numbers, count)
            for order in permutations((*accepted, *(perhaps[number] for number in more)))
        )

    def cancelled(self, place: int, left: Steps) -> bool:
        """The item at a place of the queue was cancelled; return False if `left` cannot be."""
        return self._only(_cancelled(self.histories, place, left))

    def perhaps_cancelled(self, place: int, queue: Steps, key: str | None = None) -> None:
        """Nobody knows whether the item at a place of a queue was cancelled, nor if it was that."""
        keys = () if key is None else (key,)
        for history in self.without(key):
            # Each one that was finished meanwhile has moved those behind it by a place.
            done = len(history.orders) - len(queue)
            places = range(done + place, len(history.orders))
            self.histories |= {history.cancelled(each, keys) for each in places}

    # Requests that are repeated with their key -------------------------------------------------

    def without(self, key: str | None) -> list[History]:
        """Return the histories in which a request has not been carried out."""
        return [history for history in self.histories if key not in history.keys]

    def _with(self, key: str) -> frozenset[History]:
        return self.histories.difference(self.without(key))

    def is_known(self, key: str) -> bool:
        """The answer to a request lies in the file, and so does what it did."""
        return self._only(self._with(key))

    def is_not_done(self, key: str) -> bool:
        """A request was refused when it was repeated, or the file does not know of it."""
        return self._only(frozenset(self.without(key)))

    def order_repeated(self, key: str, step: Step) -> bool:
        """It was accepted now: it has been carried out, by then or before."""
        now = {history.ordered((step,), [key]) for history in self.without(key)}
        return self._only(self._with(key) | now)

    def order_perhaps_repeated(self, key: str, step: Step) -> None:
        now = {history.ordered((step,), [key]) for history in self.without(key)}
        self.histories |= now

    def cancelling_repeated(self, key: str, place: int, left: Steps) -> bool:
        """It was accepted now, and left this: what it left now, or what it had left before."""
        return self._only(self._with(key) | _cancelled(self.without(key), place, left, [key]))

    def _only(self, possible: frozenset[History]) -> bool:
        self.histories = possible or self.histories
        return bool(possible)


def _cancelled(
    histories: Collection[History], place: int, left: Steps, keys: Collection[str] = ()
) -> frozenset[History]:
    """Return what these histories have become, those in which a cancelling can have left this."""
    possible = set()
    for history in histories:
        # Those before had been finished by then.
        done = len(history.orders) - 1 - len(left)
        if done >= 0 and done + place < len(history.orders):
            then = history.cancelled(done + place, keys)
            if then.orders[done:] == left:
                possible.add(then)
    return frozenset(possible)


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
