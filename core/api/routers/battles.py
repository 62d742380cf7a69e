"""Battles that are not fought: what would come of one."""

from __future__ import annotations

import asyncio

from fastapi import Request

from core.api.battle_simulation import (
    BattleForecast,
    BattleQuestion,
    battle_forecast,
    forecast_order,
)
from core.api.context import Bearer, InContext, limited_by_address, logged_in
from core.api.documentation import may_answer, new_router
from core.api.problems import Problem, rejection, stopping
from core.commands import Rejected
from core.forecast_worker import ForecastsBusy, WorkerLost
from core.queries import ReadSettings

router = new_router(tags=["world"])

_BUSY = Problem(503, "busy", "Too many battles are being simulated; ask again.", retry_after_s=5)


@router.post(
    "/simulate-battle",
    summary="What would come of a battle",
    responses=may_answer(400, 401, 404, 413, 422, 429, 503),
)
async def simulate(
    body: BattleQuestion, request: Request, context: InContext, bearer: Bearer
) -> BattleForecast:
    """Fight a battle as often as asked, under this world's settings, and change nothing."""
    if bearer is None:
        await limited_by_address(request, context)
    else:
        await logged_in(request, context, bearer)
    wanted = forecast_order(body, await context.door.ask(ReadSettings()))
    if isinstance(wanted, Rejected):
        raise rejection(wanted)
    forecasts = context.forecasts
    try:
        forecast = await asyncio.wrap_future(forecasts.begin(wanted))
    except (ForecastsBusy, WorkerLost):
        raise (stopping() if forecasts.is_stopping else _BUSY) from None
    except asyncio.CancelledError:
        if forecasts.is_stopping:
            raise stopping() from None
        raise
    except ValueError as error:
        raise rejection(Rejected("bad_value", f"There is no such battle: {error}.")) from None
    return battle_forecast(forecast)
