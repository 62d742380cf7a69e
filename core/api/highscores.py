"""Rankings for everybody, worked out on the network thread at most once in a while."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from core.api.door import WorldDoor
from core.api.turns import Turns
from core.highscore import (
    SLICE_ROWS,
    Ranking,
    ReadSpending,
    ReadStudies,
    ReadUnderWay,
    Spending,
    rank,
)

# However many ask, the planets are looked at no more often.
RANKING_INTERVAL_S = 60.0


@dataclass(frozen=True, slots=True)
class _Known:
    ranking: Ranking
    made_at: float  # on the monotonic clock


class Highscores:
    """The latest rankings by their kind. Belongs to the network thread's loop."""

    def __init__(self, door: WorldDoor) -> None:
        self._door = door
        self._turns = Turns()
        self._known: dict[str, _Known] = {}

    async def ranking(self, kind: str) -> Ranking:
        """Return a ranking that is not older than the interval. Raise Problem."""
        # Who comes while one is being made gets that one.
        async with self._turns.of(kind):
            known = self._known.get(kind)
            now = time.monotonic()
            if known is None or now - known.made_at >= RANKING_INTERVAL_S:
                spending, studies = await self._read(ReadSpending), await self._read(ReadStudies)
                spending += await self._read(ReadUnderWay)
                # Of a large world it takes half a second, for which nobody else is to wait.
                made = await asyncio.to_thread(rank, spending, studies, kind)
                known = self._known[kind] = _Known(made, now)
            return known.ranking

    async def _read(self, query: type[ReadSpending | ReadUnderWay | ReadStudies]) -> list[Spending]:
        slices: list[Spending] = []
        while not slices or not slices[-1].is_last:
            slices.append(await self._door.ask(query(len(slices) * SLICE_ROWS)))
            # Other requests have their turn between two of them.
            await asyncio.sleep(0)
        return slices
