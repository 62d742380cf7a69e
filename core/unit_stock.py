"""The units of a planet: how many there are at an instant, and settling them.

Only these functions write how many there are. Like stocks, what the shipyard delivers is a function
of time: a look computes and changes nothing, and a million pieces cost no more than one. They are
settled at the instant of an accepted command or of a due event, in a unit of work.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

from core import stockpiles
from core.components import NEVER, NO_UNIT, PLANET, UNITS, UnitQueue, Units
from core.rules import RULES
from core.rules.units import instant_of_delivery, units_delivered
from core.state import GameState
from core.unit_orders import orders_in

Counts = tuple[int, ...]

# Each of them changes the energy of its planet: they are delivered one by one.
SATELLITE = UNITS.index(RULES.satellite.unit)


def units_at(state: GameState, planet_id: int, at: float) -> Counts:
    """Return how many of each unit there are at an instant, in the order of UNITS."""
    units = state.world.component_for_entity(PLANET, planet_id, Units)
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    return _with_delivered(units, queue, delivered_at(queue, at))


def delivered_at(queue: UnitQueue, at: float) -> int:
    """Return how many pieces of the active order are there at an instant."""
    if queue.unit_building == NO_UNIT:
        return 0
    number = units_delivered(queue.units_begun_at, queue.seconds_per_unit, queue.units_ordered, at)
    # An event of a planet that was set aside may come after what was settled later than it.
    return max(number, queue.units_delivered)


def settle_units(state: GameState, planet_id: int, at: float) -> Units:
    """Count in what the shipyard has delivered up to an instant, and return what there is."""
    units = state.world.component_for_entity(PLANET, planet_id, Units)
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    number = delivered_at(queue, at)
    if number != queue.units_delivered:
        units.count = _with_delivered(units, queue, number)
        queue.units_delivered = number
        queue.units_due_at = due_at(queue)
        if queue.unit_building - 1 == SATELLITE:
            stockpiles.change_rates(state, planet_id, at)
    return units


def change_units(state: GameState, planet_id: int, changes: Sequence[int], at: float) -> Units:
    """Settle at an instant and add to what there is, or take away where a change is negative."""
    units = settle_units(state, planet_id, at)
    units.count = tuple(map(operator.add, units.count, changes))
    if changes[SATELLITE]:
        stockpiles.change_rates(state, planet_id, at)
    return units


def spoken_for(state: GameState, planet_id: int) -> dict[str, int]:
    """Return how many of each unit there will be when all orders are done."""
    units = state.world.component_for_entity(PLANET, planet_id, Units)
    queue = state.world.component_for_entity(PLANET, planet_id, UnitQueue)
    counts = dict(zip(UNITS.labels, units.count, strict=True))
    if queue.unit_building != NO_UNIT:
        left = queue.units_ordered - queue.units_delivered
        counts[UNITS.labels[queue.unit_building - 1]] += left
    for order in orders_in(queue.units_waiting):
        counts[order.unit] += order.count
    return counts


def due_at(queue: UnitQueue) -> float:
    """Return when the active order has to be looked at next: at its end, or one piece later."""
    if queue.unit_building == NO_UNIT:
        return NEVER
    number = queue.units_ordered
    if queue.unit_building - 1 == SATELLITE:
        number = min(queue.units_delivered + 1, number)
    return float(instant_of_delivery(queue.units_begun_at, queue.seconds_per_unit, number))


def _with_delivered(units: Units, queue: UnitQueue, number: int) -> Counts:
    """Return the counts when this many pieces of the active order have been delivered."""
    if queue.unit_building == NO_UNIT:
        return units.count
    counts = list(units.count)
    counts[queue.unit_building - 1] += number - queue.units_delivered
    return tuple(counts)
