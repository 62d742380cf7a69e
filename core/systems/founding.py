"""How a player comes into the world, what he is called, and which of his planets he acts on."""

from __future__ import annotations

import random
from dataclasses import dataclass

from core import settlement
from core.commands import Accepted, FoundHome, Rejected, RenamePlayer, SelectPlanet
from core.components import (
    DEPARTED,
    NEVER,
    NOTHING_QUEUED,
    PLANET,
    PLAYER,
    RESEARCH_PLACES,
    RESOURCES,
    TECHNOLOGIES,
    Planet,
    Player,
    Position,
    Presence,
    Research,
    ResearchQueue,
)
from core.ecs import World
from core.events import PlanetFounded
from core.galaxy import Coordinates
from core.indexes import DEPARTED_BY_ACCOUNT
from core.ownership import NO_SUCH_PLAYER, planet_of
from core.rules.planets import Nature, below, between
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
    if _was_removed(world, command.player_id):
        return NO_SUCH_PLAYER
    generator = random.Random(_seed(state, command.player_id))
    place = _place(state, command, generator)
    if isinstance(place, Rejected):
        return place
    temperature_max = between(generator, state.rules.slots[place[2] - 1].temperature_max)
    planet_id = settlement.create_planet(
        state,
        command.player_id,
        command.planet_name or "Homeworld",
        place,
        Nature(state.rules.home_fields, temperature_max),
        at,
    )
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
        Presence(active_at=at),
        entity_id=command.player_id,
    )
    return Accepted(home_of(state, planet_id), (PlanetFounded(at, command.player_id, planet_id),))


def rename_player(state: GameState, command: RenamePlayer, at: float) -> Accepted | Rejected:
    """Have everybody see a player's new name; what was written before keeps the old one."""
    if not state.world.exists(PLAYER, command.renamed_id):
        return NO_SUCH_PLAYER
    player = state.world.component_for_entity(PLAYER, command.renamed_id, Player)
    if player.name != command.name:
        player.name = command.name
    return Accepted(command.renamed_id)


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


def _was_removed(world: World, player_id: int) -> bool:
    """Return whether a player was removed from this world: his account goes, or is gone."""
    return bool(world.ids_with(DEPARTED, DEPARTED_BY_ACCOUNT, player_id))


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
        number = below(generator, nearby)
        place = (
            1 + number // systems,
            1 + number % systems,
            positions.start + below(generator, len(positions)),
        )
        if state.galaxy.planet_at(place) is None:
            return place
    free = state.galaxy.first_free_place(positions=positions)
    return free or Rejected("universe_full", "There is no free place left in this universe.")


def _seed(state: GameState, player_id: int) -> int:
    return state.universe.random_seed * 2**64 + player_id
