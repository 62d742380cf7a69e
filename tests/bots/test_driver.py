"""Computer players: whose turn it is, what a tick may take, and how well each strength does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.bots import driver as driver_module
from core.bots.decisions import decide
from core.bots.driver import SECONDS_PER_TICK, BotDriver, turn_interval_s
from core.bots.sight import View
from core.bots.strength import Bot, Strength
from core.commands import Command, SetVacation
from core.game import GameWorld
from core.ownership import planet_ids_of
from core.points import points_of
from tests.bots.playing import played, saved, world_of
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, everything_of

DAY_S = 86_400.0
# A fifth of the turns that they might have decides as well.
STEP_S = 300.0
# Every turn takes 0.6 ms by this clock: the fourth begins at 1.8 ms, no fifth.
TURN_S = 0.0006


def after(seconds: float, strengths: Sequence[Strength]) -> tuple[object, GameWorld, BotDriver]:
    clock = ManualClock()
    game, bots = world_of(strengths, clock, economy_speed=20.0, research_speed=5.0)
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    played(driver, game, clock, seconds, STEP_S)
    return everything_of(game), game, driver


def test_that_each_strength_plays_better_than_the_one_below() -> None:
    _, game, driver = after(4 * DAY_S, tuple(Strength))
    points = points_of(game.state, range(1, 4))
    easy, medium, hard = (points[each] for each in (1, 2, 3))
    assert 0 < easy < medium < hard
    assert driver.turns == 3 * 4 * DAY_S / STEP_S
    # Only the hard one has found its way to a second planet.
    assert [len(planet_ids_of(game.state.world, each)) > 1 for each in (1, 2, 3)] == [
        False,
        False,
        True,
    ]
    # They look before they order.
    assert driver.refused <= driver.turns / 100


def test_that_the_same_world_is_played_in_the_same_way() -> None:
    first, *_ = after(DAY_S / 8, tuple(Strength))
    again, *_ = after(DAY_S / 8, tuple(Strength))
    assert first == again


def test_that_a_driver_made_anew_goes_on_as_the_old_one_would() -> None:
    clock, other = ManualClock(), ManualClock()
    strengths = (Strength.EASY, Strength.HARD)
    game, bots = world_of(strengths, clock)
    restarted, _ = world_of(strengths, other)
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    played(driver, game, clock, DAY_S / 4)
    for _ in range(2):
        driver = BotDriver(restarted, bots, lambda: 0.0)
        driver.begin(restarted.time)
        played(driver, restarted, other, DAY_S / 8)
    assert everything_of(game) == everything_of(restarted)


def test_that_turns_stop_when_the_time_of_a_tick_is_used_up() -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.EASY,) * 10, clock)
    driver = BotDriver(game, bots, lambda: driver.turns * TURN_S)
    driver.begin(game.time)
    clock.advance(60)
    game.advance(clock.now())
    taken = []
    for _ in range(4):
        driver.play(game.time)
        taken.append(driver.turns)
    assert taken == [4, 8, 10, 10]
    assert 3 * TURN_S < SECONDS_PER_TICK <= 4 * TURN_S


def test_that_turns_missed_while_nobody_played_are_not_made_up_for() -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.EASY,) * 3, clock)
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    clock.advance(10 * DAY_S)
    game.advance(clock.now())
    driver.play(game.time)
    assert driver.turns == 3


def test_that_nobody_plays_on_vacation_or_without_a_home() -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.HARD,), clock)
    carry_out(game, SetVacation(1, on=True))
    saved(game)
    driver = BotDriver(game, [*bots, Bot(99, "nobody", Strength.HARD)], lambda: 0.0)
    driver.begin(game.time)
    played(driver, game, clock, 600)
    assert driver.turns == 0


def test_that_nobody_plays_in_a_pause_and_what_was_missed_is_not_made_up_for() -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.EASY,) * 3, clock)
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    driver.pause(paused=True)
    played(driver, game, clock, 600)
    assert (driver.figures.turns, driver.figures.paused) == (0, True)
    driver.pause(paused=False)
    driver.play(game.time)
    assert driver.figures.turns == 0
    played(driver, game, clock, 60)
    assert (driver.figures.turns, driver.figures.paused) == (3, False)


def test_that_those_who_are_admitted_play_from_then_on_beside_the_others() -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.EASY, Strength.HARD), clock)
    driver = BotDriver(game, bots[:1], lambda: 0.0)
    driver.begin(game.time)
    driver.admit(bots)
    assert driver.figures.players == {Strength.EASY: 1, Strength.MEDIUM: 0, Strength.HARD: 1}
    assert driver.bots.keys() == {1}
    driver.play(game.time)
    assert driver.bots.keys() == {1, 2}
    played(driver, game, clock, 120)
    assert driver.figures.turns == 4


def test_that_who_is_dismissed_has_no_more_turns_whoever_is_admitted_meanwhile() -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.EASY,) * 4, clock)
    driver = BotDriver(game, bots[:2], lambda: 0.0)
    driver.begin(game.time)
    # Two who admit others at once, each of whom knows of his own alone.
    driver.admit(bots[2:3])
    driver.dismiss(1)
    driver.admit(bots[3:])
    driver.play(game.time)
    played(driver, game, clock, 60)
    assert driver.bots.keys() == {2, 3, 4}
    assert driver.figures.total == driver.turns == 3
    driver.admit(bots[:1])
    driver.play(game.time)
    played(driver, game, clock, 60)
    assert driver.turns == 7


def test_that_who_failed_has_no_turn_after_a_pause_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    game, bots = world_of((Strength.EASY,) * 3, clock)
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    turns = driver._take_turn

    def take_turn(bot: Bot, now: float) -> None:
        if bot.player_id == 2:
            raise RuntimeError("a mistake of ours")
        turns(bot, now)

    monkeypatch.setattr(driver, "_take_turn", take_turn)
    played(driver, game, clock, 60)
    driver.pause(paused=True)
    played(driver, game, clock, 60)
    driver.pause(paused=False)
    played(driver, game, clock, 120)
    assert game.failed_systems == ["bot-2"]
    assert driver.turns == 2 * 2


def test_that_figures_count_orders_and_refusals() -> None:
    _, _, driver = after(DAY_S / 8, tuple(Strength))
    figures = driver.figures
    assert figures.total == 3
    # Everybody says that he is there, at every turn.
    assert figures.orders > figures.turns == driver.turns
    assert figures.refused == driver.refused


def test_that_turns_are_rarer_the_more_there_are() -> None:
    assert turn_interval_s(1) == 60
    assert turn_interval_s(1_020) == 60
    assert turn_interval_s(10_200) == 600


def test_that_one_who_fails_is_left_out_and_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken_for_the_first(view: View, *rest: Any) -> list[Command]:
        if view.player_id == 1:
            raise ValueError("a bug")
        return decide(view, *rest)

    monkeypatch.setattr(driver_module, "decide", broken_for_the_first)
    clock = ManualClock()
    game, bots = world_of((Strength.EASY,) * 2, clock)
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    played(driver, game, clock, 600)
    assert game.failed_systems == ["bot-1"]
    assert game.set_aside_count == 1
    assert caplog.text.count("bot-1 failed") == 1
    # One turn that failed, and all of the other's.
    assert driver.turns == 1 + 10
