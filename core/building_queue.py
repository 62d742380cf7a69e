"""Planning a building queue: which level an item is, and what the rules say against it.

Pure functions over levels and steps. An item's level is not stored: it is the building's level
then, plus or minus the items of its type before it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.commands import Rejected
from core.requirements import lack_of_energy, unmet
from core.rules import Economy, Rules
from core.rules.buildings import PLACES
from core.rules.economy import EXACT_LIMIT
from core.rules.fields import moon_fields, planet_fields
from core.rules.missiles import silo_slots
from core.unit_queue import YARD_BUSY, yard_buildings

Levels = Mapping[str, int]

LAB_BUSY = Rejected("research_running", "No lab can be worked on while research is running.")


@dataclass(frozen=True, slots=True)
class Step:
    """One item of a queue: a building's next level, or the removal of its highest."""

    building: str
    demolish: bool

    @property
    def change(self) -> int:
        return -1 if self.demolish else 1


@dataclass(slots=True)
class Site:
    """What stands on a planet or a moon and what is known there.

    `fields` are those before terraforming; a moon's follow from its base alone. What only few steps
    ask for is looked up when they do. The slots of the silo are taken by the missiles that are
    there and by those on order.
    """

    levels: Levels
    fields: int
    on_moon: bool
    technologies: Callable[[], Levels]
    silo_slots_taken: Callable[[], int]
    lab_busy: Callable[[], bool]
    yard_busy: Callable[[], bool]


def planned(levels: Levels, steps: Sequence[Step]) -> dict[str, int]:
    """Return the levels when all these steps are done."""
    after = dict(levels)
    for step in steps:
        after[step.building] += step.change
    return after


def level_of(levels: Levels, steps_before: Sequence[Step], step: Step) -> int:
    """Return the level that a step reaches, or takes away, after the steps before it."""
    level = _level_after(levels, steps_before, step.building)
    return level if step.demolish else level + 1


def _level_after(levels: Levels, steps: Sequence[Step], building: str) -> int:
    level = levels[building]
    for step in steps:
        if step.building == building:
            level += step.change
    return level


def price_of(
    economy: Economy, step: Step, level: int, technologies: Callable[[], Levels] = dict
) -> tuple[int, ...]:
    """Return what a step costs where these technologies are known, none if none are given."""
    if step.demolish:
        discount = economy.rules.construction.discount_technology
        return economy.demolition_cost(step.building, level, technologies().get(discount, 0))
    return economy.cost(step.building, level)


def refusal(
    economy: Economy, site: Site, steps_before: Sequence[Step], step: Step
) -> Rejected | None:
    """Return why a step may not follow these steps; whether it can start is another question."""
    rules = economy.rules
    if step.demolish:
        return _cannot_go(rules, site, steps_before, step.building) or _room_needed(
            rules, site, steps_before, step.building
        )
    level = level_of(site.levels, steps_before, step)
    if level > rules.level_limit or max(economy.cost(step.building, level)) > EXACT_LIMIT:
        return Rejected("level_limit", f"{step.building} cannot be raised any further.")
    return (
        _wrong_ground(rules, site, step.building)
        or _unmet(rules, site, steps_before, step.building)
        or _no_room(rules, site, steps_before)
    )


def hindrance(
    economy: Economy, site: Site, step: Step, energy: Callable[[], tuple[float, float]]
) -> Rejected | None:
    """Return why a step that the rules allow cannot start now; its price is another question.

    `energy` tells what is produced and what is used; only few steps ask for it.
    """
    rules = economy.rules
    if step.building == rules.research.lab and site.lab_busy():
        return LAB_BUSY
    if step.building in yard_buildings(rules) and site.yard_busy():
        return YARD_BUSY
    cost = rules.all_buildings[step.building].energy_cost
    if step.demolish or cost is None:
        return None
    required = economy.energy_required(step.building, level_of(site.levels, [], step))
    produced, used = energy()
    if cost.is_met(required, produced, used):
        return None
    return lack_of_energy(step.building, required, cost.of_unused, produced, used)


def without_orphans(
    rules: Rules, site: Site, steps: Sequence[Step]
) -> tuple[list[Step], list[Step]]:
    """Split steps into those that can still be done in this order and those that cannot.

    The first step is under way and stays.
    """
    kept = list(steps[:1])
    orphans: list[Step] = []
    for step in steps[1:]:
        wrong = (
            _cannot_go(rules, site, kept, step.building)
            if step.demolish
            else _unmet(rules, site, kept, step.building)
        )
        (orphans if wrong else kept).append(step)
    return kept, orphans


def total_fields(rules: Rules, fields: int, levels: Levels, *, on_moon: bool) -> int:
    """Return all fields of a planet that has some by nature, or of a moon, with such levels."""
    if on_moon:
        return int(moon_fields(rules.moon, levels.get(rules.moon.base, 0)))
    terraformer = levels.get(rules.terraforming.building, 0)
    return int(planet_fields(rules.terraforming, fields, terraformer))


def _wrong_ground(rules: Rules, site: Site, building: str) -> Rejected | None:
    planet, moon = PLACES
    places = rules.buildings[building].stands_on
    if (moon if site.on_moon else planet) in places:
        return None
    grounds = " and ".join(f"{place}s" for place in places)
    return Rejected("cannot_stand_here", f"{building} is built on {grounds} alone.")


def _unmet(
    rules: Rules, site: Site, steps_before: Sequence[Step], building: str
) -> Rejected | None:
    requires = rules.buildings[building].requires
    if not requires:
        return None
    levels = {**site.technologies(), **planned(site.levels, steps_before)}
    return unmet(building, requires, levels)


def _no_room(rules: Rules, site: Site, steps_before: Sequence[Step]) -> Rejected | None:
    # A demolition frees its field when it is done: until then it may still be cancelled. So may the
    # building of what adds fields; what its demolition takes is as good as gone.
    after = dict(site.levels)
    fields = total_fields(rules, site.fields, after, on_moon=site.on_moon)
    for step in steps_before:
        after[step.building] += step.change
        fields = min(fields, total_fields(rules, site.fields, after, on_moon=site.on_moon))
    used = _spoken_for(site.levels, steps_before)
    return None if used < fields else _no_free_fields(fields, used)


def _room_needed(
    rules: Rules, site: Site, steps_before: Sequence[Step], building: str
) -> Rejected | None:
    """Return why fields that a building has won cannot be given up."""
    if building != (rules.moon.base if site.on_moon else rules.terraforming.building):
        return None
    left = planned(site.levels, [*steps_before, Step(building, demolish=True)])
    fields = total_fields(rules, site.fields, left, on_moon=site.on_moon)
    used = _spoken_for(site.levels, steps_before) - 1
    return None if used <= fields else _no_free_fields(fields, used)


def _no_free_fields(fields: int, used: int) -> Rejected:
    return Rejected(
        "no_free_fields",
        f"All {fields} fields are taken or spoken for.",
        {"fields": fields, "fields_used": used},
    )


def _cannot_go(
    rules: Rules, site: Site, steps_before: Sequence[Step], building: str
) -> Rejected | None:
    level = _level_after(site.levels, steps_before, building)
    if level < 1:
        return Rejected("nothing_to_demolish", f"There is no {building} to demolish.")
    standing = {name for name, built in site.levels.items() if built > 0}
    queued = {step.building for step in steps_before if not step.demolish}
    needed_by = sorted(
        name
        for name in standing | queued
        if rules.buildings[name].requires.get(building, 0) >= level
    )
    if not needed_by:
        return _silo_needed(rules, site, building, level)
    return Rejected(
        "level_needed",
        f"{building} {level} is needed by {', '.join(needed_by)}.",
        {"needed_by": needed_by},
    )


def _silo_needed(rules: Rules, site: Site, building: str, level: int) -> Rejected | None:
    if building != rules.missiles.silo:
        return None
    slots, taken = silo_slots(rules.missiles, level - 1), site.silo_slots_taken()
    if taken <= slots:
        return None
    return Rejected(
        "level_needed",
        f"Missiles take {taken} slots; {slots} would be left.",
        {"slots": slots, "slots_used": taken},
    )


def _spoken_for(levels: Levels, steps: Sequence[Step]) -> int:
    """Return the fields that are taken if everything queued is built and nothing demolished."""
    return fields_used(levels) + sum(not step.demolish for step in steps)


def fields_used(levels: Levels) -> int:
    return sum(levels.values())
