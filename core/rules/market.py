"""The market of players: what a seller gets, and what a fair trade would be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from core.rules.arithmetic import part_of
from core.rules.entry import Entry


@dataclass(frozen=True, slots=True)
class MarketRules:
    """How many of each resource are worth the same."""

    guidance: tuple[Fraction, ...]


def proceeds(amount: int, fee_percent: float) -> int:
    """Return what the seller gets of what is paid: the fee is rounded down, in his favour."""
    return amount - part_of(amount, fee_percent)


def fair_amount(rules: MarketRules, offered: int, amount: int, requested: int) -> int:
    """Return how much of one resource an amount of another is worth, rounded down.

    `offered` and `requested` are places of resources: 300 metal are worth 200 crystal at 3:2.
    """
    return floor(amount * rules.guidance[requested] / rules.guidance[offered])


def read_market(entry: Entry) -> MarketRules:
    return MarketRules(entry.fractions("guidance"))
