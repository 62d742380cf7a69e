from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.combat.loot import loot_of

amounts = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("stock", "space", "taken"),
    [
        ((1000, 1000, 1000), 10**6, (500, 500, 500)),
        ((1000, 1000, 1000), 600, (200, 200, 200)),
        # 300 each at first; 200 are left by deuterium and shared: 100 each
        ((2000, 2000, 200), 900, (400, 400, 100)),
        # 300 each; crystal has 50: 250 are left, 125 each; deuterium has but 10 more
        ((5000, 100, 620), 900, (540, 50, 310)),
        ((1001, 0, 1), 10**6, (500, 0, 0)),
        ((1000, 1000, 1000), 0, (0, 0, 0)),
        ((10**6, 10**6, 10**6), 100, (33, 33, 33)),
    ],
)
def test_that_loot_is_shared_by_thirds_and_then_equally(
    stock: tuple[int, ...], space: int, taken: tuple[int, ...]
) -> None:
    assert loot_of(stock, space, 50) == taken


@given(stock=st.tuples(amounts, amounts, amounts), space=amounts, share=st.integers(0, 100))
def test_that_loot_fits_the_space_and_the_share_and_leaves_little_space_unused(
    stock: tuple[int, int, int], space: int, share: int
) -> None:
    taken = loot_of(stock, space, share)
    reach = [amount * share // 100 for amount in stock]
    assert sum(taken) <= space
    assert all(0 <= got <= most for got, most in zip(taken, reach, strict=True))
    assert sum(taken) >= min(sum(reach), space - 2)
