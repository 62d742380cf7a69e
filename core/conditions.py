"""What a planet's production depends on besides its buildings, read from its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.components import PLANET, SLIDERS, TECHNOLOGIES, UNITS
from core.ecs.table import Table
from core.rules import RULES
from core.rules.production import Conditions, Level
from core.state import GameState


def conditions_of(state: GameState, planet_id: int) -> Conditions:
    """Return the conditions of one planet, as numbers."""
    table = state.world.tables[PLANET]
    return _conditions(lambda key: table.get(planet_id, key))


def conditions_of_all(planets: Table) -> Conditions:
    """Return the conditions of all planets, as columns in the order of their rows."""
    return _conditions(lambda key: planets.array(key).T)


def _conditions(read: Callable[[str], Any]) -> Conditions:
    """Return conditions from what `read` gives for a column: a value for each label of its axis."""
    technology = read("Knowledge.technology")

    def level_of(name: str | None) -> Level:
        return 0 if name is None else technology[TECHNOLOGIES.index(name)]

    return Conditions(
        energy_technology=level_of(RULES.energy_technology),
        plasma=level_of(RULES.plasma.technology),
        # Each satellite is settled at the instant of its delivery, so the column is up to date.
        satellites=read("Units.count")[UNITS.index(RULES.satellite.unit)],
        sliders=dict(zip(SLIDERS.labels, read("Power.slider"), strict=True)),
        reactor_runs=read("Power.reactor_runs"),
        on_moon=read("Planet.is_moon"),
        idle=read("Knowledge.on_vacation"),
    )
