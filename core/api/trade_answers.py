"""What players are told of the market."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Answer, Message, Time, iso_time
from core.offers import OfferPage, TradeOffer

Resource = Annotated[str, Field(examples=["metal"])]


class OfferAnswer(Answer):
    """An offer of the market; `fee` is what of the requested amount the seller did not get."""

    id: int
    seller_id: int
    seller: Annotated[str, Field(examples=["mira"])]
    offered_resource: Resource
    offered_amount: int
    requested_resource: Resource
    requested_amount: int
    status: Annotated[str, Field(description="open, accepted, cancelled or expired")]
    created_at: Time
    expires_at: Annotated[Time | None, Field(description="while it is open")]
    closed_at: Time | None
    buyer_id: int | None
    buyer: str | None
    fee: int


class OffersAnswer(Answer):
    offers: list[OfferAnswer]
    total: int


class OfferAccepted(Answer):
    accepted: bool
    offer: OfferAnswer


class OfferCancelled(Message):
    offer: OfferAnswer


class GuidanceAnswer(Answer):
    """So many of one resource for so many of another are a fair trade."""

    guidance: Annotated[
        dict[str, float], Field(examples=[{"metal": 3.0, "crystal": 2.0, "deuterium": 1.0}])
    ]
    fee_percent: float
    offer_days: float


# From what the world says to what players are told ------------------------------------------------


def trade_offer(offer: TradeOffer) -> OfferAnswer:
    return OfferAnswer(
        id=offer.offer_id,
        seller_id=offer.seller_id,
        seller=offer.seller_name,
        offered_resource=offer.offered,
        offered_amount=offer.offered_amount,
        requested_resource=offer.requested,
        requested_amount=offer.requested_amount,
        status=offer.status,
        created_at=iso_time(offer.created_at),
        expires_at=None if offer.expires_at is None else iso_time(offer.expires_at),
        closed_at=None if offer.closed_at is None else iso_time(offer.closed_at),
        buyer_id=offer.buyer_id,
        buyer=offer.buyer_name,
        fee=offer.fee,
    )


def offers_answer(page: OfferPage) -> OffersAnswer:
    return OffersAnswer(offers=[trade_offer(offer) for offer in page.offers], total=page.total)
