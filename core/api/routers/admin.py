"""What the host may do from afar: with the host's token, or an account that is an administrator."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends

from core.api.answers import SaveMade, iso_time
from core.api.context import InContext, host_or_admin
from core.api.documentation import may_answer
from core.api.problems import STORAGE_UNAVAILABLE
from core.errors import StorageError
from core.save_batch import SaveReason

_HOST_ONLY = (401, 403, 429)

router = APIRouter(prefix="/admin", tags=["host"], dependencies=[Depends(host_or_admin)])


@router.post("/save", summary="Save now", responses=may_answer(503, *_HOST_ONLY))
async def save(context: InContext) -> SaveMade:
    """Save everything that has changed; the answer comes after the commit."""
    future = context.door.simulation.game.save_player_data(SaveReason.MANUAL)
    try:
        # The save goes on if nobody waits for it any more.
        made = await asyncio.wait_for(
            asyncio.shield(asyncio.wrap_future(future)), context.settings.storage_grace_seconds
        )
    except (StorageError, TimeoutError):
        raise STORAGE_UNAVAILABLE from None
    return SaveMade(
        aggregates=made.aggregates,
        rows=made.rows,
        batches=made.batches,
        durable_until=iso_time(made.durable_until),
    )
