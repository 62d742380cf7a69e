"""What a computer player sees at his turn: copies of what is his, and of what people see of others.

One of his planets is looked at closely, the next one at the next turn, so that a turn costs no more
the more he has; of others he sees one system, the latest offers and a few of his own reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core import stockpiles, unit_stock
from core.bots.fleet_sight import Flights, Looker, attacks_on, flights_seen
from core.bots.market_sight import Market, market_seen
from core.bots.strength import Strength
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
    Stocks,
    UnitQueue,
)
from core.conditions import conditions_of
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.ownership import planet_ids_of
from core.settlement import place_of
from core.state import GameState
from core.vacation import is_on_vacation

# A planet is looked at, and its ships are saved, if it is attacked within so many turns.
TURNS_AHEAD = 2.5


@dataclass(frozen=True, slots=True)
class View:
    """What he sees of himself and of the planet whose turn it is.

    Amounts, capacities and hourly incomes are in the order of the resources. `free_place` is one
    near by where he may found a colony, None if he knows of none or has no use for one. Easy ones
    see no flights and no market.
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
    is_home: bool = True
    at: float = 0.0
    flights: Flights | None = None
    market: Market | None = None


def look(state: GameState, looker: Looker, at: float) -> View | None:
    """Return what a player sees at an instant, None if he has nothing to decide."""
    world, bot, turn = state.world, looker.bot, looker.turn
    if not world.exists(PLAYER, bot.player_id) or is_on_vacation(world, bot.player_id):
        return None
    planet_ids = planet_ids_of(world, bot.player_id, with_moons=False)
    home_id = world.component_for_entity(PLAYER, bot.player_id, Player).home_id
    # Research is done at home, so that every other turn is spent there.
    colonies = [each for each in planet_ids if each != home_id]
    planet_id = colonies[turn // 2 % len(colonies)] if colonies and turn % 2 else home_id
    if bot.strength is Strength.EASY:
        return _planet(state, bot.player_id, planet_id, planet_ids, home_id, at)
    attacks = attacks_on(state, bot.player_id, planet_ids)
    soon = at + TURNS_AHEAD * looker.interval_s
    urgent = [each for each, when in attacks.items() if when <= soon]
    if urgent:
        planet_id = min(urgent, key=lambda each: (attacks[each], each))
    view = _planet(state, bot.player_id, planet_id, planet_ids, home_id, at)
    safe = [each for each in planet_ids if each != planet_id and each not in attacks]
    flights = flights_seen(state, looker, view, attacks, safe, flees=bool(urgent))
    if flights.feeds is not None:
        brother = _planet(state, bot.player_id, flights.feeds, planet_ids, home_id, at)
        flights = replace(flights, brother=brother)
    return replace(view, flights=flights, market=market_seen(state, bot.player_id, looker.bots))


def _planet(
    state: GameState,
    player_id: int,
    planet_id: int,
    planet_ids: Sequence[int],
    home_id: int,
    at: float,
) -> View:
    world = state.world
    place = place_of(state, planet_id)
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
        energy=state.economy.energy(
            levels, planet.temperature_max, conditions_of(state, planet_id)
        ),
        temperature_max=planet.temperature_max,
        fields_free=fields - sum(levels.values()),
        building=None if code == NOTHING_QUEUED else BUILDINGS.labels[abs(code) - 1],
        unit_ordered=world.component_for_entity(PLANET, planet_id, UnitQueue).unit_building
        != NO_UNIT,
        researching=world.component_for_entity(PLANET, planet_id, Knowledge).lab_busy,
        free_place=_free_place(state, place)
        if colony_ship and units[UNITS.index(colony_ship)]
        else None,
        is_home=planet_id == home_id,
        at=at,
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
