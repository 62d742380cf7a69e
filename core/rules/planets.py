"""Where a planet lies and what follows from it: fields, warmth, size, who may settle there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.rules.entry import Entry

FIELDS_MOST = 10_000
ABSOLUTE_ZERO_C, TEMPERATURE_MOST_C = -273, 10_000
BONUS_MOST = 100.0


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the fifteen positions of a system.

    `bonus` is a share per resource on mines and basic income, `astrophysics` the level that a
    colony there needs.
    """

    fields: tuple[int, int]
    temperature_max: tuple[int, int]
    bonus: tuple[float, ...]
    astrophysics: int


@dataclass(frozen=True, slots=True)
class HomeRules:
    """A player's first planet: its fields, and the positions it may have."""

    fields: int
    positions: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PlanetRules:
    """What holds for every planet; lengths in km, temperatures in °C."""

    diameter_per_field: float
    diameter_base: float
    temperature_span: int

    def diameter_km(self, fields: int) -> int:
        """Return diameter_per_field · fields + diameter_base, rounded down."""
        return int(self.diameter_per_field * fields + self.diameter_base)

    def temperature_min(self, temperature_max: int) -> int:
        return temperature_max - self.temperature_span


@dataclass(frozen=True, slots=True)
class Nature:
    """What a planet is like from its founding on; its maximum temperature is in °C."""

    fields: int
    temperature_max: int


def draw_nature(slots: Sequence[Slot], position: int, generator: random.Random) -> Nature:
    """Draw what a new planet at a position (from 1) is like, every whole number alike."""
    slot = slots[position - 1]
    return Nature(
        fields=between(generator, slot.fields),
        temperature_max=between(generator, slot.temperature_max),
    )


def between(generator: random.Random, bounds: tuple[int, int]) -> int:
    """Draw a whole number within bounds, both included."""
    return bounds[0] + below(generator, bounds[1] - bounds[0] + 1)


def below(generator: random.Random, limit: int) -> int:
    """Draw a whole number from 0 on, below a limit."""
    # random() is the one method whose numbers are the same in every version of Python.
    return int(generator.random() * limit)


def colony_astrophysics(slots: Sequence[Slot], position: int) -> int:
    """Return the level of astrophysics that a colony at a position (from 1) needs."""
    return slots[position - 1].astrophysics


def read_slot(entry: Entry, level_most: int) -> Slot:
    none = (0.0,) * len(entry.names.resources)
    return Slot(
        fields=entry.range("fields", 1, FIELDS_MOST),
        temperature_max=entry.range("temperature", ABSOLUTE_ZERO_C, TEMPERATURE_MOST_C),
        bonus=entry.shares("bonus", BONUS_MOST) if entry.has("bonus") else none,
        astrophysics=entry.optional_whole("astrophysics", 0, most=level_most),
    )


def read_home(entry: Entry, position_count: int) -> HomeRules:
    return HomeRules(
        fields=entry.whole("fields", least=1, most=FIELDS_MOST),
        positions=entry.range("positions", 1, position_count),
    )


def read_planet(entry: Entry) -> PlanetRules:
    return PlanetRules(
        diameter_per_field=entry.number("diameter_per_field"),
        diameter_base=entry.number("diameter_base"),
        temperature_span=entry.whole("temperature_span", most=1000),
    )
