"""The world from afar: its settings, and a message to everybody who plays in it."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Depends
from pydantic import Field

from core.api.answers import Answer, Message
from core.api.context import Context, InContext, host_or_admin
from core.api.documentation import may_answer, new_router
from core.api.request_keys import HostsKey
from core.api.schemas import HostsLetter, SettingsChange
from core.commands import ChangeSettings, RequestKey, WriteToAll
from core.queries import ReadSettings
from core.rules import RULES
from core.systems.messages import PORTION
from core.systems.settings import FIXED

_HOST_ONLY = (401, 403, 429)
_CHANGING = (400, 413, 422, 503, 504, *_HOST_ONLY)

router = new_router(prefix="/admin", tags=["host"], dependencies=[Depends(host_or_admin)])


class SettingAnswer(Answer):
    """A setting of the world; `least` and `most` are null for what is true or false."""

    value: bool | int | float
    default: bool | int | float
    least: float | None
    most: float | None
    can_change: bool


class SettingsAnswer(Answer):
    settings: dict[str, SettingAnswer]


class SettingsChanged(Message):
    """`changed` are those that had another value before."""

    changed: list[str]


class SentToAll(Message):
    recipients: Annotated[int, Field(description="players in whose mailboxes it is")]


@router.get("/settings", summary="The world's settings", responses=may_answer(503, *_HOST_ONLY))
async def settings(context: InContext) -> SettingsAnswer:
    """Return all settings of the world, and what they may be."""
    values = await context.door.ask(ReadSettings())
    return SettingsAnswer(
        settings={
            name: SettingAnswer(
                value=values[name],
                default=rule.default,
                least=rule.least,
                most=rule.most,
                can_change=name not in FIXED,
            )
            for name, rule in RULES.settings.items()
        }
    )


@router.patch("/settings", summary="Change settings", responses=may_answer(404, 409, *_CHANGING))
async def change_settings(
    body: SettingsChange, context: InContext, key: HostsKey
) -> SettingsChanged:
    """Change settings while the world runs: the time before keeps the old ones."""
    changed = await context.door.order(ChangeSettings(body.settings), key)
    return SettingsChanged(message="The settings are changed.", changed=list(changed))


@router.post("/message", summary="Write to everybody", responses=may_answer(*_CHANGING))
async def write_to_all(body: HostsLetter, context: InContext, key: HostsKey) -> SentToAll:
    """Put a message into every player's mailbox, and show it to who is connected.

    If that is answered with 503 or 504, some have it: asked again with the same Idempotency-Key it
    goes to the others.
    """
    return SentToAll(message="Sent.", recipients=await _write(body.text, context, key))


async def _write(text: str, context: Context, key: RequestKey | None) -> int:
    recipients, last_id = 0, 0
    while True:
        part = _key_of_part(key, last_id)
        written: tuple[int, int] = await context.door.order(WriteToAll(text, last_id), part)
        count, last_id = written
        recipients += count
        if count < PORTION:
            return recipients


def _key_of_part(key: RequestKey | None, after_id: int) -> RequestKey | None:
    """Return the key of a portion: what was written is not written again when others follow."""
    if key is None:
        return None
    name = hashlib.sha256(f"{key.text} {after_id}".encode()).hexdigest()
    return RequestKey(key.account_id, name, key.fingerprint)
