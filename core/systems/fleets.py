"""Fleets: sending and recalling them, and what they do when they arrive and when they are home."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass

from core import stockpiles, unit_stock
from core.commands import Accepted, DispatchFleet, RecallFleet, Rejected
from core.components import (
    FLEET,
    HOLDING,
    MISSIONS,
    NO_PLANET,
    OUTBOUND,
    PLANET,
    PLAYER,
    RESOURCES,
    RETURNING,
    UNITS,
    Course,
    Fleet,
    Flight,
    Planet,
    Stocks,
)
from core.events import (
    AttackAnnounced,
    Event,
    FleetArrived,
    FleetDeparted,
    FleetReturned,
    StocksChanged,
)
from core.flight_plan import FlightPlan
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.missions import ERRANDS, Ending, Errand, FleetOrder
from core.ownership import fleet_ids_of, own_planet_or_home, planet_of
from core.rules.arithmetic import SECONDS_PER_HOUR
from core.rules.flight import TENTHS_LEAST, TENTHS_MOST, fleet_slots
from core.rules.missions import TARGETS, Mission
from core.settlement import place_of
from core.ship_orders import too_few_ships
from core.state import GameState
from core.under_way import create_fleet, land, turn_round, voyage_of
from core.voyages import Voyage


def dispatch_fleet(state: GameState, command: DispatchFleet, at: float) -> Accepted | Rejected:
    """Take ships, cargo and fuel off a planet and put them under way."""
    planet_id = planet_of(state.world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    refusal = _malformed(state, command)
    if refusal is not None:
        return refusal
    mission = state.rules.missions[command.mission]
    order = _order(state, command, planet_id, mission, at)
    departure = _Departure(mission, order, ERRANDS[mission.name].plan(state, mission, order))
    refusal = (
        _against_mission(state, departure)
        or _against_slots(state, command.player_id)
        or too_few_ships(state, planet_id, order.ships, at)
        or _against_fuel(state, departure)
        or _against_cargo(state, departure, _cargo(command))
    )
    if refusal is not None:
        return refusal
    fleet_id = _depart(state, command, departure)
    voyage = voyage_of(state, fleet_id)
    events: list[Event] = [
        FleetDeparted(at, command.player_id, voyage),
        StocksChanged(at, command.player_id, planet_id),
    ]
    events += _announced(state, mission, voyage, at)
    return Accepted(voyage, tuple(events))


def _announced(
    state: GameState, mission: Mission, voyage: Voyage, at: float
) -> tuple[AttackAnnounced, ...]:
    """Return what the owner of the target is told of a fleet that he sees coming."""
    if not mission.announced or voyage.target_id == NO_PLANET:
        return ()
    target = state.world.component_for_entity(PLANET, voyage.target_id, Planet)
    return (AttackAnnounced(at, target.owner_id, voyage),)


def recall_fleet(state: GameState, command: RecallFleet, at: float) -> Accepted | Rejected:
    """Turn a fleet round: it is home after as long as it has flown."""
    world, fleet_id = state.world, command.fleet_id
    if (
        not world.exists(FLEET, fleet_id)
        or world.component_for_entity(FLEET, fleet_id, Fleet).owner_id != command.player_id
    ):
        return _no_fleet(fleet_id)
    flight = world.component_for_entity(FLEET, fleet_id, Flight)
    if flight.fleet_state == RETURNING or not _errand_of(state, fleet_id).returns:
        return _no_fleet(fleet_id)
    until = at if flight.fleet_state == OUTBOUND else flight.arrives_at
    turn_round(state, fleet_id, at + (until - flight.departed_at))
    return Accepted(voyage_of(state, fleet_id))


def proceed(state: GameState, fleet_id: int, at: float) -> list[Event]:
    """Do what a fleet does next: arrive, stop holding, or come home."""
    flight = state.world.component_for_entity(FLEET, fleet_id, Flight)
    if flight.fleet_state == OUTBOUND:
        return _arrive(state, fleet_id, at)
    if flight.fleet_state == HOLDING:
        return _leave(state, fleet_id, at)
    return _come_home(state, fleet_id, at)


def _arrive(state: GameState, fleet_id: int, at: float) -> list[Event]:
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    flight = state.world.component_for_entity(FLEET, fleet_id, Flight)
    arrival = _errand_of(state, fleet_id).arrive(state, fleet_id, at)
    match arrival.ending:
        case Ending.TURNS:
            turn_round(state, fleet_id, flight.returns_at - flight.hold_s)
        case Ending.HOLDS:
            flight.fleet_state = HOLDING
            flight.fleet_due_at = at + flight.hold_s
        case Ending.STAYS | Ending.LOST:
            pass
    told = FleetArrived(at, fleet.owner_id, voyage_of(state, fleet_id), arrival.result)
    if arrival.ending in (Ending.STAYS, Ending.LOST):
        state.world.delete_entity(FLEET, fleet_id)
    return [told, *arrival.events]


def _leave(state: GameState, fleet_id: int, at: float) -> list[Event]:
    """Set out for home at the end of a stay, if there is anything left that could."""
    flight = state.world.component_for_entity(FLEET, fleet_id, Flight)
    arrival = _errand_of(state, fleet_id).leave(state, fleet_id, at)
    if arrival.ending is Ending.LOST:
        state.world.delete_entity(FLEET, fleet_id)
    else:
        turn_round(state, fleet_id, flight.returns_at + arrival.delay_s)
    return list(arrival.events)


def _errand_of(state: GameState, fleet_id: int) -> Errand:
    mission = state.world.component_for_entity(FLEET, fleet_id, Fleet).mission
    return ERRANDS[MISSIONS[mission - 1]]


def _come_home(state: GameState, fleet_id: int, at: float) -> list[Event]:
    """Land where the fleet came from, or at the player's home if that is not his any more."""
    world = state.world
    owner_id = world.component_for_entity(FLEET, fleet_id, Fleet).owner_id
    if not world.exists(PLAYER, owner_id):
        # Nobody is left for whom it could come home.
        world.delete_entity(FLEET, fleet_id)
        return []
    origin_id = world.component_for_entity(FLEET, fleet_id, Course).origin_id
    planet_id = own_planet_or_home(world, owner_id, origin_id)
    voyage = voyage_of(state, fleet_id)
    land(state, fleet_id, planet_id, at)
    world.delete_entity(FLEET, fleet_id)
    return [
        FleetReturned(at, owner_id, voyage, planet_id),
        StocksChanged(at, owner_id, planet_id),
    ]


# Setting out -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Departure:
    """An order that makes sense, and what it takes."""

    mission: Mission
    order: FleetOrder
    plan: FlightPlan


def _order(
    state: GameState, command: DispatchFleet, planet_id: int, mission: Mission, at: float
) -> FleetOrder:
    target_type = command.target_type or mission.targets[0]
    return FleetOrder(
        player_id=command.player_id,
        planet_id=planet_id,
        target=command.target,
        target_type=target_type,
        target_id=_there(state, command.target, target_type),
        ships={name: count for name, count in command.ships.items() if count},
        at=at,
        speed_tenths=command.speed_tenths,
        hold_hours=command.hold_hours if mission.hours else 0,
        target_unit=command.target_unit,
    )


def _there(state: GameState, place: Coordinates, target_type: str) -> int:
    """Return the planet or the moon at a place; debris is neither."""
    match target_type:
        case "planet":
            return state.galaxy.planet_at(place) or NO_PLANET
        case "moon":
            return state.galaxy.moon_at(place) or NO_PLANET
        case _:
            return NO_PLANET


def _depart(state: GameState, command: DispatchFleet, departure: _Departure) -> int:
    order, plan, at = departure.order, departure.plan, departure.order.at
    ships = tuple(order.ships.get(name, 0) for name in UNITS.labels)
    cargo = _cargo(command)
    stockpiles.burn(state, order.planet_id, _of_fuel(state, plan.fuel), at)
    if any(cargo):
        stockpiles.take_away(state, order.planet_id, cargo, at)
    unit_stock.change_units(state, order.planet_id, tuple(map(operator.neg, ships)), at)
    hold_s = order.hold_hours * SECONDS_PER_HOUR
    home_s = 2 * plan.seconds + hold_s if ERRANDS[departure.mission.name].returns else plan.seconds
    origin = state.world.component_for_entity(PLANET, order.planet_id, Planet)
    course = Course(
        order.planet_id,
        TARGETS.index("moon" if origin.is_moon else "planet") + 1,
        *place_of(state, order.planet_id),
        TARGETS.index(order.target_type) + 1,
        *order.target,
        order.target_id,
    )
    flight = Flight(
        fleet_state=OUTBOUND,
        speed_tenths=command.speed_tenths,
        departed_at=at,
        arrives_at=at + plan.seconds,
        hold_s=hold_s,
        returns_at=at + home_s,
        fleet_due_at=at + plan.seconds,
    )
    return create_fleet(
        state,
        command.player_id,
        departure.mission,
        ships,
        cargo,
        course,
        flight,
        target_unit=order.target_unit,
    )


def _cargo(command: DispatchFleet) -> tuple[int, ...]:
    return tuple(command.cargo.get(name, 0) for name in RESOURCES.labels)


def _of_fuel(state: GameState, amount: int) -> tuple[int, ...]:
    fuel = state.rules.flight.fuel
    return tuple(amount if name == fuel else 0 for name in RESOURCES.labels)


# What the rules say against it -------------------------------------------------------------------


def _malformed(state: GameState, command: DispatchFleet) -> Rejected | None:
    """Return what is wrong with an order wherever it is given."""
    mission = state.rules.missions.get(command.mission)
    if mission is None:
        return Rejected("unknown_type", f"There is no mission called {command.mission}.")
    if mission.name not in ERRANDS:
        return Rejected("mission_not_available", f"{mission.name} cannot be flown yet.")
    return (
        ERRANDS[mission.name].malformed(state, command)
        or _malformed_cargo(command.cargo)
        or _malformed_target(state, command, mission)
        or _malformed_manner(command, mission)
    )


def _malformed_cargo(cargo: Mapping[str, int]) -> Rejected | None:
    for name, amount in cargo.items():
        if name not in RESOURCES.labels:
            return Rejected("unknown_type", f"There is no resource called {name}.")
        if amount < 0:
            return Rejected("bad_value", f"{name} is {amount}; permitted is 0 or more.")
    return None


def _malformed_target(
    state: GameState, command: DispatchFleet, mission: Mission
) -> Rejected | None:
    if command.target_type is not None and command.target_type not in mission.targets:
        permitted = " or ".join(mission.targets)
        return Rejected(
            "bad_value", f"target_type is {command.target_type}; permitted is {permitted}."
        )
    galaxy, system, position = command.target
    if mission.position is None:
        is_inside = state.galaxy.contains(command.target)
    else:
        is_inside = state.galaxy.contains((galaxy, system, 1))
        if position != mission.position:
            return Rejected(
                "bad_value", f"position is {position}; {mission.name} goes to {mission.position}."
            )
    if not is_inside:
        return Rejected("outside_universe", "There is no such place in this universe.")
    return None


def _malformed_manner(command: DispatchFleet, mission: Mission) -> Rejected | None:
    if not TENTHS_LEAST <= command.speed_tenths <= TENTHS_MOST:
        return Rejected(
            "bad_value",
            f"speed is {command.speed_tenths} tenths of what is possible;"
            f" permitted is {TENTHS_LEAST} to {TENTHS_MOST}.",
        )
    if mission.hours is None:
        return None
    least, most = mission.hours
    if not least <= command.hold_hours <= most:
        return Rejected(
            "bad_value", f"hold_hours is {command.hold_hours}; permitted is {least} to {most}."
        )
    return None


def _against_mission(state: GameState, departure: _Departure) -> Rejected | None:
    mission, order = departure.mission, departure.order
    if order.target_id == order.planet_id:
        return Rejected("same_place", "The fleet is there already.")
    if mission.ship is not None and not order.ships.get(mission.ship):
        return Rejected(
            "ship_required", f"{mission.name} needs a {mission.ship}.", {"ship": mission.ship}
        )
    if order.target_id != NO_PLANET:
        # The answer shows who lives there, and so waits until that is on disk.
        state.world.exists(PLANET, order.target_id)
    return ERRANDS[mission.name].refusal(state, order)


def slots_of(state: GameState, player_id: int) -> tuple[int, int]:
    """Return how many fleets of a player are under way, and how many may be."""
    technology = state.rules.fleet_slots.fleets.technology
    level = technologies_of(state.world, player_id)[technology]
    return len(fleet_ids_of(state.world, player_id)), fleet_slots(state.rules.fleet_slots, level)


def _against_slots(state: GameState, player_id: int) -> Rejected | None:
    used, total = slots_of(state, player_id)
    if used < total:
        return None
    return Rejected(
        "fleet_slots_full",
        f"{used} fleets are under way; {total} may be.",
        {"used": used, "total": total},
    )


def _against_fuel(state: GameState, departure: _Departure) -> Rejected | None:
    plan = departure.plan
    if plan.fuel > plan.tank_room:
        return Rejected(
            "tanks_too_small",
            f"The flight takes {plan.fuel} of fuel; the tanks hold {plan.tank_room}.",
            {"fuel": plan.fuel, "tank_room": plan.tank_room},
        )
    stock = state.world.component_for_entity(PLANET, departure.order.planet_id, Stocks)
    missing = stockpiles.missing(stock, departure.order.at, _of_fuel(state, plan.fuel))
    if not missing:
        return None
    return Rejected(
        "insufficient_fuel",
        f"The flight takes {plan.fuel} {state.rules.flight.fuel}.",
        {"fuel": plan.fuel, "missing": missing},
    )


def _against_cargo(
    state: GameState, departure: _Departure, cargo: tuple[int, ...]
) -> Rejected | None:
    plan = departure.plan
    if sum(cargo) > plan.cargo_room:
        return Rejected(
            "cargo_too_large",
            f"The ships carry {plan.cargo_room}; {sum(cargo)} are to be loaded.",
            {"cargo_room": plan.cargo_room, "cargo": sum(cargo)},
        )
    price = tuple(map(operator.add, cargo, _of_fuel(state, plan.fuel)))
    return stockpiles.too_dear(state, departure.order.planet_id, price, departure.order.at)


def _no_fleet(fleet_id: int) -> Rejected:
    return Rejected(
        "no_in_flight_fleet", f"No in-flight fleet {fleet_id} of yours can be recalled."
    )
