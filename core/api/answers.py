"""What answers hold: the wire formats of what players are told, with types of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.api.unit_stats import defences_among, ship_stats, ships_among
from core.components import RESOURCES
from core.ecs import EVERY_ID
from core.galaxy import Coordinates
from core.queries import (
    GroupSetAside,
    PlanetReport,
    PlanetStocks,
    PlanetSummary,
    PlayerPlanets,
    ResearchReport,
)
from core.rules import RULES
from core.sync import Account
from core.systems.construction import Item
from core.systems.founding import Home
from core.systems.planets import PlanetSetup
from core.systems.research import ResearchItem
from core.systems.shipyard import UnitItem

# The end of what the calendar of datetime, and of most clients, can say.
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
# The mean temperature of a planet lies this far below its maximum.
_MEAN_BELOW_MAXIMUM_C = RULES.planet.temperature_span // 2

Amounts = Annotated[dict[str, int], Field(examples=[{"metal": 60, "crystal": 15, "deuterium": 0}])]
Time = Annotated[
    str,
    Field(
        description="ISO 8601 in UTC",
        examples=["2026-11-23T08:24:51.259Z"],
        json_schema_extra={"format": "date-time"},
    ),
]
BodyType = Annotated[str, Field(description="planet or moon", examples=["planet"])]
Kept = Annotated[
    bool, Field(description="false while this player's last change is not on the disk yet")
]


class Answer(BaseModel):
    """Something a player is told."""

    model_config = ConfigDict(frozen=True)


class ProblemAnswer(Answer):
    """Whatever went wrong. Some problems say more, for example what is missing."""

    model_config = ConfigDict(frozen=True, extra="allow")

    detail: Annotated[str, Field(description="a sentence for a person")]
    code: Annotated[str, Field(description="a stable word for a program")]


class Message(Answer):
    message: Annotated[str, Field(examples=["metal_mine 1 is started."])]


class AccountAnswer(Answer):
    id: Annotated[int, Field(examples=[1])]
    username: Annotated[str, Field(examples=["mira"])]
    email: Annotated[str, Field(examples=["mira@example.org"])]


class OwnAccount(AccountAnswer):
    is_active: bool
    is_admin: bool
    created_at: Time
    last_login: Time | None
    needs_start_choice: Annotated[
        bool, Field(description="true while there is no home; then a start may be chosen")
    ]


class AccessToken(Answer):
    access_token: str
    token_type: Annotated[str, Field(examples=["bearer"])] = "bearer"  # noqa: S105 - a kind of token


class Place(Answer):
    """Coordinates; `planet` is the position in the system, from 1."""

    galaxy: int
    system: int
    planet: int


class FreePlaces(Answer):
    planets: list[Place]


class QueueItem(Answer):
    """An item of the building queue; a waiting one has no times yet."""

    type: Annotated[str, Field(examples=["metal_mine"])]
    level: Annotated[int, Field(description="the level that is reached, or taken away")]
    demolish: Annotated[bool, Field(examples=[False])]
    cost: Amounts
    started_at: Time | None
    completion_time: Time | None


class ItemOrdered(Message):
    item: QueueItem


class QueueLeft(Message):
    build_queue: list[QueueItem]


class ResearchQueueItem(Answer):
    """An item of the research queue; a waiting one has no times yet."""

    type: Annotated[str, Field(examples=["energy"])]
    level: Annotated[int, Field(description="the level that is reached")]
    planet: Annotated[int, Field(description="in whose lab it is done, and which pays for it")]
    cost: Amounts
    started_at: Time | None
    completion_time: Time | None


class UnitOrderAnswer(Answer):
    """An order of the shipyard: what is still to come; a waiting one has no times yet."""

    type: Annotated[str, Field(examples=["rocket_launcher"])]
    count: int
    cost: Amounts
    started_at: Time | None
    completion_time: Time | None


class UnitsOrdered(Message):
    item: UnitOrderAnswer


class ResearchOrdered(Message):
    item: ResearchQueueItem


class ResearchLeft(Message):
    research_queue: list[ResearchQueueItem]


class ResearchAnswer(Answer):
    """What a player has researched, and what he is researching."""

    research: Annotated[dict[str, int], Field(examples=[{"energy": 3, "laser": 1}])]
    queue: list[ResearchQueueItem]
    kept: Kept


Sliders = Annotated[
    dict[str, int],
    Field(description="how much works, in per cent", examples=[{"metal_mine": 100}]),
]


class PlanetChanged(Message):
    """A planet's name and sliders as they are from now on."""

    id: int
    name: str
    sliders: Sliders


class OwnPlanet(Answer):
    id: int
    name: str
    type: BodyType
    coordinates: Place
    resources: Amounts
    active: bool


class OwnPlanets(Answer):
    active_planet: int
    planets: list[OwnPlanet]
    kept: Kept


class ActivePlanet(Answer):
    active_planet: int


class PlanetAbandoned(Message):
    active_planet: int


class FoundedPlanet(Place):
    id: int
    name: str


class Welcome(Message):
    planet: FoundedPlanet


class PlayerName(Answer):
    id: int
    name: str


class PlanetNature(Answer):
    id: int
    name: str
    type: BodyType
    temperature: Annotated[int, Field(description="mean, in °C")]
    temperature_max: int
    size: Annotated[int, Field(description="diameter in km")]
    fields: int
    fields_used: int
    gate_ready: Annotated[
        Time | None, Field(description="from when on its jump gate may be used; null without one")
    ]


class PlanetAnswer(Answer):
    """The whole of one planet."""

    player: PlayerName
    position: Place
    resources: Amounts
    production: Annotated[
        dict[str, float],
        Field(
            description="nominal rates per hour; what a reactor that runs burns of it per hour;"
            " energy; the factor that lack of energy leaves",
            examples=[
                {
                    "metal_rate": 30.0,
                    "crystal_rate": 15.0,
                    "deuterium_rate": 0.0,
                    "deuterium_burn": 0.0,
                    "energy_produced": 0.0,
                    "energy_used": 0.0,
                    "factor": 1.0,
                }
            ],
        ),
    ]
    full: Annotated[list[str], Field(description="the stocks that have reached their cap")]
    storage: Amounts
    buildings: Annotated[dict[str, int], Field(examples=[{"metal_mine": 3, "solar_plant": 4}])]
    build_queue: list[QueueItem]
    ship_build_queue: list[UnitOrderAnswer]
    fleet: Annotated[dict[str, int], Field(examples=[{"small_cargo": 3, "light_fighter": 10}])]
    defence: Annotated[dict[str, int], Field(description="defences and missiles")]
    research: Annotated[dict[str, int], Field(examples=[{"energy": 3, "laser": 1}])]
    research_queue: list[ResearchQueueItem]
    ship_stats: Annotated[
        dict[str, dict[str, float]],
        Field(description="what one ship of each type can do with its owner's technologies"),
    ]
    sliders: Sliders
    planet: PlanetNature
    server_time: Time
    kept: Kept


class BuildingCosts(Answer):
    building_type: str
    level: int
    cost: Amounts
    build_time_seconds: int
    energy_required: Annotated[
        int | None,
        Field(description="energy that must be there and is not spent; left out if none"),
    ] = None


class DatabaseStatus(Answer):
    status: Annotated[str, Field(description="ok, retrying or unavailable")]


class GameStatus(Answer):
    game_running: bool
    total_entities: int
    players: int
    players_online: int
    server_time: Time
    world_time: Time
    universe: Annotated[
        dict[str, Any], Field(examples=[{"name": "Perseus Arm", "economy_speed": 1.0}])
    ]
    database: DatabaseStatus


class SetAsideRow(Answer):
    table: Annotated[str, Field(examples=["planet"])]
    id: Annotated[int | None, Field(description="null stands for every row")]


class SetAsideGroup(Answer):
    """Changes that belong together and that the database refuses."""

    id: int
    rows: list[SetAsideRow]
    aggregates: int
    owners: list[str]
    since: Time
    reason: Annotated[str, Field(examples=["CHECK constraint failed: stocks_not_negative"])]


class SetAsideList(Answer):
    groups: list[SetAsideGroup]


class SetAsideDone(Answer):
    """How many aggregates were let in again, or taken back to what the database holds."""

    id: int
    aggregates: int


class LoopHealth(Answer):
    running: bool
    tick_rate: float
    ticks: int
    last_tick_ms: float
    jitter_last_ms: float
    queue_depth: int


class MemoryUse(Answer):
    current_bytes: int


class HealthAnswer(Answer):
    """`status` is ok, degraded or failing; `findings` say why."""

    status: str
    findings: list[str]
    worldLoaded: bool  # noqa: N815 - the wire has it so
    loop: LoopHealth
    database: DatabaseStatus
    unsaved_seconds: float
    lastSaveTs: Time | None  # noqa: N815 - the wire has it so
    memory: MemoryUse
    server_time: Time


# From what the world says to what players are told ------------------------------------------------


def iso_time(world_time: float) -> str:
    """Return world time as ISO 8601 in UTC; what comes after the year 9999 as its last second.

    The highest levels of a building take longer than that in a slow world.
    """
    return iso(datetime.fromtimestamp(min(world_time, _LATEST), UTC))


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_iso() -> str:
    return iso(datetime.now(UTC))


def whole(amounts: Sequence[float]) -> dict[str, int]:
    """Return amounts as a player sees them: floored."""
    return {
        name: math.floor(amount) for name, amount in zip(RESOURCES.labels, amounts, strict=True)
    }


def account_answer(account: Account) -> AccountAnswer:
    return AccountAnswer(id=account.id, username=account.username, email=account.email)


def own_account(account: Account, *, needs_start_choice: bool) -> OwnAccount:
    return OwnAccount(
        id=account.id,
        username=account.username,
        email=account.email,
        is_active=account.is_active,
        is_admin=account.is_admin,
        created_at=iso(account.created_at),
        last_login=None if account.last_login is None else iso(account.last_login),
        needs_start_choice=needs_start_choice,
    )


def place(coordinates: Coordinates) -> Place:
    galaxy, system, position = coordinates
    return Place(galaxy=galaxy, system=system, planet=position)


def founded_planet(home: Home) -> FoundedPlanet:
    galaxy, system, position = home.coordinates
    return FoundedPlanet(
        id=home.planet_id, name=home.name, galaxy=galaxy, system=system, planet=position
    )


def queue_item(item: Item) -> QueueItem:
    return QueueItem(
        type=item.building,
        level=item.level,
        demolish=item.demolish,
        cost=dict(zip(RESOURCES.labels, item.cost, strict=True)),
        started_at=None if item.started_at is None else iso_time(item.started_at),
        completion_time=None if item.due_at is None else iso_time(item.due_at),
    )


def research_item(item: ResearchItem) -> ResearchQueueItem:
    return ResearchQueueItem(
        type=item.technology,
        level=item.level,
        planet=item.planet_id,
        cost=dict(zip(RESOURCES.labels, item.cost, strict=True)),
        started_at=None if item.started_at is None else iso_time(item.started_at),
        completion_time=None if item.due_at is None else iso_time(item.due_at),
    )


def unit_order(item: UnitItem) -> UnitOrderAnswer:
    return UnitOrderAnswer(
        type=item.unit,
        count=item.count,
        cost=dict(zip(RESOURCES.labels, item.cost, strict=True)),
        started_at=None if item.started_at is None else iso_time(item.started_at),
        completion_time=None if item.due_at is None else iso_time(item.due_at),
    )


def research_answer(report: ResearchReport) -> ResearchAnswer:
    return ResearchAnswer(
        research=dict(report.technologies),
        queue=[research_item(item) for item in report.queue],
        kept=report.kept,
    )


def planet_changed(setup: PlanetSetup) -> PlanetChanged:
    return PlanetChanged(
        message="The planet is as you want it.",
        id=setup.planet_id,
        name=setup.name,
        sliders=dict(setup.sliders),
    )


def own_planets(answer: PlayerPlanets) -> OwnPlanets:
    return OwnPlanets(
        active_planet=answer.active_planet_id,
        planets=[
            _own_planet(summary, active=summary.planet_id == answer.active_planet_id)
            for summary in answer.planets
        ],
        kept=answer.kept,
    )


def _own_planet(summary: PlanetSummary, *, active: bool) -> OwnPlanet:
    return OwnPlanet(
        id=summary.planet_id,
        name=summary.name,
        type=_body_type(summary),
        coordinates=place(summary.coordinates),
        resources=whole(summary.amounts),
        active=active,
    )


def _body_type(summary: PlanetSummary) -> str:
    return "moon" if summary.is_moon else "planet"


def planet_answer(report: PlanetReport) -> PlanetAnswer:
    """Return the whole of one planet."""
    summary = report.summary
    return PlanetAnswer(
        player=PlayerName(id=summary.owner_id, name=report.player_name),
        position=place(summary.coordinates),
        resources=whole(summary.amounts),
        production={
            **_rates(report.production),
            "deuterium_burn": report.consumption[RESOURCES.index("deuterium")],
            "energy_produced": round(report.energy_produced, 3),
            "energy_used": round(report.energy_used, 3),
            "factor": report.factor,
        },
        full=_full(summary.amounts, report.capacity),
        storage=whole(report.capacity),
        buildings=dict(report.levels),
        build_queue=[queue_item(item) for item in report.queue],
        research=dict(report.technologies),
        research_queue=[research_item(item) for item in report.research_queue],
        sliders=dict(report.setup.sliders),
        ship_build_queue=[unit_order(item) for item in report.unit_orders],
        fleet=ships_among(report.units),
        defence=defences_among(report.units),
        ship_stats=ship_stats(report.technologies),
        planet=PlanetNature(
            id=summary.planet_id,
            name=summary.name,
            type=_body_type(summary),
            temperature=report.temperature_max - _MEAN_BELOW_MAXIMUM_C,
            temperature_max=report.temperature_max,
            size=report.diameter_km,
            fields=report.fields,
            fields_used=report.fields_used,
            gate_ready=None if report.gate_ready_at is None else iso_time(report.gate_ready_at),
        ),
        server_time=iso_time(report.at),
        kept=report.kept,
    )


def resource_update(stocks: PlanetStocks, *, kept: bool) -> dict[str, Any]:
    """Return what a push of this name says of a planet."""
    return {
        "planet": stocks.planet_id,
        "totals": whole(stocks.amounts),
        "rates": _rates(stocks.production),
        "storage": whole(stocks.capacity),
        "full": _full(stocks.amounts, stocks.capacity),
        "kept": kept,
    }


def _rates(production: Sequence[float]) -> dict[str, float]:
    return {f"{name}_rate": rate for name, rate in zip(RESOURCES.labels, production, strict=True)}


def _full(amounts: Sequence[float], capacities: Sequence[float]) -> list[str]:
    return [
        name
        for name, amount, capacity in zip(RESOURCES.labels, amounts, capacities, strict=True)
        if amount >= capacity
    ]


def set_aside_group(group: GroupSetAside) -> SetAsideGroup:
    return SetAsideGroup(
        id=group.group_id,
        rows=[
            SetAsideRow(table=table, id=None if id_ == EVERY_ID else id_)
            for table, id_ in group.rows
        ],
        aggregates=group.aggregates,
        owners=list(group.owner_names),
        since=iso_time(group.since),
        reason=group.reason,
    )
