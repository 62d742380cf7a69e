"""What a planet's production depends on besides its buildings, read from its columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from core.components import PLANET, SLIDERS, TECHNOLOGIES, UNITS
from core.ecs.table import Table
from core.rules import RULES
from core.rules.production import Conditions, Level
from core.state import GameState


def _place_of(technology: str | None) -> int | None:
    return None if technology is None else TECHNOLOGIES.index(technology)


_ENERGY: Final = _place_of(RULES.energy_technology)
_PLASMA: Final = _place_of(RULES.plasma.technology)
_SATELLITE: Final = UNITS.index(RULES.satellite.unit)


def conditions_of(
    state: GameState, planet_id: int, *, reactor_runs: bool | None = None
) -> Conditions:
    """Return the conditions of one planet, as numbers.

    `reactor_runs` asks for what they would be if the reactor ran, or did not.
    """
    table = state.world.tables[PLANET]
    row, value_at = table.row(planet_id), table.value_at
    return _conditions(lambda key: value_at(row, key), reactor_runs)


def conditions_of_all(planets: Table) -> Conditions:
    """Return the conditions of all planets, as columns in the order of their rows."""
    return _conditions(lambda key: planets.array(key).T)


def _conditions(read: Callable[[str], Any], reactor_runs: bool | None = None) -> Conditions:
    """Return conditions from what `read` gives for a column: a value for each label of its axis."""
    technology = read("Knowledge.technology")

    def level_at(place: int | None) -> Level:
        return 0 if place is None else technology[place]

    return Conditions(
        energy_technology=level_at(_ENERGY),
        plasma=level_at(_PLASMA),
        # Each satellite is settled at the instant of its delivery, so the column is up to date.
        satellites=read("Units.count")[_SATELLITE],
        sliders=dict(zip(SLIDERS.labels, read("Power.slider"), strict=True)),
        reactor_runs=read("Power.reactor_runs") if reactor_runs is None else reactor_runs,
        on_moon=read("Planet.is_moon"),
        idle=read("Knowledge.on_vacation"),
    )
