"""What a computer player sees of the market: the latest offers, and his own."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from core.components import OFFER
from core.indexes import OFFERS_BY_SELLER
from core.offers import OPEN
from core.state import GameState

# So many of the latest offers are looked at, like the first page of the market.
OFFERS_LOOKED_AT = 30


@dataclass(frozen=True, slots=True)
class Stall:
    """An open offer of a person: so much of a resource for so much of another, by their places."""

    offer_id: int
    offered: int
    offered_amount: int
    requested: int
    requested_amount: int


@dataclass(frozen=True, slots=True)
class Market:
    """Open offers of people, the newest first; how many of computer players there are, and own."""

    stalls: tuple[Stall, ...]
    of_bots: int
    own: int


def market_seen(state: GameState, player_id: int, bots: Container[int]) -> Market:
    """Return the market as it is; what computer players offer is counted and no more."""
    table = state.world.tables[OFFER]
    newest = state.world.next_id[OFFER] - 1
    stalls, of_bots = [], 0
    for offer_id in range(newest, max(0, newest - OFFERS_LOOKED_AT), -1):
        if offer_id not in table:
            continue
        row = table.row(offer_id)
        if table.value_at(row, "Deal.state") != OPEN:
            continue
        if table.value_at(row, "Offer.seller_id") in bots:
            of_bots += 1
            continue
        stalls.append(
            Stall(
                offer_id,
                table.value_at(row, "Offer.offered") - 1,
                table.value_at(row, "Offer.offered_amount"),
                table.value_at(row, "Offer.requested") - 1,
                table.value_at(row, "Offer.requested_amount"),
            )
        )
    own = table.ids_with(OFFERS_BY_SELLER, (player_id,))
    still_open = sum(table.get(each, "Deal.state") == OPEN for each in own)
    return Market(tuple(stalls), of_bots, still_open)
