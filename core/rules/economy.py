"""Formulas of the economy: pure functions over the rules.

Each takes plain numbers or NumPy arrays alike: + - * / round the same way in both, and everything
that does not (powers, exponentials) comes from tables by level that are made once with `math`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from core.rules.arithmetic import cost_of_level, seconds_of_work
from core.rules.buildings import Building, EnergyOutput, Growth
from core.rules.catalog import Rules
from core.rules.production import PLAIN, Conditions, Level, Number, satellite_energy

# What a player sees is floored, what he pays is whole: a stock that a rounding error left a hair
# below a whole number still covers it.
AFFORDABLE_TOLERANCE = 1e-6
# floor(100 · produced / consumed): the quotient of two floats may lie a few ulp under a whole one.
FACTOR_TOLERANCE = 1e-9
# Up to here every whole number is a float.
EXACT_LIMIT = 2**53

# What there is at a level: a number, or a column of them for a column of levels.
ByLevel = Callable[..., Number]


@dataclass(frozen=True, slots=True)
class Rates:
    """What a planet makes, per resource and hour, and its energy (a number per planet)."""

    production: tuple[Number, ...]
    consumption: tuple[Number, ...]
    capacity: tuple[Number, ...]
    energy_produced: Number
    energy_used: Number
    factor: Number


@dataclass(frozen=True, slots=True)
class EconomySettings:
    """The world's settings that the economy depends on; incomes are per resource and hour."""

    economy_speed: float
    basic_income: tuple[float, ...]
    energy_floor: float


@dataclass(frozen=True, slots=True)
class _Tables:
    """What one building does at each level, before everything else; None for what it does not do.

    `energy_output` is by level of its technology and by its own level.
    """

    building: Building
    output: ByLevel | None
    energy_use: ByLevel | None
    energy_output: ByLevel | None
    burn: ByLevel | None


class Economy:
    """The formulas, with their tables by level, for one set of rules.

    They know what is planned too: a building that `levels` do not name has level 0.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.names = tuple(rules.buildings)
        buildings = tuple(rules.all_buildings.values())
        # Those of each building, and those that each formula goes through, in the same order.
        tables = tuple(map(self._tables_of, buildings))
        self._with_energy = tuple(
            each for each in tables if each.energy_output is not None or each.energy_use is not None
        )
        self._with_output = tuple(each for each in tables if each.output is not None)
        self._with_burn = tuple(each for each in tables if each.burn is not None)
        self._with_stores = tuple(
            each.building for each in tables if each.building.stores is not None
        )
        limit = rules.level_limit
        storage = rules.storage
        self._capacity = _by_level(
            [
                storage.unit
                * math.floor(
                    storage.scale * math.exp(storage.numerator * level / storage.denominator)
                )
                for level in range(limit + 1)
            ]
        )
        self._slot_bonus = _by_two_levels(
            [(0.0,) * len(rules.resources), *(s.bonus for s in rules.slots)]
        )
        self._costs = {
            b.name: tuple(
                cost_of_level(b.cost, b.cost_factor, level) for level in range(1, limit + 1)
            )
            for b in buildings
        }

    def cost(self, building: str, level: int) -> tuple[int, ...]:
        """Return the price of reaching `level` (at least 1): floor(base · factor^(level-1))."""
        return self._costs[building][level - 1]

    def energy_required(self, building: str, level: int) -> int:
        """Return the energy that must be there when `level` is ordered: the law of prices."""
        rule = self.rules.all_buildings[building]
        if rule.energy_cost is None:
            return 0
        return cost_of_level((rule.energy_cost.amount,), rule.cost_factor, level)[0]

    def storage_capacity(self, level: Level) -> Number:
        """Return unit · floor(scale · e^(numerator · level / denominator)), units of a resource."""
        return self._capacity(level)

    def build_seconds(
        self,
        building: str,
        level: int,
        factory_level: int,
        economy_speed: float,
        nanite_level: int = 0,
    ) -> int:
        """Return the seconds that reaching `level` takes, and removing it: whole, at least 1.

        3600 · (metal + crystal) / (cost_per_hour · max(early_divisor - level / 2, 1)
        · (1 + factory) · 2^nanite · economy_speed); late buildings have no max() term.
        """
        metal, crystal = self.cost(building, level)[:2]
        construction = self.rules.construction
        early = 1.0 if building in construction.late else construction.early_divisor - level / 2
        return seconds_of_work(
            metal + crystal,
            construction.cost_per_hour,
            max(early, 1.0),
            1 + factory_level,
            2**nanite_level,
            economy_speed,
        )

    def demolition_cost(self, building: str, level: int, ion: int = 0) -> tuple[int, ...]:
        """Return the price of removing `level`: floor(its price · max(0, 1 - discount · ion))."""
        left = max(0, 100 - self.rules.construction.discount_percent * ion)
        # Fractions, because 0.04 · 3 is no float.
        return tuple(
            math.floor(amount * Fraction(left, 100)) for amount in self.cost(building, level)
        )

    def rates(
        self,
        levels: Mapping[str, Level],
        slot: Level,
        temperature_max: Number,
        settings: EconomySettings,
        conditions: Conditions = PLAIN,
    ) -> Rates:
        """Return what a planet makes, burns and holds with these building levels.

        income = basic · speed · (1 + slot bonus) + mine · factor · (1 + slot bonus)
        · (1 + plasma), per hour, with mine = output · slider · speed and
        factor = clamp(produced / consumed, 0, 1) in whole per cent. The burn is output · slider
        · speed, whatever the factor. What is idle makes and burns nothing.
        """
        produced, used = self.energy(levels, temperature_max, conditions)
        factor = energy_factor(produced, used, settings.energy_floor)
        mines = self._mines(levels, temperature_max, settings.economy_speed, conditions)
        works = 1 - conditions.idle
        production = []
        for index, mine in enumerate(mines):
            bonus = 1 + self._slot_bonus(slot, index)
            basic = settings.basic_income[index] * settings.economy_speed
            basic = basic * (1 - conditions.on_moon)
            plasma = 1 + conditions.plasma * self.rules.plasma.percent[index] / 100
            production.append((basic * bonus + mine * factor * bonus * plasma) * works)
        return Rates(
            production=tuple(production),
            consumption=self._burnt(levels, production, settings.economy_speed, conditions),
            capacity=tuple(map(self.storage_capacity, self._stores(levels))),
            energy_produced=produced,
            energy_used=used,
            factor=factor,
        )

    def energy(
        self,
        levels: Mapping[str, Level],
        temperature_max: Number = 0.0,
        conditions: Conditions = PLAIN,
    ) -> tuple[Number, Number]:
        """Return the energy that a planet gives and the energy that it wants.

        A mine wants all its energy whatever its slider, unless the rules say that it follows.
        """
        produced: Number = 0.0
        used: Number = 0.0
        for tables in self._with_energy:
            name = tables.building.name
            level = levels.get(name, 0)
            if tables.energy_output is not None:
                produced = produced + self._energy_given(tables, level, conditions)
            if tables.energy_use is not None:
                use = tables.energy_use(level)
                if self.rules.sliders.energy_use_follows:
                    use = self._by_slider(use, name, conditions)
                used = used + use
        satellites = conditions.satellites * satellite_energy(self.rules.satellite, temperature_max)
        satellites = satellites * (1 - conditions.on_moon)
        produced = produced + self._by_slider(satellites, self.rules.satellite.unit, conditions)
        return produced, used

    def _energy_given(self, tables: _Tables, level: Level, conditions: Conditions) -> Number:
        output = tables.building.energy_output
        if output is None or tables.energy_output is None:
            return 0.0
        technology = 0 if output.technology is None else conditions.energy_technology
        given = self._by_slider(
            tables.energy_output(technology, level), tables.building.name, conditions
        )
        return given if tables.burn is None else given * conditions.reactor_runs

    def _mines(
        self,
        levels: Mapping[str, Level],
        temperature_max: Number,
        speed: float,
        conditions: Conditions,
    ) -> list[Number]:
        """Return what mines make of each resource per hour at full energy, before bonuses."""
        mines: list[Number] = [0.0] * len(self.rules.resources)
        # The mean temperature lies half of the span below the maximum.
        temperature = temperature_max - self.rules.planet.temperature_span // 2
        for tables in self._with_output:
            rule = tables.building.output
            if rule is None or tables.output is None:
                continue
            output = tables.output(levels.get(tables.building.name, 0))
            if rule.depends_on_temperature:
                output = output * (rule.temperature_offset + rule.temperature_slope * temperature)
            output = self._by_slider(output, tables.building.name, conditions)
            index = self.rules.resources.index(rule.resource)
            mines[index] = mines[index] + output * speed
        return mines

    def _burnt(
        self,
        levels: Mapping[str, Level],
        production: list[Number],
        speed: float,
        conditions: Conditions,
    ) -> tuple[Number, ...]:
        burnt: list[Number] = [0.0 * rate for rate in production]
        for tables in self._with_burn:
            rule = tables.building.burn
            if rule is None or tables.burn is None:
                continue
            burn = tables.burn(levels.get(tables.building.name, 0))
            burn = self._by_slider(burn, tables.building.name, conditions) * speed
            index = self.rules.resources.index(rule.resource)
            burnt[index] = burnt[index] + burn * conditions.reactor_runs * (1 - conditions.idle)
        return tuple(burnt)

    def _stores(self, levels: Mapping[str, Level]) -> list[Level]:
        stores: list[Level] = [0] * len(self.rules.resources)
        for building in self._with_stores:
            if building.stores is not None:
                stores[self.rules.resources.index(building.stores)] = levels.get(building.name, 0)
        return stores

    def _by_slider(self, amount: Number, name: str, conditions: Conditions) -> Number:
        slider = conditions.sliders.get(name)
        return amount if slider is None else amount * (slider / self.rules.sliders.steps)

    def _tables_of(self, building: Building) -> _Tables:
        return _Tables(
            building,
            None if building.output is None else self._growth_table(building.output.rate),
            None if building.energy_use is None else self._growth_table(building.energy_use),
            None if building.energy_output is None else self._energy_table(building.energy_output),
            None if building.burn is None else self._growth_table(building.burn.rate),
        )

    def _growth_table(self, growth: Growth) -> ByLevel:
        return _by_level(self._grown(growth))

    def _energy_table(self, output: EnergyOutput) -> ByLevel:
        technology_levels = range(1 if output.technology is None else self.rules.level_limit + 1)
        rate = output.rate
        return _by_two_levels(
            [
                self._grown(Growth(rate.base, rate.growth + output.growth_per_level * level))
                for level in technology_levels
            ]
        )

    def _grown(self, growth: Growth) -> list[float]:
        levels = range(self.rules.level_limit + 1)
        return [growth.base * level * math.pow(growth.growth, level) for level in levels]


# Of one planet they are plain numbers: the same bits, with which it is reckoned twice as fast.


def _by_level(numbers: Sequence[float]) -> ByLevel:
    column = np.array(numbers)
    return lambda level: numbers[level] if isinstance(level, int) else column[level]


def _by_two_levels(numbers: Sequence[Sequence[float]]) -> ByLevel:
    table = np.array(numbers)

    def at(first: Level, second: Level) -> Number:
        if isinstance(first, int) and isinstance(second, int):
            return numbers[first][second]
        return table[first, second]

    return at


def energy_factor(produced: Number, used: Number, floor: float = 0.0) -> Number:
    """Return produced / used in whole per cent, between 0 and 1.

    It is 1 where nothing is used and 0 where nothing is produced; `floor` is the least factor
    while any energy is produced.
    """
    if isinstance(produced, float) and isinstance(used, float):
        return _energy_factor_of_one(produced, used, floor)
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.floor(np.divide(100 * produced, used) + FACTOR_TOLERANCE)
    factor = np.maximum(np.clip(percent, 0, 100) / 100, floor)
    return np.where(used == 0, 1.0, np.where(produced == 0, 0.0, factor))[()]


def _energy_factor_of_one(produced: float, used: float, floor: float) -> float:
    """Return the same bits for one planet, in a tenth of the time that columns of one row take."""
    if used == 0:
        return 1.0
    if produced == 0:
        return 0.0
    percent = float(math.floor(100 * produced / used + FACTOR_TOLERANCE))
    return max(min(max(percent, 0.0), 100.0) / 100, floor)
