"""Offers of the market as players see them: copies that cannot be written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from core.components import OFFER, OFFER_STATES, PLAYER, RESOURCES, Deal, Offer, Player
from core.ecs import World

if TYPE_CHECKING:
    from core.ecs.table import Rows

OPEN, ACCEPTED, CANCELLED, EXPIRED = range(1, len(OFFER_STATES) + 1)
NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class TradeOffer:
    """An offer at one moment: who gives so much of what for so much of what.

    `fee` is what of the requested amount the seller did not get. `expires_at` is None unless it is
    open, `closed_at` while it is; there is a buyer if it was accepted.
    """

    offer_id: int
    seller_id: int
    seller_name: str
    offered: str
    offered_amount: int
    requested: str
    requested_amount: int
    status: str
    created_at: float
    expires_at: float | None
    closed_at: float | None
    buyer_id: int | None
    buyer_name: str | None
    fee: int


@dataclass(frozen=True, slots=True)
class ListOffers:
    """A page of all offers with a status, any for None, the newest first."""

    status: str | None
    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ListTrades:
    """A page of the offers that a player made or accepted, the newest first."""

    player_id: int
    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class OfferPage:
    """Some offers, and how many there are in all."""

    total: int
    offers: tuple[TradeOffer, ...]


def offer_of(world: World, offer_id: int) -> TradeOffer:
    offer = world.component_for_entity(OFFER, offer_id, Offer)
    deal = world.component_for_entity(OFFER, offer_id, Deal)
    is_open, is_sold = deal.state == OPEN, deal.state == ACCEPTED
    return TradeOffer(
        offer_id=offer_id,
        seller_id=offer.seller_id,
        seller_name=_name_of(world, offer.seller_id),
        offered=RESOURCES.labels[offer.offered - 1],
        offered_amount=offer.offered_amount,
        requested=RESOURCES.labels[offer.requested - 1],
        requested_amount=offer.requested_amount,
        status=OFFER_STATES[deal.state - 1],
        created_at=offer.created_at,
        expires_at=deal.expires_at if is_open else None,
        closed_at=None if is_open else deal.closed_at,
        buyer_id=deal.buyer_id if is_sold else None,
        buyer_name=_name_of(world, deal.buyer_id) if is_sold else None,
        fee=deal.fee,
    )


def offers_with(world: World, query: ListOffers) -> OfferPage:
    table = world.tables[OFFER]
    if query.status is None:
        rows = np.arange(len(table))
    else:
        code = OFFER_STATES.index(query.status) + 1
        rows = np.flatnonzero(table.read_only("Deal.state") == code)
    return _page(world, rows, query.limit, query.offset)


def trades_of(world: World, query: ListTrades) -> OfferPage:
    table = world.tables[OFFER]
    sold = table.read_only("Offer.seller_id") == query.player_id
    bought = table.read_only("Deal.buyer_id") == query.player_id
    return _page(world, np.flatnonzero(sold | bought), query.limit, query.offset)


def _page(world: World, rows: Rows, limit: int, offset: int) -> OfferPage:
    newest_first = np.sort(world.tables[OFFER].ids[rows])[::-1]
    ids = newest_first[offset : offset + limit].tolist()
    return OfferPage(len(rows), tuple(offer_of(world, offer_id) for offer_id in ids))


def _name_of(world: World, player_id: int) -> str:
    """Return a player's name, an empty one if he has left the world."""
    if not world.exists(PLAYER, player_id):
        return ""
    return world.component_for_entity(PLAYER, player_id, Player).name
