"""An exception at any statement of what a fleet does leaves no trace: it is done again, whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.battlefield import BattleUnderWay, FoughtHere
from core.combat import BattleOrder, BattleReport
from core.commands import AcceptFriend
from core.components import FLEET, PLAYER, REPORT, Finds
from core.game import GameWorld
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.missions.war import (
    FLYING,
    NEIGHBOUR,
    ROOMY,
    debris_at,
    neighbours,
    order,
    send,
    unaccounted,
    units,
    until,
    wreckage,
)
from tests.test_laws import failing_at
from tests.worlds import carry_out, everything_of, set_up

KNOWN = {**FLYING, "astrophysics": 4, "espionage": 1}
ALWAYS_FOUND = {
    f"expedition_weight_{outcome}": float(outcome == "resources")
    for outcome in ("ships", "resources", "delay", "early", "nothing", "lost", "pirates", "aliens")
}


class Remembering(FoughtHere):
    """Fights each battle once: it is asked for hundreds of times."""

    def __init__(self) -> None:
        self._reports: dict[BattleOrder, BattleReport] = {}

    def report_of(self, order: BattleOrder) -> BattleReport:
        if order not in self._reports:
            self._reports[order] = super().report_of(order)
        return self._reports[order]


def world(clock: ManualClock) -> GameWorld:
    game = neighbours(clock, **ALWAYS_FOUND, moon_chance_percent_max=100)
    game.state.battles = Remembering()
    return game


def battle(game: GameWorld, clock: ManualClock) -> Voyage:
    """Have a friend's fleet hold at the target, with cargo that goes down with it."""
    carry_out(game, AcceptFriend(2, 3))
    set_up(game, 3, levels=ROOMY, amounts=(1e6, 1e6, 1e6), units={"small_cargo": 2})
    held = replace(order("hold", {"small_cargo": 2}), player_id=3, hold_hours=9)
    carry_out(game, replace(held, cargo={"metal": 70}))
    clock.advance(5_000.0)
    set_up(game, 2, units={"deathstar": 4, "light_laser": 3}, amounts=(900, 500, 0))
    set_up(game, 1, units={"deathstar": 60}, technologies=KNOWN)
    return send(game, "attack", {"deathstar": 60})


def a_moon_came_of_it(game: GameWorld) -> None:
    assert game.state.galaxy.moon_at(NEIGHBOUR) is not None
    assert len(game.state.world.tables[REPORT]) == 3
    assert wreckage(game, 3).cargo_lost == (70, 0, 0)


def probing(game: GameWorld, _clock: ManualClock) -> Voyage:
    set_up(game, 2, units={"cruiser": 90}, technologies={"espionage": 9})
    set_up(game, 1, units={"espionage_probe": 2}, technologies=KNOWN)
    return send(game, "espionage", {"espionage_probe": 2})


def it_was_caught(game: GameWorld) -> None:
    assert len(game.state.world.tables[FLEET]) == 0
    assert debris_at(game) == (0, 600, 0)


def missiles(game: GameWorld, _clock: ManualClock) -> Voyage:
    set_up(game, 2, units={"light_laser": 9, "interceptor_missile": 1})
    set_up(game, 1, units={"interplanetary_missile": 3}, technologies=KNOWN)
    return send(game, "missiles", {"interplanetary_missile": 3}, target_unit="light_laser")


def they_struck(game: GameWorld) -> None:
    # Each of two that nothing stops has 12,000 of damage, and a laser a hull of 200.
    assert units(game, 2) == {}
    assert len(game.state.world.tables[FLEET]) == 0


def harvest(game: GameWorld, clock: ManualClock) -> Voyage:
    until(game, clock, battle(game, clock).arrives_at)
    set_up(game, 1, units={"recycler": 2}, technologies=KNOWN)
    return send(game, "harvest", {"recycler": 2})


def debris_is_aboard(game: GameWorld) -> None:
    # Two recyclers hold 20,000 each; half of it is of each that lies there.
    assert (20_000, 20_000, 0) in map(tuple, game.state.world.tables[FLEET].array("Fleet.cargo"))


def colonists(game: GameWorld, _clock: ManualClock) -> Voyage:
    set_up(game, 1, units={"colony_ship": 2}, technologies=KNOWN)
    return send(game, "colonize", {"colony_ship": 2}, target=(1, 1, 7), cargo={"metal": 33})


def they_have_settled(game: GameWorld) -> None:
    assert game.state.galaxy.planet_at((1, 1, 7)) is not None


def expedition(game: GameWorld, clock: ManualClock) -> Voyage:
    set_up(game, 1, units={"large_cargo": 5}, technologies=KNOWN)
    voyage = send(game, "expedition", {"large_cargo": 5}, target=(1, 1, 16), hold_hours=1)
    until(game, clock, voyage.arrives_at)
    return replace(voyage, arrives_at=voyage.arrives_at + 3_600)


def something_was_found(game: GameWorld) -> None:
    finds = game.state.world.component_for_entity(PLAYER, 1, Finds).resources_found
    assert sum(finds) > 0


def homecoming(game: GameWorld, clock: ManualClock) -> Voyage:
    set_up(game, 1, units={"large_cargo": 5}, technologies=KNOWN)
    voyage = send(game, "transport", {"large_cargo": 1}, target=(1, 1, 10), cargo={"metal": 9})
    until(game, clock, voyage.arrives_at)
    return replace(voyage, arrives_at=voyage.returns_at)


def they_are_home(game: GameWorld) -> None:
    assert units(game, 1) == {"large_cargo": 5}


@pytest.mark.parametrize(
    ("prepare", "happened"),
    [
        (battle, a_moon_came_of_it),
        (probing, it_was_caught),
        (missiles, they_struck),
        (harvest, debris_is_aboard),
        (colonists, they_have_settled),
        (expedition, something_was_found),
        (homecoming, they_are_home),
    ],
)
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_that_what_a_fleet_does_is_done_whole_or_not_at_all(
    prepare: Callable[[GameWorld, ManualClock], Voyage],
    happened: Callable[[GameWorld], None],
    step: int,
) -> None:
    clock = ManualClock()
    game = world(clock)
    at = prepare(game, clock).arrives_at
    until(game, clock, at - 0.001)
    clock.set(at)
    before = everything_of(game)
    statement = 0
    while True:
        statement += step
        # An event that waits for its battle is undone and stays due, as after any exception it
        # is undone; so one world serves for all of them.
        with failing_at(statement, BattleUnderWay) as count:
            game.advance(at)
        if count[0] < statement:
            break
        assert game.held
        assert everything_of(game) == before, f"after statement {statement}"
    assert statement > 50
    assert game.set_aside_count == 0
    happened(game)
    assert unaccounted(game) == [0, 0, 0]
