"""Messages of players: writing to one another, reading, deleting; and the end of old ones."""

from __future__ import annotations

import numpy as np

from core.commands import (
    Accepted,
    DeleteMessage,
    ReadMessage,
    Rejected,
    SendMessage,
    WriteToAll,
)
from core.components import MESSAGE, MESSAGE_KINDS, PLAYER, Message
from core.ecs import Mark
from core.events import Event, HostSpoke
from core.messages import delete_message, write_message
from core.ownership import NO_HOME, NO_SUCH_PLAYER
from core.state import GameState

FROM_PLAYERS = "player"
FROM_THE_HOST = "system"
# Players that one command writes to: a few milliseconds, and as many messages that may go.
PORTION = 100
NO_SUCH_MESSAGE = Rejected("no_such_item", "There is no such message.")


def send_message(state: GameState, command: SendMessage, at: float) -> Accepted | Rejected:
    """Write to another player; who has not read many from this one gets no more of him."""
    rules = state.rules.messages
    if not state.world.exists(PLAYER, command.player_id):
        return NO_HOME
    if not state.world.exists(PLAYER, command.recipient_id):
        return NO_SUCH_PLAYER
    refusal = _bad_text(state, command.text)
    if refusal is not None:
        return refusal
    limit = rules.unread_of_one_sender_most
    if _unread_count(state, command.recipient_id, command.player_id) >= limit:
        return Rejected(
            "mailbox_full", f"He has not read {limit} of your messages yet.", {"limit": limit}
        )
    events = write_message(
        state, command.recipient_id, FROM_PLAYERS, command.text, at, sender_id=command.player_id
    )
    (message_id,) = (event.message_id for event in events)
    return Accepted(message_id, tuple(events))


def write_to_all(state: GameState, command: WriteToAll, at: float) -> Accepted | Rejected:
    """Write to the next players by their ids; answer with how many they are, and the last id.

    When they are fewer than a portion, everybody has it, but for those whom the database refuses.
    """
    refusal = _bad_text(state, command.text)
    if refusal is not None:
        return refusal
    players = state.world.tables[PLAYER]
    # Who waits for the host would hold up everybody.
    reached = (players.array("mark.flags") & np.uint8(Mark.ASIDE)) == 0
    ids = players.ids[reached & (players.ids > command.after_id)]
    next_ids = np.sort(ids)[:PORTION].tolist()
    events: list[Event] = []
    for player_id in next_ids:
        events += write_message(state, player_id, FROM_THE_HOST, command.text, at)
        events.append(HostSpoke(at, player_id, command.text))
    return Accepted((len(next_ids), next_ids[-1] if next_ids else command.after_id), tuple(events))


def read_message(state: GameState, command: ReadMessage, at: float) -> Accepted | Rejected:
    """Note that a player has read one of his messages."""
    message = _own_message(state, command.player_id, command.message_id)
    if isinstance(message, Rejected):
        return message
    if not message.is_read:
        message.is_read = True
    return Accepted(command.message_id)


def remove_message(state: GameState, command: DeleteMessage, at: float) -> Accepted | Rejected:
    """Delete one of a player's messages, if it is of the kind that he means."""
    message = _own_message(state, command.player_id, command.message_id)
    if isinstance(message, Rejected):
        return message
    if command.category not in (None, MESSAGE_KINDS[message.category - 1]):
        return NO_SUCH_MESSAGE
    delete_message(state, command.message_id)
    return Accepted(command.message_id)


def forget_message(state: GameState, message_id: int, at: float) -> list[Event]:
    """Delete a message that was kept for as long as messages are."""
    delete_message(state, message_id)
    return []


def _bad_text(state: GameState, text: str) -> Rejected | None:
    most = state.rules.messages.characters_most
    # Not every database keeps a text with a NUL in it.
    if 1 <= len(text) <= most and "\0" not in text:
        return None
    return Rejected("bad_value", f"A text has 1 to {most} characters.")


def _own_message(state: GameState, player_id: int, message_id: int) -> Message | Rejected:
    world = state.world
    if not world.exists(MESSAGE, message_id):
        return NO_SUCH_MESSAGE
    message = world.component_for_entity(MESSAGE, message_id, Message)
    # Whether somebody else has it is nobody's business.
    return message if message.owner_id == player_id else NO_SUCH_MESSAGE


def _unread_count(state: GameState, owner_id: int, sender_id: int) -> int:
    table = state.world.tables[MESSAGE]
    ids = state.mailboxes.of_kind(owner_id, MESSAGE_KINDS.index(FROM_PLAYERS) + 1)
    rows = table.rows(np.array(ids, dtype=np.int64))
    unread = ~table.read_only("Message.is_read")[rows]
    return int(np.count_nonzero(unread & (table.read_only("Message.sender_id")[rows] == sender_id)))
