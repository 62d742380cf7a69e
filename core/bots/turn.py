"""One turn: what is there, less what was decided to be spent and sent away."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence

from core.bots.fleet_sight import carriers
from core.bots.sight import View
from core.bots.strength import Strength
from core.commands import DispatchFleet
from core.components import RESOURCES
from core.flight_plan import FlightPlan, plan_by
from core.galaxy import Coordinates
from core.rules import Economy, Rules

# What a unit of each resource is worth to them, in metal.
WORTH = (1.0, 1.5, 3.0)


class Turn:
    """What a player has at hand; whatever he orders is taken off at once."""

    def __init__(self, view: View, strength: Strength, rules: Rules, economy: Economy) -> None:
        self.view = view
        self.strength = strength
        self.rules = rules
        self.economy = economy
        self.left = list(view.amounts)
        self.ships = {
            name: count
            for name, count in view.units.items()
            if count and rules.units[name].can_be_sent
        }
        self.slots_free = 0 if view.flights is None else view.flights.slots_free

    def can_pay(self, price: Sequence[int]) -> bool:
        return all(there >= wanted for there, wanted in zip(self.left, price, strict=True))

    def spend(self, price: Sequence[int]) -> None:
        self.left = [there - paid for there, paid in zip(self.left, price, strict=True)]

    def plan(
        self, mission: str, target: Coordinates, ships: Mapping[str, int], tenths: int = 10
    ) -> FlightPlan:
        """Return what a flight takes. Raise ValueError for who sends none."""
        if self.view.flights is None:
            raise ValueError("who sees no fleets sends none")
        return plan_by(
            self.rules,
            self.view.flights.chart,
            self.view.technologies,
            self.rules.missions[mission],
            self.view.place,
            target,
            ships,
            tenths,
        )

    def fuel(self, amount: int) -> tuple[int, ...]:
        """Return an amount of fuel as a price."""
        name = self.rules.flight.fuel
        return tuple(amount if each == name else 0 for each in RESOURCES.labels)

    def carriers_for(self, mission: str, target: Coordinates, amount: int) -> dict[str, int]:
        """Return ships that carry an amount, large ones first; all there are if they cannot."""
        chosen: dict[str, int] = {}
        for name in reversed(carriers(self.rules)):
            there = self.ships.get(name, 0)
            if there and amount > 0:
                room = self.plan(mission, target, {name: 1}).cargo_room
                chosen[name] = min(there, -(-amount // room))
                amount -= chosen[name] * room
        return chosen

    def send(
        self,
        mission: str,
        target: Coordinates,
        ships: Mapping[str, int],
        cargo: Sequence[int] = (),
        tenths: int = 10,
    ) -> list[DispatchFleet]:
        """Send ships that are there, with what is there; none if fuel, tanks or slots forbid it."""
        if self.slots_free < 1:
            return []
        plan = self.plan(mission, target, ships, tenths)
        loaded = tuple(cargo) or (0,) * len(RESOURCES)
        price = tuple(map(operator.add, self.fuel(plan.fuel), loaded))
        if plan.fuel > plan.tank_room or sum(loaded) > plan.cargo_room or not self.can_pay(price):
            return []
        self.slots_free -= 1
        self.spend(price)
        for name, count in ships.items():
            self.ships[name] -= count
        view = self.view
        named = zip(RESOURCES.labels, loaded, strict=True)
        return [
            DispatchFleet(
                view.player_id,
                mission,
                target,
                dict(ships),
                {name: amount for name, amount in named if amount},
                tenths,
                planet_id=view.planet_id,
            )
        ]


def worth(amounts: Sequence[float]) -> float:
    metal, crystal, deuterium = amounts
    return metal * WORTH[0] + crystal * WORTH[1] + deuterium * WORTH[2]
