"""What lies on a planet: settling it at an instant, paying from it, changing its rates.

Only these functions write a planet's stocks, and with each of them its ledger. They are called in a
unit of work, at the instant of an accepted command or of a due event: every other look at a stock
computes and changes nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import repeat

from core.commands import Rejected
from core.components import (
    BUILDINGS,
    PLANET,
    RESOURCES,
    Buildings,
    Ledger,
    Planet,
    Position,
    Power,
    Stocks,
)
from core.conditions import conditions_of
from core.rules import Rates, Rules, stocks
from core.rules.economy import AFFORDABLE_TOLERANCE
from core.rules.production import reactor_runs_on, seconds_to_restart
from core.state import GameState

# What is made, what is used up and what there is room for, of each resource.
_Rates = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


def amounts_at(stock: Stocks, at: float) -> tuple[float, ...]:
    """Return the amounts at an instant, without changing anything."""
    return _amounts_after(stock.amount, _rates_in(stock), at - stock.settled_at)


class _Account:
    """A planet's stocks and ledger: read once, reckoned with at an instant, and written once."""

    __slots__ = (
        "_elapsed_s",
        "_has_new_rates",
        "_ledger",
        "_rates",
        "_received",
        "_stock",
        "amounts",
        "at",
    )

    def __init__(self, state: GameState, planet_id: int, at: float) -> None:
        self._stock = state.world.component_for_entity(PLANET, planet_id, Stocks)
        self._ledger = state.world.component_for_entity(PLANET, planet_id, Ledger)
        settled_at = self._stock.settled_at
        self._elapsed_s = at - settled_at
        # An event of a planet that was set aside may come after what was settled later than it.
        self.at = max(at, settled_at)
        self._rates = _rates_in(self._stock)
        self._has_new_rates = False
        self._received = self._ledger.received
        self.amounts = self._stock.amount

    def settle(self) -> None:
        """Let come in what has been made up to the instant."""
        self.receive(_amounts_after(self.amounts, self._rates, self._elapsed_s))

    def receive(self, amounts: Sequence[float]) -> None:
        """Set the amounts; by what each is more than before, it came onto the planet.

        What is less was used up by production itself.
        """
        self._received = tuple(map(stocks.received_after, self._received, self.amounts, amounts))
        self.amounts = tuple(amounts)

    def take(self, amounts: Sequence[int]) -> None:
        """Take whole amounts that the stocks cover.

        The hair that a stock may lack of them (see stocks.covers) came from nowhere, or many small
        prices would add up to a hole.
        """
        left = tuple(map(stocks.after_paying, self.amounts, amounts))
        without = map(operator.sub, self.amounts, amounts)
        self._received = tuple(map(stocks.received_after, self._received, without, left))
        self.amounts = left

    def put(self, amounts: Sequence[float]) -> None:
        """Put amounts down; they may exceed the capacity."""
        self.amounts = tuple(map(operator.add, self.amounts, amounts))

    def take_on(self, rates: Rates) -> None:
        """Have the stocks grow and shrink by these rates from the instant on."""
        self._rates = (
            _floats(rates.production),
            _floats(rates.consumption),
            _floats(rates.capacity),
        )
        self._has_new_rates = True

    def write(self) -> Ledger:
        """Write it all and foresee when the first stock reaches its boundary; return the ledger."""
        stock = self._stock
        self._ledger.received = self._received
        stock.amount = self.amounts
        stock.settled_at = self.at
        if self._has_new_rates:
            stock.production, stock.consumption, stock.capacity = self._rates
        stock.boundary_at = _next_boundary(self.at, self.amounts, self._rates)
        return self._ledger


def _settled(state: GameState, planet_id: int, at: float) -> _Account:
    account = _Account(state, planet_id, at)
    account.settle()
    return account


def settle(state: GameState, planet_id: int, at: float) -> Stocks:
    """Make `at` the instant since which the stocks are known, and return them."""
    _settled(state, planet_id, at).write()
    return state.world.component_for_entity(PLANET, planet_id, Stocks)


def reach_boundary(state: GameState, planet_id: int, at: float) -> None:
    """Settle at the due instant of a planet: stocks that fill up or run dry there are set."""
    stock = state.world.component_for_entity(PLANET, planet_id, Stocks)
    amounts = []
    for resource in zip(
        stock.amount, stock.production, stock.consumption, stock.capacity, strict=True
    ):
        amount, production, consumption, capacity = resource
        if stock.settled_at + stocks.seconds_to_boundary(*resource) <= at:
            rate = stocks.net_rate(amount, production, consumption, capacity)
            limit = stocks.boundary(amount, rate, capacity)
            amounts.append(amount if limit is None else limit)
        else:
            amounts.append(stocks.amount_after(*resource, at - stock.settled_at))
    account = _Account(state, planet_id, at)
    account.receive(amounts)
    _look_after_reactor(state, planet_id, account, refuelled=False)
    account.write()


def receive(state: GameState, planet_id: int, amounts: Sequence[float], at: float) -> None:
    """Set what lies there at an instant; by what it is more than before, it came onto the planet.

    What is less was used up by production itself.
    """
    account = _Account(state, planet_id, at)
    account.receive(amounts)
    account.write()


def pay(state: GameState, planet_id: int, price: Sequence[int], at: float) -> None:
    """Settle at `at` and take a price that the stocks cover."""
    account = _settled(state, planet_id, at)
    account.take(price)
    _look_after_reactor(state, planet_id, account, refuelled=True)
    ledger = account.write()
    ledger.spent = tuple(map(operator.add, ledger.spent, price))


def refund(state: GameState, planet_id: int, paid: Sequence[float], at: float) -> None:
    """Settle at `at` and give back what was paid; it may exceed the capacity."""
    account = _settled(state, planet_id, at)
    account.put(paid)
    _look_after_reactor(state, planet_id, account, refuelled=True)
    ledger = account.write()
    ledger.spent = tuple(map(operator.sub, ledger.spent, paid))


def refuel(state: GameState, planet_id: int, at: float) -> None:
    """Start a reactor that shut down if there is any fuel: at an order or a delivery.

    What pays, gives back or brings does this by itself.
    """
    if not state.world.component_for_entity(PLANET, planet_id, Power).reactor_runs:
        change_rates(state, planet_id, at, refuelled=True)


def burn(state: GameState, planet_id: int, amounts: Sequence[int], at: float) -> None:
    """Settle at `at` and use up whole amounts, which the stocks cover, as a reactor does.

    They are neither spent, which would make points, nor moved to anywhere.
    """
    account = _settled(state, planet_id, at)
    account.receive(tuple(map(stocks.after_paying, account.amounts, amounts)))
    _look_after_reactor(state, planet_id, account, refuelled=False)
    account.write()


def take_away(state: GameState, planet_id: int, amounts: Sequence[int], at: float) -> None:
    """Settle at `at` and take whole amounts, which the stocks cover, off the planet."""
    account = _settled(state, planet_id, at)
    account.take(amounts)
    _look_after_reactor(state, planet_id, account, refuelled=False)
    ledger = account.write()
    ledger.moved = tuple(map(operator.sub, ledger.moved, amounts))


def bring(state: GameState, planet_id: int, amounts: Sequence[int], at: float) -> None:
    """Settle at `at` and put whole amounts from elsewhere down; they may exceed the capacity."""
    account = _settled(state, planet_id, at)
    account.put(amounts)
    _look_after_reactor(state, planet_id, account, refuelled=True)
    ledger = account.write()
    ledger.moved = tuple(map(operator.add, ledger.moved, amounts))


def missing(stock: Stocks, at: float, price: Sequence[int]) -> dict[str, int]:
    """Return by how much each resource falls short of a price, rounded up; empty if none does."""
    short = {}
    for name, amount, wanted in zip(RESOURCES.labels, amounts_at(stock, at), price, strict=True):
        if not stocks.covers(amount, wanted):
            short[name] = wanted - int(amount + AFFORDABLE_TOLERANCE)
    return short


def too_dear(state: GameState, planet_id: int, price: Sequence[int], at: float) -> Rejected | None:
    """Return why a planet cannot pay a price at an instant, None if it can."""
    stock = state.world.component_for_entity(PLANET, planet_id, Stocks)
    short = missing(stock, at, price)
    if not short:
        return None
    return Rejected(
        "insufficient_resources",
        f"Short of {', '.join(f'{amount} {name}' for name, amount in short.items())}.",
        {"missing": short, "cost": dict(zip(RESOURCES.labels, price, strict=True))},
    )


def rates_of(state: GameState, planet_id: int, *, reactor_runs: bool | None = None) -> Rates:
    """Return what the rules, the planet and its owner's research give it at present.

    `reactor_runs` asks what they would give if the reactor ran, or did not.
    """
    world = state.world
    levels = world.component_for_entity(PLANET, planet_id, Buildings).level
    return state.economy.rates(
        dict(zip(BUILDINGS.labels, levels, strict=True)),
        world.component_for_entity(PLANET, planet_id, Position).position,
        world.component_for_entity(PLANET, planet_id, Planet).temperature_max,
        state.economy_settings(),
        conditions_of(state, planet_id, reactor_runs=reactor_runs),
    )


def energy_of(state: GameState, planet_id: int) -> tuple[float, float]:
    """Return the energy that a planet produces and the energy that it uses."""
    levels = state.world.component_for_entity(PLANET, planet_id, Buildings).level
    produced, used = state.economy.energy(
        dict(zip(BUILDINGS.labels, levels, strict=True)),
        state.world.component_for_entity(PLANET, planet_id, Planet).temperature_max,
        conditions_of(state, planet_id),
    )
    return float(produced), float(used)


def change_rates(state: GameState, planet_id: int, at: float, *, refuelled: bool = False) -> None:
    """Settle at `at` and take on the rates that the rules and the planet give from now on.

    A reactor without fuel shuts down; one that has is started if it is `refuelled`.
    """
    account = _settled(state, planet_id, at)
    _take_on_rates(state, planet_id, account, refuelled=refuelled)
    account.write()


def _look_after_reactor(
    state: GameState, planet_id: int, account: _Account, *, refuelled: bool
) -> None:
    """Shut a reactor down that has just run dry, or start one that may run again."""
    fuel = fuel_of(state.rules)
    levels = state.world.component_for_entity(PLANET, planet_id, Buildings).level
    if fuel is None or not levels[BUILDINGS.index(state.rules.fusion.reactor)]:
        return
    runs = state.world.component_for_entity(PLANET, planet_id, Power).reactor_runs
    if not runs or account.amounts[fuel] <= 0:
        _take_on_rates(state, planet_id, account, refuelled=refuelled)


def _take_on_rates(state: GameState, planet_id: int, account: _Account, *, refuelled: bool) -> None:
    """Decide whether the reactor runs, and set the rates from the account's instant on."""
    power = state.world.component_for_entity(PLANET, planet_id, Power)
    rates = running = rates_of(state, planet_id, reactor_runs=True)
    restart_s = stocks.NEVER
    runs = True
    fuel = fuel_of(state.rules)
    if fuel is not None:
        there, burn = account.amounts[fuel], float(running.consumption[fuel])
        income = float(running.production[fuel])
        fusion = state.rules.fusion
        runs = bool(
            reactor_runs_on(fusion, power.reactor_runs, there, income, burn, refuelled=refuelled)
        )
        if not runs:
            rates = rates_of(state, planet_id, reactor_runs=False)
            meanwhile, capacity = float(rates.production[fuel]), float(rates.capacity[fuel])
            restart_s = float(seconds_to_restart(fusion, there, meanwhile, burn, capacity))
    # Mostly it is so already, and what is not written need not be saved.
    if (power.reactor_runs, power.restart_at) != (runs, account.at + restart_s):
        power.reactor_runs = runs
        power.restart_at = account.at + restart_s
    account.take_on(rates)


def fuel_of(rules: Rules) -> int | None:
    """Return which resource the reactor burns, None if nothing that is played burns any."""
    reactor = rules.buildings.get(rules.fusion.reactor)
    if reactor is None or reactor.burn is None:
        return None
    return rules.resources.index(reactor.burn.resource)


def _floats(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _rates_in(stock: Stocks) -> _Rates:
    return stock.production, stock.consumption, stock.capacity


def _amounts_after(amounts: Sequence[float], rates: _Rates, elapsed_s: float) -> tuple[float, ...]:
    return tuple(map(stocks.amount_after, amounts, *rates, repeat(elapsed_s)))


def _next_boundary(settled_at: float, amounts: Sequence[float], rates: _Rates) -> float:
    return settled_at + min(map(stocks.seconds_to_boundary, amounts, *rates))
