"""The indexes of a world are there before its first tick, and no tick makes another."""

from __future__ import annotations

import pytest

from core.bots.driver import BotDriver
from core.bots.strength import Strength
from core.ecs import World
from core.indexes import INDEXES
from tests.bots.playing import played, world_of
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import reload


def indexed(world: World) -> set[tuple[str, tuple[str, ...]]]:
    return {(kind.name, keys) for kind in world.kinds for keys in world.tables[kind].indexed}


def test_that_a_loaded_world_has_its_indexes_and_makes_no_other() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    _, bots = world_of(tuple(Strength), clock, store, economy_speed=20.0)
    game = reload(store, clock)
    world = game.state.world
    declared = {(kind.name, keys) for kind, keys in INDEXES}
    assert indexed(world) == declared
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    played(driver, game, clock, 43_200, 300)
    assert driver.turns
    assert indexed(world) == declared


def test_that_an_index_is_of_what_does_not_change() -> None:
    game, _ = world_of((), ManualClock())
    for kind, keys in INDEXES:
        table = game.state.world.tables[kind]
        assert table.fixed_keys.issuperset(keys)
        with pytest.raises(ValueError, match="may change"):
            table.index((*keys, "mark.flags"))
