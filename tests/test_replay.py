"""The verifier sees every bit that is not as the log says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.commands import ChangeSettings, StartBuilding
from core.components import LOGGED_COMMAND, PLANET
from core.game import GameWorld
from tests.manual_clock import ManualClock
from tests.replay import BrokenPromise, Verifier
from tests.store import ManualStore
from tests.worlds import carry_out, found, loaded_from, new_game, reload


class World:
    """A world that is saved at once and what its disk is held against."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = ManualStore(at_once=True)
        self.game: GameWorld = new_game(self.clock, self.store, command_log=True, economy_speed=50)
        self.game.save_player_data()
        self.verifier = Verifier(loaded_from(self.store))

    def play(self) -> None:
        for player_id in (1, 2):
            found(self.game, player_id)
            carry_out(self.game, StartBuilding(player_id, "metal_mine"))
            self.clock.advance(100.0)
        carry_out(self.game, ChangeSettings({"economy_speed": 7.0}))
        self.clock.advance(100.0)
        self.save()

    def save(self) -> None:
        self.game.advance(self.clock.now())
        assert self.game.save_player_data().done()

    def check(self) -> None:
        self.verifier.check(loaded_from(self.store), self.clock.now())

    def change(self, kind: str, entity_id: int, key: str, value: Any) -> None:
        self.store.rows[kind][entity_id][key] = value

    def change_clock(self, **values: Any) -> None:
        assert self.store.clock is not None
        self.store.clock = replace(self.store.clock, **values)

    def count(self, kind: str, next_id: int) -> None:
        assert self.store.clock is not None
        self.change_clock(next_ids={**self.store.clock.next_ids, kind: next_id})


@pytest.fixture
def world() -> World:
    world = World()
    world.play()
    return world


def test_that_what_was_saved_is_what_the_log_says(world: World) -> None:
    world.check()
    world.game = reload(world.store, world.clock, command_log=True)
    carry_out(world.game, StartBuilding(1, "solar_plant"))
    world.clock.advance(1_000.0)
    world.save()
    world.check()
    world.verifier.check_from_the_beginning(loaded_from(world.store), world.clock.now())
    assert [entry.number for entry in world.verifier.log] == [1, 2, 3, 4, 5, 6]


def test_that_what_may_wait_is_derived_anew() -> None:
    world = World()
    found(world.game, 1)
    carry_out(world.game, StartBuilding(1, "metal_mine"))
    assert world.game.save_player_data().done()
    # The mine is finished now, and nobody has saved it.
    world.clock.advance(1_000.0)
    world.check()


def test_that_ids_that_were_used_up_at_rest_are_no_difference(world: World) -> None:
    world.check()
    world.count(PLANET.name, 8)
    world.verifier.use_up_planet_ids(5)
    world.check()
    world.game = reload(world.store, world.clock, command_log=True)
    assert found(world.game, 3) == 8
    world.save()
    world.check()
    world.verifier.check_from_the_beginning(loaded_from(world.store), world.clock.now())


def an_ulp(world: World) -> None:
    amounts = world.store.rows[PLANET.name][1]["Stocks.amount"]
    amounts = (math.nextafter(amounts[0], 0.0), *amounts[1:])
    world.change(PLANET.name, 1, "Stocks.amount", amounts)


def a_sign_of_nothing(world: World) -> None:
    world.change(PLANET.name, 1, "Stocks.consumption", (-0.0, -0.0, -0.0))


def a_text(world: World) -> None:
    world.change(PLANET.name, 2, "Planet.name", "Homeworlds")


def a_setting(world: World) -> None:
    world.change("universe", 1, "Universe.research_speed", 2.0)


def a_command_that_is_gone(world: World) -> None:
    del world.store.rows[LOGGED_COMMAND.name][3]


def the_last_command_gone(world: World) -> None:
    del world.store.rows[LOGGED_COMMAND.name][5]


def a_command_that_is_there_twice(world: World) -> None:
    rows = world.store.rows[LOGGED_COMMAND.name]
    rows[6] = {**rows[1], "LoggedCommand.at": world.clock.now()}
    world.count(LOGGED_COMMAND.name, 7)


def two_commands_at_an_instant(world: World) -> None:
    rows = world.store.rows[LOGGED_COMMAND.name]
    world.change(LOGGED_COMMAND.name, 2, "LoggedCommand.at", rows[1]["LoggedCommand.at"])


def a_command_later_than_the_world(world: World) -> None:
    world.change(LOGGED_COMMAND.name, 5, "LoggedCommand.at", world.clock.now() + 1.0)


def a_counter_that_is_too_high(world: World) -> None:
    world.count(PLANET.name, 9)


def a_counter_that_is_too_low(world: World) -> None:
    world.count(LOGGED_COMMAND.name, 5)


def a_time_before_the_world_began(world: World) -> None:
    world.change_clock(world_time=1.0)


def no_clock(world: World) -> None:
    world.store.clock = None


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (an_ulp, "Stocks.amount is"),
        (a_sign_of_nothing, "Stocks.consumption is"),
        (a_text, "Planet.name is 'Homeworlds', not 'Homeworld'"),
        (a_setting, "Universe.research_speed is 2.0, not 1.0"),
        (a_command_that_is_gone, "numbers are missing"),
        (the_last_command_gone, "differs from 4 commands"),
        (a_command_that_is_there_twice, "cannot have changed anything"),
        (two_commands_at_an_instant, "the same instant"),
        (a_command_later_than_the_world, "after the time of the world"),
        (a_counter_that_is_too_high, "the next planet is 3"),
        (a_counter_that_is_too_low, "given out again"),
        (a_time_before_the_world_began, "after the time of the world"),
        (no_clock, "the world is gone"),
    ],
)
def test_that_a_mistake_is_seen(world: World, mistake: Callable[[World], None], words: str) -> None:
    mistake(world)
    with pytest.raises(BrokenPromise, match=words):
        world.check()


def test_that_what_was_kept_may_not_change_later(world: World) -> None:
    world.check()
    world.change(LOGGED_COMMAND.name, 5, "LoggedCommand.arguments", '{"values":{"galaxies":3}}')
    with pytest.raises(BrokenPromise, match="was kept"):
        world.check()


def test_that_a_world_that_was_played_is_no_beginning(world: World) -> None:
    with pytest.raises(ValueError, match="beginning"):
        Verifier(loaded_from(world.store))
