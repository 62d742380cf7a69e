"""Transport: unload at a planet, whoever it belongs to, and fly home."""

from __future__ import annotations

from core import stockpiles
from core.commands import Rejected
from core.components import FLEET, PLANET, Course, Fleet, Planet
from core.events import StocksChanged
from core.missions.errand import Arrival, Ending, Errand, FleetOrder, nothing_there
from core.state import GameState
from core.under_way import nothing


def _refusal(_state: GameState, order: FleetOrder) -> Rejected | None:
    return nothing_there(order)


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    world = state.world
    planet_id = world.component_for_entity(FLEET, fleet_id, Course).target_id
    if not world.exists(PLANET, planet_id):
        return Arrival(Ending.TURNS, "no_target")
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    if not any(fleet.cargo):
        return Arrival(Ending.TURNS, "unloaded")
    stockpiles.bring(state, planet_id, fleet.cargo, at)
    fleet.cargo = nothing()
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return Arrival(Ending.TURNS, "unloaded", (StocksChanged(at, owner_id, planet_id),))


TRANSPORT = Errand(_refusal, _arrive)
