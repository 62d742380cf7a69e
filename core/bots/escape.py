"""Before an attack: ships leave with what they can carry, and no others come."""

from __future__ import annotations

from core.bots.fleet_sight import ship_of
from core.bots.strength import Strength
from core.bots.turn import WORTH, Turn
from core.commands import Command, RecallFleet
from core.rules.flight import TENTHS_LEAST, TENTHS_MOST


def escape(turn: Turn) -> list[Command]:
    """Send the ships of a planet that is attacked soon to where they are safe.

    They fly to another planet, as slowly as they can, and are called back when the attack is over;
    who has none has them circle round his own debris, if a harvester is among them. Medium ones
    leave behind what lies there.
    """
    flights = turn.view.flights
    if flights is None or not flights.flees or not turn.ships:
        return []
    ships = dict(turn.ships)
    if flights.refuge is not None:
        mission, target, tenths = "deploy", flights.refuge, TENTHS_LEAST
    elif ship_of(turn.rules, "harvest") in ships:
        mission, target = "harvest", turn.view.place
        tenths = _long_enough(turn, ships, flights.attacks[turn.view.planet_id] - turn.view.at)
    else:
        return []
    plan = turn.plan(mission, target, ships, tenths)
    turn.spend(turn.fuel(plan.fuel))
    cargo = _most(turn, plan.cargo_room) if turn.strength is Strength.HARD else ()
    turn.spend(turn.fuel(-plan.fuel))
    return [*turn.send(mission, target, ships, cargo, tenths)]


def call_back(turn: Turn) -> list[Command]:
    """Turn fleets round: those that would land where an attack comes, and those that fled from one.

    A fleet that is sent to stay is one that fled: they send none for anything else.
    """
    flights = turn.view.flights
    if flights is None:
        return []
    return [
        RecallFleet(turn.view.player_id, fleet.fleet_id)
        for fleet in flights.fleets
        if fleet.outbound
        and (
            (fleet.mission == "deploy" and fleet.origin_id not in flights.attacks)
            or (
                fleet.mission in ("deploy", "transport")
                and fleet.arrives_at <= flights.attacks.get(fleet.target_id, 0.0)
            )
        )
    ]


def _long_enough(turn: Turn, ships: dict[str, int], until_s: float) -> int:
    """Return the highest speed at which a fleet to here is back when the attack is over."""
    for tenths in range(TENTHS_MOST, TENTHS_LEAST, -1):
        if 2 * turn.plan("harvest", turn.view.place, ships, tenths).seconds > until_s:
            return tenths
    return TENTHS_LEAST


def _most(turn: Turn, room: int) -> tuple[int, ...]:
    """Return what is worth most of what is there, as much as there is room for."""
    cargo = [0] * len(turn.left)
    for place in sorted(range(len(cargo)), key=lambda each: -WORTH[each]):
        cargo[place] = min(room, max(0, int(turn.left[place])))
        room -= cargo[place]
    return tuple(cargo)
