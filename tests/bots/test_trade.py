"""core.bots.trade: what is offered and what is taken"""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.bots.market_sight import Market, Stall
from core.bots.strength import Strength
from core.bots.trade import OF_BOTS_MOST, OFFER_S
from core.commands import AcceptOffer, CreateOffer
from tests.bots.views import busy, orders
from tests.worlds import NO_LEVELS

METAL, CRYSTAL, DEUTERIUM = range(3)
EMPTY = Market((), 0, 0)
# More crystal cannot be stored for long: 1,000 · 2^3 metal and 500 · 2^3 crystal make more room.
LEVELS = {**NO_LEVELS, "crystal_storage": 3}
VIEW = replace(
    busy({}, (1_000.0, 90_000.0, 0.0)), levels=LEVELS, capacities=(100_000.0,) * 3, market=EMPTY
)


@pytest.mark.parametrize(
    # 7,000 metal are worth 4,666 crystal at 3:2; those are worth 6,999 metal.
    ("strength", "asked"),
    [(Strength.HARD, 6_999), (Strength.MEDIUM, 6_299)],
)
def test_that_what_fills_a_store_is_offered_for_what_the_next_order_lacks(
    strength: Strength, asked: int
) -> None:
    assert orders(VIEW, strength) == [CreateOffer(1, "crystal", 4_666, "metal", asked, 7, OFFER_S)]


@pytest.mark.parametrize(
    "hindered",
    [
        {"market": replace(EMPTY, own=1)},
        {"market": replace(EMPTY, of_bots=OF_BOTS_MOST)},
        {"amounts": (1_000.0, 79_000.0, 0.0)},  # nothing would be wasted
        {"amounts": (9_000.0, 90_000.0, 0.0)},  # nothing is lacking
        {"market": None},
    ],
)
def test_that_nothing_is_offered_without_need(hindered: dict[str, object]) -> None:
    view = replace(VIEW, **hindered)  # type: ignore[arg-type]
    assert orders(view, Strength.HARD) == []


@pytest.mark.parametrize(
    ("crystal", "medium", "hard"),
    # 3,000 metal are worth 2,000 crystal; medium ones pay a tenth more.
    [(2_000, True, True), (2_001, True, False), (2_200, True, False), (2_201, False, False)],
)
def test_that_fair_offers_of_what_is_lacking_are_taken(
    crystal: int, medium: bool, hard: bool
) -> None:
    market = Market((Stall(4, METAL, 3_000, CRYSTAL, crystal),), 0, 1)
    view = replace(VIEW, market=market)
    for strength, takes in ((Strength.MEDIUM, medium), (Strength.HARD, hard)):
        assert orders(view, strength) == ([AcceptOffer(1, 4, 7)] if takes else [])


def test_that_nobody_buys_what_he_has_or_pays_with_what_he_needs() -> None:
    deuterium = Market((Stall(4, DEUTERIUM, 3_000, CRYSTAL, 100),), 0, 1)
    assert orders(replace(VIEW, market=deuterium), Strength.HARD) == []
    metal = Market((Stall(4, METAL, 3_000, CRYSTAL, 2_000),), 0, 1)
    # 4,000 crystal are for the store.
    poor = replace(VIEW, market=metal, amounts=(1_000.0, 5_999.0, 0.0), capacities=(7_000.0,) * 3)
    assert orders(poor, Strength.HARD) == []
    just = replace(poor, amounts=(1_000.0, 6_000.0, 0.0))
    assert orders(just, Strength.HARD) == [AcceptOffer(1, 4, 7)]
