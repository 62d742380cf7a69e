"""Planets and moons: what they are like on their first day, and how they go.

A moon is a planet with columns of its own at the place of the planet that it circles. It belongs to
the same player and goes with it; it is nobody's home, and no colony of his either.
"""

from __future__ import annotations

from core import stockpiles
from core.components import (
    BUILDINGS,
    NEVER,
    NO_UNIT,
    NOTHING_QUEUED,
    PLACES,
    PLANET,
    RESOURCES,
    SLIDERS,
    UNITS,
    Buildings,
    BuildQueue,
    Gate,
    Ledger,
    Planet,
    Position,
    Power,
    Stocks,
    UnitQueue,
    Units,
)
from core.galaxy import Coordinates
from core.knowledge import copy_for
from core.rules.planets import Nature
from core.state import GameState

MOON_NAME = "Moon"


def create_planet(
    state: GameState, owner_id: int, name: str, place: Coordinates, nature: Nature, at: float
) -> int:
    """Found a planet at a free place, with what everybody starts with, and return its id."""
    universe = state.universe
    starter = (universe.starter_metal, universe.starter_crystal, universe.starter_deuterium)
    planet_id = _create(state, owner_id, name, place, nature, starter, at)
    state.world.on_undo(lambda: state.galaxy.clear(place))
    state.galaxy.settle(place, planet_id)
    stockpiles.change_rates(state, planet_id, at)
    return planet_id


def create_moon(state: GameState, planet_id: int, diameter_km: int, at: float) -> int:
    """Have a planet that has none get a moon, its owner's, and return the moon's id."""
    place = place_of(state, planet_id)
    if state.galaxy.moon_at(place) is not None:
        raise ValueError(f"planet {planet_id} has a moon already")
    planet = state.world.component_for_entity(PLANET, planet_id, Planet)
    nature = Nature(state.rules.moon.fields, planet.temperature_max)
    nothing = (0.0,) * len(RESOURCES)
    moon_id = _create(
        state, planet.owner_id, MOON_NAME, place, nature, nothing, at, moon_diameter_km=diameter_km
    )
    state.world.on_undo(lambda: state.galaxy.clear_moon(place))
    state.galaxy.settle_moon(place, moon_id)
    stockpiles.change_rates(state, moon_id, at)
    return moon_id


def remove_planet(state: GameState, planet_id: int) -> None:
    """Take a planet and its moon, or a moon alone, out of the world with all that is there.

    What flies there or comes from there, what its owner calls his home, and what becomes of what
    its ledger says was moved, is the business of whoever calls this.
    """
    world, galaxy, place = state.world, state.galaxy, place_of(state, planet_id)
    if world.component_for_entity(PLANET, planet_id, Planet).is_moon:
        world.delete_entity(PLANET, planet_id)
        world.on_undo(lambda: galaxy.settle_moon(place, planet_id))
        galaxy.clear_moon(place)
        return
    moon_id = galaxy.moon_at(place)
    if moon_id is not None:
        remove_planet(state, moon_id)
    world.delete_entity(PLANET, planet_id)
    world.on_undo(lambda: galaxy.settle(place, planet_id))
    galaxy.clear(place)


def place_of(state: GameState, planet_id: int) -> Coordinates:
    position = state.world.component_for_entity(PLANET, planet_id, Position)
    return position.galaxy, position.system, position.position


def _create(
    state: GameState,
    owner_id: int,
    name: str,
    place: Coordinates,
    nature: Nature,
    amounts: tuple[float, ...],
    at: float,
    *,
    moon_diameter_km: int = 0,
) -> int:
    nothing = (0.0,) * len(RESOURCES)
    return state.world.create_entity(
        PLANET,
        Position(*place),
        Planet(
            owner_id=owner_id,
            name=name,
            temperature_max=nature.temperature_max,
            fields=nature.fields,
            founded_at=at,
            is_moon=moon_diameter_km > 0,
            diameter_km=moon_diameter_km,
        ),
        Stocks(
            amount=amounts,
            production=nothing,
            consumption=nothing,
            capacity=nothing,
            settled_at=at,
            boundary_at=NEVER,
        ),
        Ledger(received=amounts, moved=nothing, spent=nothing),
        Buildings(level=(0,) * len(BUILDINGS)),
        BuildQueue(
            queued=(NOTHING_QUEUED,) * len(PLACES),
            paid=nothing,
            started_at=0.0,
            finish_at=NEVER,
        ),
        copy_for(state.world, owner_id),
        Power(
            slider=(state.rules.sliders.steps,) * len(SLIDERS),
            reactor_runs=True,
            restart_at=NEVER,
        ),
        Units(count=(0,) * len(UNITS)),
        UnitQueue(
            unit_building=NO_UNIT,
            units_ordered=0,
            units_delivered=0,
            units_begun_at=0.0,
            seconds_per_unit=0,
            units_due_at=NEVER,
            units_waiting="",
        ),
        Gate(gate_ready_at=0.0),
    )
