"""One system of the galaxy as everybody sees it: who lives where."""

from __future__ import annotations

from dataclasses import dataclass

from core.commands import Rejected
from core.components import PLANET, PLAYER, Planet, Player
from core.galaxy import Coordinates
from core.state import GameState

OUTSIDE = Rejected("outside_universe", "There is no such system in this universe.")


@dataclass(frozen=True, slots=True)
class ViewSystem:
    """What lies at every position of a system."""

    galaxy: int
    system: int


@dataclass(frozen=True, slots=True)
class Moon:
    name: str
    diameter_km: int


@dataclass(frozen=True, slots=True)
class InhabitedPlace:
    """A planet that somebody owns, and its moon if it has one, in somebody else's eyes."""

    planet_name: str
    owner_id: int
    owner_name: str
    moon: Moon | None = None


@dataclass(frozen=True, slots=True)
class SystemView:
    """The places of a system in their order, None where nobody lives."""

    galaxy: int
    system: int
    places: tuple[InhabitedPlace | None, ...]


def view_of(state: GameState, query: ViewSystem) -> SystemView | Rejected:
    if not state.galaxy.contains((query.galaxy, query.system, 1)):
        return OUTSIDE
    positions = range(1, state.galaxy.shape[2] + 1)
    places = (_place(state, (query.galaxy, query.system, position)) for position in positions)
    return SystemView(query.galaxy, query.system, tuple(places))


def _place(state: GameState, coordinates: Coordinates) -> InhabitedPlace | None:
    planet_id = state.galaxy.planet_at(coordinates)
    if planet_id is None:
        return None
    planet = state.world.component_for_entity(PLANET, planet_id, Planet)
    owner_id = planet.owner_id
    owner = state.world.component_for_entity(PLAYER, owner_id, Player)
    return InhabitedPlace(planet.name, owner_id, owner.name, _moon(state, coordinates))


def _moon(state: GameState, coordinates: Coordinates) -> Moon | None:
    moon_id = state.galaxy.moon_at(coordinates)
    if moon_id is None:
        return None
    moon = state.world.component_for_entity(PLANET, moon_id, Planet)
    return Moon(moon.name, moon.diameter_km)
