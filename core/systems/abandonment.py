"""Giving a planet up: what is on it leaves the world, what was done on it stays in the books."""

from __future__ import annotations

import operator

from core.commands import AbandonPlanet, Accepted, Rejected
from core.components import (
    FLEET,
    PLANET,
    PLAYER,
    RETURNING,
    Course,
    Flight,
    Ledger,
    Legacy,
    Planet,
    Player,
    ResearchQueue,
)
from core.events import PlanetAbandoned
from core.ownership import fleet_ids_of, planet_ids_of, planet_of
from core.settlement import place_of, remove_planet
from core.state import GameState
from core.works import is_busy

LAST_PLANET = Rejected("last_planet", "This is your last planet.")


def abandon_planet(state: GameState, command: AbandonPlanet, at: float) -> Accepted | Rejected:
    """Give a planet up with its moon, or a moon alone.

    Home, and the active planet, become the oldest planet that is left. Others' fleets that are on
    their way there will find nothing. An offer that was made from it stands: what comes back of it
    comes home.
    """
    world, player_id = state.world, command.player_id
    planet_id = planet_of(world, player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    bodies = _bodies(state, planet_id)
    left = [i for i in planet_ids_of(world, player_id, with_moons=False) if i not in bodies]
    if not left:
        return LAST_PLANET
    refusal = _refusal(state, player_id, bodies)
    if refusal is not None:
        return refusal
    _keep_the_books(state, player_id, bodies)
    player = world.component_for_entity(PLAYER, player_id, Player)
    if player.home_id in bodies:
        player.home_id = left[0]
    if player.active_planet_id in bodies:
        player.active_planet_id = player.home_id
    remove_planet(state, planet_id)
    events = tuple(PlanetAbandoned(at, player_id, each) for each in bodies)
    return Accepted(player.active_planet_id, events)


def _bodies(state: GameState, planet_id: int) -> tuple[int, ...]:
    """Return what goes with a planet: itself, and its moon if it is none."""
    if state.world.component_for_entity(PLANET, planet_id, Planet).is_moon:
        return (planet_id,)
    moon_id = state.galaxy.moon_at(place_of(state, planet_id))
    return (planet_id,) if moon_id is None else (planet_id, moon_id)


def _keep_the_books(state: GameState, player_id: int, bodies: tuple[int, ...]) -> None:
    legacy = state.world.component_for_entity(PLAYER, player_id, Legacy)
    for planet_id in bodies:
        ledger = state.world.component_for_entity(PLANET, planet_id, Ledger)
        legacy.spent = tuple(map(operator.add, legacy.spent, ledger.spent))
        legacy.moved = tuple(map(operator.add, legacy.moved, ledger.moved))


def _refusal(state: GameState, player_id: int, bodies: tuple[int, ...]) -> Rejected | None:
    world = state.world
    if any(is_busy(state, planet_id) for planet_id in bodies):
        return Rejected("work_in_hand", "Something is being built there.")
    labs = world.component_for_entity(PLAYER, player_id, ResearchQueue).planet_id
    if not set(labs).isdisjoint(bodies):
        return Rejected("work_in_hand", "Something is to be researched there.")
    fleets = [each for each in fleet_ids_of(world, player_id) if _needs(state, each, bodies)]
    if fleets:
        return Rejected(
            "fleets_in_flight",
            f"{len(fleets)} of your fleets come from there or fly to it.",
            {"fleets": len(fleets)},
        )
    return None


def _needs(state: GameState, fleet_id: int, bodies: tuple[int, ...]) -> bool:
    """Return whether a fleet comes home to one of some planets, or is on its way to it."""
    course = state.world.component_for_entity(FLEET, fleet_id, Course)
    if course.origin_id in bodies:
        return True
    flight = state.world.component_for_entity(FLEET, fleet_id, Flight)
    return flight.fleet_state != RETURNING and course.target_id in bodies
