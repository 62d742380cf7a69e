"""The market of players: what a seller gets, and what a fair trade would be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from core.rules.arithmetic import SECONDS_PER_DAY, part_of
from core.rules.entry import WHOLE_MOST, Entry


@dataclass(frozen=True, slots=True)
class MarketRules:
    """How many of each resource are worth the same, and how far offers go.

    `open_offers_most` and `history_most` count those of one seller.
    """

    guidance: tuple[Fraction, ...]
    amount_most: int
    open_offers_most: int
    offer_days_most: float
    history_days: float
    history_most: int

    @property
    def offer_s_most(self) -> float:
        return self.offer_days_most * SECONDS_PER_DAY

    @property
    def history_s(self) -> float:
        return self.history_days * SECONDS_PER_DAY


def proceeds(amount: int, fee_percent: float) -> int:
    """Return what the seller gets of what is paid: the fee is rounded down, in his favour."""
    return amount - part_of(amount, fee_percent)


def fair_amount(rules: MarketRules, offered: int, amount: int, requested: int) -> int:
    """Return how much of one resource an amount of another is worth, rounded down.

    `offered` and `requested` are places of resources: 300 metal are worth 200 crystal at 3:2.
    """
    return floor(amount * rules.guidance[requested] / rules.guidance[offered])


def read_market(entry: Entry) -> MarketRules:
    return MarketRules(
        entry.fractions("guidance"),
        amount_most=entry.whole("amount_most", least=1, most=WHOLE_MOST // 1000),
        open_offers_most=entry.whole("open_offers_most", least=1, most=10_000),
        offer_days_most=entry.number("offer_days_most", least=0.01, most=36_500),
        history_days=entry.number("history_days", least=0.01, most=36_500),
        history_most=entry.whole("history_most", least=1, most=10_000),
    )
