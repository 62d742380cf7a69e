"""Fleets: what is under way, sending it, and calling it back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request

from core.api.context import ID_MAX, Bearer, InContext, OwnPlayer, limited_by_address, logged_in
from core.api.documentation import may_answer, new_router
from core.api.fleet_answers import (
    FleetAnswer,
    FleetDispatched,
    FleetRecalled,
    FlightTime,
    fleet_answer,
    fleet_mission,
    flight_time,
)
from core.api.fleet_schemas import FleetOrderBody, FlightQuestion, mission_called
from core.api.request_keys import PlayersKey
from core.commands import DispatchFleet, RecallFleet
from core.fleet_reports import EstimateFlight, ReportFleets

_READING = (401, 403, 409, 422, 429, 503)
_CHANGING = (401, 403, 404, 409, 422, 429, 503, 504)

router = new_router(tags=["players"])

PlanetInQuery = Annotated[
    int | None, Query(ge=1, le=ID_MAX, description="the active planet if none is named")
]


@router.get("/player/{id}/fleet", summary="Your fleets", responses=may_answer(*_READING))
async def fleets(
    player_id: OwnPlayer, context: InContext, planet: PlanetInQuery = None
) -> FleetAnswer:
    """Return what stands on a planet, all fleets under way, and hostile ones that come."""
    return fleet_answer(await context.door.ask(ReportFleets(player_id, planet)))


@router.post(
    "/player/{id}/fleet/dispatch",
    summary="Send a fleet",
    responses=may_answer(400, 413, *_CHANGING),
)
async def dispatch(
    player_id: OwnPlayer, body: FleetOrderBody, context: InContext, key: PlayersKey
) -> FleetDispatched:
    """Send ships on a mission. The fuel for the way there and back is paid at once."""
    order = DispatchFleet(
        player_id,
        mission_called(body.mission),
        (body.galaxy, body.system, body.position),
        body.ships,
        body.cargo,
        body.speed_tenths,
        body.hold_hours,
        body.target_type,
        body.planet,
        body.target_unit,
    )
    voyage = await context.door.order(order, key)
    return FleetDispatched(message="The fleet is under way.", mission=fleet_mission(voyage))


@router.post(
    "/player/{id}/fleet/{fleet_id}/recall",
    summary="Recall a fleet",
    responses=may_answer(400, *_CHANGING),
)
async def recall(
    player_id: OwnPlayer,
    fleet_id: Annotated[int, Path(ge=1, le=ID_MAX)],
    context: InContext,
    key: PlayersKey,
) -> FleetRecalled:
    """Have a fleet turn round: it is home after as long as it has flown."""
    mission = fleet_mission(await context.door.order(RecallFleet(player_id, fleet_id), key))
    return FleetRecalled(
        message="The fleet is on its way home.",
        recalled=True,
        return_eta=mission.return_time,
        mission=mission,
    )


@router.post(
    "/flight-time",
    summary="What a flight would take",
    responses=may_answer(400, 401, 404, 413, 422, 429, 503),
)
async def estimate(
    body: FlightQuestion, request: Request, context: InContext, bearer: Bearer
) -> FlightTime:
    """Return distance, time and fuel of a flight: with one's own technology if one is logged in."""
    player_id = None
    if bearer is None:
        await limited_by_address(request, context)
    else:
        player_id = (await logged_in(request, context, bearer)).account.id
    question = EstimateFlight(
        player_id,
        mission_called(body.mission),
        body.origin.coordinates,
        body.target.coordinates,
        tuple(body.ships.items()),
        body.speed_tenths,
    )
    return flight_time(await context.door.ask(question))
