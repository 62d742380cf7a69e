"""Harvest: load debris into the ships that can, and fly home. There may be none left."""

from __future__ import annotations

import operator

from core import debris
from core.commands import Rejected
from core.components import DEBRIS, FLEET, UNITS, Course, Debris, Fleet
from core.knowledge import technologies_of
from core.missions.errand import Arrival, Ending, Errand, FleetOrder
from core.rules.aftermath import loot
from core.state import GameState
from core.under_way import free_room, target_of

_ALL_PERCENT = 100


def _refusal(_state: GameState, _order: FleetOrder) -> Rejected | None:
    # Whoever expects a battle sends his ships before there is anything.
    return None


def _arrive(state: GameState, fleet_id: int, _at: float) -> Arrival:
    world = state.world
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    place = target_of(world.component_for_entity(FLEET, fleet_id, Course))
    debris_id = debris.find(world, place)
    if debris_id is None:
        return Arrival(Ending.TURNS, "no_target")
    lying = world.component_for_entity(DEBRIS, debris_id, Debris)
    taken = loot(lying.left, _ALL_PERCENT, _room(state, fleet_id))
    fleet.cargo = tuple(map(operator.add, fleet.cargo, taken))
    debris.take(world, debris_id, taken)
    return Arrival(Ending.TURNS, "harvested")


def _room(state: GameState, fleet_id: int) -> int:
    """Return how much a fleet can load: what is free in it, of what its harvesters hold."""
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    technologies = technologies_of(state.world, fleet.owner_id)
    ship = state.rules.missions["harvest"].ship
    others = {name: 0 for name in UNITS.labels if name != ship}
    return min(
        free_room(state, fleet_id, technologies), free_room(state, fleet_id, technologies, others)
    )


HARVEST = Errand(_refusal, _arrive)
