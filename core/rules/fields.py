"""How many fields a planet or a moon has for buildings."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.entry import Entry
from core.rules.moons import MoonRules
from core.rules.production import Level


@dataclass(frozen=True, slots=True)
class TerraformingRules:
    """The building that adds fields: per_level · L + per_two_levels · floor(L / 2)."""

    building: str
    per_level: int
    per_two_levels: int


def planet_fields(rules: TerraformingRules, fields: Level, terraformer: Level) -> Level:
    """Return the fields of planets; numbers or columns of whole numbers."""
    return fields + rules.per_level * terraformer + rules.per_two_levels * (terraformer // 2)


def moon_fields(rules: MoonRules, lunar_base: Level) -> Level:
    """Return the fields of moons; a lunar base itself takes up one for each of its levels."""
    return rules.fields + rules.fields_per_base * lunar_base


def read_terraforming(entry: Entry) -> TerraformingRules:
    return TerraformingRules(
        entry.name("building", entry.names.buildings, "building"),
        entry.whole("per_level", most=1000),
        entry.whole("per_two_levels", most=1000),
    )
