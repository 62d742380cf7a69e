"""What a battle leaves: debris, and what is looted. What returns is drawn in core/combat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.rules.arithmetic import exact, part_of
from core.rules.units import Flags, Wholes


class Wreckage(Protocol):
    """What debris depends on; a UnitTable has it. `cost` is of shape (units, resources)."""

    @property
    def cost(self) -> Wholes: ...

    @property
    def is_ship(self) -> Flags: ...

    @property
    def is_defence(self) -> Flags: ...


@dataclass(frozen=True, slots=True)
class DebrisSettings:
    """The world's settings of debris: per cent of what was lost, and whether of deuterium too."""

    ships_percent: float
    defence_percent: float
    deuterium: bool


def debris(table: Wreckage, lost: Wholes, settings: DebrisSettings) -> tuple[int, ...]:
    """Return the debris of all units that both sides lost, per resource, each rounded down.

    `lost` is a column of counts; defence that returns has been lost all the same. Missiles leave
    nothing.
    """
    ships = (lost * table.is_ship) @ table.cost
    defence = (lost * table.is_defence) @ table.cost
    of_ships, of_defence = exact(settings.ships_percent), exact(settings.defence_percent)
    amounts = [
        math.floor((int(ship) * of_ships + int(post) * of_defence) / 100)
        for ship, post in zip(ships, defence, strict=True)
    ]
    metal, crystal, *others = amounts
    return metal, crystal, *(amount if settings.deuterium else 0 for amount in others)


def loot(stocks: Sequence[float], share_percent: float, room: int) -> tuple[int, ...]:
    """Return how much of each resource is taken into `room` free whole units of cargo.

    Of each stock its share, rounded down, at most; first no more than an equal part of the room,
    rounded down. What room is left is shared equally, rounded down, among the resources of whose
    share something is left, and again, until nothing is left or too little to go round.
    """
    shares = [part_of(max(stock, 0.0), share_percent) for stock in stocks]
    taken = [0] * len(shares)
    open_places = list(range(len(shares)))
    while open_places:
        part = room // len(open_places)
        for place in open_places:
            more = min(shares[place] - taken[place], part)
            taken[place] += more
            room -= more
        left = [place for place in open_places if taken[place] < shares[place]]
        if not part and left == open_places:
            break
        open_places = left
    return tuple(taken)
