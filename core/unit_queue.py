"""Planning a shipyard's queue: what the rules say against an order, or against its start.

Pure functions over levels and counts; what an order costs is another question.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.commands import Rejected
from core.requirements import unmet
from core.rules import Rules
from core.rules.missiles import silo_slots
from core.rules.units import Unit
from core.unit_orders import UnitOrder

# What a column of counts can hold: see core.components.
COUNT_MOST = 2**31 - 1

Levels = Mapping[str, int]
Counts = Mapping[str, int]

YARD_IN_WORK = Rejected(
    "yard_in_work", "No units are ordered while the shipyard or the nanite factory is worked on."
)
YARD_BUSY = Rejected(
    "units_being_built",
    "Neither the shipyard nor the nanite factory can be worked on while units are being built.",
)


def yard_buildings(rules: Rules) -> tuple[str, str]:
    """Return the buildings that cannot be worked on while units are built, and the reverse."""
    return rules.construction.yard, rules.construction.doubler


def refusal(
    rules: Rules, levels: Levels, technologies: Levels, counts: Counts, order: UnitOrder
) -> Rejected | None:
    """Return why an order may not be placed on a planet.

    `counts` are the units that are there, together with all that are ordered. What `levels` and
    `technologies` do not name has level 0.
    """
    unit = rules.units[order.unit]
    nothing = dict.fromkeys(unit.requires, 0)
    return (
        unmet(unit.name, unit.requires, {**nothing, **technologies, **levels})
        or too_many(unit, counts.get(unit.name, 0), order.count)
        or _silo_full(rules, levels, counts, order)
    )


def price_of(rules: Rules, order: UnitOrder) -> tuple[int, ...]:
    return tuple(amount * order.count for amount in rules.units[order.unit].cost)


def silo_slots_taken(rules: Rules, counts: Counts) -> int:
    return sum(rules.units[name].silo_slots * count for name, count in counts.items())


def too_many(unit: Unit, there: int, wanted: int) -> Rejected | None:
    """Return why no more of a unit may come onto a planet, ordered there or landing on it."""
    most = COUNT_MOST if unit.most is None else unit.most
    if there + wanted <= most:
        return None
    return Rejected(
        "unit_limit",
        f"A planet has at most {most} of {unit.name}, those on order included.",
        {"limit": most, "count": there},
    )


def _silo_full(rules: Rules, levels: Levels, counts: Counts, order: UnitOrder) -> Rejected | None:
    needed = rules.units[order.unit].silo_slots * order.count
    if not needed:
        return None
    slots = silo_slots(rules.missiles, levels.get(rules.missiles.silo, 0))
    used = silo_slots_taken(rules, counts)
    if used + needed <= slots:
        return None
    return Rejected(
        "silo_full",
        f"The silo has {slots} slots, of which {used} are taken or spoken for; {needed} are asked.",
        {"slots": slots, "slots_used": used, "slots_needed": needed},
    )
