"""Missiles: the silo, how far and how long they fly, what they destroy."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.arithmetic import strengthened, whole_seconds
from core.rules.entry import Entry
from core.rules.units import Floats, Unit, UnitTable, Wholes


@dataclass(frozen=True, slots=True)
class MissileRules:
    """Which building, units and drive belong to missiles, and the constants of their flight."""

    silo: str
    slots_per_level: int
    attacker: str
    interceptor: str
    drive: str
    range_per_level: int
    base_s: float
    system_s: float


def silo_slots(rules: MissileRules, level: int) -> int:
    """Return how many slots for missiles a silo has; `Unit.silo_slots` is what one takes up."""
    return rules.slots_per_level * level


def missile_range(rules: MissileRules, drive: int) -> int:
    """Return how many systems away, in their own galaxy, missiles reach.

    It is range_per_level · drive - 1, so -1 without the drive: not even their own system.
    """
    return rules.range_per_level * drive - 1


def missile_seconds(rules: MissileRules, systems: int, fleet_speed: float) -> int:
    """Return how long missiles fly, in whole seconds: (base_s + system_s · systems) / fleet_speed.

    `fleet_speed` is that of war. Truncated, for the rules give no rounding of its own.
    """
    return whole_seconds((rules.base_s + rules.system_s * systems) / fleet_speed)


def intercepted(missiles: int, interceptors: int) -> int:
    """Return how many missiles are stopped; as many interceptors are used up."""
    return min(missiles, interceptors)


def missile_damage(attacker: Unit, missiles: int, weapons: int, percent: int) -> float:
    """Return the damage of missiles that come through: missiles · attack · (1 + percent · weapons).

    `percent` for each level of weapons is that of battle.
    """
    return strengthened(missiles * attacker.attack, percent, weapons)


def destroyed_by(
    table: UnitTable, defences: Wholes, hull: Floats, target: str, damage: float
) -> Wholes:
    """Return how many of each unit the damage destroys, as a column.

    `defences` are counts and `hull` the points of one unit with the defender's armour. The damage
    goes against the target first and then against the other defences in the order of the rules,
    unit by unit, and shields do not count. The first unit whose hull is more than what damage is
    left takes the rest of it and stands: a wound heals. Ships and missiles are not hit.
    """
    lost = defences * 0
    first = table.index[target]
    others = [int(row) for row in table.is_defence.nonzero()[0] if row != first]
    for row in (first, *others):
        count = int(defences[row])
        lost[row] = min(count, int(damage // hull[row]))
        damage -= float(lost[row] * hull[row])
        if lost[row] < count:
            break
    return lost


def read_missiles(entry: Entry) -> MissileRules:
    units = entry.names.units
    return MissileRules(
        silo=entry.name("silo", entry.names.buildings, "building"),
        slots_per_level=entry.whole("slots_per_level", most=1_000_000),
        attacker=entry.name("attacker", units, "unit"),
        interceptor=entry.name("interceptor", units, "unit"),
        drive=entry.name("drive", entry.names.technologies, "technology"),
        range_per_level=entry.whole("range_per_level", most=1000),
        base_s=entry.number("base_s"),
        system_s=entry.number("system_s"),
    )
