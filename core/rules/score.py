"""Points: what players have spent, by what they spent it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.rules.entry import Entry
from core.rules.units import UnitTable, Wholes

Amount = Any  # int or NDArray[np.int64], one per player


@dataclass(frozen=True, slots=True)
class ScoreRules:
    resources_per_point: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Resources spent on what players have, fleets in flight included; numbers or columns.

    Metal, crystal and deuterium count alike. Missiles count as defence.
    """

    buildings: Amount
    research: Amount
    defence: Amount
    warships: Amount
    civil_ships: Amount


@dataclass(frozen=True, slots=True)
class Points:
    """Points of players, whole: numbers or columns."""

    total: Amount
    economy: Amount
    research: Amount
    military: Amount


def points(rules: ScoreRules, spent: Spent) -> Points:
    """Return a point for so many resources, each kind of points rounded down once.

    economy = buildings + defence + half of civil ships, military = defence + warships + half of
    civil ships. The total is of everything once, so it is no sum of the others.
    """
    per_point = rules.resources_per_point
    # In halves, so that half of an odd number stays whole.
    economy = 2 * (spent.buildings + spent.defence) + spent.civil_ships
    military = 2 * (spent.defence + spent.warships) + spent.civil_ships
    total = spent.buildings + spent.research + spent.defence + spent.warships + spent.civil_ships
    return Points(
        total=total // per_point,
        economy=economy // (2 * per_point),
        research=spent.research // per_point,
        military=military // (2 * per_point),
    )


def spent_on_units(table: UnitTable, counts: Wholes) -> tuple[Amount, Amount, Amount]:
    """Return the price of units, as defence, warships and civil ships.

    `counts` is of shape (units,) or (players, units).
    """
    price = table.cost.sum(axis=1)
    defence = counts @ (price * (table.is_defence | table.is_missile))
    warships = counts @ (price * (table.is_ship & ~table.is_civil))
    return defence, warships, counts @ (price * table.is_civil)


def read_score(entry: Entry) -> ScoreRules:
    return ScoreRules(entry.whole("resources_per_point", least=1))
