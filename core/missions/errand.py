"""What a mission is made of: whether a fleet may set out on it, and what it does where it arrives.

An errand is carried out in the unit of work of the arrival, or of the end of a stay. It changes
what it finds there and the fleet itself; flying, holding and coming home are not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from core.combat import BattleOrder
from core.commands import DispatchFleet, Rejected
from core.components import NO_PLANET
from core.events import Event
from core.flight_plan import FlightPlan, plan_flight
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.rules.missions import Mission
from core.settlement import place_of
from core.ship_orders import malformed_ships
from core.state import GameState


class Ending(Enum):
    """What a fleet does when its errand is done."""

    TURNS = "turns"  # it flies home
    STAYS = "stays"  # nothing is left of it: its ships are where they belong
    LOST = "lost"  # nothing is left of it: it was destroyed, with its cargo
    HOLDS = "holds"  # it waits there, and then flies home


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of an errand: a stable word for it, and what has happened beside.

    `delay_s` is by how much later than foreseen a fleet that has held comes home.
    """

    ending: Ending
    result: str
    events: tuple[Event, ...] = ()
    delay_s: int = 0


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
    speed_tenths: int
    hold_hours: int
    target_unit: str | None


def _ships_malformed(state: GameState, command: DispatchFleet) -> Rejected | None:
    return malformed_ships(state, command.ships)


def _plan_of_ships(state: GameState, mission: Mission, order: FleetOrder) -> FlightPlan:
    return plan_flight(
        state,
        technologies_of(state.world, order.player_id),
        mission,
        place_of(state, order.planet_id),
        order.target,
        order.ships,
        order.speed_tenths,
        order.hold_hours,
    )


def _leave(_state: GameState, _fleet_id: int, _at: float) -> Arrival:
    return Arrival(Ending.TURNS, "left")


@dataclass(frozen=True, slots=True)
class Errand:
    """One mission: see the module's words.

    `refusal` says why a fleet may not set out; `arrive` is given the fleet and the instant, and so
    is `leave`, at the end of a stay. `foresee` looks, a little earlier, for the battle that the
    fleet will fight where it arrives unless something happens meanwhile, and `foresee_leave` for
    that at the end of its stay. `malformed` says what is wrong with the units of an order wherever
    it is given, and `plan` what the flight takes: both are those of ships, unless it is something
    else that flies. What does not come back (`returns`) cannot be called back either.
    """

    refusal: Callable[[GameState, FleetOrder], Rejected | None]
    arrive: Callable[[GameState, int, float], Arrival]
    foresee: Callable[[GameState, int, float], BattleOrder | None] | None = None
    leave: Callable[[GameState, int, float], Arrival] = _leave
    foresee_leave: Callable[[GameState, int, float], BattleOrder | None] | None = None
    malformed: Callable[[GameState, DispatchFleet], Rejected | None] = _ships_malformed
    plan: Callable[[GameState, Mission, FleetOrder], FlightPlan] = _plan_of_ships
    returns: bool = True


def nothing_there(order: FleetOrder) -> Rejected | None:
    """Return the refusal of a fleet that is sent to a planet where there is none."""
    if order.target_id != NO_PLANET:
        return None
    return Rejected("no_target", f"There is no {order.target_type} at {order.target}.")
