"""How a player comes into the world, and which of his planets he acts on."""

from __future__ import annotations

import random
from dataclasses import dataclass

from core import stockpiles
from core.commands import Accepted, FoundHome, Rejected, SelectPlanet
from core.components import (
    BUILDINGS,
    NEVER,
    NO_UNIT,
    NOTHING_QUEUED,
    PLACES,
    PLANET,
    PLAYER,
    RESEARCH_PLACES,
    RESOURCES,
    SLIDERS,
    TECHNOLOGIES,
    UNITS,
    Buildings,
    BuildQueue,
    Ledger,
    Planet,
    Player,
    Position,
    Power,
    Research,
    ResearchQueue,
    Stocks,
    UnitQueue,
    Units,
)
from core.events import PlanetFounded
from core.galaxy import Coordinates
from core.knowledge import copy_for
from core.ownership import planet_of
from core.state import GameState

_TRIES = 64
# Homes are drawn from this many systems, or twice as many as there are players if that is more:
# friends are neighbours in a small world and nobody is crowded in a large one.
_NEIGHBOURHOOD_SYSTEMS = 40


@dataclass(frozen=True, slots=True)
class Home:
    """A player's home planet and where it lies."""

    planet_id: int
    coordinates: Coordinates
    name: str


def found_home(state: GameState, command: FoundHome, at: float) -> Accepted | Rejected:
    """Found a home for a player who has none; otherwise answer with the one he has."""
    world = state.world
    if world.exists(PLAYER, command.player_id):
        if command.must_be_homeless:
            return Rejected("already_settled", "You have a home already.")
        home_id = world.component_for_entity(PLAYER, command.player_id, Player).home_id
        return Accepted(home_of(state, home_id))
    generator = random.Random(_seed(state, command.player_id))
    place = _place(state, command, generator)
    if isinstance(place, Rejected):
        return place
    planet_id = _create_planet(state, command, place, generator, at)
    world.create_entity(
        PLAYER,
        Player(command.name, home_id=planet_id, active_planet_id=planet_id, joined_at=at),
        Research(level=(0,) * len(TECHNOLOGIES)),
        ResearchQueue(
            queued=(NOTHING_QUEUED,) * len(RESEARCH_PLACES),
            planet_id=(0,) * len(RESEARCH_PLACES),
            paid=(0.0,) * len(RESOURCES),
            started_at=0.0,
            finish_at=NEVER,
        ),
        entity_id=command.player_id,
    )
    return Accepted(home_of(state, planet_id), (PlanetFounded(at, command.player_id, planet_id),))


def select_planet(state: GameState, command: SelectPlanet, at: float) -> Accepted | Rejected:
    """Make one of the player's planets the active one."""
    planet_id = planet_of(state.world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    player = state.world.component_for_entity(PLAYER, command.player_id, Player)
    if player.active_planet_id != planet_id:
        player.active_planet_id = planet_id
    return Accepted(planet_id)


def home_of(state: GameState, planet_id: int) -> Home:
    position = state.world.component_for_entity(PLANET, planet_id, Position)
    return Home(
        planet_id,
        (position.galaxy, position.system, position.position),
        state.world.component_for_entity(PLANET, planet_id, Planet).name,
    )


def _create_planet(
    state: GameState, command: FoundHome, place: Coordinates, generator: random.Random, at: float
) -> int:
    universe = state.universe
    nothing = (0.0,) * len(RESOURCES)
    starter = (universe.starter_metal, universe.starter_crystal, universe.starter_deuterium)
    planet_id = state.world.create_entity(
        PLANET,
        Position(*place),
        Planet(
            owner_id=command.player_id,
            name=command.planet_name or "Homeworld",
            temperature_max=_between(generator, state.rules.slots[place[2] - 1].temperature_max),
            fields=state.rules.home_fields,
            founded_at=at,
        ),
        Stocks(
            amount=starter,
            production=nothing,
            consumption=nothing,
            capacity=nothing,
            settled_at=at,
            boundary_at=NEVER,
        ),
        Ledger(received=starter, moved=nothing, spent=nothing),
        Buildings(level=(0,) * len(BUILDINGS)),
        BuildQueue(
            queued=(NOTHING_QUEUED,) * len(PLACES),
            paid=nothing,
            started_at=0.0,
            finish_at=NEVER,
        ),
        copy_for(state.world, command.player_id),
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
    )
    state.world.on_undo(lambda: state.galaxy.clear(place))
    state.galaxy.settle(place, planet_id)
    stockpiles.change_rates(state, planet_id, at)
    return planet_id


def _place(
    state: GameState, command: FoundHome, generator: random.Random
) -> Coordinates | Rejected:
    first, last = state.rules.home_positions
    if command.coordinates is None:
        return _drawn_place(state, range(first, last + 1), generator)
    galaxy, system, position = command.coordinates
    wanted = range(first, last + 1) if position is None else range(position, position + 1)
    if wanted.start < first or wanted.stop > last + 1:
        return Rejected("not_habitable", f"A home lies at a position from {first} to {last}.")
    if not state.galaxy.contains((galaxy, system, wanted.start)):
        return Rejected("outside_universe", "There is no such system in this universe.")
    free = state.galaxy.first_free_place(galaxy, system, wanted)
    if free is None:
        # The refusal shows who lives there, and so waits until that is on disk.
        for position in wanted:
            taken_by = state.galaxy.planet_at((galaxy, system, position))
            state.world.exists(PLANET, taken_by or 0)
    return free or Rejected("taken", "Somebody lives there already.")


def _drawn_place(
    state: GameState, positions: range, generator: random.Random
) -> Coordinates | Rejected:
    galaxies, systems, _ = state.galaxy.shape
    players = len(state.world.tables[PLAYER])
    nearby = min(galaxies * systems, max(_NEIGHBOURHOOD_SYSTEMS, 2 * players))
    for _ in range(_TRIES):
        number = _below(generator, nearby)
        place = (
            1 + number // systems,
            1 + number % systems,
            positions.start + _below(generator, len(positions)),
        )
        if state.galaxy.planet_at(place) is None:
            return place
    free = state.galaxy.first_free_place(positions=positions)
    return free or Rejected("universe_full", "There is no free place left in this universe.")


def _seed(state: GameState, player_id: int) -> int:
    return state.universe.random_seed * 2**64 + player_id


def _between(generator: random.Random, bounds: tuple[int, int]) -> int:
    return bounds[0] + _below(generator, bounds[1] - bounds[0] + 1)


def _below(generator: random.Random, limit: int) -> int:
    # random() is the one method whose numbers are the same in every version of Python.
    return int(generator.random() * limit)
