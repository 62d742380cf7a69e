"""Raids of the inactive: probes first, an attack if it pays, and then the debris.

What is seen there has to be beaten by far, for the battle itself is not fought in advance.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.bots.fleet_sight import SLOTS_FREE_LEAST, ship_of
from core.bots.prey import Prey
from core.bots.strength import Strength
from core.bots.turn import Turn, worth
from core.commands import Command
from core.rules.aftermath import loot
from core.rules.units import UnitKind

# Attackers are so many times as strong as whoever is seen: attack · (shield and hull), of both.
MARGIN = {Strength.MEDIUM: 9.0, Strength.HARD: 4.0}
# What is expected to be brought home is worth so many times the fuel, and so much at least.
GAIN = {Strength.MEDIUM: 4.0, Strength.HARD: 2.0}
GAIN_LEAST = 2000.0
# Four probes see ships and defence of whoever is no better a spy.
PROBES = 4
_PERCENT = 100


def raid(turn: Turn) -> list[Command]:
    """Attack the planet that promises most of those that were spied out, if it pays."""
    flights = turn.view.flights
    if flights is None or turn.slots_free < SLOTS_FREE_LEAST:
        return []
    chances = [chance for prey in flights.prey if (chance := _chance(turn, prey))]
    if not chances:
        return []
    _, planet_id, ships = max(chances, key=lambda chance: chance[:2])
    target = next(prey.place for prey in flights.prey if prey.planet_id == planet_id)
    return [*turn.send("attack", target, ships)]


def spy(turn: Turn) -> list[Command]:
    """Send probes to somebody inactive who was found."""
    flights = turn.view.flights
    if flights is None or flights.unspied is None or turn.slots_free < SLOTS_FREE_LEAST:
        return []
    probe = ship_of(turn.rules, "espionage")
    count = min(PROBES, turn.ships.get(probe, 0))
    return [*turn.send("espionage", flights.unspied, {probe: count})] if count else []


def harvest(turn: Turn) -> list[Command]:
    """Fetch debris from where a fleet has fought, if it is worth the flight."""
    flights, ship = turn.view.flights, ship_of(turn.rules, "harvest")
    if flights is None:
        return []
    commands: list[Command] = []
    for place, amounts in flights.debris:
        there = turn.ships.get(ship, 0)
        if not there or turn.slots_free < SLOTS_FREE_LEAST:
            break
        each = turn.plan("harvest", place, {ship: 1}).cargo_room
        count = min(there, -(-sum(amounts) // each))
        plan = turn.plan("harvest", place, {ship: count})
        part = min(1.0, plan.cargo_room / sum(amounts))
        if part * worth(amounts) >= GAIN[turn.strength] * worth(turn.fuel(plan.fuel)):
            commands += turn.send("harvest", place, {ship: count})
    return commands


def _chance(turn: Turn, prey: Prey) -> tuple[float, int, Mapping[str, int]] | None:
    """Return what an attack would bring, on which planet, and with which ships; None for no."""
    if prey.defenders is None or turn.view.flights is None:
        return None
    warships = _warships(turn) if any(prey.defenders.values()) else {}
    risk = _risk(turn, prey, warships)
    if risk is None:
        return None
    share = turn.view.flights.loot_share_percent
    loot_most = int(sum(prey.amounts) * share / _PERCENT)
    ships = {**warships, **turn.carriers_for("attack", prey.place, loot_most)}
    if not ships:
        return None
    plan = turn.plan("attack", prey.place, ships)
    fuel = worth(turn.fuel(plan.fuel))
    taken = worth(loot(prey.amounts, share, plan.cargo_room))
    gain = (
        taken
        - fuel
        - risk * sum(count * worth(turn.rules.units[name].cost) for name, count in ships.items())
    )
    if gain < max(GAIN_LEAST, GAIN[turn.strength] * fuel):
        return None
    return gain, prey.planet_id, ships


def _risk(turn: Turn, prey: Prey, warships: Mapping[str, int]) -> float | None:
    """Return what part of the ships may be lost, None if those seen may not be beaten.

    Somebody whose technologies were not seen is believed to be as advanced as the attacker.
    """
    if prey.defenders is None:
        return None
    theirs = turn.view.technologies if prey.technologies is None else prey.technologies
    attack, endurance = _might(turn, warships, turn.view.technologies)
    hostile, tough = _might(turn, prey.defenders, theirs)
    if not tough:
        return 0.0
    if attack * turn.rules.combat.rounds / 2 < tough:
        return None
    if attack * endurance < MARGIN[turn.strength] * max(hostile, 1.0) * tough:
        return None
    return hostile * tough / (attack * endurance)


def _might(
    turn: Turn, units: Mapping[str, int], technologies: Mapping[str, int]
) -> tuple[float, float]:
    """Return the attack of some units, and what they endure in all: shields and hulls."""
    combat, table = turn.rules.combat, turn.rules.unit_table

    def factor(technology: str) -> float:
        return 1 + combat.technology_percent * technologies.get(technology, 0) / _PERCENT

    attack = endurance = 0.0
    for name, count in units.items():
        unit = turn.rules.units[name]
        if unit.kind is UnitKind.MISSILE:
            continue
        hull = float(table.hull[table.index[name]])
        attack += count * unit.attack * factor(combat.attack_technology)
        endurance += count * unit.shield * factor(combat.shield_technology)
        endurance += count * hull * factor(combat.hull_technology)
    return attack, endurance


def _warships(turn: Turn) -> dict[str, int]:
    units = turn.rules.units
    return {
        name: count
        for name, count in turn.ships.items()
        if count and units[name].kind is UnitKind.WARSHIP
    }
