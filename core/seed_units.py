"""Units and shipyard queues of seeded planets: what their buildings let them have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from core.components import BUILDINGS, NEVER, NO_UNIT, TECHNOLOGIES, UNITS
from core.ecs.table import AnyArray
from core.rules import RULES, EconomySettings
from core.rules.units import instant_of_delivery, unit_seconds
from core.unit_orders import UnitOrder, text_of

Levels = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

_HAS_SHARE = 0.5  # of the planets that may have a unit have some
_COUNT_MAX = 40
_BUILDING_SHARE = 0.15  # of the planets that may build units are building some
_WAITING_SHARE = 0.3  # of those have another order that waits
_ORDER_MAX = 30

_SATELLITE = RULES.satellite.unit
_WAITING = UnitOrder(_SATELLITE, 2)
_WAITING_TEXT = text_of([_WAITING])


def possible_units(levels: Levels, known: Levels) -> dict[str, Flags]:
    """Return by unit on which planets it may be ordered in any number.

    Planets are rows of levels, of buildings and of the technologies that their owners know.
    """
    columns = dict(zip(BUILDINGS.labels, levels.T, strict=True))
    columns |= zip(TECHNOLOGIES.labels, known.T, strict=True)
    possible = {}
    for unit in RULES.units.values():
        if unit.most is None and not unit.silo_slots and unit.requires.keys() <= columns.keys():
            met = np.ones(len(levels), dtype=np.bool_)
            for name, level in unit.requires.items():
                met &= columns[name] >= level
            possible[unit.name] = met
    return possible


def unit_columns(
    generator: np.random.Generator,
    levels: Levels,
    known: Levels,
    settings: EconomySettings,
    now: float,
) -> dict[str, AnyArray]:
    """Draw the columns of Units and UnitQueue for planets with these levels, as of `now`."""
    possible = possible_units(levels, known)
    queues = _queues(generator, possible, levels, settings, now)
    counts = np.zeros((len(levels), len(UNITS)), dtype=np.int64)
    for name, may in possible.items():
        has = may & (generator.random(len(levels)) < _HAS_SHARE)
        counts[has, UNITS.index(name)] = generator.integers(1, _COUNT_MAX, int(has.sum()))
    active = np.flatnonzero(queues["UnitQueue.unit_building"])
    units = queues["UnitQueue.unit_building"][active] - 1
    counts[active, units] += queues["UnitQueue.units_delivered"][active]
    return {"Units.count": counts.astype(np.int32), **queues}


def cost_of_units(columns: Mapping[str, AnyArray]) -> npt.NDArray[np.float64]:
    """Return what the units on each planet cost, and those on order: per planet and resource."""
    ordered = columns["Units.count"].astype(np.int64)
    active = np.flatnonzero(columns["UnitQueue.unit_building"])
    left = columns["UnitQueue.units_ordered"] - columns["UnitQueue.units_delivered"]
    ordered[active, columns["UnitQueue.unit_building"][active] - 1] += left[active]
    cost: npt.NDArray[np.float64] = (ordered @ RULES.unit_table.cost).astype(np.float64)
    waiting = columns["UnitQueue.units_waiting"]
    cost[waiting != ""] += np.multiply(RULES.units[_SATELLITE].cost, _WAITING.count)
    return cost


def _queues(
    generator: np.random.Generator,
    possible: Mapping[str, Flags],
    levels: Levels,
    settings: EconomySettings,
    now: float,
) -> dict[str, AnyArray]:
    """Have some planets build one of the units they may, at some point of its time."""
    count = len(levels)
    building = np.full(count, NO_UNIT, dtype=np.int16)
    ordered, delivered, seconds = (np.zeros(count, dtype=np.int64) for _ in range(3))
    begun_at, due_at = np.zeros(count), np.full(count, NEVER)
    waiting = np.full(count, "", dtype=np.dtypes.StringDType())
    chosen = _one_of(possible, generator)
    builds = generator.random(count) < _BUILDING_SHARE
    for place, name in enumerate(possible):
        rows = np.flatnonzero(builds & (chosen == place))
        building[rows] = UNITS.index(name) + 1
        ordered[rows] = generator.integers(1, _ORDER_MAX, len(rows))
        seconds[rows] = _seconds_each(name, levels[rows], settings)
        whole_s = ordered[rows] * seconds[rows]
        # Anywhere within its time: orders come at any fraction of a second, and so do their ends.
        elapsed_s = generator.random(len(rows)) * whole_s
        begun_at[rows] = now - elapsed_s
        delivered[rows] = np.minimum(elapsed_s // seconds[rows], ordered[rows] - 1)
        number = delivered[rows] + 1 if name == _SATELLITE else ordered[rows]
        due_at[rows] = instant_of_delivery(begun_at[rows], seconds[rows], number)
    also = (building != NO_UNIT) & (generator.random(count) < _WAITING_SHARE)
    waiting[also & possible[_SATELLITE]] = _WAITING_TEXT
    return {
        "UnitQueue.unit_building": building,
        "UnitQueue.units_ordered": ordered,
        "UnitQueue.units_delivered": delivered,
        "UnitQueue.units_begun_at": begun_at,
        "UnitQueue.seconds_per_unit": seconds,
        "UnitQueue.units_due_at": due_at,
        "UnitQueue.units_waiting": waiting,
    }


def _one_of(possible: Mapping[str, Flags], generator: np.random.Generator) -> Counts:
    """Return for each planet the place in `possible` of one that it may have, -1 if there is none.

    Each of those is as likely as any other.
    """
    may = np.stack(list(possible.values()), axis=1)
    number = may.sum(axis=1)
    wanted = np.floor(generator.random(len(may)) * number).astype(np.int64) + 1
    chosen = (np.cumsum(may, axis=1) == wanted[:, np.newaxis]).argmax(axis=1)
    return np.where(number > 0, chosen, -1)


def _seconds_each(name: str, levels: Levels, settings: EconomySettings) -> Counts:
    """Return the seconds that one piece of a unit takes on planets with these levels."""
    construction = RULES.construction
    yard, doubler = (_levels_of(name, levels) for name in (construction.yard, construction.doubler))
    pairs, inverse = np.unique(np.stack((yard, doubler), axis=1), axis=0, return_inverse=True)
    seconds = [
        unit_seconds(
            RULES.units[name],
            construction.cost_per_hour,
            int(yard_level),
            int(doubler_level),
            settings.economy_speed,
        )
        for yard_level, doubler_level in pairs
    ]
    return np.array(seconds, dtype=np.int64)[inverse.reshape(-1)]


def _levels_of(building: str, levels: Levels) -> Levels:
    if building not in BUILDINGS.labels:
        return np.zeros(len(levels), dtype=np.int16)
    of_building: Levels = levels[:, BUILDINGS.index(building)]
    return of_building
