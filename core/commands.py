"""What may be asked of the world, and how it answers. Frozen values, no behaviour.

A command is taken out on the simulation thread at an instant of its own. `planet_id=None` means
the player's active planet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.events import Event
from core.save_batch import TableRows


@dataclass(frozen=True, slots=True)
class FoundHome:
    """Give a player a home planet; if he has one, answer with it and change nothing.

    Without coordinates a free place is chosen. One who `must_be_homeless` is refused if he has one.
    """

    player_id: int
    name: str
    coordinates: tuple[int, int, int | None] | None = None
    planet_name: str | None = None
    must_be_homeless: bool = False


@dataclass(frozen=True, slots=True)
class SelectPlanet:
    """Make a planet the one that later commands mean when they name none."""

    player_id: int
    planet_id: int


@dataclass(frozen=True, slots=True)
class StartBuilding:
    """Queue the next level of a building."""

    player_id: int
    building: str
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class DemolishBuilding:
    """Queue the removal of a building's highest level."""

    player_id: int
    building: str
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class CancelBuilding:
    """Take an item out of the building queue; the active one, at index 0, is refunded."""

    player_id: int
    index: int
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class StartResearch:
    """Queue the next level of a technology, in the lab of a planet that pays for it."""

    player_id: int
    technology: str
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class CreateOffer:
    """Offer a whole amount of one resource for one of another; it leaves the planet at once.

    It expires after so many seconds, by default after those that the world's settings say.
    """

    player_id: int
    offered: str
    offered_amount: int
    requested: str
    requested_amount: int
    planet_id: int | None = None
    expires_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """Pay what an offer requests from a planet, and receive there what it offers."""

    player_id: int
    offer_id: int
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class CancelResearch:
    """Take an item out of the research queue; the active one, at index 0, is refunded."""

    player_id: int
    index: int


@dataclass(frozen=True, slots=True)
class OrderUnits:
    """Pay for a number of one ship, defence or missile, and queue them."""

    player_id: int
    unit: str
    quantity: int
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class DispatchFleet:
    """Send ships of a planet on a mission to a place, with whole units of resources.

    The speed is in tenths of what the slowest ship can fly. Without a type of target it is the
    mission's first; `hold_hours` is for missions that stay, `target_unit` for missiles.
    """

    player_id: int
    mission: str
    target: tuple[int, int, int]
    ships: Mapping[str, int]
    cargo: Mapping[str, int] = field(default_factory=dict)
    speed_tenths: int = 10
    hold_hours: int = 0
    target_type: str | None = None
    planet_id: int | None = None
    target_unit: str | None = None


@dataclass(frozen=True, slots=True)
class RecallFleet:
    """Have a fleet that has not arrived, or that stays somewhere, turn round."""

    player_id: int
    fleet_id: int


@dataclass(frozen=True, slots=True)
class ScanWithPhalanx:
    """Look from a moon at the fleets that fly to a planet or come from it."""

    player_id: int
    moon_id: int
    target: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class JumpThroughGate:
    """Have ships of one moon be on another at once, through the gates of both."""

    player_id: int
    from_moon_id: int
    to_moon_id: int
    ships: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChangePlanet:
    """Rename a planet, set some of its sliders, or both; a slider's value is in per cent."""

    player_id: int
    planet_id: int
    name: str | None = None
    sliders: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CancelOffer:
    """Take one's own offer back."""

    player_id: int
    offer_id: int


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Write to another player."""

    player_id: int
    recipient_id: int
    text: str


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """Note that one of one's own messages was read."""

    player_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class DeleteMessage:
    """Delete one of one's own messages, if it is of a kind; of any for None."""

    player_id: int
    message_id: int
    category: str | None = None


@dataclass(frozen=True, slots=True)
class AcceptFriend:
    """Accept another player as a friend: his fleets may hold at one's planets."""

    player_id: int
    friend_id: int


@dataclass(frozen=True, slots=True)
class RevokeFriend:
    """Have somebody be a friend no longer."""

    player_id: int
    friend_id: int


@dataclass(frozen=True, slots=True)
class NotePresence:
    """Note that a player is there, unless that was done lately."""

    player_id: int


@dataclass(frozen=True, slots=True)
class SetVacation:
    """Go on vacation, or come back from it."""

    player_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class AbandonPlanet:
    """Give a planet up, with all that is on it."""

    player_id: int
    planet_id: int


@dataclass(frozen=True, slots=True)
class RemovePlayer:
    """Remove a player who was not there for so long, a portion at a time; the host's."""

    removed_id: int
    idle_s: float


@dataclass(frozen=True, slots=True)
class RenamePlayer:
    """Have a player be called as his account is from now on; the host's."""

    renamed_id: int
    name: str


@dataclass(frozen=True, slots=True)
class WriteToAll:
    """Write to players whose ids come after one, a portion of them; the host's."""

    text: str
    after_id: int = 0


@dataclass(frozen=True, slots=True)
class ExcuseAbsence:
    """Have a time in which the world was off count for nobody's absence; the host's."""

    seconds: float


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Change settings of the world at this instant; time before it keeps its old value."""

    values: Mapping[str, float | int | bool]


@dataclass(frozen=True, slots=True)
class AdoptRules:
    """Revalue every planet by the rules of this program, if the world was left with others."""

    fingerprint: int


@dataclass(frozen=True, slots=True)
class ReleaseSetAside:
    """Have a group of changes that the database refused saved again; the host's."""

    group_id: int


@dataclass(frozen=True, slots=True)
class DropSetAside:
    """Take a group of changes that the database refused back to the rows it holds; the host's."""

    group_id: int
    rows: tuple[TableRows, ...]


PlainCommand = (
    FoundHome
    | SelectPlanet
    | StartBuilding
    | DemolishBuilding
    | CancelBuilding
    | StartResearch
    | CancelResearch
    | ChangePlanet
    | OrderUnits
    | CreateOffer
    | AcceptOffer
    | CancelOffer
    | SendMessage
    | ReadMessage
    | DeleteMessage
    | AcceptFriend
    | RevokeFriend
    | NotePresence
    | SetVacation
    | AbandonPlanet
    | RemovePlayer
    | RenamePlayer
    | WriteToAll
    | ExcuseAbsence
    | DispatchFleet
    | RecallFleet
    | ScanWithPhalanx
    | JumpThroughGate
    | ChangeSettings
    | AdoptRules
    | ReleaseSetAside
    | DropSetAside
)

# The account of whoever has the host's token.
HOST_ACCOUNT_ID = 0


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What tells a repeated request from a new one: whose it is and what he calls it.

    `fingerprint` is that of the request: the same key with another one is a mistake.
    """

    account_id: int
    text: str
    fingerprint: int


@dataclass(frozen=True, slots=True)
class Once:
    """Have a command carried out for the first request with a key; later ones get its answer."""

    key: RequestKey
    command: PlainCommand


Command = PlainCommand | Once


@dataclass(frozen=True, slots=True)
class Accepted:
    """The command was carried out. `value` is its answer, a copy of what it made."""

    value: Any = None
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The rules say no, and nothing has changed: a stable word, a sentence and what is missing."""

    code: str
    detail: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The world cannot take commands now; nothing was done, except with "commit_pending"."""

    code: str
    detail: str
    retry_after_s: float


Outcome = Accepted | Rejected | Unavailable
