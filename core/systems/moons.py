"""What moons are for: seeing the fleets of others, and jumping from one gate to another."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from core import stockpiles, unit_stock
from core.commands import Accepted, JumpThroughGate, Rejected, ScanWithPhalanx
from core.components import (
    BUILDINGS,
    FLEET,
    NO_PLANET,
    PLANET,
    PLAYER,
    RESOURCES,
    UNITS,
    Buildings,
    Gate,
    Planet,
    Player,
)
from core.events import StocksChanged
from core.galaxy import Coordinates
from core.ownership import planet_of
from core.requirements import unmet
from core.rules.flight import axis_distance
from core.rules.moons import jump_gate_seconds, phalanx_range
from core.settlement import place_of
from core.ship_orders import malformed_ships, no_room_for, too_few_ships
from core.state import GameState
from core.under_way import voyage_of
from core.voyages import Voyage

# Whoever sends more at once to one planet hides those that come last.
SEEN_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class SeenFleet:
    """A fleet as others see it; what it carries stays hidden."""

    fleet_id: int
    owner_id: int
    owner_name: str
    mission: str
    state: str
    ships: tuple[tuple[str, int], ...]
    origin: Coordinates
    origin_type: str
    target: Coordinates
    target_type: str
    arrives_at: float
    returns_at: float


@dataclass(frozen=True, slots=True)
class PhalanxScan:
    """What was seen of a planet's fleets at an instant, the next to move first.

    `unseen` is how many more there were.
    """

    at: float
    planet_id: int
    fleets: tuple[SeenFleet, ...]
    unseen: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Ships that jumped, and when each of the two gates can be used again."""

    from_moon_id: int
    to_moon_id: int
    ships: tuple[tuple[str, int], ...]
    from_ready_at: float
    to_ready_at: float


# Seeing ------------------------------------------------------------------------------------------


def scan_with_phalanx(state: GameState, command: ScanWithPhalanx, at: float) -> Accepted | Rejected:
    """Burn deuterium of a moon and return all fleets to and from a planet in its range."""
    moon_id = planet_of(state.world, command.player_id, command.moon_id)
    if isinstance(moon_id, Rejected):
        return moon_id
    refusal = _lacks(state, moon_id, state.rules.phalanx.building) or _out_of_sight(
        state, moon_id, command.target
    )
    if refusal is not None:
        return refusal
    planet_id = state.galaxy.planet_at(command.target)
    # Shown, and so read: whether somebody lives there waits until that is on disk.
    state.world.exists(PLANET, planet_id or NO_PLANET)
    if planet_id is None:
        return Rejected("no_target", f"There is no planet at {command.target}.")
    price = _price_of_a_scan(state)
    refusal = stockpiles.too_dear(state, moon_id, price, at)
    if refusal is not None:
        return refusal
    stockpiles.burn(state, moon_id, price, at)
    voyages = _voyages_of(state, planet_id)
    seen = tuple(_seen(state, voyage) for voyage in voyages[:SEEN_MOST])
    scan = PhalanxScan(at, planet_id, seen, len(voyages) - len(seen))
    return Accepted(scan, (StocksChanged(at, command.player_id, moon_id),))


def _price_of_a_scan(state: GameState) -> tuple[int, ...]:
    fuel = state.rules.flight.fuel
    amount = state.rules.phalanx.scan_deuterium
    return tuple(amount if name == fuel else 0 for name in RESOURCES.labels)


def _out_of_sight(state: GameState, moon_id: int, target: Coordinates) -> Rejected | None:
    if not state.galaxy.contains(target):
        return Rejected("outside_universe", "There is no such place in this universe.")
    here = place_of(state, moon_id)
    reach = phalanx_range(_level(state, moon_id, state.rules.phalanx.building))
    systems = int(axis_distance(here[1], target[1], state.universe.systems))
    if here[0] == target[0] and systems <= reach:
        return None
    return Rejected(
        "out_of_range",
        f"The phalanx sees {reach} systems far, in its own galaxy.",
        {"range": reach},
    )


def _voyages_of(state: GameState, planet_id: int) -> list[Voyage]:
    """Return the fleets that fly to a planet or come from it, the next to arrive first."""
    table = state.world.tables[FLEET]
    rows = np.flatnonzero(
        (table.read_only("Course.target_id") == planet_id)
        | (table.read_only("Course.origin_id") == planet_id)
    )
    due_at = table.read_only("Flight.fleet_due_at")[rows]
    order = np.lexsort((table.ids[rows], due_at))
    return [voyage_of(state, fleet_id) for fleet_id in table.ids[rows[order]].tolist()]


def _seen(state: GameState, voyage: Voyage) -> SeenFleet:
    owner_id = voyage.owner_id
    is_there = state.world.exists(PLAYER, owner_id)
    owner = state.world.component_for_entity(PLAYER, owner_id, Player).name if is_there else ""
    return SeenFleet(
        fleet_id=voyage.fleet_id,
        owner_id=owner_id,
        owner_name=owner,
        mission=voyage.mission,
        state=voyage.state,
        ships=voyage.ships,
        origin=voyage.origin,
        origin_type=voyage.origin_type,
        target=voyage.target,
        target_type=voyage.target_type,
        arrives_at=voyage.arrives_at,
        returns_at=voyage.returns_at,
    )


# Jumping -----------------------------------------------------------------------------------------


def jump_through_gate(state: GameState, command: JumpThroughGate, at: float) -> Accepted | Rejected:
    """Have ships be on another moon at once; both gates rest afterwards, each by its level."""
    start_id = planet_of(state.world, command.player_id, command.from_moon_id)
    if isinstance(start_id, Rejected):
        return start_id
    end_id = planet_of(state.world, command.player_id, command.to_moon_id)
    if isinstance(end_id, Rejected):
        return end_id
    ships = {name: count for name, count in command.ships.items() if count}
    refusal = (
        malformed_ships(state, command.ships)
        or _cannot_be_used(state, start_id, at)
        or _cannot_be_used(state, end_id, at)
        or (Rejected("same_place", "The ships are there already.") if start_id == end_id else None)
        or too_few_ships(state, start_id, ships, at)
        or no_room_for(state, end_id, ships)
    )
    if refusal is not None:
        return refusal
    counts = tuple(ships.get(name, 0) for name in UNITS.labels)
    unit_stock.change_units(state, start_id, tuple(map(operator.neg, counts)), at)
    unit_stock.change_units(state, end_id, counts, at)
    ready_at = [_rest(state, moon_id, at) for moon_id in (start_id, end_id)]
    return Accepted(Jump(start_id, end_id, tuple(ships.items()), *ready_at))


def gate_ready_at(state: GameState, planet_id: int) -> float | None:
    """Return from when on a moon's gate may be used again, None where there is none."""
    if not _level(state, planet_id, state.rules.jump_gate.building):
        return None
    return state.world.component_for_entity(PLANET, planet_id, Gate).gate_ready_at


def _cannot_be_used(state: GameState, moon_id: int, at: float) -> Rejected | None:
    lacking = _lacks(state, moon_id, state.rules.jump_gate.building)
    if lacking is not None:
        return lacking
    left_s = state.world.component_for_entity(PLANET, moon_id, Gate).gate_ready_at - at
    if left_s <= 0:
        return None
    name = state.world.component_for_entity(PLANET, moon_id, Planet).name
    return Rejected(
        "gate_not_ready",
        f"The gate of {name} rests for another {left_s:.0f} seconds.",
        {"planet": moon_id, "seconds_left": left_s},
    )


def _rest(state: GameState, moon_id: int, at: float) -> float:
    rules = state.rules.jump_gate
    level = _level(state, moon_id, rules.building)
    gate = state.world.component_for_entity(PLANET, moon_id, Gate)
    gate.gate_ready_at = at + jump_gate_seconds(rules, level, state.universe.fleet_speed_peaceful)
    return gate.gate_ready_at


# What both need ----------------------------------------------------------------------------------


def _lacks(state: GameState, planet_id: int, building: str) -> Rejected | None:
    """Return the refusal of what needs a building where it does not stand."""
    levels: Mapping[str, int] = {building: _level(state, planet_id, building)}
    return unmet("This", {building: 1}, levels)


def _level(state: GameState, planet_id: int, building: str) -> int:
    levels = state.world.component_for_entity(PLANET, planet_id, Buildings).level
    return levels[BUILDINGS.index(building)]
