"""What a planet's income and energy depend on besides the levels of its buildings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.rules.arithmetic import SECONDS_PER_HOUR
from core.rules.entry import Entry

Number = Any  # float or NDArray[np.float64]
Level = Any  # int or NDArray of integers


@dataclass(frozen=True, slots=True)
class SliderRules:
    """In how many steps sliders go, and whether a mine's energy use follows its slider."""

    steps: int
    energy_use_follows: bool


@dataclass(frozen=True, slots=True)
class PlasmaRules:
    """How many per cent more of each resource mines make for each level of the technology."""

    technology: str
    percent: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SatelliteRules:
    """floor((maximum temperature + offset) / divisor) energy from each satellite."""

    unit: str
    offset: int
    divisor: int


@dataclass(frozen=True, slots=True)
class FusionRules:
    """The building that burns, and for how many hours there must be fuel for it to start again."""

    reactor: str
    restart_hours: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """The state of a planet and its owner that production depends on: numbers, or a column of each.

    `energy_technology` and `plasma` are levels, `satellites` a number of them. `sliders` are steps
    (10 of 10 is all) by the name of a building or of the satellite; what is not named works fully.
    `reactor_runs` is false while a reactor has shut down for want of fuel. `on_moon` is where
    nothing is given: no basic income, and no energy from what would give it on a planet.
    What is `idle` makes and burns nothing, whatever its energy.
    """

    energy_technology: Level = 0
    plasma: Level = 0
    satellites: Level = 0
    sliders: Mapping[str, Level] = field(default_factory=dict)
    reactor_runs: Any = True
    on_moon: Any = False
    idle: Any = False


PLAIN = Conditions()


def satellite_energy(rules: SatelliteRules, temperature_max: Number) -> Number:
    """Return the energy of one satellite at a maximum temperature in °C, never below 0."""
    if isinstance(temperature_max, int | float):
        # The same bits, in a tenth of the time.
        return float(max(math.floor((temperature_max + rules.offset) / rules.divisor), 0))
    return np.maximum(np.floor((temperature_max + rules.offset) / rules.divisor), 0)[()]


def reactor_shuts_down(deuterium: Number, income: Number, burn: Number) -> Any:
    """Return whether a reactor runs dry: nothing is left and less comes in than it burns.

    `income` and `burn` are per hour; a burn that the income just pays goes on.
    """
    return (deuterium <= 0) & (burn > income)


def reactor_starts_again(rules: FusionRules, deuterium: Number, burn: Number) -> Any:
    """Return whether a reactor that shut down starts by itself: the stock covers its burn.

    `burn` is what it would use per hour. An order, a delivery or a slider that leaves any deuterium
    starts it too; whoever handles those asks only whether the stock is above 0.
    """
    return (deuterium > 0) & (deuterium >= burn * rules.restart_hours)


def reactor_runs_on(
    rules: FusionRules,
    runs: Any,
    deuterium: Number,
    income: Number,
    burn: Number,
    *,
    refuelled: bool = False,
) -> Any:
    """Return whether a reactor runs from an instant on, given whether it ran up to then.

    `income` and `burn` are those of a reactor that runs. `refuelled` says that somebody ordered or
    delivered something or moved a slider. What burns nothing cannot shut down.
    """
    starts = reactor_starts_again(rules, deuterium, burn) | (burn <= 0)
    if refuelled:
        starts = starts | (deuterium > 0)
    # Numbers and columns alike, while `not` is for numbers and ~ for columns.
    return (runs | starts) & (reactor_shuts_down(deuterium, income, burn) ^ True)


def seconds_to_restart(
    rules: FusionRules, deuterium: Number, income: Number, burn: Number, capacity: Number
) -> Number:
    """Return how long a reactor that shut down waits until the stock covers its burn; inf if ever.

    `income` is what comes in meanwhile, per hour; a store that is too small never covers it.
    """
    wanted = burn * rules.restart_hours
    with np.errstate(divide="ignore", invalid="ignore"):
        seconds = np.divide(np.subtract(wanted, deuterium), income) * SECONDS_PER_HOUR
    return np.where((income > 0) & (wanted <= capacity), np.maximum(seconds, 0.0), np.inf)[()]


def read_sliders(entry: Entry) -> SliderRules:
    return SliderRules(entry.whole("steps", least=1, most=100), entry.flag("energy_use_follows"))


def read_plasma(entry: Entry) -> PlasmaRules:
    return PlasmaRules(
        entry.name("technology", entry.names.technologies, "technology"),
        entry.shares("percent", most=1000),
    )


def read_satellite(entry: Entry) -> SatelliteRules:
    return SatelliteRules(
        entry.name("unit", entry.names.units, "unit"),
        entry.whole("offset"),
        entry.whole("divisor", least=1),
    )


def read_fusion(entry: Entry) -> FusionRules:
    return FusionRules(
        entry.name("reactor", entry.names.buildings, "building"),
        # Without any it would start and shut down at one instant, for ever.
        entry.number("restart_hours", least=0.01, most=1000),
    )
