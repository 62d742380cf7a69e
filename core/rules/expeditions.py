"""Expeditions: what happens on them, what is found and who is met."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import floor

from core.rules.arithmetic import part_of
from core.rules.entry import Entry
from core.rules.units import Unit


class Outcome(StrEnum):
    """How an expedition ends; each has a weight among the settings of a world."""

    SHIPS = "ships"
    RESOURCES = "resources"
    DELAY = "delay"
    EARLY = "early"
    NOTHING = "nothing"
    LOST = "lost"
    PIRATES = "pirates"
    ALIENS = "aliens"

    @property
    def weight_setting(self) -> str:
        return f"expedition_weight_{self.value}"


@dataclass(frozen=True, slots=True)
class Encounter:
    """Who is met: per cent of the fleet's value by size, and how much their technology is more."""

    value_percent: tuple[int, ...]
    technology: int


@dataclass(frozen=True, slots=True)
class ExpeditionRules:
    """What expeditions depend on.

    `caps` are (best player's points below, cap) from low to high. `worth` is how much of each
    resource a find of 1 is. `size_weights`, `delay_factors` and the encounters' percentages go
    together by place. `classes` are ships from the lowest class to the highest.
    """

    technology: str
    find_percent: tuple[int, int]
    caps: tuple[tuple[int, int], ...]
    cap_above: int
    worth: tuple[Fraction, ...]
    size_weights: tuple[int, ...]
    delay_factors: tuple[int, ...]
    pirates: Encounter
    aliens: Encounter
    classes: tuple[tuple[str, ...], ...]


def chances(weights: Mapping[Outcome, float]) -> dict[Outcome, float]:
    """Return weights as chances that add up to 1; without any weight nothing ever happens."""
    total = sum(weights.values())
    if total <= 0:
        return {outcome: float(outcome is Outcome.NOTHING) for outcome in Outcome}
    return {outcome: weights.get(outcome, 0.0) / total for outcome in Outcome}


def draw_outcome(weights: Mapping[Outcome, float], generator: random.Random) -> Outcome:
    """Draw how an expedition ends, with one number of the generator."""
    by_outcome = chances(weights)
    return generator.choices(list(by_outcome), list(by_outcome.values()))[0]


def find_cap(rules: ExpeditionRules, best_points: int) -> int:
    """Return the most that a find is worth, by the points of the best player."""
    for below, cap in rules.caps:
        if best_points < below:
            return cap
    return rules.cap_above


def draw_find(rules: ExpeditionRules, best_points: int, generator: random.Random) -> int:
    """Draw what a find is worth, in units of metal: whole per cent of the cap, every one alike."""
    return part_of(find_cap(rules, best_points), generator.randint(*rules.find_percent))


def resource_found(rules: ExpeditionRules, find: int, place: int, free_room: int) -> int:
    """Return how much of the resource in `place` a find gives: find · worth, within the cargo."""
    return min(floor(find * rules.worth[place]), free_room)


def draw_resource(rules: ExpeditionRules, generator: random.Random) -> int:
    """Draw the place of the resource that is found, each alike: the rules say nothing of it."""
    return generator.randrange(len(rules.worth))


def ships_that_may_be_found(rules: ExpeditionRules, sent: Collection[str]) -> tuple[str, ...]:
    """Return the ships up to one class above the best that was sent; none if no class was sent."""
    best = max(
        (rank for rank, names in enumerate(rules.classes) if not set(names).isdisjoint(sent)),
        default=None,
    )
    if best is None:
        return ()
    return tuple(name for names in rules.classes[: best + 2] for name in names)


def draw_ships(
    units: Mapping[str, Unit], may_be_found: Sequence[str], find: int, generator: random.Random
) -> dict[str, int]:
    """Draw ships that together cost at most `find`: metal, crystal and deuterium count alike.

    Type after type is drawn, each once, and as many of it as a drawn part of what is left pays;
    the last one takes all that is left. So there are as many draws as types at most.
    """
    found: dict[str, int] = {}
    order = generator.sample(list(may_be_found), len(may_be_found))
    for place, name in enumerate(order):
        price = sum(units[name].cost)
        is_last = place == len(order) - 1
        affordable = find // price
        count = affordable if is_last else generator.randint(0, affordable)
        if count:
            found[name] = count
            find -= count * price
    return found


def draw_size(rules: ExpeditionRules, generator: random.Random) -> int:
    """Draw the size of a delay or an encounter, from 0: usual, large, very large."""
    return generator.choices(range(len(rules.size_weights)), rules.size_weights)[0]


def delay_seconds(rules: ExpeditionRules, hold_seconds: int, size: int) -> int:
    """Return by how much later a fleet comes home that is held up: a multiple of what it held."""
    return rules.delay_factors[size] * hold_seconds


def encounter_value(encounter: Encounter, fleet_value: int, size: int) -> int:
    """Return what the ships that are met are worth, in the resources that they cost."""
    return part_of(fleet_value, encounter.value_percent[size])


def encounter_technology(encounter: Encounter, level: int) -> int:
    """Return a level of those who are met, from that of who meets them; never below 0."""
    return max(0, level + encounter.technology)


def read_expedition(entry: Entry) -> ExpeditionRules:
    sizes = entry.wholes("size_weights", most=1_000_000)
    if not any(sizes):
        raise entry.refusal("size_weights", "has no weight above 0")
    return ExpeditionRules(
        technology=entry.name("technology", entry.names.technologies, "technology"),
        find_percent=entry.range("find_percent", 1, 1000),
        caps=_read_caps(entry),
        cap_above=entry.whole("cap_above", least=1),
        worth=entry.fractions("worth"),
        size_weights=sizes,
        delay_factors=_of_each_size(entry, "delay_factors", sizes),
        pirates=_read_encounter(entry.table("pirates"), sizes),
        aliens=_read_encounter(entry.table("aliens"), sizes),
        classes=entry.lists_of_names("classes", entry.names.units, "unit"),
    )


def _read_caps(entry: Entry) -> tuple[tuple[int, int], ...]:
    caps: list[tuple[int, int]] = []
    for row in entry.tables("caps"):
        cap = row.whole("below", least=1), row.whole("cap", least=1)
        if caps and cap[0] <= caps[-1][0]:
            raise row.refusal("below", f"is {cap[0]}, which does not come after {caps[-1][0]}")
        caps.append(cap)
    return tuple(caps)


def _read_encounter(entry: Entry, sizes: Sequence[int]) -> Encounter:
    percent = _of_each_size(entry, "value_percent", sizes)
    return Encounter(percent, entry.whole("technology", least=-1000, most=1000))


def _of_each_size(entry: Entry, key: str, sizes: Sequence[int]) -> tuple[int, ...]:
    numbers = entry.wholes(key, most=1_000_000)
    if len(numbers) != len(sizes):
        raise entry.refusal(key, f"has {len(numbers)} entries for {len(sizes)} sizes")
    return numbers
