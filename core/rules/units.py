"""The table of ships, defences and missiles: one by one, and as columns in the rules' order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from core.rules.arithmetic import seconds_of_work
from core.rules.entry import Entry

Number = Any  # a number or a column of them
Floats = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# Rapid fire n shoots again with probability 1 - 1/n: with 1 never.
NO_RAPID_FIRE = 1


class UnitKind(StrEnum):
    """What a unit counts as; civil ones and warships are ships."""

    CIVIL = "civil"
    WARSHIP = "warship"
    DEFENCE = "defence"
    MISSILE = "missile"

    @property
    def is_ship(self) -> bool:
        return self in (UnitKind.CIVIL, UnitKind.WARSHIP)


@dataclass(frozen=True, slots=True)
class Drive:
    """A drive, the level from which a ship flies by it, and its base speed then."""

    technology: str
    level: int
    speed: int


@dataclass(frozen=True, slots=True)
class Unit:
    """One type of ship, defence or missile.

    `drives` begins with the drive it is built with (from level 0 on); it is empty for what cannot
    be sent. `most` is how many of it a planet may have, None for any number. `cargo` and `tank`
    are in units of a resource, before technology. `rapid_fire` is by target.
    """

    name: str
    kind: UnitKind
    cost: tuple[int, ...]
    requires: Mapping[str, int]
    shield: int
    attack: int
    drives: tuple[Drive, ...]
    cargo: int
    tank: int
    fuel: int
    most: int | None
    silo_slots: int
    rapid_fire: Mapping[str, int]

    @property
    def can_be_sent(self) -> bool:
        return bool(self.drives)


@dataclass(frozen=True, slots=True)
class UnitTable:
    """All units as columns: row i is the i-th unit of the rules, and so is column i of rapid fire.

    `cost` is of shape (units, resources), in whole units of each; `hull` is before armour;
    `rapid_fire[shooter, target]` is NO_RAPID_FIRE where there is none. The arrays cannot be written
    to.
    """

    names: tuple[str, ...]
    index: Mapping[str, int]
    cost: Wholes
    attack: Floats
    shield: Floats
    hull: Floats
    rapid_fire: Wholes
    is_ship: Flags
    is_civil: Flags
    is_defence: Flags
    is_missile: Flags

    def counts(self, by_name: Mapping[str, int]) -> Wholes:
        """Return a column of counts; KeyError for an unknown unit."""
        column = np.zeros(len(self.names), dtype=np.int64)
        for name, count in by_name.items():
            column[self.index[name]] = count
        return column

    def by_name(self, counts: Sequence[int] | Wholes) -> dict[str, int]:
        """Return a column of counts by name, without what there is none of."""
        return {name: int(count) for name, count in zip(self.names, counts, strict=True) if count}


@dataclass(frozen=True, slots=True)
class BattleStrength:
    """What the units of one side have in battle: a number per unit type, in points."""

    attack: Floats
    shield: Floats
    hull: Floats


def unit_table(units: Mapping[str, Unit], hull_divisor: int) -> UnitTable:
    """Return units as columns; hull points = (metal + crystal) / hull_divisor."""
    rows = tuple(units.values())
    index = {name: row for row, name in enumerate(units)}
    fire = np.full((len(rows), len(rows)), NO_RAPID_FIRE, dtype=np.int64)
    for row, unit in enumerate(rows):
        for target, shots in unit.rapid_fire.items():
            fire[row, index[target]] = shots
    cost = np.array([unit.cost for unit in rows], dtype=np.int64)
    table = UnitTable(
        names=tuple(units),
        index=index,
        cost=cost,
        attack=np.array([unit.attack for unit in rows], dtype=np.float64),
        shield=np.array([unit.shield for unit in rows], dtype=np.float64),
        hull=(cost[:, 0] + cost[:, 1]) / hull_divisor,
        rapid_fire=fire,
        is_ship=np.array([unit.kind.is_ship for unit in rows]),
        is_civil=np.array([unit.kind is UnitKind.CIVIL for unit in rows]),
        is_defence=np.array([unit.kind is UnitKind.DEFENCE for unit in rows]),
        is_missile=np.array([unit.kind is UnitKind.MISSILE for unit in rows]),
    )
    for column in (
        *(table.cost, table.attack, table.shield, table.hull, table.rapid_fire),
        *(table.is_ship, table.is_civil, table.is_defence, table.is_missile),
    ):
        column.flags.writeable = False
    return table


def battle_strength(
    table: UnitTable, weapons: int, shielding: int, armour: int, percent: int
) -> BattleStrength:
    """Return attack, shield and hull with so many per cent more for each level of technology."""
    return BattleStrength(
        attack=table.attack * (100 + percent * weapons) / 100,
        shield=table.shield * (100 + percent * shielding) / 100,
        hull=table.hull * (100 + percent * armour) / 100,
    )


def unit_seconds(
    unit: Unit, cost_per_hour: float, shipyard: int, nanite_factory: int, economy_speed: float
) -> int:
    """Return the seconds that one unit takes, whole and at least 1.

    3600 · (metal + crystal) / (cost_per_hour · (1 + shipyard) · 2^nanite_factory · economy_speed)
    """
    hourly = (cost_per_hour, 1 + shipyard, 2**nanite_factory, economy_speed)
    return seconds_of_work(unit.cost[0] + unit.cost[1], *hourly)


def instant_of_delivery(begun_at: Number, seconds_each: Number, number: Number) -> Number:
    """Return when the n-th piece of an order is there, world time: begun_at + n · seconds_each."""
    return begun_at + number * seconds_each


def units_delivered(begun_at: float, seconds_each: int, ordered: int, at: float) -> int:
    """Return how many pieces of an order are there at an instant.

    It is the greatest n of at most `ordered` whose instant of delivery is not later.
    """
    number = int((at - begun_at) // seconds_each)
    # The quotient of floats may be one off what the instants themselves say.
    while instant_of_delivery(begun_at, seconds_each, number + 1) <= at:
        number += 1
    while instant_of_delivery(begun_at, seconds_each, number) > at:
        number -= 1
    return min(max(number, 0), ordered)


def read_unit(name: str, entry: Entry, level_most: int) -> Unit:
    cost = entry.amounts("cost")
    if not any(cost):
        raise entry.refusal("cost", "is nothing: a price is made of positive amounts")
    cargo = entry.optional_whole("cargo", 0)
    return Unit(
        name=name,
        kind=UnitKind(entry.name("kind", tuple(UnitKind), "kind of unit")),
        cost=cost,
        requires=entry.requires(level_most),
        shield=entry.optional_whole("shield", 0),
        attack=entry.optional_whole("attack", 0),
        drives=_read_drives(entry, level_most),
        cargo=cargo,
        tank=entry.optional_whole("tank", cargo),
        fuel=entry.whole("fuel") if entry.has("speed") else 0,
        most=entry.whole("most", least=1) if entry.has("most") else None,
        silo_slots=entry.optional_whole("silo_slots", 0),
        rapid_fire=entry.numbers_of(
            "rapid_fire", entry.names.units, "unit", NO_RAPID_FIRE, 1_000_000
        ),
    )


def _read_drives(entry: Entry, level_most: int) -> tuple[Drive, ...]:
    if not entry.has("speed"):
        return ()
    known = entry.names.technologies
    drives = [Drive(entry.name("drive", known, "technology"), 0, entry.whole("speed", least=1))]
    for switch in entry.tables("drive_switches") if entry.has("drive_switches") else ():
        technology = switch.name("drive", known, "technology")
        level = switch.whole("level", least=1, most=level_most)
        drives.append(Drive(technology, level, switch.whole("speed", least=1)))
    return tuple(drives)
