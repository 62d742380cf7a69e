"""The table of buildings: what they cost, make, use and hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from core.rules.arithmetic import COST_FACTOR_MOST, EnergyCost, read_energy_cost
from core.rules.entry import Entry

PLACES = ("planet", "moon")
# What grows with a level must stay a float up to the highest one: 10^200 times its base.
GROWTH_EXPONENT_MOST = 200


@dataclass(frozen=True, slots=True)
class Growth:
    """base · L · growth^L at level L."""

    base: float
    growth: float


@dataclass(frozen=True, slots=True)
class Output:
    """What a building makes per hour, before bonuses; a temperature term makes it depend on °C."""

    resource: str
    rate: Growth
    temperature_offset: float
    temperature_slope: float

    @property
    def depends_on_temperature(self) -> bool:
        return self.temperature_slope != 0.0


@dataclass(frozen=True, slots=True)
class EnergyOutput:
    """The energy that a building gives: base · L · (growth + growth_per_level · technology)^L."""

    rate: Growth
    technology: str | None = None
    growth_per_level: float = 0.0


@dataclass(frozen=True, slots=True)
class Burn:
    """What a building uses up per hour to give energy."""

    resource: str
    rate: Growth


@dataclass(frozen=True, slots=True)
class Building:
    """One type of building."""

    name: str
    cost: tuple[int, ...]
    cost_factor: Fraction
    energy_cost: EnergyCost | None
    requires: Mapping[str, int]
    stands_on: tuple[str, ...]
    output: Output | None
    energy_use: Growth | None
    energy_output: EnergyOutput | None
    burn: Burn | None
    stores: str | None


def read_building(name: str, entry: Entry, level_most: int) -> Building:
    cost = entry.amounts("cost")
    energy_cost = entry.optional_table("energy_cost")
    if not any(cost) and energy_cost is None:
        raise entry.refusal("cost", "is nothing: a price is made of positive amounts")
    resources = entry.names.resources
    use = entry.optional_table("energy_use")
    return Building(
        name=name,
        cost=cost,
        cost_factor=entry.fraction("cost_factor", least=1, most=COST_FACTOR_MOST),
        energy_cost=None if energy_cost is None else read_energy_cost(energy_cost),
        requires=entry.requires(level_most),
        stands_on=_read_stands_on(entry),
        output=_read_output(entry.optional_table("output"), level_most),
        energy_use=None if use is None else _read_growth(use, level_most),
        energy_output=_read_energy_output(entry.optional_table("energy_output"), level_most),
        burn=_read_burn(entry.optional_table("burn"), level_most),
        stores=entry.name("stores", resources, "resource") if entry.has("stores") else None,
    )


def _read_stands_on(entry: Entry) -> tuple[str, ...]:
    if not entry.has("stands_on"):
        return PLACES[:1]
    return entry.list_of_names("stands_on", PLACES, "place")


def _read_growth(entry: Entry, level_most: int) -> Growth:
    growth_most = float(10 ** (GROWTH_EXPONENT_MOST / level_most))
    return Growth(entry.number("base"), entry.number("growth", least=1, most=growth_most))


def _read_output(entry: Entry | None, level_most: int) -> Output | None:
    if entry is None:
        return None
    temperature = entry.optional_table("temperature")
    return Output(
        resource=entry.name("resource", entry.names.resources, "resource"),
        rate=_read_growth(entry, level_most),
        temperature_offset=1.0 if temperature is None else temperature.number("offset"),
        temperature_slope=0.0 if temperature is None else temperature.number("slope", least=-10),
    )


def _read_energy_output(entry: Entry | None, level_most: int) -> EnergyOutput | None:
    if entry is None:
        return None
    rate = _read_growth(entry, level_most)
    growth_by = entry.optional_table("growth_by")
    if growth_by is None:
        return EnergyOutput(rate)
    technology = growth_by.name("technology", entry.names.technologies, "technology")
    # Both levels may be the highest there is.
    room = 10 ** (GROWTH_EXPONENT_MOST / level_most) - rate.growth
    per_level = growth_by.number("per_level", most=room / level_most)
    return EnergyOutput(rate, technology, per_level)


def _read_burn(entry: Entry | None, level_most: int) -> Burn | None:
    if entry is None:
        return None
    return Burn(
        entry.name("resource", entry.names.resources, "resource"), _read_growth(entry, level_most)
    )
