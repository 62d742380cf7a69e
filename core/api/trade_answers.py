"""What players are told of trade, of their messages and of each other."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from core.api.answers import Answer, Message, Time, iso_time
from core.galaxy_view import InhabitedPlace, SystemView
from core.messages import MessagePage, ReadableMessage
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


class MessageAnswer(Answer):
    id: int
    category: Annotated[
        str, Field(description="battle, espionage, transport, expedition, player or system")
    ]
    sender_id: Annotated[int | None, Field(description="null where no player wrote it")]
    sender: str | None
    text: str
    sent_at: Time
    read: bool


class MessagesAnswer(Answer):
    """A page of messages; `total` and `unread` count those on all pages."""

    messages: list[MessageAnswer]
    total: int
    unread: int


class NotificationsAnswer(Answer):
    notifications: list[MessageAnswer]
    total: int
    unread: int


class MessageChanged(Message):
    id: int


class PlanetInSystem(Answer):
    name: str


class OwnerInSystem(Answer):
    id: int
    name: str


class PositionAnswer(Answer):
    """One position of a system; everything is null where nobody lives."""

    position: int
    planet: PlanetInSystem | None
    owner: OwnerInSystem | None
    flags: Annotated[list[str], Field(description="own: the planet is yours")]
    debris: dict[str, int] | None = None
    moon: dict[str, Any] | None = None


class SystemAnswer(Answer):
    galaxy: int
    system: int
    positions: list[PositionAnswer]


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


def messages_answer(page: MessagePage) -> MessagesAnswer:
    messages = [_message(message) for message in page.messages]
    return MessagesAnswer(messages=messages, total=page.total, unread=page.unread)


def notifications_answer(page: MessagePage) -> NotificationsAnswer:
    notifications = [_message(message) for message in page.messages]
    return NotificationsAnswer(notifications=notifications, total=page.total, unread=page.unread)


def _message(message: ReadableMessage) -> MessageAnswer:
    return MessageAnswer(
        id=message.message_id,
        category=message.category,
        sender_id=message.sender_id,
        sender=message.sender_name,
        text=message.text,
        sent_at=iso_time(message.sent_at),
        read=message.is_read,
    )


def system_answer(view: SystemView, reader_id: int) -> SystemAnswer:
    return SystemAnswer(
        galaxy=view.galaxy,
        system=view.system,
        positions=[
            _position(number, place, reader_id) for number, place in enumerate(view.places, start=1)
        ],
    )


def _position(number: int, place: InhabitedPlace | None, reader_id: int) -> PositionAnswer:
    if place is None:
        return PositionAnswer(position=number, planet=None, owner=None, flags=[])
    return PositionAnswer(
        position=number,
        planet=PlanetInSystem(name=place.planet_name),
        owner=OwnerInSystem(id=place.owner_id, name=place.owner_name),
        flags=["own"] if place.owner_id == reader_id else [],
    )
