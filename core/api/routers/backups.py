"""Backups from afar: list, make, and restore."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from core.api.answers import Answer, Time, iso_time
from core.api.context import InContext, host_or_admin
from core.api.documentation import may_answer, new_router
from core.api.problems import Problem
from core.api.request_keys import without_key
from core.backup_shelf import Manifest
from core.errors import BackupError, DatabaseError, UnknownBackupError
from core.restore import RestoreReport, Summary

T = TypeVar("T")

_HOST_ONLY = (401, 403, 429)
_NAME_LENGTH_MAX = 100

router = new_router(prefix="/admin/backups", tags=["host"], dependencies=[Depends(host_or_admin)])

Name = Annotated[str, Path(max_length=_NAME_LENGTH_MAX, description="as GET /admin/backups says")]


class Backup(Answer):
    """A backup; `verified` is null until it has been looked at."""

    name: str
    made_at: Time
    reason: str
    revision: str | None
    program_version: str
    world_time: Time | None
    tick: int | None
    rows: dict[str, int]
    bytes: int
    verified: bool | None
    findings: list[str]


class Backups(Answer):
    """All backups, newest first."""

    backups: list[Backup]


class WorldSummary(Answer):
    revision: str | None
    players: int
    planets: int
    world_time: Time | None
    tick: int | None


class WhatChanges(Answer):
    """What a restore changes; at most twenty players are named."""

    file: str
    now: WorldSummary
    then: WorldSummary
    vanishing: list[str]
    vanishing_count: int
    returning: list[str]
    returning_count: int


class RestoreAnswer(Answer):
    """`restoring` says whether the world is being stopped to be replaced."""

    report: WhatChanges
    restoring: bool
    message: str


class RestoreRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    confirm: bool = Field(default=False, strict=True, description="false: only say what changes")


@router.get("", summary="All backups", responses=may_answer(503, *_HOST_ONLY))
async def list_backups(context: InContext) -> Backups:
    """List the backups, newest first."""
    manifests = await _asked(context.host_door.list_backups())
    return Backups(backups=[backup_answer(manifest) for manifest in reversed(manifests)])


@router.post(
    "",
    summary="Back up now",
    dependencies=[Depends(without_key)],
    responses=may_answer(503, *_HOST_ONLY),
)
async def make_backup(context: InContext) -> Backup:
    """Make a backup; the answer comes when it is complete, and it is verified afterwards."""
    return backup_answer(await _asked(context.host_door.make_backup()))


@router.post(
    "/{name}/restore",
    summary="Restore a backup",
    dependencies=[Depends(without_key)],
    responses=may_answer(404, 409, 503, *_HOST_ONLY),
)
async def restore_backup(
    name: Name, context: InContext, body: RestoreRequest | None = None
) -> RestoreAnswer:
    """Say what a restore would change; with `confirm` do it.

    The backup is verified first. Then comes the answer, and then the world is stopped, backed up,
    replaced and started again. Tokens of players are worth nothing then: everybody logs in again.
    """
    if body is None or not body.confirm:
        report = await _asked(context.host_door.plan_restore(name))
        message = "Nothing was changed; send confirm: true to restore it."
        return RestoreAnswer(report=_changes(report), restoring=False, message=message)
    report = await _asked(context.host_door.begin_restore(name))
    message = "The world is being stopped, backed up and replaced, and then started again."
    return RestoreAnswer(report=_changes(report), restoring=True, message=message)


async def _asked(asking: Awaitable[T]) -> T:
    try:
        return await asking
    except UnknownBackupError as error:
        raise Problem(404, "no_such_backup", _sentence(error)) from None
    except (BackupError, DatabaseError) as error:
        raise Problem(409, "backup_failed", _sentence(error)) from None


def _sentence(error: Exception) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."


def backup_answer(manifest: Manifest) -> Backup:
    values: dict[str, Any] = manifest.as_json()
    values["world_time"] = _time(manifest.world_time)
    return Backup(**values)


def _changes(report: RestoreReport) -> WhatChanges:
    values = report.as_json()
    return WhatChanges(**{**values, "now": _summary(report.now), "then": _summary(report.then)})


def _summary(summary: Summary) -> WorldSummary:
    return WorldSummary(
        revision=summary.revision,
        players=summary.players,
        planets=summary.planets,
        world_time=_time(summary.world_time),
        tick=summary.tick,
    )


def _time(world_time: float | None) -> str | None:
    return None if world_time is None else iso_time(world_time)
