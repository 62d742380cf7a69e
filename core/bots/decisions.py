"""What a computer player does at his turn. Pure: a view, a strength and chance make commands.

Easy ones build whatever they can pay, now and then. Medium ones keep their mines in energy, raise
the cheapest one, do some research, trade, raid the inactive near by and save their ships. Hard ones
have satellites where those are cheaper than plants, work towards colonies, found them and feed
them, put what is left over into defence, and raid further away. All check what the rules ask for
before they order, so that few orders are refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from core.bots import escape, feeding, raids, trade
from core.bots.sight import View
from core.bots.strength import Strength
from core.bots.turn import Turn, worth
from core.commands import Command, OrderUnits, StartBuilding, StartResearch
from core.components import UNITS
from core.rules import Economy, Rules
from core.rules.buildings import Building
from core.rules.economy import EXACT_LIMIT
from core.rules.flight import planet_slots
from core.rules.production import satellite_energy
from core.rules.research import technology_cost
from core.rules.units import Unit, UnitKind
from core.unit_queue import yard_buildings

# An easy one does nothing at the other turns.
EASY_ACTS_AT_ONE_OF = 8
# A store is raised when it is as full as this.
FULL = 0.8
# What leads somewhere is bought when it is worth no more than so many times the next mine's level.
PATIENCE = {Strength.MEDIUM: 0.5, Strength.HARD: 0.25}
# What they work towards, in this order, with all that it requires: levels, and ships of their home.
GOALS: Mapping[Strength, Sequence[tuple[str, int]]] = {
    Strength.MEDIUM: (
        ("robot_factory", 2),
        ("energy", 1),
        ("shipyard", 2),
        ("computer", 2),
        ("small_cargo", 2),
        ("espionage_probe", 4),
        ("light_fighter", 5),
    ),
    Strength.HARD: (
        ("robot_factory", 4),
        ("shipyard", 1),
        ("energy", 2),
        ("computer", 2),
        ("astrophysics", 1),
        ("robot_factory", 6),
        ("espionage", 5),
        ("plasma", 1),
        ("small_cargo", 4),
        ("espionage_probe", 4),
        ("light_fighter", 8),
        ("astrophysics", 3),
        ("recycler", 2),
        ("large_cargo", 3),
        ("cruiser", 4),
        ("nanite_factory", 1),
        ("astrophysics", 9),
    ),
}
# Satellites are bought for so many times the energy that is used.
ENERGY_AHEAD = 1.1
# Arms are bought in portions of this part of what is left over, when a store is nearly full.
ARMS_SHARE = 0.25


def decide(
    view: View, strength: Strength, random: Random, rules: Rules, economy: Economy
) -> list[Command]:
    """Return what a player orders now, most important first; often nothing."""
    mind = _Mind(view, strength, rules, economy)
    if strength is Strength.EASY:
        return mind.whim(random)
    commands = [*escape.call_back(mind), *escape.escape(mind), *raids.harvest(mind)]
    commands += [*raids.raid(mind), *mind.settle(), *mind.build(), *mind.feed(), *mind.trade()]
    if strength is Strength.HARD:
        commands += mind.arm()
    return [*commands, *raids.spy(mind)]


class _Mind(Turn):
    """What a planet needs most."""

    def __init__(self, view: View, strength: Strength, rules: Rules, economy: Economy) -> None:
        super().__init__(view, strength, rules, economy)
        self.known = {**view.levels, **view.technologies, **self._ships_owned()}
        # What is worked on, with what was decided in this turn.
        self.building, self.unit_ordered = view.building, view.unit_ordered
        self.researching = view.researching
        # The same ones are asked for again and again in a turn.
        self._prices: dict[str, tuple[int, ...]] = {}
        self._next_price: tuple[int, ...] | None = None

    def whim(self, random: Random) -> list[Command]:
        """Raise any building that can be paid."""
        if random.randrange(EASY_ACTS_AT_ONE_OF):
            return []
        names = [name for name in self.rules.buildings if self._may_build(name)]
        names = [name for name in names if self.can_pay(self._price(name))]
        return [self._raise(random.choice(names))] if names else []

    def settle(self) -> list[Command]:
        """Send a colony ship that is there to a place near by."""
        view = self.view
        ship = self.rules.missions["colonize"].ship
        if not ship or not self.ships.get(ship) or view.free_place is None:
            return []
        if not self._has_room_for_a_planet():
            return []
        return [*self.send("colonize", view.free_place, {ship: 1})]

    def build(self) -> list[Command]:
        """Do what is needed most; wait for what cannot be paid yet."""
        commands: list[Command] = []
        mines = self._mines()
        limit = PATIENCE[self.strength] * worth(self._price(mines[0])) if mines else 0.0
        for name, level in self._goals():
            step = self._step_towards(name, level)
            if step is None:
                continue
            command = self._order(step, limit)
            if command is not None:
                commands.append(command)
                break
        if self._satellites_are_cheaper():
            mines = []
            commands += self._satellites()
        if not any(isinstance(command, StartBuilding) for command in commands):
            for building in self._wanted(mines):
                if self._may_build(building) and self.can_pay(self._price(building)):
                    commands.append(self._raise(building))
                    break
        return commands

    def feed(self) -> list[Command]:
        """Bring another planet what its next order lacks."""
        brother = None if self.view.flights is None else self.view.flights.brother
        if brother is None:
            return []
        other = _Mind(brother, self.strength, self.rules, self.economy)
        return feeding.feed(self, brother, other.next_price(), self.next_price())

    def trade(self) -> list[Command]:
        """Swap what is left over for what the next order lacks."""
        price = self.next_price()
        return trade.take_offer(self, price) or trade.make_offer(self, price)

    def next_price(self) -> tuple[int, ...]:
        """Return what is to be paid next if nothing else is: nothing if there is nothing to do.

        It follows from what he sees, and not from what he has decided since.
        """
        if self._next_price is None:
            self._next_price = self._price_of_what_is_next()
        return self._next_price

    def _price_of_what_is_next(self) -> tuple[int, ...]:
        for name in self._wanted(self._mines()):
            if self._meets(self._requires(name)) and self.view.fields_free > 0:
                return self._price(name)
        return (0,) * len(self.left)

    def arm(self) -> list[Command]:
        """Put part of what would soon be wasted into the dearest defence or warship that is known.

        What the next order takes is left alone.
        """
        if self.unit_ordered or not self._nearly_full() or self._yard_in_work():
            return []
        spare = [there - kept for there, kept in zip(self.left, self.next_price(), strict=True)]
        for unit in self._arms():
            count = int(
                min(
                    ARMS_SHARE * there / price
                    for there, price in zip(spare, unit.cost, strict=True)
                    if price
                )
            )
            if count > 0:
                return [self._buy(unit.name, count)]
        return []

    def _arms(self) -> list[Unit]:
        """Return what may be built to fight, dearest first: defence or ships, of which he has less.

        Nothing that there may be only so many of; ships at home alone.
        """
        kinds = [UnitKind.DEFENCE, UnitKind.WARSHIP][: 1 + self.view.is_home]
        units = self.rules.units
        owned = {
            kind: sum(
                self.known[unit.name] * worth(unit.cost)
                for unit in units.values()
                if unit.kind is kind
            )
            for kind in kinds
        }
        return [
            unit
            for kind in sorted(kinds, key=lambda each: owned[each])
            for unit in reversed(tuple(units.values()))
            if unit.kind is kind and unit.most is None and self._meets(unit.requires)
        ]

    def _ships_owned(self) -> dict[str, int]:
        """Return how many units stand here or have set out from here."""
        flights = self.view.flights
        owned = dict(self.view.units)
        for fleet in () if flights is None else flights.fleets:
            if fleet.origin_id == self.view.planet_id:
                for name, count in zip(UNITS.labels, fleet.counts, strict=True):
                    owned[name] += count
        return owned

    # What is worth doing -----------------------------------------------------------------------

    def _goals(self) -> Sequence[tuple[str, int]]:
        goals = GOALS[self.strength]
        ship = self.rules.missions["colonize"].ship
        if not self.view.is_home:
            goals = [goal for goal in goals if goal[0] not in self.rules.units]
        if self.strength is not Strength.HARD or ship is None:
            return goals
        wanted = self._has_room_for_a_planet() and not self.view.units[ship]
        return ((ship, 1), *goals) if wanted else goals

    def _wanted(self, mines: Sequence[str]) -> list[str]:
        """Return what would do the planet good, best first: room, energy, and more to make."""
        produced, used = self.view.energy
        names = list(mines)
        if used > produced and mines:
            names = [self._plant().name]
        prices = [self._price(name) for name in names[:1]]
        stores = [
            building.name
            for building in self.rules.buildings.values()
            if building.stores is not None
            and self._lacks_room(self.rules.resources.index(building.stores), prices)
        ]
        return [*stores, *names]

    def _plant(self) -> Building:
        return next(
            building
            for building in self.rules.buildings.values()
            if building.energy_output is not None and building.burn is None
        )

    def _satellites_are_cheaper(self) -> bool:
        """Return whether energy is short, and satellites give it for less than the next plant."""
        produced, used = self.view.energy
        satellite = self.rules.units[self.rules.satellite.unit]
        if self.strength is not Strength.HARD or used <= produced:
            return False
        if not self._meets(satellite.requires):
            return False
        plant, each = self._plant(), self._energy_of_satellite()
        level = self.view.levels[plant.name]
        output = plant.energy_output
        if output is None or each <= 0:
            return False
        rate = output.rate
        more = rate.base * ((level + 1) * rate.growth ** (level + 1) - level * rate.growth**level)
        return worth(satellite.cost) / each < worth(self._price(plant.name)) / more

    def _satellites(self) -> list[Command]:
        """Order as many as the energy wants that is short, and some more, if they can be paid."""
        produced, used = self.view.energy
        if self.unit_ordered or self._yard_in_work():
            return []
        satellite = self.rules.units[self.rules.satellite.unit]
        wanted = int((ENERGY_AHEAD * used - produced) / self._energy_of_satellite()) + 1
        payable = (
            there // price for there, price in zip(self.left, satellite.cost, strict=True) if price
        )
        count = min(wanted, int(min(payable)))
        if count < 1:
            return []
        return [self._buy(satellite.name, count)]

    def _energy_of_satellite(self) -> float:
        return float(satellite_energy(self.rules.satellite, self.view.temperature_max))

    def _lacks_room(self, resource: int, prices: Sequence[Sequence[int]]) -> bool:
        """Return whether a store is nearly full, or can never hold what is to be paid."""
        capacity = self.view.capacities[resource]
        return self.view.amounts[resource] >= FULL * capacity or any(
            price[resource] > capacity for price in prices
        )

    def _mines(self) -> list[str]:
        """Return the mines to be raised, cheapest first; hard ones take the next if need be."""
        mines = [
            name
            for name, building in self.rules.buildings.items()
            if building.output is not None and self._meets(building.requires)
        ]
        mines.sort(key=lambda name: worth(self._price(name)))
        return mines if self.strength is Strength.HARD else mines[:1]

    def _step_towards(self, name: str, level: int) -> str | None:
        """Return what has to be done next for a thing to have a level, None if it has."""
        if self.known.get(name, 0) >= level:
            return None
        for needed, least in self._requires(name).items():
            step = self._step_towards(needed, least)
            if step is not None:
                return step
        return name

    def _order(self, name: str, limit: float) -> Command | None:
        """Return the order of a next step, None if it is too dear or cannot be given now."""
        view, price = self.view, self._price(name)
        if worth(price) > limit or not self.can_pay(price):
            return None
        if name in self.rules.buildings:
            return self._raise(name) if self._may_build(name) else None
        if name in self.rules.technologies:
            if self.researching or self.building == self.rules.research.lab:
                return None
            if self.rules.technologies[name].energy_cost is not None:
                return None
            self.spend(price)
            self.researching = True
            return StartResearch(view.player_id, name, view.planet_id)
        if self.unit_ordered or self._yard_in_work():
            return None
        return self._buy(name, 1)

    # What is possible --------------------------------------------------------------------------

    def _may_build(self, name: str) -> bool:
        view, building = self.view, self.rules.buildings[name]
        if self.building is not None or view.fields_free < 1 or building.energy_cost is not None:
            return False
        if "planet" not in building.stands_on or view.levels[name] >= self.rules.level_limit:
            return False
        if name == self.rules.research.lab and self.researching:
            return False
        if name in yard_buildings(self.rules) and self.unit_ordered:
            return False
        return self._meets(building.requires) and max(self._price(name)) <= EXACT_LIMIT

    def _meets(self, requires: Mapping[str, int]) -> bool:
        return all(self.known[needed] >= level for needed, level in requires.items())

    def _requires(self, name: str) -> Mapping[str, int]:
        rules = self.rules
        if name in rules.buildings:
            return rules.buildings[name].requires
        if name in rules.technologies:
            return rules.technologies[name].requires
        return rules.units[name].requires

    def _price(self, name: str) -> tuple[int, ...]:
        """Return what one more costs: a level, or a piece."""
        price = self._prices.get(name)
        if price is None:
            price = self._prices[name] = self._price_by_rules(name)
        return price

    def _price_by_rules(self, name: str) -> tuple[int, ...]:
        if name in self.rules.buildings:
            return self.economy.cost(name, self.view.levels[name] + 1)
        if name in self.rules.technologies:
            level = self.view.technologies[name] + 1
            return technology_cost(self.rules.technologies[name], level)
        return self.rules.units[name].cost

    def _has_room_for_a_planet(self) -> bool:
        slots = self.rules.fleet_slots
        level = self.view.technologies[slots.planets.technology]
        return self.view.planet_count < planet_slots(slots, level)

    def _nearly_full(self) -> bool:
        return any(
            there >= FULL * capacity
            for there, capacity in zip(self.left, self.view.capacities, strict=True)
        )

    def _yard_in_work(self) -> bool:
        return self.building in yard_buildings(self.rules)

    def _buy(self, unit: str, count: int) -> OrderUnits:
        self.spend(tuple(count * price for price in self.rules.units[unit].cost))
        self.unit_ordered = True
        return OrderUnits(self.view.player_id, unit, count, self.view.planet_id)

    def _raise(self, name: str) -> StartBuilding:
        self.spend(self._price(name))
        self.building = name
        return StartBuilding(self.view.player_id, name, self.view.planet_id)
