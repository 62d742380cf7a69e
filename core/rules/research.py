"""Technologies: their table, their prices and how long research takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from core.rules.arithmetic import (
    COST_FACTOR_MOST,
    EnergyCost,
    cost_of_level,
    read_energy_cost,
    seconds_of_work,
)
from core.rules.entry import Entry


@dataclass(frozen=True, slots=True)
class Technology:
    """One technology; its price is rounded to the nearest multiple of `cost_rounded_to`."""

    name: str
    cost: tuple[int, ...]
    cost_factor: Fraction
    cost_rounded_to: int
    energy_cost: EnergyCost | None
    requires: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ResearchRules:
    """What research depends on; `cost_per_hour` is metal and crystal that a lab of level 0 does."""

    cost_per_hour: float
    lab: str
    network: str


def technology_cost(technology: Technology, level: int) -> tuple[int, ...]:
    """Return the price of reaching `level` (at least 1) per resource: see `cost_of_level`."""
    return cost_of_level(technology.cost, technology.cost_factor, level, technology.cost_rounded_to)


def technology_energy(technology: Technology, level: int) -> int:
    """Return the energy that must be there when `level` is ordered: the law of prices."""
    if technology.energy_cost is None:
        return 0
    return cost_of_level((technology.energy_cost.amount,), technology.cost_factor, level)[0]


def network_lab(lab: int, others: Iterable[int], network: int, lab_required: int) -> int:
    """Return the lab level that research counts with: the lab here and those it is joined with.

    `others` are the labs of the player's other planets; the `network` best of those count whose
    level is at least what the technology requires.
    """
    fit = sorted((level for level in others if level >= max(lab_required, 1)), reverse=True)
    return lab + sum(fit[:network])


def research_seconds(
    rules: ResearchRules,
    technology: Technology,
    level: int,
    lab: int,
    economy_speed: float,
    research_speed: float,
) -> int:
    """Return the seconds that reaching `level` takes, whole and at least 1; `lab` with its network.

    3600 · (metal + crystal) / (cost_per_hour · (1 + lab) · economy_speed · research_speed)
    """
    metal, crystal = technology_cost(technology, level)[:2]
    hourly = (rules.cost_per_hour, 1 + lab, economy_speed, research_speed)
    return seconds_of_work(metal + crystal, *hourly)


def read_technology(name: str, entry: Entry, level_most: int) -> Technology:
    cost = entry.amounts("cost")
    energy_cost = entry.optional_table("energy_cost")
    if not any(cost) and energy_cost is None:
        raise entry.refusal("cost", "is nothing: a price is made of positive amounts")
    return Technology(
        name=name,
        cost=cost,
        cost_factor=entry.fraction("cost_factor", least=1, most=COST_FACTOR_MOST),
        cost_rounded_to=entry.optional_whole("cost_rounded_to", 1, least=1),
        energy_cost=None if energy_cost is None else read_energy_cost(energy_cost),
        requires=entry.requires(level_most),
    )


def read_research(entry: Entry) -> ResearchRules:
    return ResearchRules(
        cost_per_hour=entry.number("cost_per_hour", least=0.001),
        lab=entry.name("lab", entry.names.buildings, "building"),
        network=entry.name("network", entry.names.technologies, "technology"),
    )
