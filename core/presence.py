"""How long a player has stayed away.

That he was seen is kept with the world, but coarsely: a save each time that he looks at something
would be one too many.
"""

from __future__ import annotations

from core.components import PLAYER, Presence
from core.rules.protection import Activity, activity
from core.state import GameState


def activity_of(state: GameState, player_id: int, at: float) -> Activity:
    """Return how inactive a player is at an instant, by the world's settings."""
    seen_at = state.world.component_for_entity(PLAYER, player_id, Presence).active_at
    universe = state.universe
    return activity(at - seen_at, universe.inactive_after_days, universe.long_inactive_after_days)
