"""What the host may do from afar: with the host's token, or an account that is an administrator."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import Field

from core import sync
from core.api.answers import SetAsideDone, SetAsideList, iso_time, set_aside_group
from core.api.context import ID_MAX, InContext, host_or_admin
from core.api.documentation import may_answer, new_router
from core.api.host_answers import (
    SaveMade,
    ThrottlePoint,
    ThrottleTraceAnswer,
    UnsavedAnswer,
    throttle_point,
    unsaved_answer,
)
from core.api.problems import STORAGE_UNAVAILABLE
from core.api.request_keys import HostsKey, without_key
from core.commands import DropSetAside, ReleaseSetAside
from core.errors import StorageError
from core.queries import ListSetAside, ListUnsaved, ReadThrottleTrace
from core.save_batch import SaveReason
from core.shadow import Unsaved
from core.throttle_trace import Changes, replay

_HOST_ONLY = (401, 403, 429)
GroupId = Annotated[int, Path(alias="id", ge=1, le=ID_MAX)]

# Seconds, as SAVE_INTERVAL_SECONDS and PERSIST_INTERVAL_SECONDS may be.
_Interval = Annotated[float, Field(ge=1, le=86_400)]
Intervals = Annotated[
    tuple[_Interval, ...], Query(min_length=1, max_length=5, description="may be given repeatedly")
]

router = new_router(prefix="/admin", tags=["host"], dependencies=[Depends(host_or_admin)])


@router.post(
    "/save",
    summary="Save now",
    dependencies=[Depends(without_key)],
    responses=may_answer(503, *_HOST_ONLY),
)
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
        set_aside=made.set_aside,
    )


@router.get(
    "/unsaved", summary="What is not on the disk", responses=may_answer(422, 503, *_HOST_ONLY)
)
async def unsaved(
    context: InContext, limit: Annotated[int, Query(ge=0, le=200)] = 50
) -> UnsavedAnswer:
    """Return what would be lost if the power failed now, and what would be worked out again."""
    found: Unsaved = await context.door.ask(ListUnsaved(limit))
    return unsaved_answer(found)


@router.get(
    "/throttle-trace", summary="Other intervals", responses=may_answer(422, 503, *_HOST_ONLY)
)
async def throttle_trace(
    context: InContext, save: Intervals = (60.0,), persist: Intervals = (60.0,)
) -> ThrottleTraceAnswer:
    """Return what the last hour would have written with each pair of these intervals."""
    changes: Changes = await context.door.ask(ReadThrottleTrace())
    points: list[ThrottlePoint] = []
    for save_s in save:
        for persist_s in persist:
            # Of a busy hour each takes long, and other requests are not to wait for it.
            made = await asyncio.to_thread(
                replay, changes, save_interval_s=save_s, persist_interval_s=persist_s
            )
            points.append(throttle_point(made))
    return ThrottleTraceAnswer(covers_seconds=changes.covers_s, changes=len(changes), points=points)


@router.get("/set-aside", summary="What the database refuses", responses=may_answer(*_HOST_ONLY))
async def list_set_aside(context: InContext) -> SetAsideList:
    """List the changes that no save takes until they are released or dropped, oldest first."""
    groups = await context.door.ask(ListSetAside())
    return SetAsideList(groups=[set_aside_group(group) for group in groups])


@router.post(
    "/set-aside/{id}/release", summary="Save it again", responses=may_answer(404, 503, *_HOST_ONLY)
)
async def release_set_aside(context: InContext, group_id: GroupId, key: HostsKey) -> SetAsideDone:
    """Let a group into the next save; what is refused again is set aside again, as a new group."""
    count = await context.door.order(ReleaseSetAside(group_id), key)
    return SetAsideDone(id=group_id, aggregates=count)


@router.post(
    "/set-aside/{id}/drop", summary="Take it back", responses=may_answer(404, 503, *_HOST_ONLY)
)
async def drop_set_aside(context: InContext, group_id: GroupId, key: HostsKey) -> SetAsideDone:
    """Give a group in the world what the database holds; what the database does not know goes."""
    groups = await context.door.ask(ListSetAside())
    wanted = next((group.rows for group in groups if group.group_id == group_id), ())
    # No save writes them meanwhile: only a release could, and then there is no such group.
    rows = await sync.read_rows(wanted)
    count = await context.door.order(DropSetAside(group_id, rows), key)
    return SetAsideDone(id=group_id, aggregates=count)
