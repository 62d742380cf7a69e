"""A stock as an exact function of time.

A stock is (amount, production, consumption, capacity) since an instant. Between two instants at
which something happens it grows or shrinks evenly; production stops at the capacity, a delivery
may exceed it, and nothing is ever cut. Amounts are units, rates are units per hour, times seconds.

The functions over columns give the same bits as those over numbers; `received_after` is both.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from core.rules.arithmetic import SECONDS_PER_HOUR
from core.rules.economy import AFFORDABLE_TOLERANCE

Column = npt.NDArray[np.float64]
Amount = TypeVar("Amount", float, Column)

NEVER = math.inf


def net_rate(amount: float, production: float, consumption: float, capacity: float) -> float:
    """Return by how much a stock of `amount` changes per hour from that instant on."""
    if amount > capacity:
        return -consumption
    if amount == capacity:
        return min(production - consumption, 0.0)
    if amount <= 0:
        return max(production - consumption, 0.0)
    return production - consumption


def boundary(amount: float, rate: float, capacity: float) -> float | None:
    """Return the amount at which the present rate ends, or None if it never does."""
    if rate > 0:
        return capacity
    if rate < 0:
        return capacity if amount > capacity else 0.0
    return None


def seconds_to_boundary(
    amount: float, production: float, consumption: float, capacity: float
) -> float:
    """Return how long a stock goes on as it does now; inf if for ever."""
    rate = net_rate(amount, production, consumption, capacity)
    limit = boundary(amount, rate, capacity)
    return NEVER if limit is None else (limit - amount) / rate * SECONDS_PER_HOUR


def amount_after(
    amount: float, production: float, consumption: float, capacity: float, seconds: float
) -> float:
    """Return what a stock has after `seconds`, no longer than to its boundary."""
    if seconds <= 0:
        return amount
    rate = net_rate(amount, production, consumption, capacity)
    limit = boundary(amount, rate, capacity)
    if limit is None:
        return amount
    changed = amount + rate * (seconds / SECONDS_PER_HOUR)
    return min(changed, limit) if rate > 0 else max(changed, limit)


def covers(amount: float, price: int) -> bool:
    """Return whether a stock pays a whole price."""
    return math.floor(amount + AFFORDABLE_TOLERANCE) >= price


def after_paying(amount: float, price: int) -> float:
    """Return what is left of a stock that covers a price; never negative."""
    return max(amount - price, 0.0)


def received_after(received: Amount, before: Amount, after: Amount) -> Amount:
    """Return what has come in all in all when a stock has gone from one amount to another."""
    return received + (after - before)


def net_rates(amount: Column, production: Column, consumption: Column, capacity: Column) -> Column:
    """`net_rate` over columns of one shape."""
    net = production - consumption
    below = np.where(amount <= 0, np.maximum(net, 0.0), net)
    at_most = np.where(amount == capacity, np.minimum(net, 0.0), below)
    return np.where(amount > capacity, -consumption, at_most)


def seconds_to_boundaries(
    amount: Column, production: Column, consumption: Column, capacity: Column
) -> Column:
    """`seconds_to_boundary` over columns of one shape."""
    rate = net_rates(amount, production, consumption, capacity)
    limit = np.where((rate > 0) | (amount > capacity), capacity, 0.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(rate == 0, NEVER, (limit - amount) / rate * SECONDS_PER_HOUR)


def amounts_after(
    amount: Column, production: Column, consumption: Column, capacity: Column, seconds: Column
) -> Column:
    """`amount_after` over columns of one shape."""
    rate = net_rates(amount, production, consumption, capacity)
    limit = np.where((rate > 0) | (amount > capacity), capacity, 0.0)
    changed = amount + rate * (seconds / SECONDS_PER_HOUR)
    bounded = np.where(rate > 0, np.minimum(changed, limit), np.maximum(changed, limit))
    return np.where((rate == 0) | (seconds <= 0), amount, bounded)
