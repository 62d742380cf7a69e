"""Answers as text: what comes back is what was kept, in every bit."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import answer_text
from core.components import BUILDINGS, NEVER, RESOURCES
from core.offers import TradeOffer
from core.rules import RULES
from core.systems.construction import Item
from core.systems.founding import Home

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
)
# What is not a number is equal to nothing, and no time is that.
times = st.none() | st.floats(allow_nan=False)
items = st.builds(
    Item,
    cost=st.tuples(*(st.integers(0, 2**53) for _ in RESOURCES.labels)),
    started_at=times,
    due_at=times,
)
homes = st.builds(Home)
offers = st.builds(
    TradeOffer,
    created_at=st.floats(allow_nan=False),
    expires_at=times,
    closed_at=times,
)


@given(
    st.recursive(
        plain | items | homes | offers, lambda value: st.tuples(value, value), max_leaves=5
    )
)
def test_that_a_value_comes_back_as_it_was(value: object) -> None:
    text = answer_text.text_of(value)
    assert answer_text.value_of(text) == value
    assert text.isascii()
    assert "\0" not in text


def test_that_the_longest_answer_there_is_can_be_kept() -> None:
    name = max(BUILDINGS.labels, key=len)
    cost = (2**53,) * len(RESOURCES)
    longest = Item(name, RULES.level_limit, False, cost, 1.7976931348623157e308, NEVER)
    answer_text.text_of((longest,) * RULES.build_queue_limit)
    answer_text.text_of(Home(2**63 - 1, (1000, 499, 15), "\U0001f4a5" * 40))


@dataclass(frozen=True, slots=True)
class Stranger:
    value: int


@pytest.mark.parametrize("value", [Stranger(1), [1], {"a": 1}, b"x", (1, {2})], ids=repr)
def test_that_what_nobody_could_read_is_not_kept(value: object) -> None:
    with pytest.raises(TypeError, match="not among the types of answers"):
        answer_text.text_of(value)


def test_that_an_answer_without_end_is_not_kept() -> None:
    with pytest.raises(ValueError, match="too long"):
        answer_text.text_of("x" * answer_text.ANSWER_CHARACTERS_MAX)
