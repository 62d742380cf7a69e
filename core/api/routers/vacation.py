"""Vacation: whether one is on it, going, and coming back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Answer, Time, iso_time
from core.api.context import InContext, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.request_keys import PlayersKey
from core.api.schemas import VacationChange
from core.commands import SetVacation
from core.vacation import ReportVacation, VacationReport

_READING = (401, 403, 409, 422, 429, 503)
_CHANGING = (400, 401, 403, 409, 413, 422, 429, 503, 504)

router = new_router(tags=["players"])


class VacationAnswer(Answer):
    on: bool
    since: Annotated[Time | None, Field(description="while it lasts")]
    ends_earliest: Annotated[Time | None, Field(description="when it may be ended")]


@router.get("/player/{id}/vacation", summary="Your vacation", responses=may_answer(*_READING))
async def vacation(player_id: OwnPlayer, context: InContext) -> VacationAnswer:
    """Return whether the player is on vacation."""
    return _answer(await context.door.ask(ReportVacation(player_id)))


@router.post(
    "/player/{id}/vacation",
    summary="Go on vacation, or come back",
    responses=may_answer(*_CHANGING),
)
async def set_vacation(
    player_id: OwnPlayer, body: VacationChange, context: InContext, key: PlayersKey
) -> VacationAnswer:
    """Begin or end a vacation: nothing is produced, and nobody attacks.

    It begins when nothing is built, researched or under way any more.
    """
    return _answer(await context.door.order(SetVacation(player_id, body.on), key))


def _answer(report: VacationReport) -> VacationAnswer:
    return VacationAnswer(
        on=report.on,
        since=None if report.since is None else iso_time(report.since),
        ends_earliest=None if report.ends_earliest is None else iso_time(report.ends_earliest),
    )
