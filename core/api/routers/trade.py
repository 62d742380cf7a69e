"""The market: offers, and what is a fair trade."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query

from core.api.context import ID_MAX, InContext, InLogin, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.request_keys import LoginsKey
from core.api.schemas import OfferOrder, TradeOrder
from core.api.trade_answers import (
    GuidanceAnswer,
    OfferAccepted,
    OfferAnswer,
    OfferCancelled,
    OffersAnswer,
    offers_answer,
    trade_offer,
)
from core.commands import AcceptOffer, CancelOffer, CreateOffer
from core.components import RESOURCES
from core.offers import ListOffers, ListTrades
from core.queries import ReadSettings
from core.rules import RULES
from core.rules.arithmetic import SECONDS_PER_HOUR

_READING = (401, 422, 429, 503)
_CHANGING = (401, 403, 404, 409, 413, 422, 429, 503, 504)

router = new_router(tags=["market"])

OfferInPath = Annotated[int, Path(ge=1, le=ID_MAX)]
Status = Literal["open", "accepted", "cancelled", "expired", "all"]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.post("/trade/offers", summary="Offer", responses=may_answer(400, *_CHANGING))
async def create(
    body: OfferOrder, login: InLogin, context: InContext, key: LoginsKey
) -> OfferAnswer:
    """Offer so much of one resource for so much of another; it leaves the planet at once."""
    hours = body.expires_in_hours
    order = CreateOffer(
        login.account.id,
        body.offered_resource,
        body.offered_amount,
        body.requested_resource,
        body.requested_amount,
        body.planet,
        None if hours is None else hours * SECONDS_PER_HOUR,
    )
    return trade_offer(await context.door.order(order, key))


@router.get("/trade/offers", summary="Offers", responses=may_answer(*_READING))
async def offers(
    _login: InLogin,
    context: InContext,
    status: Status = "open",
    limit: Limit = 50,
    offset: Offset = 0,
) -> OffersAnswer:
    """Return offers, the newest first."""
    wanted = None if status == "all" else status
    return offers_answer(await context.door.ask(ListOffers(wanted, limit, offset)))


@router.post("/trade/accept/{offer_id}", summary="Accept", responses=may_answer(400, *_CHANGING))
async def accept(
    offer_id: OfferInPath,
    login: InLogin,
    context: InContext,
    key: LoginsKey,
    body: TradeOrder | None = None,
) -> OfferAccepted:
    """Pay what is requested and receive what is offered, from and to one planet, in one step."""
    planet_id = None if body is None else body.planet
    order = AcceptOffer(login.account.id, offer_id, planet_id)
    offer = await context.door.order(order, key)
    return OfferAccepted(accepted=True, offer=trade_offer(offer))


@router.delete("/trade/offers/{offer_id}", summary="Cancel", responses=may_answer(*_CHANGING))
async def cancel(
    offer_id: OfferInPath, login: InLogin, context: InContext, key: LoginsKey
) -> OfferCancelled:
    """Take one's own offer back: what was offered returns."""
    offer = await context.door.order(CancelOffer(login.account.id, offer_id), key)
    return OfferCancelled(message="Cancelled.", offer=trade_offer(offer))


@router.get(
    "/player/{id}/trade/history", summary="Your trades", responses=may_answer(403, *_READING)
)
async def history(
    player_id: OwnPlayer, context: InContext, limit: Limit = 50, offset: Offset = 0
) -> OffersAnswer:
    """Return the offers that the player made or accepted, the newest first."""
    return offers_answer(await context.door.ask(ListTrades(player_id, limit, offset)))


@router.get("/market/guidance", summary="Fair trades", responses=may_answer(*_READING))
async def guidance(_login: InLogin, context: InContext) -> GuidanceAnswer:
    """Return how many of each resource are worth the same, and what the market takes."""
    settings = await context.door.ask(ReadSettings())
    ratio = zip(RESOURCES.labels, map(float, RULES.market.guidance), strict=True)
    return GuidanceAnswer(
        guidance=dict(ratio),
        fee_percent=settings["market_fee_percent"],
        offer_days=settings["market_offer_days"],
    )
