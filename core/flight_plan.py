"""What a flight takes, reckoned before it is begun: time, fuel, and what the ships can hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.components import Universe
from core.galaxy import Coordinates
from core.rules import Rules
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
from core.rules.missions import SPEEDS, Mission
from core.state import GameState


@dataclass(frozen=True, slots=True)
class FlightPlan:
    """Seconds are for one way, the fuel for both and for holding; rooms are in whole units."""

    distance: int
    seconds: int
    fuel: int
    tank_room: int
    cargo_room: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What a flight depends on beside the fleet: the size of the universe, and its fleets' speeds.

    `speeds` are by the names of the settings that missions are flown by.
    """

    galaxies: int
    systems: int
    speeds: Mapping[str, float]


def chart_of(state: GameState) -> Chart:
    return chart_by(state.universe)


def chart_by(universe: Universe) -> Chart:
    settings = {f"fleet_speed_{speed}" for speed in SPEEDS}
    return Chart(
        universe.galaxies,
        universe.systems,
        {setting: getattr(universe, setting) for setting in settings},
    )


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
    chart = chart_of(state)
    return plan_by(
        state.rules, chart, technologies, mission, origin, target, ships, tenths, hold_hours
    )


def plan_by(
    game_rules: Rules,
    chart: Chart,
    technologies: Mapping[str, int],
    mission: Mission,
    origin: Coordinates,
    target: Coordinates,
    ships: Mapping[str, int],
    tenths: int,
    hold_hours: int = 0,
) -> FlightPlan:
    """Do what `plan_flight` does without a world."""
    rules = game_rules.flight
    fleet = ships_flying(rules, game_rules.units, ships, technologies)
    apart = int(distance(rules.distance, origin, target, chart.galaxies, chart.systems))
    factor = chart.speeds[mission.speed_setting]
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
