"""Stocks that fill up or run dry: the only moments at which production itself does something."""

from __future__ import annotations

from core import stockpiles
from core.components import PLANET, Planet
from core.events import Event, StocksChanged
from core.state import GameState


def reach_boundary(state: GameState, planet_id: int, at: float) -> list[Event]:
    """Set the stocks of a planet that fill up or run dry at this instant."""
    stockpiles.reach_boundary(state, planet_id, at)
    owner_id = state.world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return [StocksChanged(at, owner_id, planet_id)]
