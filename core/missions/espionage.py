"""Espionage: see what is there, as far as levels and probes reach; who is seen has to fight."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from core.battle_results import fight_battle
from core.battles import Combatants, combatants, is_too_large, order_of
from core.combat import BattleOrder
from core.components import (
    BUILDINGS,
    FLEET,
    PLANET,
    RESOURCES,
    UNITS,
    Buildings,
    Course,
    Fleet,
    Planet,
    Stocks,
)
from core.events import EspionageReported, Event, PlanetSpiedUpon
from core.knowledge import technologies_of
from core.missions.attack import against_target, hindrance
from core.missions.errand import Arrival, Ending, Errand
from core.reports import write_report
from core.rules.espionage import counter_chance_percent, sections_seen
from core.rules.missions import TARGETS
from core.state import GameState
from core.stockpiles import amounts_at
from core.under_way import target_of
from core.unit_stock import units_at

REPORT_KIND = "espionage"
_PERCENT = 100


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    hindered = hindrance(state, fleet_id, at)
    if hindered is not None:
        return Arrival(Ending.TURNS, hindered)
    sides = combatants(state, fleet_id, at, ships_alone=True)
    noticed = _is_noticed(state, fleet_id, sides)
    events = _tell(state, fleet_id, sides, noticed, at)
    if not noticed:
        return Arrival(Ending.TURNS, "spied", events)
    fought = fight_battle(state, fleet_id, sides, at, takes_loot=False)
    if fought.survives:
        return Arrival(Ending.TURNS, "spied", (*events, *fought.events))
    return Arrival(Ending.LOST, "lost", (*events, *fought.events))


def _foresee(state: GameState, fleet_id: int, at: float) -> BattleOrder | None:
    if hindrance(state, fleet_id, at) is not None:
        return None
    sides = combatants(state, fleet_id, at, ships_alone=True)
    return order_of(state, fleet_id, sides) if _is_noticed(state, fleet_id, sides) else None


def _is_noticed(state: GameState, fleet_id: int, sides: Combatants) -> bool:
    chance = _counter_chance_percent(state, fleet_id, sides)
    return _draw_percent(state, fleet_id) < chance and not is_too_large(sides)


def _counter_chance_percent(state: GameState, fleet_id: int, sides: Combatants) -> int:
    rules = state.rules.espionage
    attacker, defender = _levels(state, sides)
    ships = sum(sum(combatant.counts) for combatant in sides.defenders)
    return counter_chance_percent(rules, _probes(state, fleet_id), attacker, defender, ships)


def _draw_percent(state: GameState, fleet_id: int) -> float:
    seed = state.world.component_for_entity(FLEET, fleet_id, Fleet).random_seed
    # random() is the one method whose numbers are the same in every version of Python.
    return random.Random(seed).random() * _PERCENT


def _tell(
    state: GameState, fleet_id: int, sides: Combatants, noticed: bool, at: float
) -> tuple[Event, ...]:
    """Write the report of what was there when the probes came, and tell both sides of it."""
    world = state.world
    course = world.component_for_entity(FLEET, fleet_id, Course)
    (attacker,), (defender, *_) = sides.attackers, sides.defenders
    content = {
        **_place(state, fleet_id),
        "counter_chance_percent": _counter_chance_percent(state, fleet_id, sides),
        "noticed": noticed,
        **_seen(state, fleet_id, sides, at),
    }
    report_id = write_report(state, attacker.owner_id, REPORT_KIND, content, at)
    place = target_of(course)
    origin = (course.origin_galaxy, course.origin_system, course.origin_position)
    warned = PlanetSpiedUpon(at, defender.owner_id, course.target_id, place, origin)
    if report_id is None:
        return (warned,)
    return EspionageReported(at, attacker.owner_id, report_id, place), warned


def _place(state: GameState, fleet_id: int) -> Mapping[str, Any]:
    world = state.world
    course = world.component_for_entity(FLEET, fleet_id, Course)
    planet = world.component_for_entity(PLANET, course.target_id, Planet)
    return {
        "galaxy": course.target_galaxy,
        "system": course.target_system,
        "position": course.target_position,
        "type": TARGETS[course.target_type - 1],
        "planet": course.target_id,
        "planet_name": planet.name,
        "player": planet.owner_id,
        "mission_id": fleet_id,
    }


def _seen(state: GameState, fleet_id: int, sides: Combatants, at: float) -> Mapping[str, Any]:
    """Return the sections that the probes have filled, by their names."""
    planet_id = state.world.component_for_entity(FLEET, fleet_id, Course).target_id
    attacker, defender = _levels(state, sides)
    probes = _probes(state, fleet_id)
    sections = sections_seen(state.rules.espionage, probes, attacker, defender)
    return {name: _section(state, name, planet_id, sides, at) for name in sections}


def _section(
    state: GameState, name: str, planet_id: int, sides: Combatants, at: float
) -> Mapping[str, int]:
    world = state.world
    match name:
        case "resources":
            stock = world.component_for_entity(PLANET, planet_id, Stocks)
            amounts = (int(amount) for amount in amounts_at(stock, at))
            return dict(zip(RESOURCES.labels, amounts, strict=True))
        case "fleet":
            # Those that hold there stand among the others.
            counts = zip(*(combatant.counts for combatant in sides.defenders), strict=True)
            return _named(UNITS.labels, map(sum, counts))
        case "defence":
            is_ship = state.rules.unit_table.is_ship.tolist()
            there = units_at(state, planet_id, at)
            grounded = (0 if ship else n for n, ship in zip(there, is_ship, strict=True))
            return _named(UNITS.labels, grounded)
        case "buildings":
            levels = world.component_for_entity(PLANET, planet_id, Buildings).level
            return _named(BUILDINGS.labels, levels)
        case "research":
            owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
            known = technologies_of(world, owner_id)
            return {technology: level for technology, level in known.items() if level}
        case _:
            raise ValueError(f"there is no section {name} in a report")


def _named(labels: tuple[str, ...], counts: Iterable[int]) -> Mapping[str, int]:
    return {name: count for name, count in zip(labels, counts, strict=True) if count}


def _levels(state: GameState, sides: Combatants) -> tuple[int, int]:
    """Return the levels of espionage of who has come and of whose planet it is."""
    technology = state.rules.espionage.technology
    (attacker,), (defender, *_) = sides.attackers, sides.defenders
    return attacker.technologies.get(technology, 0), defender.technologies.get(technology, 0)


def _probes(state: GameState, fleet_id: int) -> int:
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    return fleet.ships[UNITS.index(state.rules.espionage.probe)]


ESPIONAGE = Errand(against_target, _arrive, _foresee)
