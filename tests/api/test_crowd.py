"""Players who come at the same moment, at the price that a password has in earnest."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from core.api import passwords
from tests.api.hosting import client_of, enter, hosting
from tests.benchmarks.neighbours import idle_loop

HASHER, NOBODY = passwords._HASHER, passwords._NOBODY


@pytest.mark.parametrize("count", [20, pytest.param(50, marks=pytest.mark.slow)])
async def test_that_a_crowd_that_comes_at_once_is_served_and_no_tick_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(passwords, "_HASHER", HASHER)
    monkeypatch.setattr(passwords, "_NOBODY", NOBODY)
    assert HASHER.memory_cost >= 19_456  # what OWASP asks for at least
    async with (
        hosting(tmp_path) as host,
        client_of(host, limits=httpx.Limits(max_connections=count)) as client,
    ):
        rate = host.settings.tick_rate
        ticks, skipped = host.metrics.ticks_total._value, host.metrics.ticks_skipped._value
        ticks_before, skipped_before = ticks.get(), skipped.get()
        with idle_loop(5 * rate) as idle:
            players = await asyncio.gather(
                *(enter(client, f"player{number}") for number in range(count))
            )
        assert len({player.id for player in players}) == count
        assert len({player.token for player in players}) == count
        assert ticks.get() > ticks_before
        # All of them at once would cost many; one may be somebody else's doing.
        assert skipped.get() <= skipped_before + 1 or idle.was_late_by(0.25 / rate)
        planets = await asyncio.gather(*(player.planet() for player in players))
        positions = {tuple(planet["position"].values()) for planet in planets}
        assert len(positions) == count
