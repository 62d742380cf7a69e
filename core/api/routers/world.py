"""What anybody may know of the world: how it is, its rules, and its metrics for the host."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import exposition, openmetrics

from core.api.answers import (
    BuildingCosts,
    DatabaseStatus,
    GameStatus,
    HealthAnswer,
    LoopHealth,
    MemoryUse,
    iso_time,
    now_iso,
)
from core.api.context import Context, InContext, host_or_loopback, limited_by_address
from core.api.documentation import may_answer, new_router
from core.api.problems import Problem
from core.api.schemas import TypeInPath
from core.components import BUILDINGS, RESOURCES
from core.health import Health, assess
from core.process_memory import resident_bytes
from core.queries import CountWorld, ReadSettings, WorldCounts
from core.rules import ECONOMY, RULES

router = new_router(tags=["world"], dependencies=[Depends(limited_by_address)])

_NOT_SHOWN = {"random_seed", "rules_fingerprint"}


@router.get("/game-status", summary="Status", responses=may_answer(429))
async def game_status(context: InContext) -> GameStatus:
    """Return how the world is doing. It answers also while the world does not run."""
    status = context.door.simulation.status
    # The status is a second old at most, which is too old for who has just registered.
    counts = WorldCounts(status.players, status.entities)
    settings: dict[str, Any] = {}
    with suppress(Problem):
        counts = await context.door.ask(CountWorld())
        settings = await _settings(context)
    return GameStatus(
        game_running=status.running,
        total_entities=counts.entities,
        players=counts.players,
        players_online=context.tokens.online_count(),
        server_time=now_iso(),
        world_time=iso_time(status.world_time),
        universe={"name": context.settings.world_name, **settings},
        database=DatabaseStatus(status=_health(context).database),
    )


@router.get(
    "/healthz",
    summary="Health",
    response_model=HealthAnswer,
    responses={503: {"model": HealthAnswer, "description": "failing"}, **may_answer(429)},
)
async def healthz(context: InContext) -> Response:
    """Return whether the world keeps time and keeps everything; 503 if it does not."""
    health = _health(context)
    return JSONResponse(
        _health_answer(context, health).model_dump(), 503 if health.is_failing else 200
    )


@router.get(
    "/metrics",
    summary="Metrics",
    dependencies=[Depends(host_or_loopback)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **may_answer(403, 429)},
    # Besides the token: none, for this computer.
    openapi_extra={"security": [{}]},
)
async def metrics(request: Request, context: InContext) -> Response:
    """Return the metrics in Prometheus' text format, or OpenMetrics if that is asked for.

    For this computer, and from elsewhere with the host's token.
    """
    # The library's own choice stumbles over versions that are no numbers.
    wants_open = "application/openmetrics-text" in request.headers.get("accept", "")
    form: Any = openmetrics.exposition if wants_open else exposition
    return Response(
        form.generate_latest(context.metrics.registry), media_type=form.CONTENT_TYPE_LATEST
    )


@router.get(
    "/building-costs/{building_type}",
    summary="Building costs",
    response_model_exclude_none=True,
    responses=may_answer(404, 422, 429, 503),
)
async def building_costs(
    building_type: TypeInPath,
    context: InContext,
    level: Annotated[int, Query(ge=0, lt=RULES.level_limit)] = 0,
) -> BuildingCosts:
    """Return price and time of going from a level to the next on a planet without bonuses."""
    if building_type not in BUILDINGS.labels:
        raise Problem(404, "unknown_type", f"There is no building called {building_type}.")
    settings = await _settings(context)
    speed = settings["economy_speed"]
    cost = ECONOMY.cost(building_type, level + 1)
    return BuildingCosts(
        building_type=building_type,
        level=level,
        cost=dict(zip(RESOURCES.labels, cost, strict=True)),
        build_time_seconds=ECONOMY.build_seconds(building_type, level + 1, 0, speed),
        energy_required=ECONOMY.energy_required(building_type, level + 1) or None,
    )


@router.get("/rules", summary="Rules", responses=may_answer(429, 503))
async def rules(context: InContext) -> dict[str, Any]:
    """Return all rules as data, and the settings of this world."""
    return {**RULES.source, "settings": await _settings(context)}


def _health_answer(context: Context, health: Health) -> HealthAnswer:
    simulation = context.door.simulation
    status = simulation.status
    return HealthAnswer(
        status=health.level.value,
        findings=list(health.findings),
        worldLoaded=status.running,
        loop=LoopHealth(
            running=status.running,
            tick_rate=simulation.tick_rate,
            ticks=status.tick,
            last_tick_ms=round(status.last_tick_s * 1000, 3),
            jitter_last_ms=round(status.last_lateness_s * 1000, 3),
            queue_depth=simulation.pending_count,
        ),
        database=DatabaseStatus(status=health.database),
        unsaved_seconds=round(status.oldest_unsaved_s, 3),
        lastSaveTs=iso_time(status.durable_until) if status.durable_until else None,
        memory=MemoryUse(current_bytes=resident_bytes()),
        server_time=now_iso(),
    )


async def _settings(context: Context) -> dict[str, Any]:
    settings = await context.door.ask(ReadSettings())
    return {name: value for name, value in settings.items() if name not in _NOT_SHOWN}


def _health(context: Context) -> Health:
    simulation = context.door.simulation
    return assess(simulation.status, simulation.period_s, time.perf_counter())
