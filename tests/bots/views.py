"""What a computer player sees in situations that are set up by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from core.bots.decisions import decide
from core.bots.fleet_sight import Flights, OwnFleet
from core.bots.prey import Prey
from core.bots.sight import View
from core.bots.strength import Strength
from core.commands import Command
from core.components import UNITS
from core.flight_plan import Chart
from core.galaxy import Coordinates
from core.rules import ECONOMY, RULES
from tests.worlds import NO_LEVELS, NO_TECHNOLOGIES

NO_UNITS = dict.fromkeys(UNITS.labels, 0)
NO_SHIPS = (0,) * len(UNITS)
START = View(
    player_id=1,
    planet_id=7,
    planet_count=1,
    place=(1, 1, 4),
    levels=NO_LEVELS,
    technologies=NO_TECHNOLOGIES,
    units=NO_UNITS,
    amounts=(500.0, 500.0, 0.0),
    capacities=(10_000.0, 10_000.0, 10_000.0),
    energy=(0.0, 0.0),
    temperature_max=50,
    fields_free=163,
    building=None,
    unit_ordered=False,
    researching=False,
    free_place=None,
)
SPEEDS = dict.fromkeys(("fleet_speed_war", "fleet_speed_peaceful", "fleet_speed_holding"), 1.0)
FLIGHTS = Flights(Chart(9, 499, SPEEDS), slots_free=3, loot_share_percent=50.0)
NEIGHBOUR = (1, 1, 5)


def orders(view: View, strength: Strength, seed: int = 1) -> list[Command]:
    return decide(view, strength, Random(seed), RULES, ECONOMY)


def busy(
    units: Mapping[str, int], amounts: tuple[float, ...] = (0.0, 0.0, 9_000.0), **seen: Any
) -> View:
    """Return a home where nothing can be built or ordered: what is decided there is to be flown."""
    return replace(
        START,
        units={**NO_UNITS, **units},
        amounts=amounts,
        capacities=(1e6, 1e6, 1e6),
        building="metal_mine",
        unit_ordered=True,
        researching=True,
        flights=replace(FLIGHTS, **seen),
    )


def fleet(
    mission: str,
    *,
    fleet_id: int = 5,
    outbound: bool = True,
    origin_id: int = 7,
    target_id: int = 8,
    target: Coordinates = NEIGHBOUR,
    arrives_at: float = 500.0,
) -> OwnFleet:
    return OwnFleet(
        fleet_id, mission, outbound, origin_id, target_id, target, 0.0, arrives_at, NO_SHIPS
    )


def prey(
    amounts: tuple[int, ...] = (20_000, 20_000, 0),
    defenders: Mapping[str, int] | None = None,
    technologies: Mapping[str, int] | None = None,
    *,
    planet_id: int = 8,
    place: Coordinates = NEIGHBOUR,
) -> Prey:
    return Prey(planet_id, place, amounts, defenders, technologies)
