"""Flying: distance, speed, duration, fuel, room for cargo, and how many may be under way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.rules.arithmetic import rounded, strengthened
from core.rules.entry import Entry
from core.rules.units import Drive, Unit

# Tenths of the speed that a fleet may fly with.
TENTHS_LEAST, TENTHS_MOST = 1, 10

Coordinate = Any  # int or NDArray of integers


@dataclass(frozen=True, slots=True)
class DistanceRules:
    """How far places are: a factor for each difference, and what is added to it."""

    galaxy: int
    system: int
    system_base: int
    position: int
    position_base: int
    here: int


@dataclass(frozen=True, slots=True)
class FlightRules:
    """The constants of flying, as rules.toml explains them; percentages are per level."""

    fuel: str
    scale: float
    base_s: float
    least_s: float
    holding_divisor: int
    room_technology: str
    room_percent: int
    drive_percent: Mapping[str, int]
    distance: DistanceRules


@dataclass(frozen=True, slots=True)
class Slots:
    """The technology that gives slots, and how many there are without it."""

    technology: str
    base: int


@dataclass(frozen=True, slots=True)
class SlotRules:
    """How many fleets, planets and expeditions a player may have."""

    fleets: Slots
    planets: Slots
    expeditions: Slots


@dataclass(frozen=True, slots=True)
class ShipsFlying:
    """Some ships of one type in a fleet, with the speed that their drives give them."""

    unit: Unit
    count: int
    speed: float


def axis_distance(here: Coordinate, there: Coordinate, size: int) -> Coordinate:
    """Return how many galaxies or systems lie between two on an axis that wraps around."""
    apart = abs(there - here)
    return np.minimum(apart, size - apart)[()]


def distance(
    rules: DistanceRules,
    origin: tuple[Coordinate, Coordinate, Coordinate],
    target: tuple[Coordinate, Coordinate, Coordinate],
    galaxies: int,
    systems: int,
) -> Coordinate:
    """Return the distance of two places: (galaxy, system, position), numbers or columns of each.

    Galaxies and systems wrap around, positions do not. What lies in the same place (a moon, a
    debris field, the planet itself) is `here`.
    """
    galaxy = axis_distance(origin[0], target[0], galaxies)
    system = axis_distance(origin[1], target[1], systems)
    position = abs(target[2] - origin[2])
    within_system = np.where(
        position > 0, position * rules.position + rules.position_base, rules.here
    )
    within_galaxy = np.where(system > 0, system * rules.system + rules.system_base, within_system)
    return np.where(galaxy > 0, galaxy * rules.galaxy, within_galaxy)[()]


def speed(rules: FlightRules, unit: Unit, technologies: Mapping[str, int]) -> float:
    """Return a ship's speed with its owner's technologies; 0 for what cannot be sent.

    base speed · (1 + percent of the drive · level of the drive). A drive switch that is reached
    replaces the first drive, for better or worse; of several that are, the one that makes the ship
    fastest counts.
    """
    if not unit.drives:
        return 0.0
    first, *switches = unit.drives
    reached = [drive for drive in switches if technologies.get(drive.technology, 0) >= drive.level]
    return max(_speed_with(rules, drive, technologies) for drive in reached or [first])


def _speed_with(rules: FlightRules, drive: Drive, technologies: Mapping[str, int]) -> float:
    level = technologies.get(drive.technology, 0)
    return strengthened(drive.speed, rules.drive_percent[drive.technology], level)


def ships_flying(
    rules: FlightRules,
    units: Mapping[str, Unit],
    counts: Mapping[str, int],
    technologies: Mapping[str, int],
) -> tuple[ShipsFlying, ...]:
    """Return a fleet as types with their speeds, without those of which there are none."""
    return tuple(
        ShipsFlying(units[name], count, speed(rules, units[name], technologies))
        for name, count in counts.items()
        if count > 0
    )


def fleet_speed(fleet: Iterable[ShipsFlying]) -> float:
    """Return the speed of the slowest ship; 0 if one cannot fly. ValueError without any ship."""
    return min(ships.speed for ships in fleet)


def flight_seconds(
    rules: FlightRules, distance: int, slowest: float, tenths: int, speed_factor: float
) -> int:
    """Return how long a flight one way takes, in whole seconds.

    max(1, round((scale / tenths · sqrt(10 · distance / slowest) + base_s) / speed_factor)), where
    `speed_factor` is the world's fleet speed for the mission.
    """
    seconds = rules.scale / tenths * math.sqrt(10 * distance / slowest) + rules.base_s
    return max(1, rounded(seconds / speed_factor))


def fuel(
    rules: FlightRules,
    fleet: Iterable[ShipsFlying],
    distance: int,
    seconds: int,
    speed_factor: float,
) -> int:
    """Return the deuterium for a flight there and back, paid when it starts.

    With S = max(least_s, seconds · speed_factor - base_s) and x = scale / S
    · sqrt(10 · distance / speed) for each type: the sum of
    max(fuel · count · distance / scale · (x / 10 + 1)², 1), rounded once.
    """
    flying_s = max(rules.least_s, seconds * speed_factor - rules.base_s)
    total = 0.0
    for ships in fleet:
        share = rules.scale / flying_s * math.sqrt(10 * distance / ships.speed)
        burnt = ships.unit.fuel * ships.count * distance / rules.scale * (share / 10 + 1) ** 2
        total += max(burnt, 1.0)
    return rounded(total)


def holding_fuel(rules: FlightRules, fleet: Iterable[ShipsFlying], hours: int) -> int:
    """Return the deuterium that staying adds: max(floor(sum of fuel · count · hours / divisor), 1).

    For whatever stays where it flew: holding at a friend's as well as an expedition.
    """
    burnt = sum(ships.unit.fuel * ships.count * hours for ships in fleet)
    return max(burnt // rules.holding_divisor, 1)


def cargo_room(rules: FlightRules, fleet: Iterable[ShipsFlying], hyperspace: int) -> int:
    """Return how many whole units of resources a fleet can carry; fuel lies in the tanks."""
    return _room(rules, sum(ships.unit.cargo * ships.count for ships in fleet), hyperspace)


def tank_room(rules: FlightRules, fleet: Iterable[ShipsFlying], hyperspace: int) -> int:
    """Return how many whole units of deuterium the tanks of a fleet hold, apart from its cargo."""
    return _room(rules, sum(ships.unit.tank * ships.count for ships in fleet), hyperspace)


def _room(rules: FlightRules, without_technology: int, hyperspace: int) -> int:
    return without_technology * (100 + rules.room_percent * hyperspace) // 100


def fleet_slots(rules: SlotRules, level: int) -> int:
    """Return how many fleets may be under way at a level of `rules.fleets.technology`."""
    return rules.fleets.base + level


def planet_slots(rules: SlotRules, level: int) -> int:
    """Return how many planets a player may have: base + level / 2 with halves rounded up."""
    return rules.planets.base + (level + 1) // 2


def expedition_slots(rules: SlotRules, level: int) -> int:
    """Return how many expeditions may be under way: base + floor(sqrt(level))."""
    return rules.expeditions.base + math.isqrt(level)


def read_flight(entry: Entry) -> FlightRules:
    known = entry.names.technologies
    return FlightRules(
        fuel=entry.name("fuel", entry.names.resources, "resource"),
        scale=entry.number("scale", least=1),
        base_s=entry.number("base_s"),
        least_s=entry.number("least_s", least=0.001),
        holding_divisor=entry.whole("holding_divisor", least=1),
        room_technology=entry.name("room_technology", known, "technology"),
        room_percent=entry.whole("room_percent", most=1000),
        drive_percent=entry.numbers_of("drive_percent", known, "technology", 0, 1000),
        distance=_read_distance(entry.table("distance")),
    )


def _read_distance(entry: Entry) -> DistanceRules:
    return DistanceRules(
        galaxy=entry.whole("galaxy", least=1),
        system=entry.whole("system"),
        system_base=entry.whole("system_base", least=1),
        position=entry.whole("position"),
        position_base=entry.whole("position_base", least=1),
        here=entry.whole("here", least=1),
    )


def read_slots(entry: Entry) -> SlotRules:
    return SlotRules(
        *(_read_slots_of(entry.table(key)) for key in ("fleets", "planets", "expeditions"))
    )


def _read_slots_of(entry: Entry) -> Slots:
    technology = entry.name("technology", entry.names.technologies, "technology")
    return Slots(technology, entry.whole("base", most=1000))
