"""The market: what is offered leaves its planet at once; accepting swaps both sides in one step.

The offered amount lies in the offer while it is open. So over the world, in whole units, what was
moved onto planets and off them, what lies in open offers and what fees took add up to nothing.
"""

from __future__ import annotations

import numpy as np

from core import stockpiles
from core.commands import Accepted, AcceptOffer, CancelOffer, CreateOffer, Rejected
from core.components import (
    NEVER,
    OFFER,
    OFFER_STATES,
    PLANET,
    PLAYER,
    RESOURCES,
    Deal,
    Offer,
    Stocks,
    Trader,
)
from core.ecs import Mark
from core.events import Event, OfferChanged, StocksChanged
from core.offers import ACCEPTED, CANCELLED, EXPIRED, NOBODY, OPEN, offer_of
from core.ownership import NOT_YOURS, own_planet_or_home, planet_of
from core.rules.arithmetic import SECONDS_PER_DAY
from core.rules.market import proceeds
from core.state import GameState

NO_SUCH_OFFER = Rejected("no_such_item", "There is no such offer.")
OWN_OFFER = Rejected("own_offer", "Nobody trades with himself; cancel the offer instead.")
_OFFER_S_LEAST = 1.0


def create_offer(state: GameState, command: CreateOffer, at: float) -> Accepted | Rejected:
    """Offer so much of one resource for so much of another, and put it by."""
    planet_id = planet_of(state.world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    expires_in_s = command.expires_in_s
    if expires_in_s is None:
        expires_in_s = state.universe.market_offer_days * SECONDS_PER_DAY
    refusal = _refusal_of_terms(state, command, expires_in_s) or _too_many(state, command.player_id)
    if refusal is not None:
        return refusal
    escrow = _amounts(command.offered, command.offered_amount)
    refusal = _too_little(state, planet_id, escrow, at)
    if refusal is not None:
        return refusal
    stockpiles.take_away(state, planet_id, escrow, at)
    offer_id = state.world.create_entity(
        OFFER,
        Offer(
            seller_id=command.player_id,
            planet_id=planet_id,
            offered=RESOURCES.index(command.offered) + 1,
            offered_amount=command.offered_amount,
            requested=RESOURCES.index(command.requested) + 1,
            requested_amount=command.requested_amount,
            created_at=at,
        ),
        Deal(
            state=OPEN,
            expires_at=at + expires_in_s,
            forgotten_at=NEVER,
            closed_at=0.0,
            buyer_id=NOBODY,
            buyer_planet_id=NOBODY,
            fee=0,
        ),
    )
    offer = offer_of(state.world, offer_id)
    return Accepted(
        offer, (StocksChanged(at, command.player_id, planet_id), OfferChanged(at, offer))
    )


def accept_offer(state: GameState, command: AcceptOffer, at: float) -> Accepted | Rejected:
    """Swap both sides: the buyer's planet pays and receives, the seller gets what the fee leaves.

    The fee is the one in force now. If the seller has lost the planet he offered from, his home
    receives.
    """
    world = state.world
    planet_id = planet_of(world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    refusal = _refusal_of_closed(state, command.offer_id)
    if refusal is not None:
        return refusal
    offer = world.component_for_entity(OFFER, command.offer_id, Offer)
    if offer.seller_id == command.player_id:
        return OWN_OFFER
    requested = RESOURCES.labels[offer.requested - 1]
    price = _amounts(requested, offer.requested_amount)
    refusal = _too_little(state, planet_id, price, at)
    if refusal is not None:
        return refusal
    sellers_part = proceeds(offer.requested_amount, state.universe.market_fee_percent)
    fee = offer.requested_amount - sellers_part
    sellers_planet_id = own_planet_or_home(world, offer.seller_id, offer.planet_id)
    stockpiles.take_away(state, planet_id, price, at)
    stockpiles.bring(state, planet_id, _escrow(offer), at)
    stockpiles.bring(state, sellers_planet_id, _amounts(requested, sellers_part), at)
    if fee:
        _note_fee(state, offer.seller_id, requested, fee)
    deal = world.component_for_entity(OFFER, command.offer_id, Deal)
    deal.buyer_id = command.player_id
    deal.buyer_planet_id = planet_id
    deal.fee = fee
    seller_id = offer.seller_id
    closed = _close(state, command.offer_id, ACCEPTED, at)
    return Accepted(
        closed.offer,
        (
            StocksChanged(at, command.player_id, planet_id),
            StocksChanged(at, seller_id, sellers_planet_id),
            closed,
        ),
    )


def cancel_offer(state: GameState, command: CancelOffer, at: float) -> Accepted | Rejected:
    """Take an offer back: what was offered returns."""
    refusal = _refusal_of_closed(state, command.offer_id, seller_id=command.player_id)
    if refusal is not None:
        return refusal
    *returned, closed = _give_back(state, command.offer_id, CANCELLED, at)
    return Accepted(closed.offer, (*returned, closed))


def expire_offer(state: GameState, offer_id: int, at: float) -> list[Event]:
    """Close an offer that nobody accepted in time: what was offered returns."""
    return [*_give_back(state, offer_id, EXPIRED, at)]


def forget_offer(state: GameState, offer_id: int, at: float) -> list[Event]:
    """Delete an offer that was over for as long as offers are remembered."""
    state.world.delete_entity(OFFER, offer_id)
    return []


# How an offer ends --------------------------------------------------------------------------------


def _give_back(
    state: GameState, offer_id: int, how: int, at: float
) -> tuple[StocksChanged, OfferChanged]:
    """Close an offer and return what it held to where it came from, or home if that is gone."""
    offer = state.world.component_for_entity(OFFER, offer_id, Offer)
    seller_id = offer.seller_id
    planet_id = own_planet_or_home(state.world, seller_id, offer.planet_id)
    stockpiles.bring(state, planet_id, _escrow(offer), at)
    return StocksChanged(at, seller_id, planet_id), _close(state, offer_id, how, at)


def _close(state: GameState, offer_id: int, how: int, at: float) -> OfferChanged:
    deal = state.world.component_for_entity(OFFER, offer_id, Deal)
    deal.state = how
    deal.expires_at = NEVER
    deal.forgotten_at = at + state.rules.market.history_s
    deal.closed_at = at
    closed = OfferChanged(at, offer_of(state.world, offer_id))
    _shorten_history(state, closed.offer.seller_id)
    return closed


def _shorten_history(state: GameState, seller_id: int) -> None:
    """Forget what a seller has closed first, if he has closed more than is remembered."""
    table = state.world.tables[OFFER]
    closed = (table.read_only("Offer.seller_id") == seller_id) & (
        table.read_only("Deal.state") != OPEN
    )
    surplus = int(np.count_nonzero(closed)) - state.rules.market.history_most
    if surplus <= 0:
        return
    # What the database refuses waits for the host, and must not hold up what comes after it.
    closed &= (table.array("mark.flags") & np.uint8(Mark.ASIDE)) == 0
    rows = np.flatnonzero(closed)
    oldest_first = np.lexsort((table.ids[rows], table.read_only("Deal.closed_at")[rows]))
    for offer_id in table.ids[rows[oldest_first[:surplus]]].tolist():
        state.world.delete_entity(OFFER, offer_id)


def _note_fee(state: GameState, player_id: int, resource: str, fee: int) -> None:
    trader = state.world.component_for_entity(PLAYER, player_id, Trader)
    paid = list(trader.fees_paid)
    paid[RESOURCES.index(resource)] += fee
    trader.fees_paid = tuple(paid)


# What the rules say against it --------------------------------------------------------------------


def _refusal_of_terms(
    state: GameState, command: CreateOffer, expires_in_s: float
) -> Rejected | None:
    rules = state.rules.market
    for resource in (command.offered, command.requested):
        if resource not in RESOURCES.labels:
            return Rejected("unknown_type", f"There is no resource called {resource}.")
    if command.offered == command.requested:
        return Rejected("bad_value", "What is offered and what is requested must differ.")
    for amount in (command.offered_amount, command.requested_amount):
        if not 1 <= amount <= rules.amount_most:
            return Rejected("bad_value", f"An amount is from 1 to {rules.amount_most}.")
    if not _OFFER_S_LEAST <= expires_in_s <= rules.offer_s_most:
        return Rejected(
            "bad_value", f"An offer stands for a second to {rules.offer_days_most:g} days."
        )
    return None


def _too_many(state: GameState, seller_id: int) -> Rejected | None:
    table, limit = state.world.tables[OFFER], state.rules.market.open_offers_most
    is_open = table.read_only("Deal.state") == OPEN
    own = table.read_only("Offer.seller_id") == seller_id
    if int(np.count_nonzero(is_open & own)) < limit:
        return None
    return Rejected("too_many_offers", f"You have {limit} open offers already.", {"limit": limit})


def _too_little(
    state: GameState, planet_id: int, price: tuple[int, ...], at: float
) -> Rejected | None:
    stock = state.world.component_for_entity(PLANET, planet_id, Stocks)
    short = stockpiles.missing(stock, at, price)
    if not short:
        return None
    ((name, amount),) = short.items()
    return Rejected("insufficient_resources", f"Short of {amount} {name}.", {"missing": short})


def _refusal_of_closed(
    state: GameState, offer_id: int, *, seller_id: int | None = None
) -> Rejected | None:
    """Return why an offer cannot be closed; by its seller alone, if he is named."""
    if not state.world.exists(OFFER, offer_id):
        return NO_SUCH_OFFER
    made_by = state.world.component_for_entity(OFFER, offer_id, Offer).seller_id
    if seller_id not in (None, made_by):
        return NOT_YOURS
    how = state.world.component_for_entity(OFFER, offer_id, Deal).state
    if how == OPEN:
        return None
    status = OFFER_STATES[how - 1]
    return Rejected("offer_closed", f"This offer is {status} already.", {"status": status})


def _escrow(offer: Offer) -> tuple[int, ...]:
    return _amounts(RESOURCES.labels[offer.offered - 1], offer.offered_amount)


def _amounts(resource: str, amount: int) -> tuple[int, ...]:
    return tuple(amount if name == resource else 0 for name in RESOURCES.labels)
