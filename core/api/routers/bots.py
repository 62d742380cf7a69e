"""Computer players from afar: how they do, more of them, and a pause."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Query

from core.api.answers import Answer
from core.api.context import Context, InContext, host_or_admin
from core.api.documentation import may_answer, new_router
from core.api.problems import unavailable, value_of
from core.api.request_keys import without_key
from core.api.schemas import BotsChange
from core.bots.strength import Bot, Strength
from core.commands import Unavailable
from core.enlistment import enlist

_HOST_ONLY = (401, 403, 429)
# Ten thousand come within this on a slow disk.
_PATIENCE_S = 60.0
_STILL_COMING = Unavailable(
    "commit_pending", "Not all of them are in the world yet; look before you repeat it.", 10
)

router = new_router(prefix="/admin/bots", tags=["host"], dependencies=[Depends(host_or_admin)])


class BotAnswer(Answer):
    """A computer player; the id is his player's, too."""

    id: int
    name: str
    strength: Strength


class BotsAnswer(Answer):
    """How many computer players there are, and what they did since the world was started."""

    number: int
    strengths: dict[Strength, int]
    paused: bool
    turns: int
    orders: int
    refused: int


class BotListAnswer(BotsAnswer):
    """With some of them by name, in the order of their ids."""

    bots: list[BotAnswer]


@router.get("", summary="The computer players", responses=may_answer(422, *_HOST_ONLY))
async def bots(
    context: InContext,
    limit: Annotated[int, Query(ge=0, le=200)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> BotListAnswer:
    """Return how the computer players do, and a page of them."""
    known = sorted(context.door.simulation.bots.bots.values(), key=lambda bot: bot.player_id)
    page = known[offset : offset + limit]
    return BotListAnswer(bots=[_bot(bot) for bot in page], **_figures(context).model_dump())


@router.post(
    "",
    summary="More computer players, or a pause",
    dependencies=[Depends(without_key)],
    responses=may_answer(400, 409, 413, 422, 503, 504, *_HOST_ONLY),
)
async def change_bots(body: BotsChange, context: InContext) -> BotsAnswer:
    """Have so many computer players at least, or pause all of them until the next start.

    Those that are new have the strength that is named, or each in turn. None is ever removed.
    """
    simulation = context.door.simulation
    if body.number is not None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                value_of(await enlist(simulation, body.number, body.strength))
        except TimeoutError:
            raise unavailable(_STILL_COMING) from None
    if body.paused is not None:
        simulation.bots.pause(paused=body.paused)
    return _figures(context)


def _figures(context: Context) -> BotsAnswer:
    figures = context.door.simulation.bots.figures
    return BotsAnswer(
        number=figures.total,
        strengths=dict(figures.players),
        paused=figures.paused,
        turns=figures.turns,
        orders=figures.orders,
        refused=figures.refused,
    )


def _bot(bot: Bot) -> BotAnswer:
    return BotAnswer(id=bot.player_id, name=bot.name, strength=bot.strength)
