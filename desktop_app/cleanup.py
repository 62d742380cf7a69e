"""Removes players who have stayed away for CLEANUP_DAYS, after a backup: a few now and then.

Lives on the main thread. The world removes a player in portions that no tick waits for; his account
goes in the transaction of the last of them, so that neither is ever there without the other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core import sync
from core.backup_shelf import BackupReason
from core.commands import Accepted, Command, RemovePlayer
from core.config import Settings
from core.errors import PersistenceClosed, StarkeepError
from core.presence import ListAbsent
from core.rules.arithmetic import SECONDS_PER_DAY
from core.simulation import Simulation

log = logging.getLogger(__name__)

# A world that has just been started has other things to do, and players who come back to it.
FIRST_S = 600.0
INTERVAL_S = 3600.0
# Absent players that are looked at in one round, administrators among them.
PLAYERS_PER_ROUND = 100


class Cleanup:
    """The clean-up of one running world."""

    def __init__(
        self,
        settings: Settings,
        simulation: Simulation,
        back_up: Callable[[BackupReason], Awaitable[object]],
    ) -> None:
        self._idle_s = float(settings.cleanup_days * SECONDS_PER_DAY)
        self._simulation = simulation
        self._back_up = back_up

    async def run(self) -> None:
        """Clean up for ever, unless nobody is ever to be removed."""
        if not self._idle_s:
            return
        await asyncio.sleep(FIRST_S)
        while True:
            try:
                await self.clean_up()
            except (StarkeepError, PersistenceClosed) as error:
                log.warning("nobody more is removed for now: %s", error)
            await asyncio.sleep(INTERVAL_S)

    async def clean_up(self) -> int:
        """Remove who was away for long enough, and return how many. Raise StarkeepError."""
        query = ListAbsent(self._idle_s, PLAYERS_PER_ROUND)
        absent: tuple[int, ...] = await asyncio.wrap_future(self._simulation.ask(query))
        candidates = [each for each in absent if await self._may_go(each)]
        if not candidates:
            return 0
        await self._back_up(BackupReason.SCHEDULED)
        removed = 0
        for player_id in candidates:
            removed += await self._remove(player_id)
        log.info("%d players who stayed away were removed", removed)
        return removed

    async def _may_go(self, player_id: int) -> bool:
        account = await sync.find_account(player_id)
        return account is None or not account.is_admin

    async def _remove(self, player_id: int) -> bool:
        """Remove a player and his account, portion by portion; not if he has come back."""
        command = RemovePlayer(player_id, self._idle_s)
        while True:
            gone = await self._order(command)
            if gone is not False:
                return bool(gone)

    async def _order(self, command: Command) -> bool | None:
        """Return whether it was the last portion, None if the world does not want it now."""
        outcome = await asyncio.wrap_future(self._simulation.submit(command))
        if isinstance(outcome, Accepted):
            return bool(outcome.value)
        log.info("a player is not removed: %s", outcome.detail)
        return None
