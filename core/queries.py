"""What may be asked about the world, and the answers: copies that cannot be written to.

Queries are answered on the simulation thread between two commands; they change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np

from core import stockpiles
from core.building_queue import fields_used, total_fields
from core.commands import Rejected
from core.components import (
    PLANET,
    PLAYER,
    Planet,
    Player,
    Position,
    Stocks,
    Universe,
)
from core.ecs import Aggregate, fields_of
from core.ecs.table import AnyArray, Ids, Rows, Table
from core.fleet_reports import EstimateFlight, ReportFleets, estimate_flight, report_fleets
from core.friendships import ListFriends, friends_of
from core.galaxy import Coordinates
from core.galaxy_view import ViewSystem, view_of
from core.highscore import (
    ListNames,
    ReadSpending,
    ReadStudies,
    ReadUnderWay,
    names_of,
    read_spending,
    read_studies,
    read_under_way,
)
from core.knowledge import technologies_of
from core.messages import ListMessages, messages_of
from core.offers import ListOffers, ListTrades, offers_with, trades_of
from core.ownership import NO_HOME, planet_of
from core.presence import ListAbsent, absent_players
from core.quarantine import Quarantine
from core.reports import ListReports, ReadReport, read_report, reports_of
from core.rules import stocks
from core.save_batch import RowName
from core.state import GameState
from core.systems.construction import Item, levels_of, queue_of
from core.systems.founding import Home, home_of
from core.systems.moons import gate_ready_at
from core.systems.planets import PlanetSetup, setup_of
from core.systems.research import ResearchItem, research_queue_of
from core.systems.shipyard import UnitItem, orders_of
from core.unit_stock import units_at
from core.vacation import ReportVacation, report_vacation


@dataclass(frozen=True, slots=True)
class ReportPlanet:
    """The whole of one planet of a player, the active one for None."""

    player_id: int
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class ReportResearch:
    """What a player has researched and what he is researching."""

    player_id: int


@dataclass(frozen=True, slots=True)
class ListPlanets:
    """All planets of a player, in the order in which they were founded."""

    player_id: int


@dataclass(frozen=True, slots=True)
class ListPlanetIds:
    """The ids of all planets of a player, in the order in which they were founded."""

    player_id: int


@dataclass(frozen=True, slots=True)
class ReportStocks:
    """What lies on some planets of a player; those that are not his are left out."""

    player_id: int
    planet_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FindHome:
    """Where a player's home is; None if he has none."""

    player_id: int


@dataclass(frozen=True, slots=True)
class ListFreePlaces:
    """Free places where a home may be founded, in order."""

    galaxy: int | None
    system: int | None
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """The world's settings."""


@dataclass(frozen=True, slots=True)
class CountWorld:
    """How much there is in the world."""


@dataclass(frozen=True, slots=True)
class ListUnsaved:
    """What is not on the disk: what is at risk first, then the oldest, `limit` items at most."""

    limit: int


@dataclass(frozen=True, slots=True)
class ReadThrottleTrace:
    """The changes of the last hour, to be replayed with other intervals."""


@dataclass(frozen=True, slots=True)
class ListWorldPlanets:
    """A page of the planets of the world for the host's eyes, in the order of their rows."""

    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ListSetAside:
    """The groups of changes that the database refused, for the host's eyes."""


GameQuery = (
    ReportPlanet
    | ReportResearch
    | ReportFleets
    | EstimateFlight
    | ListPlanets
    | ListPlanetIds
    | ReportStocks
    | FindHome
    | ListFreePlaces
    | ReadSettings
    | CountWorld
    | ListOffers
    | ListTrades
    | ListMessages
    | ListFriends
    | ReportVacation
    | ListAbsent
    | ListReports
    | ReadReport
    | ViewSystem
    | ReadSpending
    | ReadStudies
    | ReadUnderWay
    | ListNames
    | ListWorldPlanets
    | ListUnsaved
    | ReadThrottleTrace
)
Query = GameQuery | ListSetAside


@dataclass(frozen=True, slots=True)
class WorldCounts:
    """How many there are."""

    players: int
    entities: int


@dataclass(frozen=True, slots=True)
class PlanetSummary:
    """One planet in a list; amounts are exact, per resource."""

    planet_id: int
    owner_id: int
    name: str
    coordinates: Coordinates
    amounts: tuple[float, ...]
    is_moon: bool = False


@dataclass(frozen=True, slots=True)
class PlanetReport:
    """Everything about one planet at `at`; rates are per hour, `kept` is set when it is sent.

    `fields` are those with what terraforming, or the base of a moon, has won; `gate_ready_at` is
    None without a gate.
    """

    at: float
    player_name: str
    summary: PlanetSummary
    production: tuple[float, ...]
    consumption: tuple[float, ...]
    capacity: tuple[float, ...]
    energy_produced: float
    energy_used: float
    factor: float
    levels: Mapping[str, int]
    queue: tuple[Item, ...]
    temperature_max: int
    fields: int
    diameter_km: int
    gate_ready_at: float | None
    fields_used: int
    setup: PlanetSetup
    technologies: Mapping[str, int]
    research_queue: tuple[ResearchItem, ...]
    units: tuple[int, ...]
    unit_orders: tuple[UnitItem, ...]
    kept: bool = True


@dataclass(frozen=True, slots=True)
class ResearchReport:
    """A player's technologies and research queue; `kept` is set when it is sent."""

    technologies: Mapping[str, int]
    queue: tuple[ResearchItem, ...]
    kept: bool = True


@dataclass(frozen=True, slots=True)
class PlayerPlanets:
    """A player's planets and which of them is active."""

    active_planet_id: int
    planets: Sequence[PlanetSummary]
    kept: bool = True


@dataclass(frozen=True, slots=True)
class PlanetStocks:
    """What lies on one planet; rates are per hour."""

    planet_id: int
    amounts: tuple[float, ...]
    production: tuple[float, ...]
    capacity: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class StocksOfPlanets:
    """What lies on some planets; `kept` is set when it is sent."""

    planets: tuple[PlanetStocks, ...]
    kept: bool = True


@dataclass(frozen=True, slots=True)
class WorldPlanet:
    """One planet in the host's table."""

    summary: PlanetSummary
    owner_name: str
    levels_total: int
    queue_length: int
    unsaved: str


@dataclass(frozen=True, slots=True)
class WorldPlanets:
    """A page of the host's table, with how many planets there are in all."""

    total: int
    planets: tuple[WorldPlanet, ...] = field(default=())


class SummaryColumns(Sequence[PlanetSummary]):
    """Summaries that are made only when somebody reads them, which is on another thread.

    A player may have thousands of planets, and the simulation has a tick to keep.
    """

    def __init__(self, owner_id: int, ids: Ids, columns: Mapping[str, AnyArray]) -> None:
        self._owner_id = owner_id
        self._ids = ids
        self._columns = columns

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> PlanetSummary: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[PlanetSummary]: ...
    def __getitem__(self, index: int | slice) -> PlanetSummary | Sequence[PlanetSummary]:
        if isinstance(index, slice):
            part = {key: column[index] for key, column in self._columns.items()}
            return SummaryColumns(self._owner_id, self._ids[index], part)
        columns = self._columns
        return PlanetSummary(
            planet_id=int(self._ids[index]),
            owner_id=self._owner_id,
            name=str(columns["name"][index]),
            coordinates=(
                int(columns["galaxy"][index]),
                int(columns["system"][index]),
                int(columns["position"][index]),
            ),
            amounts=tuple(columns["amounts"][index].tolist()),
            is_moon=bool(columns["is_moon"][index]),
        )


@dataclass(frozen=True, slots=True)
class GroupSetAside:
    """Changes that belong together and that the database refused, since an instant.

    A row is a table and an id, the id 0 stands for all rows of the table.
    """

    group_id: int
    rows: tuple[RowName, ...]
    aggregates: int
    owner_names: tuple[str, ...]
    since: float
    reason: str


def answer(state: GameState, query: GameQuery, at: float) -> Any:
    """Return a query's answer at an instant; a Rejected where the asker may not know."""
    match query:
        case ReportPlanet():
            return _report(state, query, at)
        case ReportResearch():
            return _research(state, query)
        case ReportFleets():
            return report_fleets(state, query, at)
        case EstimateFlight():
            return estimate_flight(state, query)
        case ListPlanets():
            return _planets_of(state, query, at)
        case ListPlanetIds():
            return tuple(_rows_of(state, query.player_id)[0].tolist())
        case ReportStocks():
            return _stocks(state, query, at)
        case FindHome():
            return _find_home(state, query)
        case ListFreePlaces():
            return _free_places(state, query)
        case ReadSettings():
            universe = state.universe
            return {f.name: getattr(universe, f.name) for f in fields_of(Universe)}
        case CountWorld():
            tables = state.world.tables
            return WorldCounts(len(tables[PLAYER]), sum(len(table) for table in tables.values()))
        case ListOffers():
            return offers_with(state.world, query)
        case ListTrades():
            return trades_of(state.world, query)
        case ListMessages():
            return messages_of(state, query)
        case ListFriends():
            return friends_of(state.world, query)
        case ListAbsent():
            return absent_players(state, query, at)
        case ReportVacation():
            return report_vacation(state, query)
        case ListReports():
            return reports_of(state, query)
        case ReadReport():
            return read_report(state, query)
        case ViewSystem():
            return view_of(state, query, at)
        case ReadSpending():
            return read_spending(state, query, at)
        case ReadStudies():
            return read_studies(state, query, at)
        case ReadUnderWay():
            return read_under_way(state, query, at)
        case ListNames():
            return names_of(state, query)
        case ListWorldPlanets():
            return _world_planets(state, query, at)
        case ListUnsaved() | ReadThrottleTrace():
            raise TypeError("the world does not know how it is saved; ask GameWorld")


def _report(state: GameState, query: ReportPlanet, at: float) -> PlanetReport | Rejected:
    planet_id = planet_of(state.world, query.player_id, query.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    world = state.world
    stock = world.component_for_entity(PLANET, planet_id, Stocks)
    planet = world.component_for_entity(PLANET, planet_id, Planet)
    rates = stockpiles.rates_of(state, planet_id)
    levels = levels_of(state, planet_id)
    return PlanetReport(
        at=at,
        player_name=world.component_for_entity(PLAYER, query.player_id, Player).name,
        summary=_summary(state, planet_id, at),
        production=stock.production,
        consumption=stock.consumption,
        capacity=stock.capacity,
        energy_produced=float(rates.energy_produced),
        energy_used=float(rates.energy_used),
        factor=float(rates.factor),
        levels=levels,
        queue=queue_of(state, planet_id),
        temperature_max=planet.temperature_max,
        fields=total_fields(state.rules, planet.fields, levels, on_moon=planet.is_moon),
        gate_ready_at=gate_ready_at(state, planet_id),
        diameter_km=planet.diameter_km or state.rules.diameter_km(planet.fields),
        fields_used=fields_used(levels),
        setup=setup_of(state, planet_id),
        technologies=technologies_of(world, query.player_id),
        research_queue=research_queue_of(state, query.player_id),
        units=units_at(state, planet_id, at),
        unit_orders=orders_of(state, planet_id, at),
    )


def _research(state: GameState, query: ReportResearch) -> ResearchReport | Rejected:
    if not state.world.exists(PLAYER, query.player_id):
        return NO_HOME
    return ResearchReport(
        technologies_of(state.world, query.player_id), research_queue_of(state, query.player_id)
    )


def _summary(state: GameState, planet_id: int, at: float) -> PlanetSummary:
    world = state.world
    planet = world.component_for_entity(PLANET, planet_id, Planet)
    position = world.component_for_entity(PLANET, planet_id, Position)
    stock = world.component_for_entity(PLANET, planet_id, Stocks)
    return PlanetSummary(
        planet_id=planet_id,
        owner_id=planet.owner_id,
        name=planet.name,
        coordinates=(position.galaxy, position.system, position.position),
        amounts=stockpiles.amounts_at(stock, at),
        is_moon=planet.is_moon,
    )


def _planets_of(state: GameState, query: ListPlanets, at: float) -> PlayerPlanets | Rejected:
    world = state.world
    if not world.exists(PLAYER, query.player_id):
        return NO_HOME
    player = world.component_for_entity(PLAYER, query.player_id, Player)
    table = world.tables[PLANET]
    ids, rows = _rows_of(state, query.player_id)
    world.note_reads(PLANET, ids.tolist())
    columns = {
        "name": table.read_only("Planet.name")[rows],
        "galaxy": table.read_only("Position.galaxy")[rows],
        "system": table.read_only("Position.system")[rows],
        "position": table.read_only("Position.position")[rows],
        "amounts": _amounts(table, rows, at),
        "is_moon": table.read_only("Planet.is_moon")[rows],
    }
    return PlayerPlanets(player.active_planet_id, SummaryColumns(query.player_id, ids, columns))


def _rows_of(state: GameState, player_id: int) -> tuple[Ids, Rows]:
    """Return ids and rows of a player's planets in order of their ids.

    A look at the owners of a million planets takes less than a millisecond.
    """
    table = state.world.tables[PLANET]
    rows = np.flatnonzero(table.read_only("Planet.owner_id") == player_id)
    rows = rows[np.argsort(table.ids[rows])]
    return table.ids[rows], rows


def _stocks(state: GameState, query: ReportStocks, at: float) -> StocksOfPlanets:
    table = state.world.tables[PLANET]
    rows = table.rows(np.array(query.planet_ids, dtype=np.int64))
    rows = rows[table.read_only("Planet.owner_id")[rows] == query.player_id]
    ids = table.ids[rows].tolist()
    state.world.note_reads(PLANET, ids)
    columns = (
        _amounts(table, rows, at),
        table.read_only("Stocks.production")[rows],
        table.read_only("Stocks.capacity")[rows],
    )
    values = zip(ids, *(map(tuple, column.tolist()) for column in columns), strict=True)
    return StocksOfPlanets(tuple(PlanetStocks(*each) for each in values))


def _amounts(table: Table, rows: Rows, at: float) -> AnyArray:
    """Return what lies on the planets of these rows at an instant, changing nothing."""
    amount, production, consumption, capacity = (
        table.read_only(f"Stocks.{name}")[rows]
        for name in ("amount", "production", "consumption", "capacity")
    )
    elapsed_s = at - table.read_only("Stocks.settled_at")[rows]
    return stocks.amounts_after(amount, production, consumption, capacity, elapsed_s[:, None])


def _find_home(state: GameState, query: FindHome) -> Home | None:
    if not state.world.exists(PLAYER, query.player_id):
        return None
    player = state.world.component_for_entity(PLAYER, query.player_id, Player)
    return home_of(state, player.home_id)


def _free_places(state: GameState, query: ListFreePlaces) -> tuple[Coordinates, ...]:
    first, last = state.rules.home_positions
    galaxy = 1 if query.galaxy is None else query.galaxy
    system = 1 if query.system is None else query.system
    if not state.galaxy.contains((galaxy, system, first)):
        return ()
    places = state.galaxy.free_places(
        query.galaxy,
        query.system,
        range(first, last + 1),
        limit=query.limit,
        offset=query.offset,
    )
    return tuple(places)


def _world_planets(state: GameState, query: ListWorldPlanets, at: float) -> WorldPlanets:
    table = state.world.tables[PLANET]
    ids = table.ids[query.offset : query.offset + query.limit].tolist()
    return WorldPlanets(len(table), tuple(_world_planet(state, planet_id, at) for planet_id in ids))


def _world_planet(state: GameState, planet_id: int, at: float) -> WorldPlanet:
    summary = _summary(state, planet_id, at)
    owner = state.world.tables[PLAYER].get(summary.owner_id, "Player.name")
    marks = state.world.marks[PLANET].flags_of(planet_id)
    return WorldPlanet(
        summary=summary,
        owner_name=owner,
        levels_total=sum(levels_of(state, planet_id).values()),
        queue_length=len(queue_of(state, planet_id)),
        unsaved=marks.change_name,
    )


def list_set_aside(state: GameState, quarantine: Quarantine) -> tuple[GroupSetAside, ...]:
    """Return what the database has refused and nobody has decided on yet."""
    return tuple(
        GroupSetAside(
            group_id=group.id,
            rows=tuple(sorted((kind.name, entity_id) for kind, entity_id in group.aggregates)),
            aggregates=quarantine.size_of(group),
            owner_names=_owner_names(state, group.aggregates),
            since=group.since,
            reason=group.reason,
        )
        for group in quarantine
    )


def _owner_names(state: GameState, aggregates: Iterable[Aggregate]) -> tuple[str, ...]:
    """Return whose the planets and players among some aggregates are, as far as they exist."""
    players, planets = state.world.tables[PLAYER], state.world.tables[PLANET]
    owner_ids = {
        planets.get(entity_id, "Planet.owner_id") if kind is PLANET else entity_id
        for kind, entity_id in aggregates
        if kind is PLAYER or (kind is PLANET and entity_id in planets)
    }
    return tuple(
        sorted(players.get(owner, "Player.name") for owner in owner_ids if owner in players)
    )
