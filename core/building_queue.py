"""Planning a building queue: which level an item is, and what the rules say against it.

Pure functions over levels and steps. An item's level is not stored: it is the building's level
then, plus or minus the items of its type before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.commands import Rejected
from core.rules import Economy, Rules
from core.rules.economy import EXACT_LIMIT

Levels = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Step:
    """One item of a queue: a building's next level, or the removal of its highest."""

    building: str
    demolish: bool

    @property
    def change(self) -> int:
        return -1 if self.demolish else 1


def planned(levels: Levels, steps: Sequence[Step]) -> dict[str, int]:
    """Return the levels when all these steps are done."""
    after = dict(levels)
    for step in steps:
        after[step.building] += step.change
    return after


def level_of(levels: Levels, steps_before: Sequence[Step], step: Step) -> int:
    """Return the level that a step reaches, or takes away, after the steps before it."""
    level = planned(levels, steps_before)[step.building]
    return level if step.demolish else level + 1


def price_of(economy: Economy, step: Step, level: int) -> tuple[int, ...]:
    if step.demolish:
        return economy.demolition_cost(step.building, level)
    return economy.cost(step.building, level)


def refusal(
    economy: Economy, levels: Levels, fields: int, steps_before: Sequence[Step], step: Step
) -> Rejected | None:
    """Return why a step may not follow these steps; its price is another question."""
    if step.demolish:
        return _cannot_go(economy.rules, levels, steps_before, step.building)
    level = level_of(levels, steps_before, step)
    if level > economy.rules.level_limit or max(economy.cost(step.building, level)) > EXACT_LIMIT:
        return Rejected("level_limit", f"{step.building} cannot be raised any further.")
    return _unmet(economy.rules, planned(levels, steps_before), step.building) or _no_room(
        levels, fields, steps_before
    )


def without_orphans(
    rules: Rules, levels: Levels, steps: Sequence[Step]
) -> tuple[list[Step], list[Step]]:
    """Split steps into those that can still be done in this order and those that cannot.

    The first step is under way and stays.
    """
    kept = list(steps[:1])
    orphans: list[Step] = []
    for step in steps[1:]:
        wrong = (
            _cannot_go(rules, levels, kept, step.building)
            if step.demolish
            else _unmet(rules, planned(levels, kept), step.building)
        )
        (orphans if wrong else kept).append(step)
    return kept, orphans


def _unmet(rules: Rules, levels: Levels, building: str) -> Rejected | None:
    requires = rules.buildings[building].requires
    missing = {name: level for name, level in requires.items() if levels[name] < level}
    if not missing:
        return None
    wanted = ", ".join(f"{name} {level}" for name, level in sorted(missing.items()))
    return Rejected(
        "requirements_not_met", f"{building} needs {wanted} first.", {"missing": missing}
    )


def _no_room(levels: Levels, fields: int, steps_before: Sequence[Step]) -> Rejected | None:
    # A demolition frees its field when it is done: until then it may still be cancelled.
    used = fields_used(levels) + sum(not step.demolish for step in steps_before)
    if used < fields:
        return None
    return Rejected(
        "no_free_fields",
        f"All {fields} fields of the planet are taken or spoken for.",
        {"fields": fields, "fields_used": used},
    )


def _cannot_go(
    rules: Rules, levels: Levels, steps_before: Sequence[Step], building: str
) -> Rejected | None:
    level = planned(levels, steps_before)[building]
    if level < 1:
        return Rejected("nothing_to_demolish", f"There is no {building} to demolish.")
    standing = {name for name, built in levels.items() if built > 0}
    queued = {step.building for step in steps_before if not step.demolish}
    needed_by = sorted(
        name
        for name in standing | queued
        if rules.buildings[name].requires.get(building, 0) >= level
    )
    if not needed_by:
        return None
    return Rejected(
        "level_needed",
        f"{building} {level} is needed by {', '.join(needed_by)}.",
        {"needed_by": needed_by},
    )


def fields_used(levels: Levels) -> int:
    return sum(levels.values())
