"""Who is the greatest."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from core.api.answers import Answer, Time, iso_time
from core.api.context import InContext, InLogin
from core.api.documentation import may_answer, new_router
from core.highscore import ListNames

router = new_router(tags=["world"])

Kind = Literal["total", "economy", "research", "military"]


class RankedPlayer(Answer):
    rank: Annotated[int, Field(description="from 1", examples=[1])]
    player: Annotated[str, Field(examples=["mira"])]
    player_id: int
    points: int


class HighscoreAnswer(Answer):
    """A page of a ranking; it is worked out anew once a minute at most."""

    kind: Kind
    computed_at: Time
    total: Annotated[int, Field(description="how many players are ranked")]
    players: list[RankedPlayer]


@router.get("/highscore", summary="Highscore", responses=may_answer(401, 422, 429, 503))
async def highscore(
    _login: InLogin,
    context: InContext,
    kind: Kind = "total",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HighscoreAnswer:
    """Return players by their points, those with as many in the order in which they came."""
    ranking = await context.highscores.ranking(kind)
    ids = ranking.player_ids[offset : offset + limit].tolist()
    points = ranking.points[offset : offset + limit].tolist()
    names = await context.door.ask(ListNames(tuple(ids)))
    return HighscoreAnswer(
        kind=kind,
        computed_at=iso_time(ranking.at),
        total=len(ranking.player_ids),
        players=[
            RankedPlayer(rank=rank, player=name, player_id=player_id, points=score)
            for rank, (player_id, name, score) in enumerate(
                zip(ids, names, points, strict=True), start=offset + 1
            )
        ],
    )
