"""A stock as a function of time: piecewise, exact at its boundaries, the same in every tick."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.rules import stocks

Stock = tuple[float, float, float, float]

# A planet of this game makes up to some millions an hour; capacities go to thousands of millions.
rates = st.just(0.0) | st.floats(1e-3, 1e7)
amounts = st.floats(0, 1e10)
capacities = st.floats(1, 1e10)
seconds = st.just(0.0) | st.floats(1e-6, 1e8)
any_stock = st.tuples(amounts, rates, rates, capacities)
# On and next to the boundaries, where a piece ends.
edge_stock = st.builds(
    lambda limit, step, production, consumption: (
        max(0.0, limit + step * math.ulp(limit)),
        production,
        consumption,
        limit if limit > 1 else 1.0,
    ),
    st.just(0.0) | capacities,
    st.integers(-2, 2),
    rates,
    rates,
)
stock = any_stock | edge_stock


@pytest.mark.parametrize(
    ("start", "elapsed_s", "left"),
    [
        ((100.0, 60.0, 0.0, 1000.0), 1800.0, 130.0),  # half an hour of 60 an hour
        ((100.0, 60.0, 0.0, 120.0), 1800.0, 120.0),  # full after 20 minutes
        ((500.0, 60.0, 0.0, 120.0), 1800.0, 500.0),  # delivered above the cap: nothing is cut
        ((100.0, 0.0, 40.0, 1000.0), 3600.0, 60.0),
        ((100.0, 0.0, 40.0, 1000.0), 36_000.0, 0.0),  # dry after two and a half hours
        ((100.0, 30.0, 40.0, 1000.0), 3600.0, 90.0),
        ((120.0, 60.0, 20.0, 120.0), 3600.0, 120.0),  # full, and income covers the burn
        ((120.0, 20.0, 60.0, 120.0), 3600.0, 80.0),  # full, and the burn is more than the income
        ((150.0, 60.0, 20.0, 120.0), 3600.0, 130.0),  # above the cap income stops, the burn goes on
        ((150.0, 60.0, 20.0, 120.0), 7200.0, 120.0),  # to the cap and no further in one piece
        ((0.0, 20.0, 60.0, 120.0), 3600.0, 0.0),
        ((0.0, 60.0, 20.0, 120.0), 3600.0, 40.0),
        ((100.0, 60.0, 0.0, 1000.0), 0.0, 100.0),
        ((100.0, 60.0, 0.0, 1000.0), -5.0, 100.0),  # there is no going back
    ],
)
def test_that_a_stock_has_its_amount(start: Stock, elapsed_s: float, left: float) -> None:
    assert stocks.amount_after(*start, elapsed_s) == left


@pytest.mark.parametrize(
    ("start", "elapsed_s"),
    [
        ((100.0, 60.0, 0.0, 120.0), 1200.0),  # 20 to go at 60 an hour
        ((100.0, 0.0, 40.0, 120.0), 9000.0),  # 100 at 40 an hour
        ((150.0, 60.0, 20.0, 120.0), 5400.0),  # 30 at 20 an hour
        ((120.0, 60.0, 20.0, 120.0), math.inf),
        ((150.0, 60.0, 0.0, 120.0), math.inf),
        ((0.0, 0.0, 40.0, 120.0), math.inf),
        ((50.0, 40.0, 40.0, 120.0), math.inf),
    ],
)
def test_that_a_stock_reaches_its_boundary(start: Stock, elapsed_s: float) -> None:
    assert stocks.seconds_to_boundary(*start) == elapsed_s


@given(stock, seconds)
def test_that_a_stock_is_never_negative_and_never_filled_above_its_cap(
    start: Stock, elapsed_s: float
) -> None:
    after = stocks.amount_after(*start, elapsed_s)
    assert after >= 0
    assert after <= max(start[0], start[3])


@given(stock, seconds, seconds)
def test_that_a_stock_goes_one_way_until_its_boundary(
    start: Stock, first_s: float, more_s: float
) -> None:
    net = stocks.net_rate(*start)
    early, late = (
        stocks.amount_after(*start, first_s),
        stocks.amount_after(*start, first_s + more_s),
    )
    assert early <= late if net > 0 else late <= early if net < 0 else early == late == start[0]


@given(stock, st.floats(0.0, 1.0), seconds)
def test_that_settling_at_an_extra_instant_changes_next_to_nothing(
    start: Stock, share: float, elapsed_s: float
) -> None:
    between_s = share * elapsed_s
    _, production, consumption, cap = start
    straight = stocks.amount_after(*start, elapsed_s)
    settled = stocks.amount_after(*start, between_s)
    # Up to its boundary a stock is one piece; what follows is another.
    assume(elapsed_s <= stocks.seconds_to_boundary(*start))
    in_two = stocks.amount_after(settled, production, consumption, cap, elapsed_s - between_s)
    scale = max(start[0], cap, abs(production - consumption) * elapsed_s / 3600)
    assert in_two == pytest.approx(straight, rel=1e-9, abs=1e-9 * scale)


@given(stock)
def test_that_a_boundary_is_where_the_amount_arrives(start: Stock) -> None:
    wait_s = stocks.seconds_to_boundary(*start)
    assume(math.isfinite(wait_s) and wait_s > 0)
    limit = stocks.boundary(start[0], stocks.net_rate(*start), start[3])
    assert limit is not None
    scale = max(start[0], start[3])
    assert stocks.amount_after(*start, wait_s) == pytest.approx(limit, rel=1e-9, abs=1e-9 * scale)
    assert stocks.amount_after(*start, 2 * wait_s) == limit
    half_way = stocks.amount_after(*start, wait_s / 2)
    assert half_way == pytest.approx((start[0] + limit) / 2, rel=1e-9, abs=1e-9 * scale)


@given(stock)
def test_that_a_stock_on_its_boundary_does_not_reach_it_again(start: Stock) -> None:
    limit = stocks.boundary(start[0], stocks.net_rate(*start), start[3])
    assume(limit is not None)
    assert limit is not None
    beyond = (limit, *start[1:])
    assert stocks.seconds_to_boundary(*beyond) > 0
    following = stocks.boundary(limit, stocks.net_rate(*beyond), start[3])
    assert following != limit


@given(st.lists(st.tuples(stock, seconds), min_size=1, max_size=20))
def test_that_columns_give_the_same_bits_as_single_stocks(
    drawn: list[tuple[Stock, float]],
) -> None:
    amount, production, consumption, capacity = (
        np.array(column) for column in zip(*(start for start, _ in drawn), strict=True)
    )
    elapsed = np.array([elapsed_s for _, elapsed_s in drawn])
    alone = [
        (
            stocks.net_rate(*start),
            stocks.seconds_to_boundary(*start),
            stocks.amount_after(*start, elapsed_s),
        )
        for start, elapsed_s in drawn
    ]
    together = zip(
        stocks.net_rates(amount, production, consumption, capacity).tolist(),
        stocks.seconds_to_boundaries(amount, production, consumption, capacity).tolist(),
        stocks.amounts_after(amount, production, consumption, capacity, elapsed).tolist(),
        strict=True,
    )
    assert [bits(values) for values in together] == [bits(values) for values in alone]


def test_that_what_fills_up_after_the_end_of_time_never_does() -> None:
    amount, production, consumption, capacity = (np.array([x]) for x in (5.0, 5e-324, 0.0, 1e4))
    due_s = stocks.seconds_to_boundaries(amount, production, consumption, capacity)
    assert due_s.tolist() == [math.inf]


def bits(values: tuple[float, ...]) -> tuple[str, ...]:
    return tuple(value.hex() for value in values)


# Paying -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "price", "is_enough", "left"),
    [
        (100.0, 100, True, 0.0),
        (99.9999999, 100, True, 0.0),  # a rounding error below: paid, and not below zero
        (99.9, 100, False, None),
        (100.75, 100, True, 0.75),
        (0.0, 0, True, 0.0),
        (0.0, 1, False, None),
        (2.0**53, 2**53, True, 0.0),
    ],
)
def test_that_a_whole_price_is_paid_from_a_stock(
    held: float, price: int, is_enough: bool, left: float | None
) -> None:
    assert stocks.covers(held, price) is is_enough
    if left is not None:
        assert stocks.after_paying(held, price) == left


@given(st.floats(0, 1e12), st.integers(0, 10**12))
def test_that_what_is_shown_floored_is_what_can_be_paid(held: float, price: int) -> None:
    if price <= math.floor(held):
        assert stocks.covers(held, price)
    if stocks.covers(held, price):
        assert price <= held + 1.1e-6
        assert stocks.after_paying(held, price) >= 0
