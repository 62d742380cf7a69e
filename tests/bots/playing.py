"""Worlds in which computer players play."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.bots.driver import BotDriver
from core.bots.strength import Bot, Strength
from core.game import GameWorld
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import found, new_game


def world_of(
    strengths: Sequence[Strength],
    clock: ManualClock,
    store: ManualStore | None = None,
    **settings: Any,
) -> tuple[GameWorld, list[Bot]]:
    game = new_game(clock, store, **settings)
    bots = [Bot(number, f"bot-{number}", each) for number, each in enumerate(strengths, 1)]
    for bot in bots:
        found(game, bot.player_id, bot.name)
    saved(game)
    return game, bots


def saved(game: GameWorld) -> None:
    game.pump(after_tick=True)
    game.writer.take_completions()


def played(
    driver: BotDriver, game: GameWorld, clock: ManualClock, seconds: float, step_s: float = 60.0
) -> None:
    """Have everybody take a turn after each step, of a minute or more."""
    for _ in range(int(seconds / step_s)):
        clock.advance(step_s)
        game.advance(clock.now())
        driver.play(game.time)
        saved(game)
