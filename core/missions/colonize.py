"""Colonize: found a planet where nobody lives; what else is in the fleet flies home."""

from __future__ import annotations

import random

from core import settlement, stockpiles
from core.commands import Rejected
from core.components import FLEET, PLANET, UNITS, Course, Fleet
from core.events import PlanetFounded, StocksChanged
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.missions.errand import Arrival, Ending, Errand, FleetOrder
from core.ownership import planet_ids_of
from core.rules.flight import planet_slots
from core.rules.planets import colony_astrophysics, draw_nature
from core.state import GameState
from core.under_way import nothing, target_of

COLONY_NAME = "Colony"


def _refusal(_state: GameState, _order: FleetOrder) -> Rejected | None:
    # Whether there is room for it is seen on arrival: until then both may change.
    return None


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    world = state.world
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    place = target_of(world.component_for_entity(FLEET, fleet_id, Course))
    hindrance = _hindrance(state, fleet.owner_id, place)
    if hindrance is not None:
        return Arrival(Ending.TURNS, hindrance)
    ship = state.rules.missions["colonize"].ship
    fleet.ships = tuple(
        count - (name == ship) for name, count in zip(UNITS.labels, fleet.ships, strict=True)
    )
    planet_id = _found(state, fleet, place, at)
    if any(fleet.cargo):
        stockpiles.bring(state, planet_id, fleet.cargo, at)
        fleet.cargo = nothing()
    ending = Ending.TURNS if any(fleet.ships) else Ending.STAYS
    events = (
        PlanetFounded(at, fleet.owner_id, planet_id),
        StocksChanged(at, fleet.owner_id, planet_id),
    )
    return Arrival(ending, "colonized", events)


def _hindrance(state: GameState, player_id: int, place: Coordinates) -> str | None:
    """Return why a player cannot settle at a place, None if he can."""
    rules = state.rules
    taken_by = state.galaxy.planet_at(place) if state.galaxy.contains(place) else 0
    if taken_by is not None:
        # Shown, and so read: it waits until that is on disk.
        state.world.exists(PLANET, taken_by)
        return "taken"
    technologies = technologies_of(state.world, player_id)
    slots = rules.fleet_slots
    limit = planet_slots(slots, technologies[slots.planets.technology])
    if len(planet_ids_of(state.world, player_id, with_moons=False)) >= limit:
        return "planet_limit"
    level = technologies[slots.planets.technology]
    if level < colony_astrophysics(rules.slots, place[2]):
        return "requirements_not_met"
    return None


def _found(state: GameState, fleet: Fleet, place: Coordinates, at: float) -> int:
    nature = draw_nature(state.rules.slots, place[2], random.Random(fleet.random_seed))
    return settlement.create_planet(state, fleet.owner_id, COLONY_NAME, place, nature, at)


COLONIZE = Errand(_refusal, _arrive)
