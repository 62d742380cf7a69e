"""What players are told of fleets."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from core.api.answers import Amounts, Answer, Kept, Message, Time, UnitOrderAnswer, iso_time, whole
from core.api.answers import unit_order as _unit_order
from core.api.unit_stats import defences_among, ships_among
from core.fleet_reports import FleetReport
from core.flight_plan import FlightPlan
from core.galaxy import Coordinates
from core.voyages import Voyage

Ships = Annotated[dict[str, int], Field(examples=[{"small_cargo": 3}])]


class FleetPlace(Answer):
    """Where a fleet comes from or goes to; `planet` is the id of the planet or moon, if any."""

    galaxy: int
    system: int
    position: int
    type: Annotated[str, Field(description="planet, moon, debris or deep_space")]
    planet: int | None


class FleetMission(Answer):
    """A fleet under way. Nothing comes back of one that stays where it arrives."""

    id: int
    mission: Annotated[str, Field(examples=["transport"])]
    ships: Ships
    cargo: Amounts
    origin: FleetPlace
    target: FleetPlace
    state: Annotated[str, Field(description="outbound, holding or returning")]
    speed: Annotated[float, Field(description="0.1 to 1 of what its slowest ship can fly")]
    departure_time: Time
    arrival_time: Time
    return_time: Time


class IncomingFleet(Answer):
    """A fleet of somebody else that comes with bad intentions."""

    mission_id: int
    mission: str
    target: FleetPlace
    arrival_time: Time


class FleetSlots(Answer):
    used: int
    total: int


class FleetAnswer(Answer):
    """What stands on the active planet, and all fleets of the player."""

    fleet: Ships
    defence: Annotated[dict[str, int], Field(description="defences and missiles")]
    ship_build_queue: list[UnitOrderAnswer]
    missions: list[FleetMission]
    slots: FleetSlots
    incoming: list[IncomingFleet]
    kept: Kept


class FleetDispatched(Message):
    mission: FleetMission


class FleetRecalled(Message):
    recalled: bool
    return_eta: Time
    mission: FleetMission


class FlightTime(Answer):
    distance: int
    duration_seconds: Annotated[int, Field(description="one way")]
    fuel: Annotated[int, Field(description="deuterium, for both ways")]


# From what the world says to what players are told ------------------------------------------------


def fleet_mission(voyage: Voyage) -> FleetMission:
    return FleetMission(
        id=voyage.fleet_id,
        mission=voyage.mission,
        ships=dict(voyage.ships),
        cargo=whole(voyage.cargo),
        origin=_place(voyage.origin, voyage.origin_type, voyage.origin_id),
        target=_place(voyage.target, voyage.target_type, voyage.target_id),
        state=voyage.state,
        speed=voyage.speed_tenths / 10,
        departure_time=iso_time(voyage.departed_at),
        arrival_time=iso_time(voyage.arrives_at),
        return_time=iso_time(voyage.returns_at),
    )


def fleet_push(voyage: Voyage) -> dict[str, Any]:
    """Return a fleet as a push says it."""
    return fleet_mission(voyage).model_dump()


def fleet_answer(report: FleetReport) -> FleetAnswer:
    return FleetAnswer(
        fleet=ships_among(report.units),
        defence=defences_among(report.units),
        ship_build_queue=[_unit_order(item) for item in report.unit_orders],
        missions=[fleet_mission(voyage) for voyage in report.voyages],
        slots=FleetSlots(used=report.slots_used, total=report.slots_total),
        incoming=[incoming_fleet(voyage) for voyage in report.incoming],
        kept=report.kept,
    )


def flight_time(plan: FlightPlan) -> FlightTime:
    return FlightTime(distance=plan.distance, duration_seconds=plan.seconds, fuel=plan.fuel)


def incoming_fleet(voyage: Voyage) -> IncomingFleet:
    return IncomingFleet(
        mission_id=voyage.fleet_id,
        mission=voyage.mission,
        target=_place(voyage.target, voyage.target_type, voyage.target_id),
        arrival_time=iso_time(voyage.arrives_at),
    )


def _place(coordinates: Coordinates, kind: str, planet_id: int) -> FleetPlace:
    galaxy, system, position = coordinates
    return FleetPlace(
        galaxy=galaxy, system=system, position=position, type=kind, planet=planet_id or None
    )
