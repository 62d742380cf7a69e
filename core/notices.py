"""Notices: what a player is told of what happened while he was away.

Only what he did not do himself and can do something about: what others did, and what became of his
plans but for what he planned, which he sees on his planets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.components import PLANET, RESOURCES, Planet
from core.ecs import World
from core.events import (
    BattleFought,
    BuildingStarted,
    BuildItemDropped,
    EspionageReported,
    Event,
    ExpeditionEnded,
    FleetArrived,
    GoodsBrought,
    MissilesStruck,
    OfferChanged,
    PlanetSpiedUpon,
    ResearchDropped,
    StocksChanged,
)
from core.messages import write_message
from core.offers import TradeOffer
from core.rules.arithmetic import SECONDS_PER_HOUR
from core.state import GameState

NOTICE = "system"
OF_BATTLE = "battle"
OF_EXPEDITION = "expedition"
OF_ESPIONAGE = "espionage"
OF_TRANSPORT = "transport"

_WHY_DROPPED = {
    "insufficient_resources": "there was not enough to pay for it",
    "requirements_not_met": "what it needs was not there",
    "no_free_fields": "there was no field left for it",
    "insufficient_energy": "there was not enough energy for it",
    "level_limit": "it cannot be raised any further",
    "lab_in_work": "a lab was being worked on",
    "research_running": "research was running",
    "units_being_built": "units were being built",
    "level_needed": "something else needs it",
    "nothing_to_demolish": "there was nothing left of it",
}
# Why an errand could not be done. Whatever else it comes to is told otherwise, or is as planned.
_WHY_IN_VAIN = {
    "no_target": "there was nothing there",
    "taken": "somebody lives there",
    "planet_limit": "you have as many planets as you may have",
    "requirements_not_met": "you do not know enough for it",
    "not_your_planet": "the planet is not yours",
    "own_planet": "the planet is yours",
    "not_a_friend": "its owner has not made you his friend",
    "too_many_units": "so many ships lose sight of one another",
    "vacation": "its owner is on vacation",
    "newbie_protection": "the weaker one of the two of you is protected",
}


@dataclass(frozen=True, slots=True)
class _Notice:
    player_id: int
    text: str
    category: str = NOTICE


def write_notices(state: GameState, events: Iterable[Event]) -> tuple[Event, ...]:
    """Write what is worth one into mailboxes, in the open unit of work, at each event's instant.

    Return what is to be told besides.
    """
    told: list[Event] = []
    for event in events:
        notice = _notice_of(state.world, event)
        if notice is not None:
            told += write_message(state, notice.player_id, notice.category, notice.text, event.at)
    return tuple(told)


def _notice_of(world: World, event: Event) -> _Notice | None:
    match event:
        case StocksChanged() | BuildingStarted():
            # First, for it is what happens most.
            return None
        case BuildItemDropped():
            planet = world.component_for_entity(PLANET, event.planet_id, Planet).name
            queue = f"the building queue of {planet}"
            return _Notice(event.player_id, _dropped(event.building, queue, event.reason))
        case ResearchDropped():
            text = _dropped(event.technology, "the research queue", event.reason)
            return _Notice(event.player_id, text)
        case GoodsBrought():
            return _Notice(event.player_id, _brought(world, event), OF_TRANSPORT)
        case FleetArrived() if event.result in _WHY_IN_VAIN:
            return _Notice(event.player_id, _in_vain(event))
        case MissilesStruck():
            return _Notice(event.player_id, _missiles(event), OF_BATTLE)
        case ExpeditionEnded():
            return _Notice(event.player_id, _expedition(event), OF_EXPEDITION)
        case BattleFought():
            return _Notice(event.player_id, _battle(event), OF_BATTLE)
        case EspionageReported():
            return _Notice(event.player_id, _espionage(event), OF_ESPIONAGE)
        case PlanetSpiedUpon():
            return _Notice(event.player_id, _spied_upon(event), OF_ESPIONAGE)
        case OfferChanged():
            return _notice_of_offer(event.offer)
        case _:
            return None


def _dropped(what: str, queue: str, reason: str) -> str:
    return f"{what} was dropped from {queue}: {_WHY_DROPPED.get(reason, reason)}."


def _brought(world: World, event: GoodsBrought) -> str:
    planet = world.component_for_entity(PLANET, event.planet_id, Planet).name
    goods = _listed(zip(RESOURCES.labels, event.amounts, strict=True))
    return f"{event.sender_name or 'Somebody'} has brought {goods} to {planet}."


def _in_vain(event: FleetArrived) -> str:
    voyage, why = event.voyage, _WHY_IN_VAIN[event.result]
    return f"Your fleet to {_at(voyage.target)} ({voyage.mission}) achieved nothing: {why}."


def _battle(event: BattleFought) -> str:
    what = "Your attack on" if event.attacked else "The battle of"
    ended = "has ended without a victor" if event.result == "draw" else f"was {event.result}"
    return f"{what} {_at(event.place)} {ended}; report {event.report_id} tells of it."


def _espionage(event: EspionageReported) -> str:
    return f"Your probes have been at {_at(event.place)}; report {event.report_id} tells of it."


def _spied_upon(event: PlanetSpiedUpon) -> str:
    return f"Probes from {_at(event.origin)} were seen at {_at(event.place)}."


def _missiles(event: MissilesStruck) -> str:
    whose = "Your" if event.attacked else "Hostile"
    where = f"the {event.target_type} at {_at(event.place)}"
    stopped = f", {event.intercepted} of them were intercepted" if event.intercepted else ""
    lost = _listed(event.lost) or "nothing"
    return f"{whose} missiles, {event.fired}, have reached {where}{stopped}; destroyed: {lost}."


_WORDS_OF_EXPEDITIONS = {
    "early": "has found nothing worth a stay and is coming home early",
    "nothing": "has found nothing",
    "lost": "was never heard of again",
    "pirates": "has met pirates",
    "aliens": "has met aliens",
}


def _expedition(event: ExpeditionEnded) -> str:
    found = _listed((*event.resources, *event.ships))
    match event.outcome:
        case "resources" | "ships":
            what = f"has found {found}" if found else "has found what it could not take along"
        case "delay":
            what = f"is coming home {event.delay_s // SECONDS_PER_HOUR} hours later"
        case outcome:
            what = _WORDS_OF_EXPEDITIONS[outcome]
    lost = f" and has lost {_listed(event.lost)}" if event.lost else ""
    return f"Your expedition to {_at(event.place)} {what}{lost}."


def _at(place: tuple[int, int, int]) -> str:
    return ":".join(map(str, place))


def _listed(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts if count)


def _notice_of_offer(offer: TradeOffer) -> _Notice | None:
    goods = f"{offer.offered_amount} {offer.offered}"
    match offer.status:
        case "accepted":
            price = f"{offer.requested_amount} {offer.requested}"
            fee = f", less a fee of {offer.fee}" if offer.fee else ""
            text = f"{offer.buyer_name} has bought your {goods} for {price}{fee}."
            return _Notice(offer.seller_id, text)
        case "expired":
            text = f"Your offer of {goods} has expired; they are back on your planet."
            return _Notice(offer.seller_id, text)
        case _:
            return None
