"""What players read: messages and notifications."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query

from core import sync
from core.api.context import ID_MAX, InContext, InLogin, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.message_answers import (
    MessageChanged,
    MessagesAnswer,
    NotificationsAnswer,
    messages_answer,
    notifications_answer,
)
from core.api.problems import rejection
from core.api.request_keys import LoginsKey, PlayersKey
from core.api.schemas import USERNAME, Letter
from core.commands import DeleteMessage, ReadMessage, SendMessage
from core.messages import ListMessages
from core.notices import NOTICE
from core.ownership import NO_SUCH_PLAYER

_READING = (401, 403, 422, 429, 503)
_CHANGING = (401, 403, 404, 409, 422, 429, 503, 504)

router = new_router(tags=["messages"])

MessageInPath = Annotated[int, Path(ge=1, le=ID_MAX)]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
Category = Annotated[
    Literal["battle", "espionage", "transport", "expedition", "player", "system"] | None,
    Query(description="all if none is named"),
]


@router.get("/player/{id}/messages", summary="Your messages", responses=may_answer(*_READING))
async def messages(
    player_id: OwnPlayer,
    context: InContext,
    category: Category = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> MessagesAnswer:
    """Return the player's messages, the newest first."""
    query = ListMessages(player_id, category, limit, offset)
    return messages_answer(await context.door.ask(query))


@router.post("/player/{id}/messages", summary="Write", responses=may_answer(400, 413, *_CHANGING))
async def send(
    player_id: OwnPlayer, body: Letter, context: InContext, key: PlayersKey
) -> MessageChanged:
    """Write to another player, by his user name."""
    # Names belong to accounts, and one never becomes another's. What cannot be a name is not asked
    # for: some databases refuse even the question.
    known = await sync.find_credentials(body.to) if USERNAME.fullmatch(body.to) else None
    if known is None:
        raise rejection(NO_SUCH_PLAYER)
    order = SendMessage(player_id, known.account.id, body.text)
    return MessageChanged(message="Sent.", id=await context.door.order(order, key))


@router.post(
    "/player/{id}/messages/{message_id}/read", summary="Read", responses=may_answer(*_CHANGING)
)
async def read(
    player_id: OwnPlayer, message_id: MessageInPath, context: InContext, key: PlayersKey
) -> MessageChanged:
    """Note that a message was read."""
    done = await context.door.order(ReadMessage(player_id, message_id), key)
    return MessageChanged(message="Read.", id=done)


@router.delete(
    "/player/{id}/messages/{message_id}", summary="Delete", responses=may_answer(*_CHANGING)
)
async def delete(
    player_id: OwnPlayer, message_id: MessageInPath, context: InContext, key: PlayersKey
) -> MessageChanged:
    """Delete a message."""
    done = await context.door.order(DeleteMessage(player_id, message_id), key)
    return MessageChanged(message="Deleted.", id=done)


@router.get(
    "/player/{id}/notifications", summary="Your notifications", responses=may_answer(*_READING)
)
async def notifications(
    player_id: OwnPlayer, context: InContext, limit: Limit = 50, offset: Offset = 0
) -> NotificationsAnswer:
    """Return what happened to the player without his doing, the newest first."""
    query = ListMessages(player_id, NOTICE, limit, offset)
    return notifications_answer(await context.door.ask(query))


@router.delete(
    "/notifications/{message_id}", summary="Delete a notification", responses=may_answer(*_CHANGING)
)
async def delete_notification(
    message_id: MessageInPath, login: InLogin, context: InContext, key: LoginsKey
) -> MessageChanged:
    """Delete a notification."""
    done = await context.door.order(DeleteMessage(login.account.id, message_id, NOTICE), key)
    return MessageChanged(message="Deleted.", id=done)
