"""Waiting orders of units as one text, which comes back as it was or is refused in words."""

from __future__ import annotations

import pytest

from core.unit_orders import UnitOrder, orders_in, text_of


def test_that_orders_are_a_short_text_in_their_turn() -> None:
    orders = (UnitOrder("light_fighter", 10), UnitOrder("small_cargo", 3))
    assert text_of(orders) == "light_fighter 10;small_cargo 3"
    assert orders_in("light_fighter 10;small_cargo 3") == orders
    assert text_of(()) == ""
    assert orders_in("") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("palace 1", "there is no unit called palace"),
        ("cruiser", "'cruiser' is no order of units"),
        ("cruiser 0", "'cruiser 0' is no order"),
        ("cruiser -1", "'cruiser -1' is no order"),
        ("cruiser 1;", "'' is no order"),
        ("cruiser 01", "'cruiser 01' is no order"),
        ("cruiser 1; cruiser 1", "' cruiser 1' is no order"),
        ("cruiser ٣", "is no order"),
        ("cruiser " + "9" * 19, "is no order"),
    ],
)
def test_that_what_are_no_orders_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        orders_in(text)
