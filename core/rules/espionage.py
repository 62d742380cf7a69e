"""What probes see, and whether they are seen."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.entry import Entry

# Seen by every probe that gets there.
ALWAYS_SEEN = "resources"
SECTIONS = ("fleet", "defence", "buildings", "research")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report, and what shows it: so many effective probes, or so many levels ahead."""

    name: str
    probes: int
    levels_ahead: int


@dataclass(frozen=True, slots=True)
class EspionageRules:
    """The technology and the ship of espionage, and the sections of a report in their order."""

    technology: str
    probe: str
    counter_divisor: int
    sections: tuple[Section, ...]


def effective_probes(probes: int, attacker: int, defender: int) -> int:
    """Return probes - max(0, defender - attacker)², which may be negative; levels of espionage."""
    return probes - max(0, defender - attacker) ** 2


def sections_seen(
    rules: EspionageRules, probes: int, attacker: int, defender: int
) -> tuple[str, ...]:
    """Return which sections of a report are filled: resources always, each of the others alone.

    Those are there from so many effective probes on, or if the attacker's level is so much above
    the defender's, however few probes there are.
    """
    effective = effective_probes(probes, attacker, defender)
    ahead = attacker - defender
    return ALWAYS_SEEN, *(
        section.name
        for section in rules.sections
        if effective >= section.probes or ahead >= section.levels_ahead
    )


def counter_chance_percent(
    rules: EspionageRules, probes: int, attacker: int, defender: int, ships_defending: int
) -> int:
    """Return the chance that ships there fight the probes, in whole per cent from 0 to 100.

    min(100, floor(ships · (defender - attacker + 1) / (counter_divisor · probes) · 100)): nothing
    without ships, and nothing, not less, for an attacker who is ahead.
    """
    weight = ships_defending * max(0, defender - attacker + 1)
    return min(100, 100 * weight // (rules.counter_divisor * probes))


def read_espionage(entry: Entry) -> EspionageRules:
    return EspionageRules(
        technology=entry.name("technology", entry.names.technologies, "technology"),
        probe=entry.name("probe", entry.names.units, "unit"),
        counter_divisor=entry.whole("counter_divisor", least=1),
        sections=tuple(_read_section(name, entry.table(name)) for name in SECTIONS),
    )


def _read_section(name: str, entry: Entry) -> Section:
    return Section(name, entry.whole("probes"), entry.whole("levels_ahead"))
