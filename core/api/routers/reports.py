"""Reports: of battles that a player has fought, and of what his probes have seen."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import Response

from core.api.context import ID_MAX, InContext, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.report_answers import (
    BattleReportAnswer,
    BattleReportsAnswer,
    EspionageReportAnswer,
    EspionageReportsAnswer,
    battle_report,
    battle_reports,
    espionage_report,
    espionage_reports,
)
from core.reports import ListReports, ReadReport

_READING = (401, 403, 422, 429, 503)

router = new_router(tags=["messages"])

ReportInPath = Annotated[int, Path(ge=1, le=ID_MAX)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]


@router.get(
    "/player/{id}/battle-reports",
    summary="Your battles",
    response_model=BattleReportsAnswer,
    responses=may_answer(*_READING),
)
async def all_battles(
    player_id: OwnPlayer, context: InContext, limit: Limit = 50, offset: Offset = 0
) -> Response:
    """Return what the player was told of his battles, the newest first."""
    return battle_reports(await context.door.ask(ListReports(player_id, "battle", limit, offset)))


@router.get(
    "/player/{id}/battle-reports/{report_id}",
    summary="A battle of yours",
    response_model=BattleReportAnswer,
    responses=may_answer(404, *_READING),
)
async def battle(player_id: OwnPlayer, report_id: ReportInPath, context: InContext) -> Response:
    """Return the report of one battle."""
    return battle_report(await context.door.ask(ReadReport(player_id, "battle", report_id)))


@router.get(
    "/player/{id}/espionage-reports",
    summary="What your probes have seen",
    response_model=EspionageReportsAnswer,
    responses=may_answer(*_READING),
)
async def all_espionage(
    player_id: OwnPlayer, context: InContext, limit: Limit = 50, offset: Offset = 0
) -> Response:
    """Return what the player's probes have seen, the newest first."""
    query = ListReports(player_id, "espionage", limit, offset)
    return espionage_reports(await context.door.ask(query))


@router.get(
    "/player/{id}/espionage-reports/{report_id}",
    summary="What some of your probes have seen",
    responses=may_answer(404, *_READING),
)
async def espionage(
    player_id: OwnPlayer, report_id: ReportInPath, context: InContext
) -> EspionageReportAnswer:
    """Return one report of probes."""
    return espionage_report(await context.door.ask(ReadReport(player_id, "espionage", report_id)))
