"""Messages: writing one into somebody's mailbox, and reading what is there.

A message has no name of its own but its id, and needs none: whatever writes one changes two
aggregates, is urgent, and is in the save of what it tells of, or neither is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from core.components import MESSAGE, MESSAGE_KINDS, PLAYER, Message, Player
from core.ecs import Mark
from core.events import MessageWritten
from core.state import GameState

NOBODY: Final = 0


@dataclass(frozen=True, slots=True)
class ReadableMessage:
    """A message as its owner sees it; the sender is None where no player wrote it."""

    message_id: int
    category: str
    sender_id: int | None
    sender_name: str | None
    text: str
    sent_at: float
    is_read: bool


@dataclass(frozen=True, slots=True)
class ListMessages:
    """A page of a player's messages, those of all kinds for None, the newest first."""

    player_id: int
    category: str | None
    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Some messages, how many there are in all, and how many of all are not read yet."""

    total: int
    unread: int
    messages: tuple[ReadableMessage, ...]


def write_message(
    state: GameState,
    recipient_id: int,
    category: str,
    text: str,
    at: float,
    *,
    sender_id: int = NOBODY,
) -> list[MessageWritten]:
    """Write a message in the open unit of work, and return what is to be told of it.

    `category` is one of MESSAGE_KINDS. If the recipient has too many of them his oldest goes; if he
    is not in the world nothing is written.
    """
    world = state.world
    if not world.exists(PLAYER, recipient_id):
        return []
    code = MESSAGE_KINDS.index(category) + 1
    _make_room(state, recipient_id, code)
    message = Message(
        owner_id=recipient_id,
        sender_id=sender_id,
        category=code,
        text=text,
        sent_at=at,
        is_read=False,
        forgotten_at=at + state.rules.messages.kept_s,
    )
    message_id = world.create_entity(MESSAGE, message)
    world.on_undo(lambda: state.mailboxes.drop(message_id))
    state.mailboxes.note(message_id)
    return [MessageWritten(at, recipient_id, message_id, category)]


def delete_message(state: GameState, message_id: int) -> None:
    """Delete a message in the open unit of work."""
    # Undone when the entity is back.
    state.world.on_undo(lambda: state.mailboxes.note(message_id))
    state.mailboxes.drop(message_id)
    state.world.delete_entity(MESSAGE, message_id)


def _make_room(state: GameState, owner_id: int, category: int) -> None:
    ids = state.mailboxes.of_kind(owner_id, category)
    surplus = len(ids) + 1 - state.rules.messages.kept_most
    if surplus <= 0:
        return
    marks = state.world.marks[MESSAGE]
    # What the database refuses waits for the host, and must not hold up what comes after it.
    may_go = [message_id for message_id in ids if not marks.flags_of(message_id) & Mark.ASIDE]
    for message_id in may_go[:surplus]:
        delete_message(state, message_id)


# What is read -------------------------------------------------------------------------------------


def messages_of(state: GameState, query: ListMessages) -> MessagePage:
    world = state.world
    categories = () if query.category is None else (MESSAGE_KINDS.index(query.category) + 1,)
    ids = state.mailboxes.of(query.player_id, categories)
    world.note_reads(MESSAGE, ids)
    table = world.tables[MESSAGE]
    is_read = table.read_only("Message.is_read")[table.rows(np.array(ids, dtype=np.int64))]
    unread = len(ids) - int(np.count_nonzero(is_read))
    page = ids[query.offset : query.offset + query.limit]
    return MessagePage(len(ids), unread, tuple(message_of(state, each) for each in page))


def message_of(state: GameState, message_id: int) -> ReadableMessage:
    message = state.world.component_for_entity(MESSAGE, message_id, Message)
    sender_id = message.sender_id or None
    return ReadableMessage(
        message_id=message_id,
        category=MESSAGE_KINDS[message.category - 1],
        sender_id=sender_id,
        sender_name=None if sender_id is None else _name_of(state, sender_id),
        text=message.text,
        sent_at=message.sent_at,
        is_read=message.is_read,
    )


def _name_of(state: GameState, player_id: int) -> str:
    """Return a player's name, an empty one if he has left the world."""
    if not state.world.exists(PLAYER, player_id):
        return ""
    return state.world.component_for_entity(PLAYER, player_id, Player).name
