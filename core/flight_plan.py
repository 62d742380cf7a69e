"""What a flight takes, reckoned before it is begun: time, fuel, and what the ships can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.galaxy import Coordinates
from core.rules.flight import (
    cargo_room,
    distance,
    fleet_speed,
    flight_seconds,
    fuel,
    holding_fuel,
    ships_flying,
    tank_room,
)
from core.rules.missions import Mission
from core.state import GameState


@dataclass(frozen=True, slots=True)
class FlightPlan:
    """Seconds are for one way, the fuel for both and for holding; rooms are in whole units."""

    distance: int
    seconds: int
    fuel: int
    tank_room: int
    cargo_room: int


def plan_flight(
    state: GameState,
    technologies: Mapping[str, int],
    mission: Mission,
    origin: Coordinates,
    target: Coordinates,
    ships: Mapping[str, int],
    tenths: int,
    hold_hours: int = 0,
) -> FlightPlan:
    """Plan the flight of ships that can fly, of which there is one at least."""
    rules, universe = state.rules.flight, state.universe
    fleet = ships_flying(rules, state.rules.units, ships, technologies)
    apart = int(distance(rules.distance, origin, target, universe.galaxies, universe.systems))
    factor: float = getattr(universe, mission.speed_setting)
    seconds = flight_seconds(rules, apart, fleet_speed(fleet), tenths, factor)
    burnt = fuel(rules, fleet, apart, seconds, factor)
    if hold_hours:
        burnt += holding_fuel(rules, fleet, hold_hours)
    hyperspace = technologies.get(rules.room_technology, 0)
    return FlightPlan(
        distance=apart,
        seconds=seconds,
        fuel=burnt,
        tank_room=tank_room(rules, fleet, hyperspace),
        cargo_room=cargo_room(rules, fleet, hyperspace),
    )
