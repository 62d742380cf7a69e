"""Whether anything is being built on a planet."""

from __future__ import annotations

from core.components import NEVER, PLANET, BuildQueue, UnitQueue
from core.state import GameState


def is_busy(state: GameState, planet_id: int) -> bool:
    """Return whether something is being built there; then something may wait, too."""
    world = state.world
    return (
        world.component_for_entity(PLANET, planet_id, BuildQueue).finish_at != NEVER
        or world.component_for_entity(PLANET, planet_id, UnitQueue).units_due_at != NEVER
    )
