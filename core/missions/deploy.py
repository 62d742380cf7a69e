"""Deploy: land on another planet of one's own, with everything."""

from __future__ import annotations

from core.commands import Rejected
from core.components import FLEET, PLANET, UNITS, Course, Fleet
from core.events import StocksChanged
from core.missions.errand import Arrival, Ending, Errand, FleetOrder, nothing_there
from core.ownership import planet_of
from core.ship_orders import no_room_for
from core.state import GameState
from core.under_way import land

NOT_YOUR_PLANET = Rejected("not_your_planet", "Ships are stationed on planets of one's own alone.")


def _refusal(state: GameState, order: FleetOrder) -> Rejected | None:
    refusal = nothing_there(order)
    if refusal is not None:
        return refusal
    own = planet_of(state.world, order.player_id, order.target_id)
    if isinstance(own, Rejected):
        return NOT_YOUR_PLANET
    return no_room_for(state, order.target_id, order.ships)


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    world = state.world
    owner_id = world.component_for_entity(FLEET, fleet_id, Fleet).owner_id
    planet_id = world.component_for_entity(FLEET, fleet_id, Course).target_id
    if not world.exists(PLANET, planet_id):
        return Arrival(Ending.TURNS, "no_target")
    if isinstance(planet_of(world, owner_id, planet_id), Rejected):
        return Arrival(Ending.TURNS, NOT_YOUR_PLANET.code)
    ships = world.component_for_entity(FLEET, fleet_id, Fleet).ships
    no_room = no_room_for(state, planet_id, dict(zip(UNITS.labels, ships, strict=True)))
    if no_room is not None:
        # There was when it set out.
        return Arrival(Ending.TURNS, no_room.code)
    land(state, fleet_id, planet_id, at)
    return Arrival(Ending.STAYS, "deployed", (StocksChanged(at, owner_id, planet_id),))


DEPLOY = Errand(_refusal, _arrive)
