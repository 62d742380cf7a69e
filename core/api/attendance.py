"""Telling the world who is there: now and then, not at every request."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from core.api.problems import Problem
from core.rules import RULES

log = logging.getLogger(__name__)

_INTERVAL_S = RULES.protection.presence_s


class Attendance:
    """Who was told of lately, and who is to be. Belongs to the network thread."""

    def __init__(
        self,
        tell: Callable[[int], Awaitable[object]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._monotonic = monotonic
        # The longest ago first.
        self._told_at: OrderedDict[int, float] = OrderedDict()
        # Each player once in an interval at the most.
        self._waiting: asyncio.Queue[int] = asyncio.Queue()

    def see(self, player_id: int) -> None:
        """Have the world told that somebody is there, if it was not lately."""
        now = self._monotonic()
        while self._told_at and now - next(iter(self._told_at.values())) >= _INTERVAL_S:
            self._told_at.popitem(last=False)
        if player_id not in self._told_at:
            self._told_at[player_id] = now
            self._waiting.put_nowait(player_id)

    async def tell_the_world(self) -> None:
        """Tell it, one by one, until cancelled; what fails is told when somebody is next seen."""
        while True:
            player_id = await self._waiting.get()
            try:
                await self._tell(player_id)
            except Problem as problem:
                log.debug("player %d is not noted as present: %s", player_id, problem.detail)
                if problem.status >= 500:
                    self._told_at.pop(player_id, None)
            except Exception:
                log.exception("player %d could not be noted as present", player_id)
