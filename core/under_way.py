"""Fleets under way: making them, reading them, and what everything that deals with them needs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from core import stockpiles, unit_stock
from core.components import (
    FLEET,
    FLEET_STATES,
    MISSIONS,
    NO_UNIT,
    RESOURCES,
    RETURNING,
    UNITS,
    Course,
    Fleet,
    Flight,
)
from core.galaxy import Coordinates
from core.rules.flight import cargo_room, ships_flying
from core.rules.missions import TARGETS, Mission
from core.state import GameState
from core.voyages import Voyage

# Numbers that random() tells apart.
_SEEDS = 2**53


def create_fleet(
    state: GameState,
    owner_id: int,
    mission: Mission,
    ships: Sequence[int],
    cargo: Sequence[int],
    course: Course,
    flight: Flight,
    *,
    target_unit: str | None = None,
) -> int:
    """Put a fleet under way and return its id; what it consists of was taken from a planet."""
    return state.world.create_entity(
        FLEET,
        Fleet(
            owner_id=owner_id,
            mission=MISSIONS.index(mission.name) + 1,
            ships=tuple(ships),
            cargo=tuple(cargo),
            random_seed=seed_of(state.universe.random_seed, state.world.next_id[FLEET]),
            target_unit=NO_UNIT if target_unit is None else UNITS.index(target_unit) + 1,
        ),
        course,
        flight,
    )


def voyage_of(state: GameState, fleet_id: int) -> Voyage:
    world = state.world
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    course = world.component_for_entity(FLEET, fleet_id, Course)
    flight = world.component_for_entity(FLEET, fleet_id, Flight)
    return Voyage(
        fleet_id=fleet_id,
        owner_id=fleet.owner_id,
        mission=MISSIONS[fleet.mission - 1],
        state=FLEET_STATES[flight.fleet_state - 1],
        ships=tuple((name, n) for name, n in zip(UNITS.labels, fleet.ships, strict=True) if n),
        cargo=fleet.cargo,
        origin_id=course.origin_id,
        origin=(course.origin_galaxy, course.origin_system, course.origin_position),
        origin_type=TARGETS[course.origin_type - 1],
        target=target_of(course),
        target_type=TARGETS[course.target_type - 1],
        target_id=course.target_id,
        speed_tenths=flight.speed_tenths,
        departed_at=flight.departed_at,
        arrives_at=flight.arrives_at,
        returns_at=flight.returns_at,
    )


def target_of(course: Course) -> Coordinates:
    return course.target_galaxy, course.target_system, course.target_position


def turn_round(state: GameState, fleet_id: int, home_at: float) -> None:
    """Have a fleet fly home, where it is at an instant."""
    flight = state.world.component_for_entity(FLEET, fleet_id, Flight)
    flight.fleet_state = RETURNING
    flight.returns_at = home_at
    flight.fleet_due_at = home_at


def land(state: GameState, fleet_id: int, planet_id: int, at: float) -> None:
    """Put a fleet's ships and its cargo down on a planet; the fleet itself is left empty-handed."""
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    unit_stock.change_units(state, planet_id, fleet.ships, at)
    if any(fleet.cargo):
        stockpiles.bring(state, planet_id, fleet.cargo, at)


def free_room(
    state: GameState,
    fleet_id: int,
    technologies: Mapping[str, int],
    counts: Mapping[str, int] | None = None,
) -> int:
    """Return how many more whole units of resources a fleet can carry.

    `counts` are used instead of the fleet's own where they name a ship.
    """
    rules = state.rules
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    own = dict(zip(UNITS.labels, fleet.ships, strict=True))
    counts = {**own, **(counts or {})}
    flying = ships_flying(rules.flight, rules.units, counts, technologies)
    hyperspace = technologies.get(rules.flight.room_technology, 0)
    return max(0, cargo_room(rules.flight, flying, hyperspace) - sum(fleet.cargo))


def nothing() -> tuple[int, ...]:
    return (0,) * len(RESOURCES)


def seed_of(world_seed: int, fleet_id: int) -> int:
    """Return the seed that a fleet gets when it sets out."""
    generator = random.Random(world_seed * 2**64 + fleet_id)  # noqa: S311
    # random() is the one method whose numbers are the same in every version of Python.
    return int(generator.random() * _SEEDS)
