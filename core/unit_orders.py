"""Orders of units that wait for their turn, as one text: "light_fighter 10;small_cargo 3".

A planet has up to a hundred of them, and most planets have none: a column each would be wide and
empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.rules import RULES

# Whatever has 18 digits fits into the database's 64 bits.
_ORDER = re.compile(r"([a-z_0-9]+) ([1-9][0-9]{0,17})")
_BETWEEN = ";"


@dataclass(frozen=True, slots=True)
class UnitOrder:
    """So many of a unit."""

    unit: str
    count: int


def text_of(orders: Iterable[UnitOrder]) -> str:
    return _BETWEEN.join(f"{order.unit} {order.count}" for order in orders)


def orders_in(text: str) -> tuple[UnitOrder, ...]:
    """Return the orders that a text holds. Raise ValueError, in words, if it is none of ours."""
    return tuple(map(_read, text.split(_BETWEEN))) if text else ()


def check(text: str) -> None:
    """Raise ValueError, in words, if a text does not hold orders."""
    orders_in(text)


def _read(part: str) -> UnitOrder:
    found = _ORDER.fullmatch(part)
    if found is None:
        raise ValueError(f"{part!r} is no order of units")
    unit, count = found.groups()
    if unit not in RULES.units:
        raise ValueError(f"there is no unit called {unit}")
    return UnitOrder(unit, int(count))
