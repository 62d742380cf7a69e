"""Planning a research queue: which level an item is, and what the rules say against it.

Pure functions. An item's level is not stored: it is the technology's level then plus its place
among the items of its type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core.commands import Rejected
from core.requirements import lack_of_energy, unmet
from core.rules import Rules
from core.rules.economy import EXACT_LIMIT
from core.rules.research import network_lab, research_seconds, technology_cost, technology_energy

Levels = Mapping[str, int]

LAB_IN_WORK = Rejected("lab_in_work", "No research starts while a lab of yours is being worked on.")


@dataclass(frozen=True, slots=True)
class Study:
    """One item of a queue: a technology's next level, in the lab of a planet."""

    technology: str
    planet_id: int


@dataclass(frozen=True, slots=True)
class Scholar:
    """What a player knows, the labs of all his planets, and what stands where his items are."""

    technologies: Levels
    labs: Mapping[int, int]
    buildings: Mapping[int, Levels]


def planned(levels: Levels, studies: Sequence[Study]) -> dict[str, int]:
    """Return the levels when all these items are done."""
    after = dict(levels)
    for study in studies:
        after[study.technology] += 1
    return after


def level_of(levels: Levels, before: Sequence[Study], study: Study) -> int:
    """Return the level that an item reaches after those before it."""
    return planned(levels, before)[study.technology] + 1


def price_of(rules: Rules, study: Study, level: int) -> tuple[int, ...]:
    return technology_cost(rules.technologies[study.technology], level)


def refusal(
    rules: Rules, scholar: Scholar, before: Sequence[Study], study: Study
) -> Rejected | None:
    """Return why an item may not follow these; whether it can start is another question."""
    level = level_of(scholar.technologies, before, study)
    technology = rules.technologies[study.technology]
    if level > rules.level_limit or _dearest(rules, study, level) > EXACT_LIMIT:
        return Rejected("level_limit", f"{technology.name} cannot be raised any further.")
    return _unmet(rules, scholar, before, study)


def without_orphans(
    rules: Rules, scholar: Scholar, studies: Sequence[Study]
) -> tuple[list[Study], list[Study]]:
    """Split items into those that can still be done in this order and those that cannot.

    The first one is under way and stays.
    """
    kept = list(studies[:1])
    orphans: list[Study] = []
    for study in studies[1:]:
        (orphans if _unmet(rules, scholar, kept, study) else kept).append(study)
    return kept, orphans


def lack_of_energy_for(
    rules: Rules, study: Study, level: int, energy: Callable[[], tuple[float, float]]
) -> Rejected | None:
    """Return that a planet's energy is not what a level requires, None if it is.

    `energy` tells what is produced and what is used; only few technologies ask for it.
    """
    technology = rules.technologies[study.technology]
    if technology.energy_cost is None:
        return None
    required = technology_energy(technology, level)
    produced, used = energy()
    if technology.energy_cost.is_met(required, produced, used):
        return None
    return lack_of_energy(
        technology.name, required, technology.energy_cost.of_unused, produced, used
    )


def seconds_of(
    rules: Rules,
    scholar: Scholar,
    study: Study,
    level: int,
    economy_speed: float,
    research_speed: float,
) -> int:
    """Return the whole seconds that a level takes in the lab of its planet and its network."""
    technology = rules.technologies[study.technology]
    joined = network_lab(
        scholar.labs[study.planet_id],
        (lab for planet_id, lab in scholar.labs.items() if planet_id != study.planet_id),
        scholar.technologies[rules.research.network],
        technology.requires.get(rules.research.lab, 0),
    )
    return research_seconds(
        rules.research, technology, level, joined, economy_speed, research_speed
    )


def _unmet(
    rules: Rules, scholar: Scholar, before: Sequence[Study], study: Study
) -> Rejected | None:
    there = scholar.buildings.get(study.planet_id)
    if there is None:
        return Rejected("requirements_not_met", f"The planet for {study.technology} is gone.")
    levels = {**there, **planned(scholar.technologies, before)}
    return unmet(study.technology, rules.technologies[study.technology].requires, levels)


def _dearest(rules: Rules, study: Study, level: int) -> int:
    technology = rules.technologies[study.technology]
    return max(*technology_cost(technology, level), technology_energy(technology, level))
