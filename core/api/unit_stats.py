"""Ships and defences apart, and what one ship can do: plain numbers for what players are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from core.components import UNITS
from core.rules import RULES
from core.rules.flight import ShipsFlying, cargo_room, speed
from core.rules.units import Unit, battle_strength

Stats = Mapping[str, Mapping[str, float]]


def ships_among(counts: Sequence[int]) -> dict[str, int]:
    """Return the ships among counts in the order of UNITS, with those of which there are none."""
    units = zip(RULES.units.values(), counts, strict=True)
    return {unit.name: count for unit, count in units if unit.kind.is_ship}


def defences_among(counts: Sequence[int]) -> dict[str, int]:
    """Return defences and missiles, as `ships_among` does ships."""
    units = zip(RULES.units.values(), counts, strict=True)
    return {unit.name: count for unit, count in units if not unit.kind.is_ship}


def ship_stats(technologies: Mapping[str, int]) -> Stats:
    """Return what each ship can do at these levels; a technology that is not named has none."""
    return _ship_stats(tuple(technologies.items()))


# A player sends the same levels again and again, and there is an end to what is kept.
@lru_cache(maxsize=1024)
def _ship_stats(technologies: tuple[tuple[str, int], ...]) -> Stats:
    levels, combat = dict(technologies), RULES.combat
    strength = battle_strength(
        RULES.unit_table,
        levels.get(combat.attack_technology, 0),
        levels.get(combat.shield_technology, 0),
        levels.get(combat.hull_technology, 0),
        combat.technology_percent,
    )

    hyperspace = levels.get(RULES.flight.room_technology, 0)

    def stats_of(unit: Unit) -> dict[str, float]:
        row = UNITS.index(unit.name)
        return {
            "attack": float(strength.attack[row]),
            "shield": float(strength.shield[row]),
            "hull": float(strength.hull[row]),
            "speed": (fast := speed(RULES.flight, unit, levels)),
            "cargo": cargo_room(RULES.flight, [ShipsFlying(unit, 1, fast)], hyperspace),
            "fuel": unit.fuel,
        }

    return {unit.name: stats_of(unit) for unit in RULES.units.values() if unit.kind.is_ship}
