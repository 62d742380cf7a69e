"""What may be asked about fleets, and the answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.commands import Rejected
from core.components import FLEET, MISSIONS, OUTBOUND, PLAYER
from core.flight_plan import FlightPlan, plan_flight
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.ownership import fleet_ids_of, planet_ids_of, planet_of
from core.ship_orders import malformed_ships
from core.state import GameState
from core.systems.fleets import slots_of
from core.systems.shipyard import UnitItem, orders_of
from core.under_way import voyage_of
from core.unit_stock import units_at
from core.voyages import Voyage


@dataclass(frozen=True, slots=True)
class ReportFleets:
    """What stands on a planet, the active one for None, and all fleets of its owner."""

    player_id: int
    planet_id: int | None = None


@dataclass(frozen=True, slots=True)
class EstimateFlight:
    """What a flight would take with a player's technology, or with none."""

    player_id: int | None
    mission: str
    origin: Coordinates
    target: Coordinates
    ships: tuple[tuple[str, int], ...]
    speed_tenths: int


@dataclass(frozen=True, slots=True)
class FleetReport:
    """The answer to ReportFleets; units in the order of UNITS, hostile arrivals by their time."""

    units: tuple[int, ...]
    unit_orders: tuple[UnitItem, ...]
    voyages: tuple[Voyage, ...]
    slots_used: int
    slots_total: int
    incoming: tuple[Voyage, ...]
    kept: bool = True


def report_fleets(state: GameState, query: ReportFleets, at: float) -> FleetReport | Rejected:
    planet_id = planet_of(state.world, query.player_id, query.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    used, total = slots_of(state, query.player_id)
    own = fleet_ids_of(state.world, query.player_id)
    return FleetReport(
        units=units_at(state, planet_id, at),
        unit_orders=orders_of(state, planet_id, at),
        voyages=tuple(voyage_of(state, fleet_id) for fleet_id in own),
        slots_used=used,
        slots_total=total,
        incoming=_incoming(state, query.player_id),
    )


def estimate_flight(state: GameState, query: EstimateFlight) -> FlightPlan | Rejected:
    mission = state.rules.missions.get(query.mission)
    if mission is None:
        return Rejected("unknown_type", f"There is no mission called {query.mission}.")
    ships = dict(query.ships)
    refusal = malformed_ships(state, ships)
    if refusal is not None:
        return refusal
    galaxies, systems, _ = state.galaxy.shape
    for galaxy, system, position in (query.origin, query.target):
        if not (1 <= galaxy <= galaxies and 1 <= system <= systems and position >= 1):
            return Rejected("outside_universe", "There is no such place in this universe.")
    known = query.player_id is not None and state.world.exists(PLAYER, query.player_id)
    technologies = technologies_of(state.world, query.player_id or 0) if known else {}
    return plan_flight(
        state, technologies, mission, query.origin, query.target, ships, query.speed_tenths
    )


def _incoming(state: GameState, player_id: int) -> tuple[Voyage, ...]:
    """Return the hostile fleets of others that a player sees on their way to his planets."""
    announced = [
        place + 1 for place, name in enumerate(MISSIONS) if state.rules.missions[name].announced
    ]
    table = state.world.tables[FLEET]
    rows = np.flatnonzero(
        np.isin(table.read_only("Fleet.mission"), announced)
        & (table.read_only("Flight.fleet_state") == OUTBOUND)
        & (table.read_only("Fleet.owner_id") != player_id)
        & np.isin(table.read_only("Course.target_id"), planet_ids_of(state.world, player_id))
    )
    voyages = [voyage_of(state, fleet_id) for fleet_id in table.ids[rows].tolist()]
    return tuple(sorted(voyages, key=lambda voyage: (voyage.arrives_at, voyage.fleet_id)))
