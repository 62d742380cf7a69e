"""A new planet: what it is like on its first day."""

from __future__ import annotations

from core import stockpiles
from core.components import (
    BUILDINGS,
    NEVER,
    NO_UNIT,
    NOTHING_QUEUED,
    PLACES,
    PLANET,
    RESOURCES,
    SLIDERS,
    UNITS,
    Buildings,
    BuildQueue,
    Ledger,
    Planet,
    Position,
    Power,
    Stocks,
    UnitQueue,
    Units,
)
from core.galaxy import Coordinates
from core.knowledge import copy_for
from core.rules.planets import Nature
from core.state import GameState


def create_planet(
    state: GameState, owner_id: int, name: str, place: Coordinates, nature: Nature, at: float
) -> int:
    """Found a planet at a free place, with what everybody starts with, and return its id."""
    universe = state.universe
    nothing = (0.0,) * len(RESOURCES)
    starter = (universe.starter_metal, universe.starter_crystal, universe.starter_deuterium)
    planet_id = state.world.create_entity(
        PLANET,
        Position(*place),
        Planet(
            owner_id=owner_id,
            name=name,
            temperature_max=nature.temperature_max,
            fields=nature.fields,
            founded_at=at,
        ),
        Stocks(
            amount=starter,
            production=nothing,
            consumption=nothing,
            capacity=nothing,
            settled_at=at,
            boundary_at=NEVER,
        ),
        Ledger(received=starter, moved=nothing, spent=nothing),
        Buildings(level=(0,) * len(BUILDINGS)),
        BuildQueue(
            queued=(NOTHING_QUEUED,) * len(PLACES),
            paid=nothing,
            started_at=0.0,
            finish_at=NEVER,
        ),
        copy_for(state.world, owner_id),
        Power(
            slider=(state.rules.sliders.steps,) * len(SLIDERS),
            reactor_runs=True,
            restart_at=NEVER,
        ),
        Units(count=(0,) * len(UNITS)),
        UnitQueue(
            unit_building=NO_UNIT,
            units_ordered=0,
            units_delivered=0,
            units_begun_at=0.0,
            seconds_per_unit=0,
            units_due_at=NEVER,
            units_waiting="",
        ),
    )
    state.world.on_undo(lambda: state.galaxy.clear(place))
    state.galaxy.settle(place, planet_id)
    stockpiles.change_rates(state, planet_id, at)
    return planet_id
