"""Turns: what has the same name comes one after the other, and nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest

from core.api.turns import Turns


async def test_that_what_has_the_same_name_waits_for_its_turn() -> None:
    turns, order = Turns(), []
    may_end = asyncio.Event()

    async def first() -> None:
        async with turns.of("a"):
            order.append("first begins")
            await may_end.wait()
            order.append("first ends")

    async def second() -> None:
        async with turns.of("a"):
            order.append("second")

    tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
    async with turns.of("b"):
        await asyncio.sleep(0)
        order.append("other")
    may_end.set()
    await asyncio.gather(*tasks)
    assert order == ["first begins", "other", "first ends", "second"]
    assert len(turns) == 0


async def test_that_a_turn_ends_with_an_error_or_a_cancellation() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError):
        async with turns.of("a"):
            raise ZeroDivisionError
    async with turns.of("a"):
        waiting = asyncio.create_task(_take(turns))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with turns.of("a"):
        pass
    assert len(turns) == 0


async def _take(turns: Turns) -> None:
    async with turns.of("a"):
        raise AssertionError("it was cancelled in the line")
