"""How long a player has stayed away, and who has for long.

That he was seen is kept with the world, but coarsely: a save each time that he looks at something
would be one too many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.components import PLAYER, Presence
from core.rules.arithmetic import SECONDS_PER_DAY
from core.rules.protection import Activity, activity
from core.state import GameState

# A world that is hosted in the evenings stands still every day: that excuses nobody.
STANDSTILL_S_EXCUSED = SECONDS_PER_DAY


@dataclass(frozen=True, slots=True)
class ListAbsent:
    """Players who were not there for so long and are not on vacation, those longest away first."""

    idle_s: float
    limit: int


def absent_players(state: GameState, query: ListAbsent, at: float) -> tuple[int, ...]:
    table = state.world.tables[PLAYER]
    seen_at = table.read_only("Presence.active_at")
    away = (at - seen_at >= query.idle_s) & ~table.read_only("Vacation.on_vacation")
    rows = np.flatnonzero(away)
    longest_first = rows[np.argsort(seen_at[rows], kind="stable")][: query.limit]
    return tuple(table.ids[longest_first].tolist())


def activity_of(state: GameState, player_id: int, at: float) -> Activity:
    """Return how inactive a player is at an instant, by the world's settings."""
    seen_at = state.world.component_for_entity(PLAYER, player_id, Presence).active_at
    universe = state.universe
    return activity(at - seen_at, universe.inactive_after_days, universe.long_inactive_after_days)
