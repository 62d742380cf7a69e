"""What has happened in the world. Frozen values in the past tense, each with its exact instant."""

from __future__ import annotations

from dataclasses import dataclass

from core.offers import TradeOffer
from core.voyages import Place, Voyage


@dataclass(frozen=True, slots=True)
class PlanetFounded:
    at: float
    player_id: int
    planet_id: int


@dataclass(frozen=True, slots=True)
class PlanetAbandoned:
    """A planet is gone: its owner has given it up."""

    at: float
    player_id: int
    planet_id: int


@dataclass(frozen=True, slots=True)
class PlayerRemoved:
    """A player has left the world with everything that was his."""

    at: float
    player_id: int


@dataclass(frozen=True, slots=True)
class StocksChanged:
    """A planet's stocks or rates took a turn that the old rates do not foretell."""

    at: float
    player_id: int
    planet_id: int


@dataclass(frozen=True, slots=True)
class BuildingStarted:
    at: float
    player_id: int
    planet_id: int
    building: str
    level: int
    demolish: bool


@dataclass(frozen=True, slots=True)
class BuildingFinished:
    """A level was reached; after a demolition `level` is the one that is left."""

    at: float
    player_id: int
    planet_id: int
    building: str
    level: int
    demolish: bool


@dataclass(frozen=True, slots=True)
class BuildItemDropped:
    """A waiting item left the queue unbuilt: its price or its requirement was not met."""

    at: float
    player_id: int
    planet_id: int
    building: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResearchStarted:
    at: float
    player_id: int
    technology: str
    level: int


@dataclass(frozen=True, slots=True)
class ResearchFinished:
    """A level of a technology was reached, on all planets of the player at once."""

    at: float
    player_id: int
    technology: str
    level: int


@dataclass(frozen=True, slots=True)
class ResearchDropped:
    """A waiting item left the queue without being researched, for a reason."""

    at: float
    player_id: int
    technology: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnitsFinished:
    """The last piece of an order of units was delivered."""

    at: float
    player_id: int
    planet_id: int
    unit: str
    count: int


@dataclass(frozen=True, slots=True)
class FleetDeparted:
    at: float
    player_id: int
    voyage: Voyage


@dataclass(frozen=True, slots=True)
class FleetArrived:
    """A fleet has reached its target, and what became of its errand: see core.missions."""

    at: float
    player_id: int
    voyage: Voyage
    result: str


@dataclass(frozen=True, slots=True)
class GoodsBrought:
    """Somebody else's fleet has unloaded at a player's planet: whole amounts of each resource.

    The name of whoever sent it is empty if he has left the world.
    """

    at: float
    player_id: int
    planet_id: int
    sender_name: str
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FleetReturned:
    """A fleet is home: its ships and its cargo are on `planet_id`."""

    at: float
    player_id: int
    voyage: Voyage
    planet_id: int


@dataclass(frozen=True, slots=True)
class BattleFought:
    """A player has fought: he won, lost or neither, as who `attacked` or where somebody else did.

    `report_id` is his own report of it.
    """

    at: float
    player_id: int
    report_id: int
    place: Place
    result: str
    attacked: bool


@dataclass(frozen=True, slots=True)
class MissilesStruck:
    """Missiles that a player has `fired`, or that were fired at him, have come down.

    Of `fired` so many were `intercepted`; `lost` is the defence that the others destroyed.
    """

    at: float
    player_id: int
    place: Place
    target_type: str
    fired: int
    intercepted: int
    lost: tuple[tuple[str, int], ...]
    attacked: bool


@dataclass(frozen=True, slots=True)
class ExpeditionEnded:
    """How an expedition has ended: `outcome` is one of core.rules.expeditions.

    `resources` and `ships` are what was found, `lost` the ships that are gone, and `delay_s` by how
    much later it comes home.
    """

    at: float
    player_id: int
    place: Place
    outcome: str
    resources: tuple[tuple[str, int], ...] = ()
    ships: tuple[tuple[str, int], ...] = ()
    lost: tuple[tuple[str, int], ...] = ()
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class EspionageReported:
    """The probes of a player have seen what is at a place; `report_id` is his report of it."""

    at: float
    player_id: int
    report_id: int
    place: Place


@dataclass(frozen=True, slots=True)
class PlanetSpiedUpon:
    """Probes from somewhere were at a player's planet."""

    at: float
    player_id: int
    planet_id: int
    place: Place
    origin: Place


@dataclass(frozen=True, slots=True)
class AttackAnnounced:
    """A hostile fleet has set out for a player's planet, and he sees it coming."""

    at: float
    player_id: int
    voyage: Voyage


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    at: float
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageWritten:
    at: float
    player_id: int
    message_id: int
    category: str


@dataclass(frozen=True, slots=True)
class HostSpoke:
    """The host has written to a player, as to everybody."""

    at: float
    player_id: int
    text: str


@dataclass(frozen=True, slots=True)
class OfferChanged:
    """An offer was made, accepted, cancelled or has expired: `offer` is as it is now."""

    at: float
    offer: TradeOffer


PlanetEvent = (
    PlanetFounded
    | PlanetAbandoned
    | StocksChanged
    | BuildingStarted
    | BuildingFinished
    | BuildItemDropped
    | UnitsFinished
)
ResearchEvent = ResearchStarted | ResearchFinished | ResearchDropped
FleetEvent = FleetDeparted | FleetArrived | FleetReturned | GoodsBrought | ExpeditionEnded
MarketEvent = MessageWritten | HostSpoke | OfferChanged
WarEvent = BattleFought | EspionageReported | PlanetSpiedUpon | AttackAnnounced | MissilesStruck
Event = (
    PlanetEvent
    | PlayerRemoved
    | ResearchEvent
    | FleetEvent
    | WarEvent
    | MarketEvent
    | SettingsChanged
)
