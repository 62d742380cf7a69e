"""How a moon comes about, how far its phalanx sees and how often its gate can be used."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.rules.arithmetic import whole_seconds
from core.rules.entry import Entry


@dataclass(frozen=True, slots=True)
class MoonRules:
    """What a moon is made of; `first` are the bounds of the number that is drawn for its size."""

    debris_per_percent: int
    debris_factor: int
    first: tuple[int, int]
    scale: int
    diameter_most_km: int
    base: str
    fields: int
    fields_per_base: int


@dataclass(frozen=True, slots=True)
class PhalanxRules:
    """The building that sees fleets, and what a look costs."""

    building: str
    scan_deuterium: int


@dataclass(frozen=True, slots=True)
class JumpGateRules:
    """The building that ships jump through, and how long it rests."""

    building: str
    cooldown_s: int
    shorter_percent: int
    cooldown_least_s: int


def moon_chance_percent(rules: MoonRules, debris: int, percent_max: int) -> int:
    """Return the chance of a moon: min(percent_max, floor(debris / debris_per_percent)).

    `debris` are the units of all resources that one battle left.
    """
    return min(percent_max, debris // rules.debris_per_percent)


def moon_diameter_km(rules: MoonRules, debris: int, drawn: int) -> int:
    """Return floor(sqrt(drawn + debris_factor · debris / debris_per_percent) · scale), at most all.

    `drawn` is a whole number within `rules.first`, both ends included.
    """
    # Under one root and in whole numbers, where floor(sqrt(…) · scale) could miss by one.
    under_root = drawn * rules.debris_per_percent + rules.debris_factor * debris
    diameter = math.isqrt(rules.scale**2 * under_root // rules.debris_per_percent)
    return min(diameter, rules.diameter_most_km)


def phalanx_range(level: int) -> int:
    """Return how many systems away, in its own galaxy, a phalanx sees: level² - 1."""
    return level**2 - 1


def jump_gate_seconds(rules: JumpGateRules, level: int, fleet_speed: float) -> int:
    """Return how long a gate of `level` (at least 1) rests after a jump, in whole seconds.

    cooldown_s · (1 - shorter · (level - 1)) / fleet_speed, at least cooldown_least_s; `fleet_speed`
    is the peaceful one. Truncated like every duration that is not a flight.
    """
    left = 100 - rules.shorter_percent * (level - 1)
    return max(rules.cooldown_least_s, whole_seconds(rules.cooldown_s * left / (100 * fleet_speed)))


def read_moon(entry: Entry) -> MoonRules:
    return MoonRules(
        debris_per_percent=entry.whole("debris_per_percent", least=1),
        debris_factor=entry.whole("debris_factor", most=1_000_000),
        first=entry.range("first", 0, 1_000_000),
        scale=entry.whole("scale", most=1_000_000),
        diameter_most_km=entry.whole("diameter_most_km", least=1),
        base=entry.name("base", entry.names.buildings, "building"),
        fields=entry.whole("fields", most=10_000),
        fields_per_base=entry.whole("fields_per_base", most=1000),
    )


def read_phalanx(entry: Entry) -> PhalanxRules:
    return PhalanxRules(
        entry.name("building", entry.names.buildings, "building"), entry.whole("scan_deuterium")
    )


def read_jump_gate(entry: Entry) -> JumpGateRules:
    return JumpGateRules(
        building=entry.name("building", entry.names.buildings, "building"),
        cooldown_s=entry.whole("cooldown_s"),
        shorter_percent=entry.whole("shorter_percent", most=100),
        cooldown_least_s=entry.whole("cooldown_least_s", least=1),
    )
