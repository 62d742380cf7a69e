"""Missiles: fly to a planet in range and destroy its defence. Nothing of them comes back."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from core import unit_stock
from core.commands import DispatchFleet, Rejected
from core.components import FLEET, PLANET, UNITS, Course, Fleet, Planet
from core.events import MissilesStruck
from core.flight_plan import FlightPlan
from core.knowledge import known_on, technologies_of
from core.missions.attack import against_target, hindrance
from core.missions.errand import Arrival, Ending, Errand, FleetOrder
from core.rules.flight import axis_distance, distance
from core.rules.missiles import (
    destroyed_by,
    intercepted,
    missile_damage,
    missile_range,
    missile_seconds,
)
from core.rules.missions import TARGETS, Mission
from core.rules.units import UnitKind, battle_strength
from core.settlement import place_of
from core.state import GameState
from core.under_way import target_of


def _malformed(state: GameState, command: DispatchFleet) -> Rejected | None:
    missile = state.rules.missiles.attacker
    for name, count in command.ships.items():
        if name not in state.rules.units:
            return Rejected("unknown_type", f"There is no unit called {name}.")
        if count < 0:
            return Rejected("bad_value", f"{name} is {count}; permitted is 0 or more.")
        if count and name != missile:
            return Rejected("cannot_fly", f"Only {missile} flies as a missile.", {"unit": name})
    if not any(command.ships.values()):
        return Rejected("bad_value", "At least one missile is sent.")
    return _malformed_aim(state, command.target_unit)


def _malformed_aim(state: GameState, name: str | None) -> Rejected | None:
    if name is None:
        return None
    if name not in state.rules.units:
        return Rejected("unknown_type", f"There is no unit called {name}.")
    if state.rules.units[name].kind is UnitKind.DEFENCE:
        return None
    return Rejected("bad_value", f"target_unit is {name}, which is no defence.")


def _refusal(state: GameState, order: FleetOrder) -> Rejected | None:
    return against_target(state, order) or _out_of_range(state, order)


def _out_of_range(state: GameState, order: FleetOrder) -> Rejected | None:
    rules = state.rules.missiles
    reach = missile_range(rules, technologies_of(state.world, order.player_id)[rules.drive])
    here = place_of(state, order.planet_id)
    if here[0] == order.target[0] and _systems_apart(state, order) <= reach:
        return None
    return Rejected(
        "out_of_range",
        f"Missiles reach {reach} systems far, in their own galaxy.",
        {"range": reach},
    )


def _plan(state: GameState, mission: Mission, order: FleetOrder) -> FlightPlan:
    speed: float = getattr(state.universe, mission.speed_setting)
    universe, here = state.universe, place_of(state, order.planet_id)
    apart = distance(
        state.rules.flight.distance, here, order.target, universe.galaxies, universe.systems
    )
    return FlightPlan(
        distance=int(apart),
        seconds=missile_seconds(state.rules.missiles, _systems_apart(state, order), speed),
        fuel=0,
        tank_room=0,
        cargo_room=0,
    )


def _systems_apart(state: GameState, order: FleetOrder) -> int:
    here = place_of(state, order.planet_id)
    return int(axis_distance(here[1], order.target[1], state.universe.systems))


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    hindered = hindrance(state, fleet_id, at)
    if hindered is not None:
        return Arrival(Ending.LOST, hindered)
    world, rules = state.world, state.rules
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    planet_id = world.component_for_entity(FLEET, fleet_id, Course).target_id
    there = unit_stock.settle_units(state, planet_id, at).count
    fired = fleet.ships[UNITS.index(rules.missiles.attacker)]
    interceptor = UNITS.index(rules.missiles.interceptor)
    stopped = intercepted(fired, there[interceptor])
    lost = list(_destroyed(state, fleet_id, there, fired - stopped))
    told = tuple((name, n) for name, n in zip(UNITS.labels, lost, strict=True) if n)
    lost[interceptor] += stopped
    if any(lost):
        unit_stock.change_units(state, planet_id, tuple(map(operator.neg, lost)), at)
    return Arrival(Ending.LOST, "struck", _events(state, fleet_id, (fired, stopped), told, at))


def _destroyed(
    state: GameState, fleet_id: int, there: Sequence[int], missiles: int
) -> Sequence[int]:
    """Return how much of each unit that is there missiles destroy that nothing has stopped."""
    rules, combat = state.rules, state.rules.combat
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    planet_id = state.world.component_for_entity(FLEET, fleet_id, Course).target_id
    armour = known_on(state.world, planet_id).get(combat.hull_technology, 0)
    weapons = technologies_of(state.world, fleet.owner_id).get(combat.attack_technology, 0)
    hull = battle_strength(rules.unit_table, 0, 0, armour, combat.technology_percent).hull
    attacker = rules.units[rules.missiles.attacker]
    damage = missile_damage(attacker, missiles, weapons, combat.technology_percent)
    defences = np.array(there, dtype=np.int64) * rules.unit_table.is_defence
    first = rules.unit_table.names[int(rules.unit_table.is_defence.argmax())]
    aim = UNITS.labels[fleet.target_unit - 1] if fleet.target_unit else first
    lost: list[int] = destroyed_by(rules.unit_table, defences, hull, aim, damage).tolist()
    return lost


def _events(
    state: GameState,
    fleet_id: int,
    counts: tuple[int, int],
    lost: tuple[tuple[str, int], ...],
    at: float,
) -> tuple[MissilesStruck, ...]:
    """Return what both sides are told."""
    course = state.world.component_for_entity(FLEET, fleet_id, Course)
    owner_id = state.world.component_for_entity(FLEET, fleet_id, Fleet).owner_id
    defender_id = state.world.component_for_entity(PLANET, course.target_id, Planet).owner_id
    place, target_type = target_of(course), TARGETS[course.target_type - 1]
    return tuple(
        MissilesStruck(at, player_id, place, target_type, *counts, lost, player_id == owner_id)
        for player_id in (owner_id, defender_id)
    )


MISSILES = Errand(_refusal, _arrive, malformed=_malformed, plan=_plan, returns=False)
