"""One system of the galaxy as somebody sees it: who lives there, how they stand to him, debris."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core import debris
from core.commands import Rejected
from core.components import DEBRIS, PLANET, PLAYER, Debris, Planet, Player
from core.galaxy import Coordinates
from core.points import points_of
from core.presence import activity_of
from core.rules.protection import Activity, is_protected
from core.settlement import place_of
from core.state import GameState
from core.vacation import is_on_vacation

Amounts = tuple[int, ...]

OUTSIDE = Rejected("outside_universe", "There is no such system in this universe.")


@dataclass(frozen=True, slots=True)
class ViewSystem:
    """What lies at every position of a system; nobody is `reader_id` 0."""

    galaxy: int
    system: int
    reader_id: int = 0


@dataclass(frozen=True, slots=True)
class Moon:
    name: str
    diameter_km: int


@dataclass(frozen=True, slots=True)
class InhabitedPlace:
    """A planet that somebody owns, and its moon if it has one, in the reader's eyes.

    `flags` say of the owner what he is: "own" is the reader himself; "inactive" or "long_inactive";
    on "vacation"; "newbie" or "strong", the weaker or the stronger of two one of whom is protected.
    """

    planet_name: str
    owner_id: int
    owner_name: str
    flags: tuple[str, ...]
    moon: Moon | None = None


@dataclass(frozen=True, slots=True)
class SystemView:
    """The places of a system in their order, None where nobody lives.

    `debris` is what lies at each of them, per resource: also where a planet was given up.
    """

    galaxy: int
    system: int
    places: tuple[InhabitedPlace | None, ...]
    debris: tuple[Amounts | None, ...]


def view_of(state: GameState, query: ViewSystem, at: float) -> SystemView | Rejected:
    if not state.galaxy.contains((query.galaxy, query.system, 1)):
        return OUTSIDE
    positions = range(1, state.galaxy.shape[2] + 1)
    found = [state.galaxy.planet_at((query.galaxy, query.system, each)) for each in positions]
    flags = _flags_of(state, _owners_of(state, found), query.reader_id, at)
    places = (None if each is None else _place(state, each, flags) for each in found)
    lying = (_debris(state, (query.galaxy, query.system, each)) for each in positions)
    return SystemView(query.galaxy, query.system, tuple(places), tuple(lying))


def _owners_of(state: GameState, planet_ids: Iterable[int | None]) -> set[int]:
    table = state.world.tables[PLANET]
    return {table.get(each, "Planet.owner_id") for each in planet_ids if each is not None}


def _place(
    state: GameState, planet_id: int, flags: Mapping[int, tuple[str, ...]]
) -> InhabitedPlace:
    planet = state.world.component_for_entity(PLANET, planet_id, Planet)
    owner_id = planet.owner_id
    owner = state.world.component_for_entity(PLAYER, owner_id, Player)
    moon = _moon(state, place_of(state, planet_id))
    return InhabitedPlace(planet.name, owner_id, owner.name, flags[owner_id], moon)


def _debris(state: GameState, coordinates: Coordinates) -> Amounts | None:
    debris_id = debris.find(state.world, coordinates)
    if debris_id is None:
        return None
    return state.world.component_for_entity(DEBRIS, debris_id, Debris).left


def _moon(state: GameState, coordinates: Coordinates) -> Moon | None:
    moon_id = state.galaxy.moon_at(coordinates)
    if moon_id is None:
        return None
    moon = state.world.component_for_entity(PLANET, moon_id, Planet)
    return Moon(moon.name, moon.diameter_km)


def _flags_of(
    state: GameState, owner_ids: set[int], reader_id: int, at: float
) -> dict[int, tuple[str, ...]]:
    strength = _strength_of(state, owner_ids - {reader_id}, reader_id, at)
    flags = {}
    for owner_id in owner_ids:
        activity = activity_of(state, owner_id, at)
        on_vacation = is_on_vacation(state.world, owner_id)
        flags[owner_id] = (
            *(("own",) if owner_id == reader_id else ()),
            *(() if activity is Activity.ACTIVE else (activity.value,)),
            *(("vacation",) if on_vacation else ()),
            *strength.get(owner_id, ()),
        )
    return flags


def _strength_of(
    state: GameState, owner_ids: set[int], reader_id: int, at: float
) -> dict[int, tuple[str, ...]]:
    """Return who of some players is protected from the reader, or from whom he is."""
    if not owner_ids or not state.world.exists(PLAYER, reader_id):
        return {}
    if not state.universe.newbie_protection:
        return {}
    points, rules = points_of(state, {reader_id, *owner_ids}), state.rules.protection
    return {
        owner_id: ("newbie" if points[owner_id] < points[reader_id] else "strong",)
        for owner_id in owner_ids
        if is_protected(
            rules, points[reader_id], points[owner_id], activity_of(state, owner_id, at)
        )
    }
