"""The laws of the design in worlds where computer players build, fly, fight and trade."""

from __future__ import annotations

from collections import Counter
from typing import Any

from core.bots.driver import BotDriver
from core.bots.strength import Strength
from core.commands import CreateOffer
from core.components import PLAYER
from core.game import GameWorld
from core.systems.fleets import slots_of
from tests.bots.playing import played, saved, world_of
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.test_laws import check_raw_rows
from tests.worlds import bits_of, carry_out, found, reload, set_up, stored_bits

DAY_S = 86_400.0
STEP_S = 600.0
LEFT_BEHIND = 6
SETTINGS: dict[str, Any] = {
    "galaxies": 1,
    "systems": 9,
    "economy_speed": 100.0,
    "research_speed": 10.0,
    "fleet_speed_war": 5.0,
    "fleet_speed_peaceful": 5.0,
    "inactive_after_days": 1.0,
}


def populated(clock: ManualClock, store: ManualStore) -> tuple[GameWorld, BotDriver, Counter[str]]:
    """Return a small world with computer players and with people who have left it."""
    game, bots = world_of((*Strength, Strength.HARD), clock, store, **SETTINGS)
    for player_id in range(len(bots) + 1, len(bots) + 1 + LEFT_BEHIND):
        home_id = found(game, player_id)
        levels = {"metal_mine": 14, "crystal_mine": 12, "solar_plant": 18}
        defence = {"rocket_launcher": player_id % 3}
        set_up(game, home_id, levels=levels, amounts=(9_000, 9_000, 4_000), units=defence)
        carry_out(game, CreateOffer(player_id, "crystal", 900, "metal", 1_300))
    saved(game)
    results: Counter[str] = Counter()

    def note(event: object, *_: object) -> None:
        if hasattr(event, "result") and hasattr(event, "voyage"):
            results[f"{event.voyage.mission} {event.result}"] += 1

    game.on_event = note
    driver = BotDriver(game, bots, lambda: 0.0)
    driver.begin(game.time)
    return game, driver, results


def check(game: GameWorld, store: ManualStore) -> None:
    """Hold every row that is on disk, what is conserved over all of them, and slots."""
    game.save_player_data()
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)
    check_raw_rows(store)
    for player_id in game.state.world.tables[PLAYER].ids.tolist():
        used, total = slots_of(game.state, player_id)
        assert used <= total


def test_that_the_laws_hold_while_they_play_for_days_and_after_a_restart() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game, driver, results = populated(clock, store)
    for _ in range(4):
        played(driver, game, clock, DAY_S / 2, STEP_S)
        check(game, store)
    # Otherwise nothing was tried.
    assert {"espionage spied", "attack won", "colonize colonized"} <= {*results}
    assert driver.refused <= driver.orders / 100
    assert game.failed_systems == []
    other = ManualClock()
    other.set(clock.now())
    restarted = reload(store, other, **SETTINGS)
    for each, its_clock in ((game, clock), (restarted, other)):
        driver = BotDriver(each, [*driver.bots.values()], lambda: 0.0)
        driver.begin(each.time)
        played(driver, each, its_clock, DAY_S / 4, STEP_S)
    assert bits_of(restarted.state.world) == bits_of(game.state.world)
