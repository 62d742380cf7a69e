"""Noting that a player is there."""

from __future__ import annotations

from core.commands import Accepted, NotePresence, Rejected
from core.components import PLAYER, Presence
from core.ownership import NO_HOME
from core.state import GameState


def note_presence(state: GameState, command: NotePresence, at: float) -> Accepted | Rejected:
    """Note that a player is there; within the interval of the rules that changes nothing."""
    if not state.world.exists(PLAYER, command.player_id):
        return NO_HOME
    presence = state.world.component_for_entity(PLAYER, command.player_id, Presence)
    if at - presence.active_at >= state.rules.protection.presence_s:
        presence.active_at = at
    return Accepted()
