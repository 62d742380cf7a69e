"""What rules.toml says, checked and typed: all tables, each read by the module of its subject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from core.rules.buildings import Building, read_building
from core.rules.combat import CombatRules, read_combat
from core.rules.entry import Entry, Names
from core.rules.espionage import EspionageRules, read_espionage
from core.rules.expeditions import ExpeditionRules, read_expedition
from core.rules.fields import TerraformingRules, read_terraforming
from core.rules.flight import FlightRules, SlotRules, read_flight, read_slots
from core.rules.market import MarketRules, read_market
from core.rules.messages import MessageRules, read_messages
from core.rules.missiles import MissileRules, read_missiles
from core.rules.missions import Mission, read_mission
from core.rules.moons import (
    JumpGateRules,
    MoonRules,
    PhalanxRules,
    read_jump_gate,
    read_moon,
    read_phalanx,
)
from core.rules.planets import HomeRules, PlanetRules, Slot, read_home, read_planet, read_slot
from core.rules.production import (
    FusionRules,
    PlasmaRules,
    SatelliteRules,
    SliderRules,
    read_fusion,
    read_plasma,
    read_satellite,
    read_sliders,
)
from core.rules.protection import ProtectionRules, read_protection
from core.rules.research import ResearchRules, Technology, read_research, read_technology
from core.rules.score import ScoreRules, read_score
from core.rules.settings import Setting, read_setting
from core.rules.source import RulesSource
from core.rules.units import Unit, UnitTable, read_unit, unit_table

# Levels lie in 16 bits, and what grows by level must stay within a float.
LEVEL_LIMIT_MAX = 1000

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Limits:
    """How far things go: levels, and items of queues."""

    level: int
    build_queue: int
    research_queue: int
    unit_orders: int
    unit_order_most: int
    friends: int


@dataclass(frozen=True, slots=True)
class Storage:
    """capacity = unit · floor(scale · e^(numerator · level / denominator)), units of a resource."""

    unit: float
    scale: float
    numerator: float
    denominator: float


@dataclass(frozen=True, slots=True)
class Construction:
    """What building and demolishing depend on: see `Economy.build_seconds`."""

    cost_per_hour: float
    early_divisor: float
    factory: str
    yard: str
    doubler: str
    late: tuple[str, ...]
    discount_technology: str
    discount_percent: int


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules.

    `buildings` and `settings` are those that the program plays, and columns are made of them, as of
    all technologies; `all_buildings` and `all_settings` have what is planned too. `source` is the
    parsed file without what is planned, to be served as it is.
    """

    resources: tuple[str, ...]
    settings: Mapping[str, Setting]
    all_settings: Mapping[str, Setting]
    limits: Limits
    storage: Storage
    construction: Construction
    buildings: Mapping[str, Building]
    all_buildings: Mapping[str, Building]
    technologies: Mapping[str, Technology]
    research: ResearchRules
    units: Mapping[str, Unit]
    unit_table: UnitTable
    combat: CombatRules
    home: HomeRules
    slots: tuple[Slot, ...]
    planet: PlanetRules
    sliders: SliderRules
    plasma: PlasmaRules
    satellite: SatelliteRules
    fusion: FusionRules
    terraforming: TerraformingRules
    flight: FlightRules
    fleet_slots: SlotRules
    missions: Mapping[str, Mission]
    espionage: EspionageRules
    moon: MoonRules
    phalanx: PhalanxRules
    jump_gate: JumpGateRules
    missiles: MissileRules
    expedition: ExpeditionRules
    protection: ProtectionRules
    score: ScoreRules
    messages: MessageRules
    market: MarketRules
    source: Mapping[str, Any]

    @property
    def level_limit(self) -> int:
        return self.limits.level

    @property
    def build_queue_limit(self) -> int:
        return self.limits.build_queue

    @property
    def research_queue_limit(self) -> int:
        return self.limits.research_queue

    @property
    def energy_technology(self) -> str | None:
        """The technology that a reactor gives more energy with, if there is one."""
        output = self.all_buildings[self.fusion.reactor].energy_output
        return None if output is None else output.technology

    @property
    def slid(self) -> tuple[str, ...]:
        """What has a slider: buildings that make something or give energy, and the satellite."""
        return (
            *(
                building.name
                for building in self.buildings.values()
                if building.output is not None or building.energy_output is not None
            ),
            self.satellite.unit,
        )

    @property
    def home_fields(self) -> int:
        return self.home.fields

    @property
    def home_positions(self) -> tuple[int, int]:
        return self.home.positions

    def diameter_km(self, fields: int) -> int:
        """Return a planet's diameter."""
        return self.planet.diameter_km(fields)


@dataclass(frozen=True, slots=True)
class _Planned:
    """What the file has and the program does not play yet."""

    buildings: tuple[str, ...]
    settings: tuple[str, ...]
    tables: tuple[str, ...]


def load_rules(path: Path) -> Rules:
    """Read and check a rules file. Raise RulesError with what is wrong, and on which line."""
    source = RulesSource.read(path)
    root = Entry(source, _names(source), (), source.data)
    planned = _read_planned(root.table("planned"), source.data)
    rules = _read(root, planned)
    root.refuse_surplus()
    _refuse_circles(source, rules)
    _refuse_playing_the_planned(source, rules)
    _refuse_drives_without_speed(source, rules)
    return rules


def _names(source: RulesSource) -> Names:
    """Return what the file defines, before any of it is checked."""
    root = Entry(source, Names(), (), source.data)
    resources = root.array("resources")
    for place, name in enumerate(resources):
        if not isinstance(name, str) or name in resources[:place]:
            raise root.refusal(
                ("resources", place), f"is {name!r}: resources are not all different"
            )
    if len(resources) < 2:
        raise root.refusal("resources", "has less than two: prices are made of metal and crystal")
    for name in root.table("technologies").values:
        if name in root.table("buildings").values:
            raise root.refusal(("technologies", name), "is the name of a building too")
    return Names(
        resources=tuple(resources),
        buildings=tuple(root.table("buildings").values),
        technologies=tuple(root.table("technologies").values),
        units=tuple(root.table("units").values),
    )


def _read(root: Entry, planned: _Planned) -> Rules:
    root.value("resources")
    limits = _read_limits(root.table("limits"))
    settings = {name: read_setting(entry) for name, entry in root.table("settings").each()}
    buildings = _things(root, "buildings", partial(read_building, level_most=limits.level))
    combat = read_combat(root.table("combat"))
    units = _things(root, "units", partial(read_unit, level_most=limits.level))
    slots = tuple(map(partial(read_slot, level_most=limits.level), root.tables("positions")))
    return Rules(
        resources=root.names.resources,
        settings=_without(settings, planned.settings),
        all_settings=settings,
        limits=limits,
        storage=_read_storage(root.table("storage"), limits.level),
        construction=_read_construction(root.table("construction")),
        buildings=_without(buildings, planned.buildings),
        all_buildings=buildings,
        technologies=_things(
            root, "technologies", partial(read_technology, level_most=limits.level)
        ),
        research=read_research(root.table("research")),
        units=units,
        unit_table=unit_table(units, combat.hull_divisor),
        combat=combat,
        home=read_home(root.table("home"), len(slots)),
        slots=slots,
        planet=read_planet(root.table("planet")),
        sliders=read_sliders(root.table("sliders")),
        plasma=read_plasma(root.table("plasma")),
        satellite=read_satellite(root.table("satellite")),
        fusion=read_fusion(root.table("fusion")),
        terraforming=read_terraforming(root.table("terraforming")),
        flight=read_flight(root.table("flight")),
        fleet_slots=read_slots(root.table("slots")),
        missions=_things(root, "missions", read_mission),
        espionage=read_espionage(root.table("espionage")),
        moon=read_moon(root.table("moon")),
        phalanx=read_phalanx(root.table("phalanx")),
        jump_gate=read_jump_gate(root.table("jump_gate")),
        missiles=read_missiles(root.table("missiles")),
        expedition=read_expedition(root.table("expedition")),
        protection=read_protection(root.table("protection")),
        score=read_score(root.table("score")),
        messages=read_messages(root.table("messages")),
        market=read_market(root.table("market")),
        source=_shown(root.source.data, planned),
    )


def _things(root: Entry, table: str, read: Callable[[str, Entry], Thing]) -> dict[str, Thing]:
    things = {}
    for name, entry in root.table(table).each():
        # It becomes part of a column's name.
        if not (name.isidentifier() and name.isascii() and name == name.lower()):
            raise entry.refusal((), "is a name with more than small letters, digits and _")
        things[name] = read(name, entry)
    return things


def _without(things: Mapping[str, Thing], planned: Collection[str]) -> dict[str, Thing]:
    return {name: thing for name, thing in things.items() if name not in planned}


def _shown(data: Mapping[str, Any], planned: _Planned) -> dict[str, Any]:
    """Return the parsed file without what is planned."""
    shown = _without(data, ("planned", *planned.tables))
    shown["buildings"] = _without(data["buildings"], planned.buildings)
    shown["settings"] = _without(data["settings"], planned.settings)
    return shown


def _read_planned(entry: Entry, data: Mapping[str, Any]) -> _Planned:
    return _Planned(
        buildings=entry.list_of_names("buildings", entry.names.buildings, "building"),
        settings=entry.list_of_names("settings", data.get("settings", {}), "setting"),
        tables=entry.list_of_names("tables", data, "table"),
    )


def _read_limits(entry: Entry) -> Limits:
    return Limits(
        level=entry.whole("level", least=1, most=LEVEL_LIMIT_MAX),
        build_queue=entry.whole("build_queue", least=1, most=100),
        research_queue=entry.whole("research_queue", least=1, most=100),
        unit_orders=entry.whole("unit_orders", least=1, most=10_000),
        unit_order_most=entry.whole("unit_order_most", least=1),
        friends=entry.whole("friends", most=1000),
    )


def _read_storage(entry: Entry, level_most: int) -> Storage:
    # e^500 at the highest level is a float.
    return Storage(
        unit=entry.number("unit"),
        scale=entry.number("scale"),
        denominator=(denominator := entry.number("denominator", least=0.001)),
        numerator=entry.number("numerator", most=500 * denominator / level_most),
    )


def _read_construction(entry: Entry) -> Construction:
    buildings = entry.names.buildings
    return Construction(
        cost_per_hour=entry.number("cost_per_hour", least=0.001),
        early_divisor=entry.number("early_divisor"),
        factory=entry.name("factory", buildings, "building"),
        yard=entry.name("yard", buildings, "building"),
        doubler=entry.name("doubler", buildings, "building"),
        late=entry.list_of_names("late", buildings, "building"),
        discount_technology=entry.name(
            "discount_technology", entry.names.technologies, "technology"
        ),
        discount_percent=entry.whole("discount_percent", most=100),
    )


def _refuse_circles(source: RulesSource, rules: Rules) -> None:
    """Raise RulesError if buildings and technologies require one another in a circle."""
    things: list[Building | Technology] = [*rules.all_buildings.values()]
    things += rules.technologies.values()
    remaining = {thing.name: set(thing.requires) for thing in things}
    while remaining:
        free = {name for name, needs in remaining.items() if not needs & remaining.keys()}
        if not free:
            circle = _circle(remaining)
            table = "buildings" if circle[0] in rules.all_buildings else "technologies"
            raise source.refusal(
                (table, circle[0], "requires"),
                f"and others form a circle: {' requires '.join((*circle, circle[0]))}",
            )
        for name in free:
            del remaining[name]


def _circle(edges: Mapping[str, Collection[str]]) -> list[str]:
    """Return one circle of those edges, in which every name needs another one."""
    path = [min(edges)]
    while len(set(path)) == len(path):
        path.append(min(set(edges[path[-1]]) & edges.keys()))
    return path[path.index(path[-1]) : -1]


def _refuse_playing_the_planned(source: RulesSource, rules: Rules) -> None:
    """Raise RulesError if what is played requires what is not."""
    played: list[tuple[str, Building | Technology]] = [
        *(("buildings", building) for building in rules.buildings.values()),
        *(("technologies", technology) for technology in rules.technologies.values()),
    ]
    for table, thing in played:
        for name in thing.requires:
            if name not in rules.buildings and name not in rules.technologies:
                raise source.refusal(
                    (table, thing.name, "requires", name),
                    "is required by what is played, and only planned",
                )


def _refuse_drives_without_speed(source: RulesSource, rules: Rules) -> None:
    """Raise RulesError if a ship flies by what makes nothing faster."""
    for unit in rules.units.values():
        for drive in unit.drives:
            if drive.technology not in rules.flight.drive_percent:
                raise source.refusal(
                    ("units", unit.name, "drive"),
                    f"is {drive.technology}, which flight.drive_percent does not name",
                )
