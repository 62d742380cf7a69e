"""What a player sees and does."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from core.api.answers import (
    ActivePlanet,
    FreePlaces,
    ItemOrdered,
    OwnPlanets,
    PlanetAbandoned,
    PlanetAnswer,
    PlanetChanged,
    QueueLeft,
    ResearchAnswer,
    ResearchLeft,
    ResearchOrdered,
    UnitsOrdered,
    Welcome,
    founded_planet,
    own_planets,
    place,
    planet_answer,
    planet_changed,
    queue_item,
    research_answer,
    research_item,
    unit_order,
)
from core.api.context import ID_MAX, InContext, InLogin, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.request_keys import PlayersKey
from core.api.schemas import (
    BuildOrder,
    PlanetChange,
    ResearchOrder,
    StartChoice,
    TypeInPath,
    UnitsOrder,
)
from core.commands import (
    AbandonPlanet,
    CancelBuilding,
    CancelResearch,
    ChangePlanet,
    DemolishBuilding,
    FoundHome,
    OrderUnits,
    SelectPlanet,
    StartBuilding,
    StartResearch,
)
from core.queries import ListFreePlaces, ListPlanets, ReportPlanet, ReportResearch

_READING = (401, 403, 409, 422, 429, 503)
_CHANGING = (401, 403, 409, 422, 429, 503, 504)

router = new_router(tags=["players"])

PlanetInPath = Annotated[int, Path(ge=1, le=ID_MAX)]
PlanetInQuery = Annotated[
    int | None, Query(ge=1, le=ID_MAX, description="the active planet if none is named")
]
_OFFSET_MAX = 10_000


@router.get("/player/{id}", summary="One planet", responses=may_answer(*_READING))
async def player(
    player_id: OwnPlayer, context: InContext, planet: PlanetInQuery = None
) -> PlanetAnswer:
    """Return the whole of one planet, the active one if none is named."""
    return planet_answer(await context.door.ask(ReportPlanet(player_id, planet)))


@router.get("/player/{id}/planets", summary="Your planets", responses=may_answer(*_READING))
async def planets(player_id: OwnPlayer, context: InContext) -> OwnPlanets:
    """Return the player's planets."""
    return own_planets(await context.door.ask(ListPlanets(player_id)))


@router.post(
    "/player/{id}/planets/{planet_id}/select",
    summary="Select a planet",
    responses=may_answer(*_CHANGING),
)
async def select_planet(
    player_id: OwnPlayer, planet_id: PlanetInPath, context: InContext, key: PlayersKey
) -> ActivePlanet:
    """Make a planet the one that is meant where none is named."""
    active = await context.door.order(SelectPlanet(player_id, planet_id), key)
    return ActivePlanet(active_planet=active)


@router.patch(
    "/player/{id}/planets/{planet_id}",
    summary="Rename a planet, set its sliders",
    responses=may_answer(400, 404, 413, *_CHANGING),
)
async def change_planet(
    player_id: OwnPlayer,
    planet_id: PlanetInPath,
    body: PlanetChange,
    context: InContext,
    key: PlayersKey,
) -> PlanetChanged:
    """Give a planet a name, and set how much of its mines and power plants works."""
    command = ChangePlanet(player_id, planet_id, body.name, body.sliders)
    return planet_changed(await context.door.order(command, key))


@router.delete(
    "/player/{id}/planets/{planet_id}",
    summary="Give a planet up",
    responses=may_answer(*_CHANGING),
)
async def abandon_planet(
    player_id: OwnPlayer, planet_id: PlanetInPath, context: InContext, key: PlayersKey
) -> PlanetAbandoned:
    """Give a planet up with its moon and all that is on them, or a moon alone.

    It is refused for the last planet, and while something is built or researched there or fleets of
    one's own come from there or fly to it. If it is the home, the oldest planet left becomes it.
    """
    active = await context.door.order(AbandonPlanet(player_id, planet_id), key)
    return PlanetAbandoned(message="It is given up.", active_planet=active)


@router.get("/player/{id}/research", summary="Your research", responses=may_answer(*_READING))
async def research(player_id: OwnPlayer, context: InContext) -> ResearchAnswer:
    """Return the levels of all technologies and the research queue."""
    return research_answer(await context.door.ask(ReportResearch(player_id)))


@router.post(
    "/player/{id}/research", summary="Research", responses=may_answer(400, 404, 413, *_CHANGING)
)
async def start_research(
    player_id: OwnPlayer, body: ResearchOrder, context: InContext, key: PlayersKey
) -> ResearchOrdered:
    """Queue the next level of a technology. It is paid, by its planet, when its turn comes."""
    order = StartResearch(player_id, body.research_type, body.planet)
    item = await context.door.order(order, key)
    begun = "started" if item.started_at is not None else "queued"
    return ResearchOrdered(
        message=f"{item.technology} {item.level} is {begun}.", item=research_item(item)
    )


@router.delete(
    "/player/{id}/research-queue/{index}",
    summary="Cancel research",
    responses=may_answer(404, *_CHANGING),
)
async def cancel_research(
    player_id: OwnPlayer,
    index: Annotated[int, Path(ge=0, le=1000, description="0 is the active item")],
    context: InContext,
    key: PlayersKey,
) -> ResearchLeft:
    """Take an item out of the research queue; the active one is refunded."""
    left = await context.door.order(CancelResearch(player_id, index), key)
    return ResearchLeft(message="Cancelled.", research_queue=[research_item(i) for i in left])


@router.post("/player/{id}/build", summary="Build", responses=may_answer(400, 404, 413, *_CHANGING))
async def build(
    player_id: OwnPlayer, body: BuildOrder, context: InContext, key: PlayersKey
) -> ItemOrdered:
    """Queue the next level of a building. It is paid when its turn comes."""
    order = StartBuilding(player_id, body.building_type, body.planet)
    item = await context.door.order(order, key)
    begun = "started" if item.started_at is not None else "queued"
    return ItemOrdered(message=f"{item.building} {item.level} is {begun}.", item=queue_item(item))


@router.post(
    "/player/{id}/build-ships",
    summary="Build ships, defences or missiles",
    responses=may_answer(400, 404, 413, *_CHANGING),
)
async def build_ships(
    player_id: OwnPlayer, body: UnitsOrder, context: InContext, key: PlayersKey
) -> UnitsOrdered:
    """Pay for units and queue them; they are delivered one by one."""
    order = OrderUnits(player_id, body.ship_type, body.quantity, body.planet)
    item = await context.door.order(order, key)
    begun = "started" if item.started_at is not None else "queued"
    return UnitsOrdered(message=f"{item.count} {item.unit}: {begun}.", item=unit_order(item))


@router.delete(
    "/player/{id}/build-queue/{index}",
    summary="Cancel an order",
    responses=may_answer(404, *_CHANGING),
)
async def cancel(
    player_id: OwnPlayer,
    index: Annotated[int, Path(ge=0, le=1000, description="0 is the active item")],
    context: InContext,
    key: PlayersKey,
    planet: PlanetInQuery = None,
) -> QueueLeft:
    """Take an item out of the building queue; the active one is refunded."""
    left = await context.door.order(CancelBuilding(player_id, index, planet), key)
    return QueueLeft(message="Cancelled.", build_queue=[queue_item(item) for item in left])


@router.delete(
    "/player/{id}/buildings/{building_type}",
    summary="Demolish",
    responses=may_answer(404, *_CHANGING),
)
async def demolish(
    player_id: OwnPlayer,
    building_type: TypeInPath,
    context: InContext,
    key: PlayersKey,
    planet: PlanetInQuery = None,
) -> ItemOrdered:
    """Queue the removal of a building's highest level."""
    item = await context.door.order(DemolishBuilding(player_id, building_type, planet), key)
    return ItemOrdered(
        message=f"{item.building} {item.level} will be demolished.", item=queue_item(item)
    )


@router.get("/planets/available", summary="Free places", responses=may_answer(401, 422, 429, 503))
async def free_places(
    _login: InLogin,
    context: InContext,
    galaxy: Annotated[int | None, Query(ge=1, le=1000)] = None,
    system: Annotated[int | None, Query(ge=1, le=499)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=_OFFSET_MAX)] = 0,
) -> FreePlaces:
    """Return coordinates where a home may be founded."""
    places = await context.door.ask(ListFreePlaces(galaxy, system, limit, offset))
    return FreePlaces(planets=[place(coordinates) for coordinates in places])


@router.post(
    "/player/{id}/choose-start",
    summary="Choose a start",
    responses=may_answer(400, 413, *_CHANGING),
)
async def choose_start(
    player_id: OwnPlayer, body: StartChoice, login: InLogin, context: InContext, key: PlayersKey
) -> Welcome:
    """Found the home at a place of one's own choice."""
    command = FoundHome(
        player_id,
        login.account.username,
        coordinates=(body.galaxy, body.system, body.position),
        planet_name=body.name,
        must_be_homeless=True,
    )
    home = await context.door.order(command, key)
    return Welcome(message="Welcome home.", planet=founded_planet(home))
