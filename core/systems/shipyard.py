"""The shipyard: ordering ships, defences and missiles, and delivering them one by one."""

from __future__ import annotations

from dataclasses import dataclass

from core import stockpiles, unit_queue, unit_stock
from core.commands import Accepted, OrderUnits, Rejected
from core.components import (
    BUILDINGS,
    NEVER,
    NO_UNIT,
    NOTHING_QUEUED,
    PLANET,
    UNITS,
    Buildings,
    BuildQueue,
    Planet,
    UnitQueue,
)
from core.events import Event, StocksChanged, UnitsFinished
from core.knowledge import known_on
from core.ownership import planet_of
from core.rules.units import instant_of_delivery, unit_seconds
from core.state import GameState
from core.unit_orders import UnitOrder, orders_in, text_of


@dataclass(frozen=True, slots=True)
class UnitItem:
    """An order of units as a player sees it: how many are still to come and what those cost.

    A waiting one has no times yet; `due_at` is when the last piece is there.
    """

    unit: str
    count: int
    cost: tuple[int, ...]
    started_at: float | None
    due_at: float | None


def order_units(state: GameState, command: OrderUnits, at: float) -> Accepted | Rejected:
    """Pay for units and queue them; begin with them at once if nothing else is being built."""
    planet_id = planet_of(state.world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    order = UnitOrder(command.unit, command.quantity)
    refusal = _malformed(state, order) or _refusal(state, planet_id, order, at)
    if refusal is not None:
        return refusal
    stockpiles.pay(state, planet_id, unit_queue.price_of(state.rules, order), at)
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    if queue.unit_building == NO_UNIT:
        _begin(state, planet_id, order, at)
    else:
        queue.units_waiting = text_of((*orders_in(queue.units_waiting), order))
    return Accepted(
        orders_of(state, planet_id, at)[-1], (StocksChanged(at, command.player_id, planet_id),)
    )


def deliver_units(state: GameState, planet_id: int, at: float) -> list[Event]:
    """Deliver what is due at this instant; after an order's last piece the next order begins."""
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    owner_id = state.world.component_for_entity(PLANET, planet_id, Planet).owner_id
    changes_energy = queue.unit_building - 1 == unit_stock.SATELLITE
    unit_stock.settle_units(state, planet_id, at)
    events: list[Event] = []
    if queue.units_delivered == queue.units_ordered:
        unit, count = UNITS.labels[queue.unit_building - 1], queue.units_ordered
        events.append(UnitsFinished(at, owner_id, planet_id, unit, count))
        _begin_next(state, planet_id, at)
    if changes_energy:
        events.append(StocksChanged(at, owner_id, planet_id))
    return events


def orders_of(state: GameState, planet_id: int, at: float) -> tuple[UnitItem, ...]:
    """Return a planet's orders as of an instant, the active one first, changing nothing."""
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    if queue.unit_building == NO_UNIT:
        return ()
    left = queue.units_ordered - unit_stock.delivered_at(queue, at)
    active = UnitOrder(UNITS.labels[queue.unit_building - 1], left)
    end = instant_of_delivery(queue.units_begun_at, queue.seconds_per_unit, queue.units_ordered)
    waiting = orders_in(queue.units_waiting)
    return (
        _item(state, active, queue.units_begun_at, end),
        *(_item(state, order, None, None) for order in waiting),
    )


def _item(
    state: GameState, order: UnitOrder, started_at: float | None, due_at: float | None
) -> UnitItem:
    cost = unit_queue.price_of(state.rules, order)
    return UnitItem(order.unit, order.count, cost, started_at, due_at)


def _malformed(state: GameState, order: UnitOrder) -> Rejected | None:
    if order.unit not in state.rules.units:
        return Rejected("unknown_type", f"There is no unit called {order.unit}.")
    most = state.rules.limits.unit_order_most
    if not 1 <= order.count <= most:
        return Rejected("bad_value", f"quantity is {order.count}; permitted is 1 to {most}.")
    return None


def _refusal(state: GameState, planet_id: int, order: UnitOrder, at: float) -> Rejected | None:
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    waiting = orders_in(queue.units_waiting)
    limit = state.rules.limits.unit_orders
    if (queue.unit_building != NO_UNIT) + len(waiting) >= limit:
        return Rejected(
            "queue_full", f"The shipyard takes {limit} orders at most.", {"limit": limit}
        )
    if _yard_is_worked_on(state, planet_id):
        return unit_queue.YARD_IN_WORK
    counts = unit_stock.spoken_for(state, planet_id)
    levels, technologies = _levels_to_stay(state, planet_id), known_on(state.world, planet_id)
    price = unit_queue.price_of(state.rules, order)
    return unit_queue.refusal(
        state.rules, levels, technologies, counts, order
    ) or stockpiles.too_dear(state, planet_id, price, at)


def _yard_is_worked_on(state: GameState, planet_id: int) -> bool:
    """Return whether the building queue is at a building that the shipyard's speed comes from."""
    code = state.world.component_for_entity(PLANET, planet_id, BuildQueue).queued[0]
    return code != NOTHING_QUEUED and BUILDINGS.labels[abs(code) - 1] in unit_queue.yard_buildings(
        state.rules
    )


def _levels_to_stay(state: GameState, planet_id: int) -> dict[str, int]:
    """Return the levels of a planet without those that are to be demolished."""
    levels = _levels(state, planet_id)
    for code in state.world.component_for_entity(PLANET, planet_id, BuildQueue).queued:
        if code < 0:
            levels[BUILDINGS.labels[-code - 1]] -= 1
    return levels


def _levels(state: GameState, planet_id: int) -> dict[str, int]:
    buildings = state.world.component_for_entity(PLANET, planet_id, Buildings)
    return dict(zip(BUILDINGS.labels, buildings.level, strict=True))


def _begin_next(state: GameState, planet_id: int, at: float) -> None:
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    waiting = orders_in(queue.units_waiting)
    if waiting:
        queue.units_waiting = text_of(waiting[1:])
        _begin(state, planet_id, waiting[0], at)
        return
    queue.unit_building = NO_UNIT
    queue.units_ordered = queue.units_delivered = queue.seconds_per_unit = 0
    queue.units_begun_at = 0.0
    queue.units_due_at = NEVER


def _begin(state: GameState, planet_id: int, order: UnitOrder, at: float) -> None:
    construction, levels = state.rules.construction, _levels(state, planet_id)
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    queue.unit_building = UNITS.index(order.unit) + 1
    queue.units_ordered = order.count
    queue.units_delivered = 0
    queue.units_begun_at = at
    queue.seconds_per_unit = unit_seconds(
        state.rules.units[order.unit],
        construction.cost_per_hour,
        levels.get(construction.yard, 0),
        levels.get(construction.doubler, 0),
        state.universe.economy_speed,
    )
    queue.units_due_at = unit_stock.due_at(queue)
