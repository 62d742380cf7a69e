"""Transport: unload at a planet, whoever it belongs to, and fly home."""

from __future__ import annotations

from core import stockpiles
from core.commands import Rejected
from core.components import FLEET, PLANET, PLAYER, Course, Fleet, Planet, Player
from core.ecs import World
from core.events import Event, GoodsBrought, StocksChanged
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
    told = _told(world, fleet, planet_id, at)
    fleet.cargo = nothing()
    return Arrival(Ending.TURNS, "unloaded", told)


def _told(world: World, fleet: Fleet, planet_id: int, at: float) -> tuple[Event, ...]:
    """Return what the owner of the planet is told; of what is his own he knows."""
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    changed = StocksChanged(at, owner_id, planet_id)
    if owner_id == fleet.owner_id:
        return (changed,)
    is_there = world.exists(PLAYER, fleet.owner_id)
    name = world.component_for_entity(PLAYER, fleet.owner_id, Player).name if is_there else ""
    return changed, GoodsBrought(at, owner_id, planet_id, name, fleet.cargo)


TRANSPORT = Errand(_refusal, _arrive)
