"""Transports between a player's own planets: one feeds another with what its next order lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.bots.fleet_sight import SLOTS_FREE_LEAST
from core.bots.sight import View
from core.bots.turn import Turn, worth
from core.commands import Command

# What is brought is worth so many times the fuel.
GAIN = 5.0


def feed(
    turn: Turn, brother: View, his_price: Sequence[int], own_price: Sequence[int]
) -> list[Command]:
    """Send all that another planet lacks, if that is left over here and is worth the flight."""
    flights = turn.view.flights
    if flights is None or brother.building is not None or turn.slots_free < SLOTS_FREE_LEAST:
        return []
    if brother.planet_id in flights.attacks or any(
        fleet.mission == "transport" and fleet.outbound and fleet.target_id == brother.planet_id
        for fleet in flights.fleets
    ):
        return []
    lacking = [
        max(0, math.ceil(price - there))
        for price, there in zip(his_price, brother.amounts, strict=True)
    ]
    left_over = (there - price for there, price in zip(turn.left, own_price, strict=True))
    if not any(lacking) or any(
        wanted and wanted > there for wanted, there in zip(lacking, left_over, strict=True)
    ):
        return []
    ships = turn.carriers_for("transport", brother.place, sum(lacking))
    if not ships:
        return []
    plan = turn.plan("transport", brother.place, ships)
    if plan.cargo_room < sum(lacking) or worth(lacking) < GAIN * worth(turn.fuel(plan.fuel)):
        return []
    return [*turn.send("transport", brother.place, ships, lacking)]
