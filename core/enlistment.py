"""More computer players while the world runs: accounts first, then homes, and then their turns.

If that ends half way there are accounts without homes: the next start, or who asks for as many
again, brings them in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from core import sync
from core.bots.strength import Bot, Strength
from core.commands import Accepted, FoundHome, Outcome, Rejected
from core.simulation import Simulation

# Homes that are founded at once: the inbox has room for people's orders beside them.
_HOMES_AT_ONCE = 100


async def enlist(
    simulation: Simulation, at_least: int, strength: Strength | None = None
) -> Outcome:
    """Have so many computer players at least; those that are new have a strength, or each in turn.

    The outcome's value is the driver's figures. If the world does not take somebody in it says why;
    who has a home by then plays. Any event loop. Raise StorageError.
    """
    driver = simulation.bots
    bots = await sync.keep_bots(at_least, strength)
    newcomers = [bot for bot in bots if bot.player_id not in driver.bots]
    refusal: Outcome | None = None
    settled: set[int] = set()
    for start in range(0, len(newcomers), _HOMES_AT_ONCE):
        portion = newcomers[start : start + _HOMES_AT_ONCE]
        outcomes = await _founded(simulation, portion)
        homes = [isinstance(outcome, Accepted) for outcome in outcomes]
        taken_in = [bot for bot, has_home in zip(portion, homes, strict=True) if has_home]
        # At once, not all together at the end: a tick takes in a portion, and not thousands.
        driver.admit(taken_in)
        settled.update(bot.player_id for bot in taken_in)
        if not all(homes):
            refusal = outcomes[homes.index(False)]
            break
    if isinstance(refusal, Rejected):
        await _take_back([bot for bot in newcomers if bot.player_id not in settled])
    return refusal or Accepted(driver.figures)


async def _founded(simulation: Simulation, bots: Sequence[Bot]) -> Sequence[Outcome]:
    orders = [simulation.submit(FoundHome(bot.player_id, bot.name)) for bot in bots]
    return await asyncio.gather(*map(asyncio.wrap_future, orders))


async def _take_back(bots: Sequence[Bot]) -> None:
    """Delete accounts for which this world has no room."""
    for bot in bots:
        await sync.delete_homeless_account(bot.player_id)
