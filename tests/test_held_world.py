"""A world that waits for a battle: ticks go on, and all ends as if it had taken no time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from core import calendar
from core.battlefield import BattleUnderWay, FoughtHere
from core.calendar import DUE_KINDS
from core.combat import BattleOrder, BattleReport, fight
from core.commands import Accepted, StartBuilding, Unavailable
from core.events import Event
from core.presence import ListAbsent
from core.queries import ReportPlanet
from core.simulation import BATTLE_PATIENCE_S, BATTLES, Opening
from core.state import GameState
from core.systems import construction
from tests.combat.armies import order_of
from tests.manual_clock import TIMEOUT_S, ManualClock
from tests.store import ManualStore
from tests.test_simulation import PERIOD_S, Hosted
from tests.worlds import bits_of, carry_out, found, new_game

ORDER = order_of({"light_fighter": 2}, {"rocket_launcher": 3})
BUILT_AFTER_S = 32.0
DAY_S = 86_400.0


class SlowBattles(FoughtHere):
    """A battlefield whose battles end when a test says so."""

    def __init__(self) -> None:
        self.ended = False
        self.waits = 0
        self.closed = False
        self._wake: Callable[[], None] = lambda: None

    def report_of(self, order: BattleOrder) -> BattleReport:
        if not self.ended:
            raise BattleUnderWay
        return fight(order)

    def tell(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def wait(self) -> None:
        self.waits += 1
        self.ended = True

    def close(self) -> None:
        self.closed = True

    def end(self) -> None:
        self.ended = True
        self._wake()


@pytest.fixture(autouse=True)
def buildings_are_fought_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the end of every building need a battle, in place of the arrivals of fleets."""

    def fight_and_finish(state: GameState, planet_id: int, at: float) -> list[Event]:
        state.battles.report_of(ORDER)
        return construction.finish_building(state, planet_id, at)

    kinds = tuple(
        dataclasses.replace(due, apply=fight_and_finish) if due.name == "construction" else due
        for due in DUE_KINDS
    )
    monkeypatch.setattr(calendar, "DUE_KINDS", kinds)


@pytest.fixture
def battles() -> SlowBattles:
    return SlowBattles()


@pytest.fixture
def hosted(battles: SlowBattles) -> Iterator[Hosted]:
    hosted = Hosted()
    hosted.game.state.battles = battles
    found(hosted.game, 1)
    found(hosted.game, 2)
    hosted.start()
    for player_id in (1, 2):
        hosted.carry_out(StartBuilding(player_id, "metal_mine"))
    yield hosted
    battles.end()
    hosted.end()


def pass_its_end(hosted: Hosted) -> None:
    hosted.clock.tick(PERIOD_S, int(BUILT_AFTER_S / PERIOD_S))


def test_that_ticks_go_on_while_orders_and_questions_wait(
    hosted: Hosted, battles: SlowBattles
) -> None:
    pass_its_end(hosted)
    held_at = hosted.game.time
    order = hosted.simulation.submit(StartBuilding(1, "solar_plant"))
    question = hosted.simulation.ask(ReportPlanet(2))
    ticks = hosted.simulation.status.tick
    hosted.clock.tick(PERIOD_S, 8)
    assert hosted.simulation.status.tick == ticks + 8
    assert hosted.metrics.held_ticks._value.get() >= 8
    assert hosted.metrics.ticks_skipped._value.get() == 0
    assert (order.done(), question.done()) == (False, False)
    assert hosted.game.time == held_at < hosted.clock.now()
    battles.end()
    # In the order in which they came, and after the battle's own instant.
    assert isinstance(order.result(TIMEOUT_S), Accepted)
    assert question.result(TIMEOUT_S).levels["metal_mine"] == 1
    hosted.clock.wait_until_asleep()
    assert not hosted.game.held
    assert hosted.game.time <= hosted.clock.now()


def test_that_the_world_ends_as_if_the_battle_had_taken_no_time(
    hosted: Hosted, battles: SlowBattles
) -> None:
    pass_its_end(hosted)
    hosted.clock.tick(PERIOD_S, 40)
    battles.end()
    hosted.clock.tick(PERIOD_S)
    clock = ManualClock()
    other = new_game(clock, galaxies=1, systems=99)
    found(other, 1)
    found(other, 2)
    for player_id in (1, 2):
        carry_out(other, StartBuilding(player_id, "metal_mine"))
    other.advance(hosted.clock.now())
    assert bits_of(hosted.game.state.world) == bits_of(other.state.world)


def test_that_what_is_saved_meanwhile_is_the_world_before_the_battle(
    hosted: Hosted, battles: SlowBattles
) -> None:
    pass_its_end(hosted)
    hosted.game.save_player_data().result(TIMEOUT_S)
    durable = hosted.store.clock
    assert durable is not None
    assert durable.world_time < hosted.clock.now()
    assert hosted.game.calendar.pending_count(hosted.clock.now()) == 2


def test_that_who_gave_up_waiting_is_not_served(hosted: Hosted, battles: SlowBattles) -> None:
    pass_its_end(hosted)
    first = hosted.simulation.submit(StartBuilding(1, "solar_plant"))
    second = hosted.simulation.submit(StartBuilding(2, "solar_plant"))
    third = hosted.simulation.submit(StartBuilding(2, "crystal_mine"))
    hosted.clock.tick(PERIOD_S)
    # Nothing of them is done, though the first is next: he may be told so, and order it again.
    assert (first.cancel(), second.cancel()) == (True, True)
    battles.end()
    assert isinstance(third.result(TIMEOUT_S), Accepted)
    hosted.clock.wait_until_asleep()
    assert hosted.simulation.ask(ReportPlanet(1)).result(TIMEOUT_S).queue == ()
    (item,) = hosted.simulation.ask(ReportPlanet(2)).result(TIMEOUT_S).queue
    assert item.building == "crystal_mine"


def test_that_battles_that_ticks_wait_for_are_shown(hosted: Hosted, battles: SlowBattles) -> None:
    hosted.clock.tick(PERIOD_S, 8)
    assert hosted.simulation.status.set_aside == 0
    battles.is_given_up = True
    hosted.clock.tick(PERIOD_S, 16)
    assert hosted.simulation.status.set_aside == 1
    assert hosted.game.failed_systems == [BATTLES]


class QuickBattles(FoughtHere):
    """A battlefield whose battles end a moment after somebody has asked for them."""

    def __init__(self) -> None:
        self.known: set[BattleOrder] = set()
        self._wake: Callable[[], None] = lambda: None

    def report_of(self, order: BattleOrder) -> BattleReport:
        if order not in self.known:
            self.known.add(order)
            self._wake()
            raise BattleUnderWay
        self.known.remove(order)
        return fight(order)

    def tell(self, wake: Callable[[], None]) -> None:
        self._wake = wake


def test_that_one_tick_is_enough_for_the_battles_of_a_night() -> None:
    hosted = Hosted()
    hosted.game.state.battles = QuickBattles()
    players = range(1, 6)
    for player_id in players:
        found(hosted.game, player_id)
    hosted.start()
    try:
        for player_id in players:
            hosted.carry_out(StartBuilding(player_id, "metal_mine"))
            hosted.clock.tick(PERIOD_S)
        hosted.clock.set(hosted.clock.now() + 8 * 3600)
        hosted.clock.tick(PERIOD_S)
        assert not hosted.game.held
        assert hosted.game.calendar.pending_count(hosted.clock.now()) == 0
        assert hosted.metrics.held_ticks._value.get() == 1
    finally:
        hosted.end()


def test_that_nobody_is_absent_before_a_world_that_slept_is_in_the_present(
    hosted: Hosted, battles: SlowBattles
) -> None:
    hosted.clock.set(hosted.clock.now() + 40 * DAY_S)
    hosted.clock.tick(PERIOD_S)
    absent = hosted.simulation.ask(ListAbsent(30 * DAY_S, 10))
    hosted.clock.tick(PERIOD_S)
    assert not absent.done()
    battles.end()
    assert absent.result(TIMEOUT_S) == ()


def test_that_a_stop_waits_for_the_battle(hosted: Hosted, battles: SlowBattles) -> None:
    pass_its_end(hosted)
    order = hosted.simulation.submit(StartBuilding(1, "solar_plant"))
    hosted.simulation.request_stop()
    hosted.clock.wait_until_asleep()
    assert not order.done()
    battles.end()
    assert isinstance(order.result(TIMEOUT_S), Accepted)
    hosted.simulation.finished.result(TIMEOUT_S)
    hosted.thread.join(TIMEOUT_S)
    assert battles.closed


def test_that_a_stop_does_not_wait_for_ever(hosted: Hosted) -> None:
    pass_its_end(hosted)
    order = hosted.simulation.submit(StartBuilding(1, "solar_plant"))
    hosted.simulation.request_stop()
    hosted.clock.wait_until_asleep()
    hosted.clock.advance(BATTLE_PATIENCE_S)
    refused = order.result(TIMEOUT_S)
    assert isinstance(refused, Unavailable)
    assert refused.code == "stopping"
    # The world before the battle is saved; the battle is fought when it is started again.
    assert hosted.simulation.finished.result(TIMEOUT_S).set_aside == 0


def test_that_catching_up_waits_for_battles(battles: SlowBattles) -> None:
    store = ManualStore(at_once=True)
    clock = ManualClock()
    game = new_game(clock, store, galaxies=1, systems=99)
    found(game, 1)
    carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(BUILT_AFTER_S)
    game.state.battles = battles
    hosted = Hosted(
        store=store, clock=clock, game=game, opening=Opening([StartBuilding(1, "solar_plant")])
    ).start()
    try:
        assert battles.waits == 1
        assert hosted.simulation.ask(ReportPlanet(1)).result(TIMEOUT_S).levels["metal_mine"] == 1
    finally:
        hosted.end()
