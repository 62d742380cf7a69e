"""What rules.toml says, checked and typed."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.errors import RulesError

# Levels lie in 16 bits, and what grows by level must stay within a float.
LEVEL_LIMIT_MAX = 1000


SettingValue = bool | int | float


@dataclass(frozen=True, slots=True)
class Setting:
    """What a setting of a world is at first, and between which numbers it may lie."""

    default: SettingValue
    least: float | None = None
    most: float | None = None

    @property
    def permitted(self) -> str:
        """Say in words which values it may have."""
        if isinstance(self.default, bool):
            return "true or false"
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{kind} from {self.least:.15g} to {self.most:.15g}"

    def permits(self, value: object) -> bool:
        """Return whether it may have a value; no NaN lies between two numbers."""
        if isinstance(self.default, bool) or isinstance(value, bool):
            return isinstance(self.default, bool) and isinstance(value, bool)
        number = int if isinstance(self.default, int) else (int, float)
        if not isinstance(value, number) or self.least is None or self.most is None:
            return False
        return bool(self.least <= value <= self.most)


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
class Building:
    """One type of building."""

    name: str
    cost: tuple[int, ...]
    cost_factor: Fraction
    requires: Mapping[str, int]
    output: Output | None
    energy_use: Growth | None
    energy_output: Growth | None
    stores: str | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the fifteen positions of a system."""

    fields: tuple[int, int]
    temperature_max: tuple[int, int]
    bonus: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Storage:
    unit: float
    scale: float
    numerator: float
    denominator: float


@dataclass(frozen=True, slots=True)
class Construction:
    cost_per_hour: float
    early_divisor: float
    factory: str


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules; `source` is the parsed file, to be served as it is."""

    resources: tuple[str, ...]
    settings: Mapping[str, Setting]
    level_limit: int
    build_queue_limit: int
    storage: Storage
    construction: Construction
    buildings: Mapping[str, Building]
    home_fields: int
    home_positions: tuple[int, int]
    slots: tuple[Slot, ...]
    diameter_per_field: float
    diameter_base: float
    source: Mapping[str, Any]

    def diameter_km(self, fields: int) -> int:
        """Return a planet's diameter."""
        return int(self.diameter_per_field * fields + self.diameter_base)


def load_rules(path: Path) -> Rules:
    """Read and check a rules file. Raise RulesError with what is wrong."""
    try:
        source = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RulesError(f"{path.name} cannot be read: {error}") from error
    try:
        rules = _parse(source)
        _check(rules, path.name)
    except KeyError as error:
        raise RulesError(f"{path.name}: an entry {error} is missing") from error
    except (ArithmeticError, AttributeError, IndexError, TypeError, ValueError) as error:
        raise RulesError(f"{path.name}: an entry is malformed: {error}") from error
    return rules


def _parse(source: Mapping[str, Any]) -> Rules:
    resources = tuple(source["resources"])
    home = source["home"]
    return Rules(
        resources=resources,
        settings={name: Setting(**entry) for name, entry in source["settings"].items()},
        level_limit=int(source["limits"]["level"]),
        build_queue_limit=int(source["limits"]["build_queue"]),
        storage=Storage(**{key: float(value) for key, value in source["storage"].items()}),
        construction=Construction(
            cost_per_hour=float(source["construction"]["cost_per_hour"]),
            early_divisor=float(source["construction"]["early_divisor"]),
            factory=source["construction"]["factory"],
        ),
        buildings={
            name: _building(name, entry, resources) for name, entry in source["buildings"].items()
        },
        home_fields=int(home["fields"]),
        home_positions=(int(home["positions"][0]), int(home["positions"][1])),
        slots=tuple(_slot(entry, resources) for entry in source["positions"]),
        diameter_per_field=float(source["planet"]["diameter_per_field"]),
        diameter_base=float(source["planet"]["diameter_base"]),
        source=source,
    )


def _amounts(entry: Mapping[str, Any], resources: tuple[str, ...]) -> tuple[Any, ...]:
    unknown = entry.keys() - set(resources)
    if unknown:
        raise ValueError(f"unknown resource {min(unknown)}")
    return tuple(entry.get(resource, 0) for resource in resources)


def _whole(amount: Any) -> int:
    if not isinstance(amount, int):
        raise ValueError(f"{amount!r} is not a whole number")
    return amount


def _building(name: str, entry: Mapping[str, Any], resources: tuple[str, ...]) -> Building:
    known = {"cost", "cost_factor", "requires", "output", "energy_use", "energy_output", "stores"}
    if entry.keys() - known:
        raise ValueError(f"{name} has an unknown entry {min(entry.keys() - known)}")
    return Building(
        name=name,
        cost=tuple(_whole(amount) for amount in _amounts(entry["cost"], resources)),
        cost_factor=Fraction(str(entry["cost_factor"])),
        requires=dict(entry.get("requires", {})),
        output=_output(entry["output"]) if "output" in entry else None,
        energy_use=_growth(entry["energy_use"]) if "energy_use" in entry else None,
        energy_output=_growth(entry["energy_output"]) if "energy_output" in entry else None,
        stores=entry.get("stores"),
    )


def _growth(entry: Mapping[str, Any]) -> Growth:
    return Growth(float(entry["base"]), float(entry["growth"]))


def _output(entry: Mapping[str, Any]) -> Output:
    temperature = entry.get("temperature", {"offset": 1.0, "slope": 0.0})
    return Output(
        resource=entry["resource"],
        rate=_growth(entry),
        temperature_offset=float(temperature["offset"]),
        temperature_slope=float(temperature["slope"]),
    )


def _slot(entry: Mapping[str, Any], resources: tuple[str, ...]) -> Slot:
    return Slot(
        fields=(int(entry["fields"][0]), int(entry["fields"][1])),
        temperature_max=(int(entry["temperature"][0]), int(entry["temperature"][1])),
        bonus=tuple(float(x) for x in _amounts(entry.get("bonus", {}), resources)),
    )


def _check(rules: Rules, file_name: str) -> None:
    def refuse(what: str) -> None:
        raise RulesError(f"{file_name}: {what}")

    if rules.construction.factory not in rules.buildings:
        refuse(f"construction.factory names an unknown building {rules.construction.factory}")
    for name, number in _numbers(rules.source):
        if not math.isfinite(number):
            refuse(f"{name} is not a finite number")
    for name, setting in rules.settings.items():
        if not setting.permits(setting.default):
            refuse(f"settings.{name} is {setting.default} at first, which it may not be")
    if not rules.resources or len(set(rules.resources)) < len(rules.resources):
        refuse("resources are not all different")
    if rules.build_queue_limit < 1 or rules.level_limit < 1:
        refuse("limits must be at least 1")
    if rules.level_limit > LEVEL_LIMIT_MAX:
        refuse(f"limits.level is above {LEVEL_LIMIT_MAX}")
    if rules.storage.denominator == 0:
        refuse("storage.denominator is 0")
    if rules.construction.cost_per_hour <= 0:
        refuse("construction.cost_per_hour is not above 0")
    for building in rules.buildings.values():
        if any(amount < 0 for amount in building.cost) or not any(building.cost):
            refuse(f"buildings.{building.name}: a price is made of positive amounts")
        if building.cost_factor < 1:
            refuse(f"buildings.{building.name}: cost_factor is below 1")
        output = None if building.output is None else building.output.rate
        for growth in (output, building.energy_use, building.energy_output):
            if growth is not None and (growth.base < 0 or growth.growth < 1):
                refuse(f"buildings.{building.name}: a base is below 0 or a growth below 1")
        for needed, level in building.requires.items():
            if needed not in rules.buildings or not 1 <= level <= rules.level_limit:
                refuse(f"buildings.{building.name} requires an unknown {needed} {level}")
        for resource in (building.stores, building.output and building.output.resource):
            if resource is not None and resource not in rules.resources:
                refuse(f"buildings.{building.name} names an unknown resource {resource}")
    if _has_cycle({name: set(b.requires) for name, b in rules.buildings.items()}):
        refuse("the requirements of the buildings form a circle")
    for slot in rules.slots:
        for low, high in (slot.fields, slot.temperature_max):
            if low > high:
                refuse(f"positions: {low} to {high} is not a range")
    first, last = rules.home_positions
    if not 1 <= first <= last <= len(rules.slots):
        refuse("home.positions lie outside of the system")


def _numbers(source: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number below an entry of the file, with its place."""
    if isinstance(source, Mapping):
        for key, value in source.items():
            yield from _numbers(value, f"{name}.{key}" if name else key)
    elif isinstance(source, list):
        for place, value in enumerate(source, start=1):
            yield from _numbers(value, f"{name}[{place}]")
    elif isinstance(source, int | float):
        yield name, source


def _has_cycle(edges: Mapping[str, set[str]]) -> bool:
    remaining = dict(edges)
    while remaining:
        free = {name for name, needs in remaining.items() if not needs & remaining.keys()}
        if not free:
            return True
        for name in free:
            del remaining[name]
    return False
