"""What a mission is made of: whether a fleet may set out on it, and what it does where it arrives.

An errand is carried out in the unit of work of the arrival. It changes what it finds there and the
fleet itself; flying, holding and coming home are not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from core.combat import BattleOrder
from core.commands import Rejected
from core.components import NO_PLANET
from core.events import Event
from core.galaxy import Coordinates
from core.state import GameState


class Ending(Enum):
    """What a fleet does when its errand is done."""

    TURNS = "turns"  # it flies home
    STAYS = "stays"  # nothing is left of it: its ships are where they belong
    LOST = "lost"  # nothing is left of it: it was destroyed, with its cargo
    HOLDS = "holds"  # it waits there, and then flies home


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of an errand: a stable word for it, and what has happened beside."""

    ending: Ending
    result: str
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetOrder:
    """A fleet that somebody wants to send; ships, cargo and place are known to be possible ones.

    `at` is when he does.
    """

    player_id: int
    planet_id: int
    target: Coordinates
    target_type: str
    target_id: int
    ships: Mapping[str, int]
    at: float


@dataclass(frozen=True, slots=True)
class Errand:
    """One mission: see the module's words.

    `refusal` says why a fleet may not set out; `arrive` is given the fleet and the instant.
    `foresee` looks, a little earlier, for the battle that the fleet will fight unless something
    happens meanwhile.
    """

    refusal: Callable[[GameState, FleetOrder], Rejected | None]
    arrive: Callable[[GameState, int, float], Arrival]
    foresee: Callable[[GameState, int, float], BattleOrder | None] | None = None


def nothing_there(order: FleetOrder) -> Rejected | None:
    """Return the refusal of a fleet that is sent to a planet where there is none."""
    if order.target_id != NO_PLANET:
        return None
    return Rejected("no_target", f"There is no {order.target_type} at {order.target}.")
