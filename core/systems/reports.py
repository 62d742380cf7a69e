"""Reports of players: the end of old ones."""

from __future__ import annotations

from core.components import REPORT
from core.events import Event
from core.state import GameState


def forget_report(state: GameState, report_id: int, at: float) -> list[Event]:
    """Delete a report that was kept for as long as messages are."""
    state.world.delete_entity(REPORT, report_id)
    return []
