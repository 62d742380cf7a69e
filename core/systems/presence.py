"""Noting that a player is there, and excusing everybody for when nobody could be."""

from __future__ import annotations

import numpy as np

from core.commands import Accepted, ExcuseAbsence, NotePresence, Rejected
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


def excuse_absence(state: GameState, command: ExcuseAbsence, at: float) -> Accepted:
    """Move on when everybody was last seen by a time in which the world was off."""
    seen_at = state.world.tables[PLAYER].read_only("Presence.active_at")
    moved_on = np.minimum(seen_at + command.seconds, at)
    state.world.write_column(PLAYER, "Presence.active_at", moved_on)
    return Accepted()
