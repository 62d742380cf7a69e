"""Trading, against numbers worked by hand."""

from __future__ import annotations

import pytest

from core.rules import RULES
from core.rules.market import fair_amount, proceeds

METAL, CRYSTAL, DEUTERIUM = range(3)


@pytest.mark.parametrize(
    ("amount", "fee_percent", "left"),
    [(1000, 0.0, 1000), (1000, 5.0, 950), (999, 1.0, 990), (99, 1.0, 99), (7, 100.0, 0)],
)
def test_that_the_fee_comes_from_the_proceeds(amount: int, fee_percent: float, left: int) -> None:
    assert proceeds(amount, fee_percent) == left


@pytest.mark.parametrize(
    ("offered", "amount", "requested", "fair"),
    [
        (METAL, 300, CRYSTAL, 200),
        (METAL, 1000, DEUTERIUM, 333),  # 333.3
        (DEUTERIUM, 50, METAL, 150),
        (CRYSTAL, 101, METAL, 151),  # 151.5
        (METAL, 70, METAL, 70),
    ],
)
def test_that_three_of_metal_are_two_of_crystal_and_one_of_deuterium(
    offered: int, amount: int, requested: int, fair: int
) -> None:
    assert fair_amount(RULES.market, offered, amount, requested) == fair


def test_that_messages_are_kept_for_a_week() -> None:
    assert RULES.messages.kept_s == 604_800
    assert set(RULES.messages.kinds) == {
        *("battle", "espionage", "transport", "expedition", "player", "system")
    }
