"""Formulas of the economy: pure functions over the rules.

Each takes plain numbers or NumPy arrays alike: + - * / round the same way in both, and everything
that does not (powers, exponentials) comes from tables by level that are made once with `math`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.rules.arithmetic import SECONDS_PER_HOUR, cost_of_level
from core.rules.buildings import Growth
from core.rules.catalog import Rules

# What a player sees is floored, what he pays is whole: a stock that a rounding error left a hair
# below a whole number still covers it.
AFFORDABLE_TOLERANCE = 1e-6
# floor(100 · produced / consumed): the quotient of two floats may lie a few ulp under a whole one.
FACTOR_TOLERANCE = 1e-9
# Up to here every whole number is a float.
EXACT_LIMIT = 2**53

Number = Any  # float or NDArray[np.float64]
Level = Any  # int or NDArray of integers
LevelTable = npt.NDArray[np.float64]


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


class Economy:
    """The formulas, with their tables by level, for one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.names = tuple(rules.buildings)
        self._buildings = tuple(rules.buildings.values())
        limit = rules.level_limit
        self._output = [
            self._growth_table(None if b.output is None else b.output.rate) for b in self._buildings
        ]
        self._energy_use = [self._growth_table(b.energy_use) for b in self._buildings]
        self._energy_output = [
            self._growth_table(None if b.energy_output is None else b.energy_output.rate)
            for b in self._buildings
        ]
        storage = rules.storage
        self._capacity = np.array(
            [
                storage.unit
                * math.floor(
                    storage.scale * math.exp(storage.numerator * level / storage.denominator)
                )
                for level in range(limit + 1)
            ]
        )
        self._slot_bonus = np.array(
            [(0.0,) * len(rules.resources), *(s.bonus for s in rules.slots)]
        )
        self._costs = {
            b.name: tuple(
                cost_of_level(b.cost, b.cost_factor, level) for level in range(1, limit + 1)
            )
            for b in self._buildings
        }

    def _growth_table(self, growth: Growth | None) -> LevelTable | None:
        if growth is None:
            return None
        levels = range(self.rules.level_limit + 1)
        return np.array([growth.base * level * math.pow(growth.growth, level) for level in levels])

    def cost(self, building: str, level: int) -> tuple[int, ...]:
        """Return the price of reaching `level` (at least 1): floor(base · factor^(level-1))."""
        return self._costs[building][level - 1]

    def storage_capacity(self, level: Level) -> Number:
        """Return unit · floor(scale · e^(numerator · level / denominator)), units of a resource."""
        return self._capacity[level]

    def build_seconds(
        self, building: str, level: int, factory_level: int, settings: EconomySettings
    ) -> int:
        """Return the seconds that reaching `level` takes, whole and at least 1."""
        metal, crystal = self.cost(building, level)[:2]
        construction = self.rules.construction
        seconds = (
            SECONDS_PER_HOUR
            * (metal + crystal)
            / (
                construction.cost_per_hour
                * max(construction.early_divisor - level / 2, 1)
                * (1 + factory_level)
                * settings.economy_speed
            )
        )
        return max(1, math.floor(seconds))

    def demolition_cost(self, building: str, level: int) -> tuple[int, ...]:
        """Return the price of removing `level`: that of building it, as long as no ion is known."""
        return self.cost(building, level)

    def rates(
        self,
        levels: Mapping[str, Level],
        slot: Level,
        temperature_max: Number,
        settings: EconomySettings,
    ) -> Rates:
        """Return what a planet makes and holds with these building levels.

        income = basic · speed · (1 + slot bonus) + mine · factor · (1 + slot bonus), per hour, with
        factor = clamp(produced / consumed, 0, 1) in whole per cent.
        """
        produced, used = self.energy(levels)
        factor = energy_factor(produced, used, settings.energy_floor)
        # The mean lies 20 °C below the maximum, half of the 40 °C between maximum and minimum.
        temperature = temperature_max - 20
        speed = settings.economy_speed
        mines: list[Number] = [0.0] * len(self.rules.resources)
        stores: list[Level] = [0] * len(self.rules.resources)
        for building, table in zip(self._buildings, self._output, strict=True):
            if building.stores is not None:
                stores[self.rules.resources.index(building.stores)] = levels[building.name]
            if building.output is None or table is None:
                continue
            output = table[levels[building.name]]
            if building.output.depends_on_temperature:
                warmth = building.output.temperature_offset
                output = output * (warmth + building.output.temperature_slope * temperature)
            index = self.rules.resources.index(building.output.resource)
            mines[index] = mines[index] + output * speed
        production = []
        for index, mine in enumerate(mines):
            bonus = 1 + self._slot_bonus[slot, index]
            basic = settings.basic_income[index] * speed
            production.append(basic * bonus + mine * factor * bonus)
        return Rates(
            production=tuple(production),
            consumption=tuple(0.0 * rate for rate in production),
            capacity=tuple(self.storage_capacity(level) for level in stores),
            energy_produced=produced,
            energy_used=used,
            factor=factor,
        )

    def energy(self, levels: Mapping[str, Level]) -> tuple[Number, Number]:
        """Return the energy that the buildings give and the energy that they want."""
        produced: Number = 0.0
        used: Number = 0.0
        for building, output, use in zip(
            self._buildings, self._energy_output, self._energy_use, strict=True
        ):
            if output is not None:
                produced = produced + output[levels[building.name]]
            if use is not None:
                used = used + use[levels[building.name]]
        return produced, used


def energy_factor(produced: Number, used: Number, floor: float = 0.0) -> Number:
    """Return produced / used in whole per cent, between 0 and 1.

    It is 1 where nothing is used and 0 where nothing is produced; `floor` is the least factor
    while any energy is produced.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        percent = np.floor(np.divide(100 * produced, used) + FACTOR_TOLERANCE)
    factor = np.maximum(np.clip(percent, 0, 100) / 100, floor)
    return np.where(used == 0, 1.0, np.where(produced == 0, 0.0, factor))[()]
