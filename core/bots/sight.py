"""What a computer player sees at his turn: copies of what is his, and of no one else's.

One of his planets is looked at closely, the next one at the next turn, so that a turn costs no more
the more he has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core import stockpiles, unit_stock
from core.building_queue import total_fields
from core.components import (
    BUILDINGS,
    NO_UNIT,
    NOTHING_QUEUED,
    PLANET,
    PLAYER,
    UNITS,
    Buildings,
    BuildQueue,
    Knowledge,
    Planet,
    Player,
    Position,
    Stocks,
    UnitQueue,
    Vacation,
)
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.ownership import planet_ids_of
from core.state import GameState


@dataclass(frozen=True, slots=True)
class View:
    """What he sees of himself and of the planet whose turn it is.

    Amounts, capacities and hourly incomes are in the order of the resources. `free_place` is one
    near by where he may found a colony, None if he knows of none or has no use for one.
    """

    player_id: int
    planet_id: int
    planet_count: int
    place: Coordinates
    levels: Mapping[str, int]
    technologies: Mapping[str, int]
    units: Mapping[str, int]
    amounts: tuple[float, ...]
    capacities: tuple[float, ...]
    energy: tuple[float, float]
    temperature_max: float
    fields_free: int
    building: str | None
    unit_ordered: bool
    researching: bool
    free_place: Coordinates | None


def look(state: GameState, player_id: int, turn: int, at: float) -> View | None:
    """Return what a player sees at an instant, None if he has nothing to decide."""
    world = state.world
    if not world.exists(PLAYER, player_id):
        return None
    if world.component_for_entity(PLAYER, player_id, Vacation).on_vacation:
        return None
    planet_ids = planet_ids_of(world, player_id, with_moons=False)
    home_id = world.component_for_entity(PLAYER, player_id, Player).home_id
    # Research is done at home, so that every other turn is spent there.
    colonies = [each for each in planet_ids if each != home_id]
    planet_id = colonies[turn // 2 % len(colonies)] if colonies and turn % 2 else home_id
    position = world.component_for_entity(PLANET, planet_id, Position)
    place = position.galaxy, position.system, position.position
    planet = world.component_for_entity(PLANET, planet_id, Planet)
    stock = world.component_for_entity(PLANET, planet_id, Stocks)
    levels = _levels(state, planet_id)
    fields = total_fields(state.rules, planet.fields, levels, on_moon=False)
    code = world.component_for_entity(PLANET, planet_id, BuildQueue).queued[0]
    units = unit_stock.units_at(state, planet_id, at)
    colony_ship = state.rules.missions["colonize"].ship
    return View(
        player_id=player_id,
        planet_id=planet_id,
        planet_count=len(planet_ids),
        place=place,
        levels=levels,
        technologies=technologies_of(world, player_id),
        units=dict(zip(UNITS.labels, units, strict=True)),
        amounts=stockpiles.amounts_at(stock, at),
        capacities=stock.capacity,
        energy=stockpiles.energy_of(state, planet_id),
        temperature_max=planet.temperature_max,
        fields_free=fields - sum(levels.values()),
        building=None if code == NOTHING_QUEUED else BUILDINGS.labels[abs(code) - 1],
        unit_ordered=world.component_for_entity(PLANET, planet_id, UnitQueue).unit_building
        != NO_UNIT,
        researching=world.component_for_entity(PLANET, planet_id, Knowledge).lab_busy,
        free_place=_free_place(state, place)
        if colony_ship and units[UNITS.index(colony_ship)]
        else None,
    )


def _levels(state: GameState, planet_id: int) -> dict[str, int]:
    levels = state.world.component_for_entity(PLANET, planet_id, Buildings).level
    return dict(zip(BUILDINGS.labels, levels, strict=True))


def _free_place(state: GameState, place: Coordinates) -> Coordinates | None:
    """Return a place where a home may lie in his system, or in one of those that come next."""
    galaxy, system, _ = place
    systems = state.galaxy.shape[1]
    first, last = state.rules.home.positions
    positions = range(first, last + 1)
    for step in range(3):
        near = (system - 1 + step) % systems + 1
        found = state.galaxy.first_free_place(galaxy, near, positions)
        if found is not None:
            return found
    return None
