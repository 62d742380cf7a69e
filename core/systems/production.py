"""Stocks that fill up or run dry: the only moments at which production itself does something.

A reactor that has run dry starts again when there is enough fuel.
"""

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


def restart_reactor(state: GameState, planet_id: int, at: float) -> list[Event]:
    """Start the reactor of a planet at the instant at which the stock covers its burn."""
    stockpiles.change_rates(state, planet_id, at, refuelled=True)
    owner_id = state.world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return [StocksChanged(at, owner_id, planet_id)]
