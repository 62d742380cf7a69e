"""The simulation on its thread: deadlines, the inbox, who is answered when, and the end."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import calendar
from core.calendar import DUE_KINDS
from core.commands import (
    Accepted,
    CancelBuilding,
    ChangeSettings,
    Command,
    ExcuseAbsence,
    FoundHome,
    Outcome,
    Rejected,
    SelectPlanet,
    StartBuilding,
    Unavailable,
)
from core.components import LOGGED_COMMAND, PLANET, PLAYER
from core.delivery import Listener
from core.ecs import World
from core.errors import StorageError
from core.events import (
    BuildingFinished,
    BuildingStarted,
    Event,
    PlanetFounded,
    SettingsChanged,
    StocksChanged,
)
from core.game import GameWorld
from core.metrics import Metrics
from core.presence import ListAbsent
from core.queries import FindHome, PlanetReport, Query, ReadSettings, ReportPlanet
from core.save_batch import SaveReason, SaveResult
from core.simulation import COMMANDS_PER_PASS, Opening, Simulation
from core.state import GameState
from core.systems import construction
from core.systems.construction import levels_of
from core.write_behind import RETRY_DELAYS_S, SLICE_ROWS_MIN
from tests.manual_clock import TIMEOUT_S, ManualClock
from tests.store import ManualStore
from tests.worlds import bits_of, found, new_game, reload, stored_bits

PERIOD_S = 0.125  # a power of two, so that adding it up is exact
SAVE_INTERVAL_S = 10.0
GRACE_S = 10.0
FINAL_SAVE_TIMEOUT_S = 60.0


class Hosted:
    """A simulation on its thread, with a clock and a store in the hands of a test."""

    def __init__(
        self,
        *,
        store: ManualStore | None = None,
        game: GameWorld | None = None,
        clock: ManualClock | None = None,
        opening: Opening | None = None,
        pending_max: int = 1000,
        tick_period_s: float = PERIOD_S,
        **world: Any,
    ) -> None:
        self.clock = clock or ManualClock()
        self.store = store or ManualStore(at_once=True)
        self.metrics = Metrics(tick_ring_capacity=1000, save_ring_capacity=1000)
        self.game = game or new_game(
            self.clock,
            self.store,
            self.metrics,
            **{
                "galaxies": 1,
                "systems": 99,
                "save_interval_seconds": SAVE_INTERVAL_S,
                "storage_grace_seconds": GRACE_S,
                **world,
            },
        )
        self.simulation = Simulation(
            self.game,
            self.clock,
            self.metrics,
            tick_rate=1 / tick_period_s,
            save_interval_s=SAVE_INTERVAL_S,
            pending_max=pending_max,
            final_save_timeout_s=FINAL_SAVE_TIMEOUT_S,
            opening=opening,
        )
        self.failure: BaseException | None = None
        # A daemon: one that hangs fails its test and does not keep pytest from ending.
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            self.simulation.run()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            self.failure = error
        finally:
            self.clock.forget_wakes()

    def start(self) -> Hosted:
        self.thread.start()
        self.simulation.ready.result(TIMEOUT_S)
        self.clock.wait_until_asleep()
        return self

    def ask(self, query: Query) -> Future[Any]:
        future = self.simulation.ask(query)
        self.rest()
        return future

    def order(self, command: Command) -> Future[Outcome]:
        future = self.simulation.submit(command)
        self.rest()
        return future

    def carry_out(self, command: Command) -> Any:
        outcome = self.simulation.submit(command).result(TIMEOUT_S)
        assert isinstance(outcome, Accepted), outcome
        return outcome.value

    def rest(self) -> None:
        """Return when the simulation has done all it can and waits."""
        self.clock.wait_until_asleep()

    def commit(self) -> None:
        self.store.commit()
        self.rest()

    def fail(self) -> None:
        self.store.fail()
        self.rest()

    def tick(self, times: int = 1) -> None:
        self.clock.tick(1 / self.simulation.tick_rate, times)

    def stop(self) -> None:
        self.simulation.request_stop()
        self.thread.join(TIMEOUT_S)
        assert not self.thread.is_alive()

    def end(self) -> None:
        """Stop whatever a test has left of it."""
        if not self.thread.ident:
            return
        self.store.at_once, self.store.failing = True, None
        self.simulation.request_stop()
        while self.store.waiting:
            self.store.commit()
        self.clock.advance(max(RETRY_DELAYS_S))
        self.thread.join(TIMEOUT_S)

    def series(self, name: str) -> list[float]:
        values: list[float] = self.metrics.ticks.latest()[name].tolist()
        return values


Start = Callable[..., Hosted]


@pytest.fixture
def host() -> Iterator[Start]:
    """Start simulations that end with the test."""
    started: list[Hosted] = []

    def make(**arguments: Any) -> Hosted:
        hosted = Hosted(**arguments)
        started.append(hosted)
        return hosted

    yield make
    for hosted in started:
        hosted.end()


def value(outcome: Future[Outcome]) -> Any:
    result = outcome.result(timeout=0)
    assert isinstance(result, Accepted), result
    return result.value


def code(outcome: Future[Outcome]) -> str:
    result = outcome.result(timeout=0)
    assert isinstance(result, Rejected | Unavailable), result
    return result.code


# Ticks --------------------------------------------------------------------------------------------


def test_that_ticks_start_when_they_should(host: Start) -> None:
    hosted = host().start()
    begun = hosted.clock.monotonic()
    hosted.tick(times=20)
    assert hosted.series("at") == [begun + number * PERIOD_S for number in range(1, 21)]
    assert set(hosted.series("lateness_s")) == {0.0}
    assert hosted.simulation.status.tick == 20
    assert hosted.simulation.status.world_time == hosted.clock.now()


def test_that_a_late_tick_does_not_delay_the_next_one(host: Start) -> None:
    hosted = host().start()
    begun = hosted.clock.monotonic()
    late_s = PERIOD_S / 4
    for step in (PERIOD_S + late_s, PERIOD_S - late_s, PERIOD_S + late_s, PERIOD_S - late_s):
        hosted.clock.advance(step)
        hosted.rest()
    assert hosted.series("lateness_s") == [late_s, 0.0, late_s, 0.0]
    assert hosted.series("at")[-1] == begun + 4 * PERIOD_S
    assert sum(hosted.series("skipped")) == 0


def test_that_missed_slots_are_skipped_and_counted_and_never_run_in_a_burst(host: Start) -> None:
    hosted = host().start()
    begun = hosted.clock.monotonic()
    hosted.clock.advance(10.5 * PERIOD_S)
    hosted.rest()
    assert hosted.series("at") == [begun + 10.5 * PERIOD_S]
    assert hosted.series("skipped") == [9]
    hosted.clock.advance(0.5 * PERIOD_S)
    hosted.rest()
    # Back on the grid, and not late.
    assert hosted.series("lateness_s")[1:] == [0.0]
    assert hosted.metrics.registry.get_sample_value("ticks_skipped_total") == 9
    assert hosted.metrics.registry.get_sample_value("ticks_total") == 2


def test_that_events_are_applied_by_the_tick_at_their_instants(host: Start) -> None:
    hosted = host().start()
    hosted.carry_out(FoundHome(1, "ada"))
    item = hosted.carry_out(StartBuilding(1, "metal_mine"))
    hosted.tick(times=int(31 / PERIOD_S))
    report = hosted.ask(ReportPlanet(1)).result(timeout=0)
    assert report.levels["metal_mine"] == 1
    assert hosted.game.state.world.tables[PLANET].get(1, "Stocks.settled_at") == item.due_at


def test_that_a_failing_system_is_set_aside_and_the_tick_goes_on(host: Start) -> None:
    hosted = host()

    def broken(_world: World, _now: float) -> None:
        raise ZeroDivisionError

    hosted.game.state.world.add_processor(broken)
    hosted.start()
    hosted.tick(times=20)
    assert len(hosted.series("at")) == 20
    assert hosted.simulation.status.set_aside == 1
    assert hosted.carry_out(FoundHome(1, "ada")).planet_id == 1


@pytest.mark.parametrize("trouble", ["hangs", "fails"])
def test_that_storage_in_trouble_never_makes_a_tick_late(host: Start, trouble: str) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.order(FoundHome(1, "ada"))
    for _ in range(200):
        if trouble == "fails" and hosted.store.waiting:
            hosted.fail()
        hosted.tick()
    assert len(hosted.series("at")) == 200
    assert set(hosted.series("lateness_s")) == {0.0}
    assert sum(hosted.series("skipped")) == 0
    assert hosted.simulation.status.stalled


# Commands and answers -----------------------------------------------------------------------------


def test_that_a_command_does_not_wait_for_the_next_tick(host: Start) -> None:
    hosted = host().start()
    assert hosted.carry_out(FoundHome(1, "ada")).planet_id == 1
    assert hosted.series("at") == []


def test_that_a_command_is_acknowledged_after_the_commit_that_holds_it(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()  # the universe
    first = hosted.order(FoundHome(1, "ada"))
    second = hosted.order(FoundHome(2, "bob"))
    assert not first.done()
    assert sorted(hosted.store.rows["planet"]) == []
    hosted.commit()
    assert first.done()
    assert sorted(hosted.store.rows["planet"]) == [1]
    assert not second.done()
    hosted.commit()
    assert value(second).planet_id == 2


def test_that_many_commands_share_a_commit(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    outcomes = [hosted.order(FoundHome(number, f"p{number}")) for number in range(1, 30)]
    hosted.commit()
    assert [outcome.done() for outcome in outcomes] == [True] + [False] * 28
    hosted.commit()
    assert all(outcome.done() for outcome in outcomes)


def test_that_a_batch_is_captured_after_a_pass_though_the_inbox_is_not_empty(host: Start) -> None:
    hosted = host(store=ManualStore())
    outcomes = [
        hosted.simulation.submit(FoundHome(number, f"p{number}"))
        for number in range(1, 2 * COMMANDS_PER_PASS)
    ]
    hosted.start()
    (batch, _) = hosted.store.waiting[0]
    planets = [rows for rows in batch.rows if rows.table == "planet"]
    assert len(planets[0].ids) == COMMANDS_PER_PASS
    hosted.commit()
    hosted.commit()
    assert all(outcome.done() for outcome in outcomes)


def test_that_a_refusal_that_shows_nothing_uncommitted_is_answered_at_once(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    hosted.order(FoundHome(1, "ada"))
    assert code(hosted.order(StartBuilding(2, "metal_mine"))) == "no_home"
    hosted.commit()
    assert code(hosted.order(StartBuilding(1, "palace"))) == "unknown_type"


def test_that_a_refusal_that_shows_what_is_not_committed_waits(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    hosted.order(FoundHome(1, "ada", (1, 1, 5)))
    # By these somebody could tell that ada has come, and she might never have.
    refusals = [
        hosted.order(StartBuilding(1, "shipyard")),
        hosted.order(FoundHome(2, "bob", (1, 1, 5))),
        hosted.order(SelectPlanet(1, 7)),
    ]
    assert not any(refusal.done() for refusal in refusals)
    hosted.commit()
    assert [code(refusal) for refusal in refusals] == ["requirements_not_met", "taken", "not_yours"]


def test_that_an_answer_that_shows_what_is_not_committed_waits(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    hosted.order(FoundHome(1, "ada"))
    answers = [hosted.ask(FindHome(1)), hosted.ask(ReportPlanet(1))]
    assert not any(answer.done() for answer in answers)
    hosted.commit()
    assert answers[0].result(timeout=0).planet_id == 1
    assert answers[1].result(timeout=0).kept


def test_that_changed_settings_are_shown_when_they_are_committed(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    hosted.order(ChangeSettings({"economy_speed": 4.0}))
    answer = hosted.ask(ReadSettings())
    assert not answer.done()
    hosted.commit()
    assert answer.result(timeout=0)["economy_speed"] == 4.0


def test_that_an_answer_does_not_wait_for_what_may_wait(host: Start) -> None:
    hosted = host().start()
    hosted.carry_out(FoundHome(1, "ada"))
    hosted.carry_out(StartBuilding(1, "metal_mine"))
    hosted.store.at_once = False
    hosted.tick(times=int(40 / PERIOD_S))
    report = hosted.ask(ReportPlanet(1)).result(timeout=0)
    assert report.levels["metal_mine"] == 1
    assert report.kept


def test_that_a_command_that_changes_nothing_is_answered_at_once(host: Start) -> None:
    hosted = host().start()
    hosted.carry_out(FoundHome(1, "ada"))
    hosted.store.at_once = False
    assert value(hosted.order(SelectPlanet(1, 1))) == 1
    assert value(hosted.order(FoundHome(1, "ada"))).planet_id == 1


def test_that_a_full_inbox_refuses_at_once(host: Start) -> None:
    hosted = host(store=ManualStore(), pending_max=3).start()
    hosted.commit()
    taken = [hosted.order(FoundHome(number, "x")) for number in (1, 2, 3)]
    before = bits_of(hosted.game.state.world)
    refused = hosted.simulation.submit(FoundHome(9, "late"))
    assert code(refused) == "busy"
    assert hosted.simulation.pending_count == 3
    hosted.rest()
    assert bits_of(hosted.game.state.world) == before
    hosted.commit()
    hosted.commit()
    assert all(future.done() for future in taken)
    assert hosted.simulation.pending_count == 0
    later = hosted.order(FoundHome(9, "late"))
    hosted.commit()
    assert value(later).planet_id == 4


def test_that_what_was_cancelled_is_skipped(host: Start) -> None:
    hosted = host()
    kept, cancelled = (hosted.simulation.submit(FoundHome(n, f"p{n}")) for n in (1, 2))
    question = hosted.simulation.ask(ReportPlanet(1))
    assert cancelled.cancel()
    assert question.cancel()
    hosted.start()
    assert value(kept).planet_id == 1
    assert hosted.game.state.world.tables[PLANET].ids.tolist() == [1]
    assert hosted.simulation.pending_count == 0


def test_that_a_command_that_was_taken_cannot_be_cancelled(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    taken = hosted.order(FoundHome(1, "ada"))
    assert not taken.cancel()
    hosted.commit()
    assert value(taken).planet_id == 1


def test_that_a_question_that_fails_is_answered(
    host: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    hosted = host().start()
    hosted.carry_out(FoundHome(1, "ada"))
    with monkeypatch.context() as patch:
        patch.setattr("core.stockpiles.rates_of", fail)
        answer = hosted.ask(ReportPlanet(1)).result(timeout=0)
    assert answer.code == "failed"
    assert isinstance(hosted.ask(ReportPlanet(1)).result(timeout=0), PlanetReport)


# Storage that does not answer ---------------------------------------------------------------------


def stall(hosted: Hosted) -> tuple[Future[Outcome], Future[Any]]:
    """Let the grace pass with a change on its way; return what waits for it."""
    hosted.commit()
    promise = hosted.order(FoundHome(1, "ada"))
    shown = hosted.ask(ReportPlanet(1))
    hosted.clock.tick(PERIOD_S, int(GRACE_S / PERIOD_S) + 2)
    return promise, shown


def test_that_answers_go_out_unkept_while_storage_is_stalled(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    promise, shown = stall(hosted)
    assert hosted.simulation.status.stalled
    assert not shown.result(timeout=0).kept
    assert not hosted.ask(ReportPlanet(1)).result(timeout=0).kept
    assert not promise.done()


def test_that_commands_are_refused_while_storage_is_stalled(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    stall(hosted)
    before = bits_of(hosted.game.state.world)
    assert code(hosted.order(StartBuilding(1, "metal_mine"))) == "storage_unavailable"
    assert bits_of(hosted.game.state.world) == before


def test_that_commands_that_wait_for_their_commit_do_not_keep_anybody_from_looking(
    host: Start,
) -> None:
    hosted = host(store=ManualStore(), pending_max=1).start()
    stall(hosted)
    answers = [hosted.ask(ReportPlanet(1)) for _ in range(5)]
    assert [answer.result(timeout=0).kept for answer in answers] == [False] * 5


def test_that_questions_have_a_limit_of_their_own(host: Start) -> None:
    hosted = host(store=ManualStore(), pending_max=2).start()
    hosted.commit()
    hosted.order(FoundHome(1, "ada"))
    answers = [hosted.ask(ReportPlanet(1)) for _ in range(3)]
    assert [answer.done() for answer in answers] == [False, False, True]
    assert answers[2].result(timeout=0).code == "busy"
    hosted.commit()
    assert all(answer.done() for answer in answers)


def test_that_everything_is_kept_when_storage_works_again(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    promise, _ = stall(hosted)
    hosted.store.at_once = True
    hosted.commit()
    assert value(promise).planet_id == 1
    assert hosted.ask(ReportPlanet(1)).result(timeout=0).kept
    assert hosted.carry_out(StartBuilding(1, "metal_mine")).level == 1
    hosted.tick(times=10)
    assert not hosted.simulation.status.stalled


def test_that_accepting_what_is_so_already_is_a_promise_too(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    first = hosted.order(FoundHome(1, "ada"))
    again = hosted.order(FoundHome(1, "ada"))
    hosted.clock.tick(PERIOD_S, int(GRACE_S / PERIOD_S) + 2)
    # It changed nothing, but it says that ada has a home, and that is not on disk.
    assert not again.done()
    hosted.store.at_once = True
    hosted.commit()
    assert value(first) == value(again)


def test_that_failed_saves_are_tried_again_between_ticks(host: Start) -> None:
    hosted = host(store=ManualStore(), tick_period_s=16.0).start()
    hosted.commit()
    outcome = hosted.order(FoundHome(1, "ada"))
    hosted.fail()
    assert not hosted.store.waiting
    hosted.clock.advance(RETRY_DELAYS_S[0])
    hosted.rest()
    hosted.commit()
    assert value(outcome).planet_id == 1
    assert hosted.series("at") == []


# Events -------------------------------------------------------------------------------------------


class Ear:
    """A listener whose loop is the test."""

    def __init__(self, hosted: Hosted) -> None:
        self.heard: list[Event] = []
        self.posted: list[Callable[[], None]] = []
        self.listener = Listener(self.posted.append, on_event=self.heard.append)
        hosted.simulation.add_listener(self.listener)

    def listen(self) -> list[Event]:
        self.heard.clear()
        while self.posted:
            self.posted.pop(0)()
        return list(self.heard)


def test_that_an_event_is_told_when_it_is_committed(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    ear = Ear(hosted)
    hosted.commit()
    hosted.order(FoundHome(1, "ada"))
    hosted.order(FoundHome(2, "bob"))
    assert ear.listen() == []
    hosted.commit()
    assert [type(event) for event in ear.listen()] == [PlanetFounded]
    hosted.commit()
    assert [type(event) for event in ear.listen()] == [PlanetFounded]


def test_that_an_event_that_may_wait_is_told_at_once(host: Start) -> None:
    hosted = host().start()
    hosted.carry_out(FoundHome(1, "ada"))
    hosted.carry_out(StartBuilding(1, "metal_mine"))
    ear = Ear(hosted)
    hosted.store.at_once = False
    hosted.tick(times=int(31 / PERIOD_S))
    assert [type(event) for event in ear.listen()] == [BuildingFinished, StocksChanged]


def test_that_an_event_waits_for_what_it_shows_besides_itself(host: Start) -> None:
    hosted = host(storage_grace_seconds=600.0).start()
    hosted.carry_out(FoundHome(1, "ada"))
    ear = Ear(hosted)
    hosted.store.at_once = False
    hosted.order(StartBuilding(1, "metal_mine"))
    hosted.tick(times=int(31 / PERIOD_S))
    assert ear.listen() == []
    hosted.commit()
    heard = [type(event) for event in ear.listen()]
    assert heard == [BuildingStarted, StocksChanged, BuildingFinished, StocksChanged]


def test_that_answers_for_a_listener_go_over_with_its_events(host: Start) -> None:
    hosted = host().start()
    ear = Ear(hosted)
    future = hosted.simulation.submit(FoundHome(1, "ada"), ear.listener)
    hosted.rest()
    assert not future.done()
    assert len(ear.posted) == 1
    assert [type(event) for event in ear.listen()] == [PlanetFounded]
    assert value(future).planet_id == 1


def test_that_a_listener_that_was_taken_off_gets_its_answers_and_no_events(host: Start) -> None:
    hosted = host().start()
    ear = Ear(hosted)
    hosted.simulation.remove_listener(ear.listener)
    future = hosted.simulation.submit(FoundHome(1, "ada"), ear.listener)
    hosted.rest()
    assert ear.listen() == []
    assert value(future).planet_id == 1


def test_that_changed_settings_are_told(host: Start) -> None:
    hosted = host().start()
    ear = Ear(hosted)
    hosted.carry_out(ChangeSettings({"energy_floor": 0.5}))
    hosted.rest()
    (event,) = ear.listen()
    assert isinstance(event, SettingsChanged)


# Saves --------------------------------------------------------------------------------------------


def periodic_saves(hosted: Hosted) -> int:
    value = hosted.metrics.registry.get_sample_value("save_total", {"reason": "periodic"})
    return int(value or 0)


def test_that_saves_are_made_at_their_interval_under_jitter(host: Start) -> None:
    hosted = host(persist_interval_seconds=SAVE_INTERVAL_S, starter_metal=9_999.0).start()
    hosted.carry_out(FoundHome(1, "ada"))
    late = [0.0, 0.11, 0.02, 0.09, 0.0, 0.12, 0.01]
    before = 0.0
    for number, late_s in enumerate(late, start=1):
        touch(hosted)
        hosted.clock.advance(number * SAVE_INTERVAL_S + late_s - before)
        before = number * SAVE_INTERVAL_S + late_s
        hosted.rest()
        hosted.tick()
        before += PERIOD_S
        assert periodic_saves(hosted) == number
        # Equal intervals: every save has every planet that has changed.
        assert stored_bits(hosted.store, hosted.game.state.world) == bits_of(
            hosted.game.state.world
        )


def touch(hosted: Hosted) -> None:
    """Have planet 1 change in a way that may wait: an event of its own is due."""
    table = hosted.game.state.world.tables[PLANET]
    # The thread sleeps: nobody else is at the world.
    table.set(1, "Stocks.boundary_at", hosted.clock.now() + 1)
    hosted.game.calendar.reload()


def test_that_a_persist_interval_that_is_no_multiple_is_rounded_up(host: Start) -> None:
    hosted = host(persist_interval_seconds=25.0).start()
    hosted.carry_out(FoundHome(1, "ada"))
    written_at = []
    begun = hosted.clock.monotonic()
    for _ in range(13):
        touch(hosted)
        hosted.clock.advance(SAVE_INTERVAL_S)
        hosted.rest()
        if any(rows.table == "planet" for rows in hosted.store.committed[-1].rows):
            written_at.append(hosted.clock.monotonic() - begun)
    assert written_at == [30.0, 60.0, 90.0, 120.0]


def test_that_a_save_is_made_for_whoever_asks_while_the_world_runs(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    hosted.order(FoundHome(1, "ada"))
    saved = hosted.game.save_player_data()
    hosted.rest()
    hosted.commit()
    assert not saved.done()
    hosted.commit()
    assert saved.result(timeout=0).reason is SaveReason.MANUAL
    assert stored_bits(hosted.store, hosted.game.state.world) == bits_of(hosted.game.state.world)


def test_that_a_save_asked_for_just_before_a_tick_waits_for_it_and_an_order_does_not(
    host: Start,
) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    hosted.order(FoundHome(1, "ada"))
    hosted.commit()
    touch(hosted)
    hosted.tick(times=8)
    hosted.clock.advance(0.9 * PERIOD_S)
    hosted.rest()
    saved = hosted.game.save_player_data()
    hosted.rest()
    # Capturing a slice takes its time, and the tick would start late by it.
    assert not hosted.store.waiting
    ordered = hosted.order(StartBuilding(1, "metal_mine"))
    assert [batch.reason for batch, _ in hosted.store.waiting] == [SaveReason.URGENT]
    hosted.commit()
    assert value(ordered).building == "metal_mine"
    hosted.clock.advance(0.1 * PERIOD_S)
    hosted.rest()
    hosted.commit()
    assert saved.result(timeout=0).reason is SaveReason.MANUAL
    assert stored_bits(hosted.store, hosted.game.state.world) == bits_of(hosted.game.state.world)


def test_that_a_slice_between_ticks_is_no_larger_than_one_after_a_tick(host: Start) -> None:
    planets, period_s = 800, 1 / 32
    hosted = host(store=ManualStore(), pending_max=planets, tick_period_s=period_s).start()
    hosted.commit()
    for player in range(1, planets + 1):
        hosted.simulation.submit(FoundHome(player, f"player {player}"))
    hosted.rest()
    while hosted.store.waiting:
        hosted.commit()
    table = hosted.game.state.world.tables[PLANET]
    for planet_id in table.ids.tolist():
        table.set(planet_id, "Stocks.boundary_at", hosted.clock.now() + period_s / 2)
    hosted.game.calendar.reload()
    hosted.tick()
    hosted.game.save_player_data()
    hosted.rest()
    between_ticks = hosted.store.waiting[-1][0]
    hosted.commit()
    hosted.tick()
    after_a_tick = hosted.store.waiting[-1][0]
    assert between_ticks.aggregates == SLICE_ROWS_MIN
    assert after_a_tick.aggregates == planets - SLICE_ROWS_MIN


def test_that_a_save_may_be_asked_for_by_the_thread_that_runs_the_world(host: Start) -> None:
    hosted = host()
    saves: list[Future[SaveResult]] = []

    def save(_world: World, _now: float) -> None:
        saves.append(hosted.game.save_player_data())

    hosted.game.state.world.add_processor(save)
    hosted.start()
    hosted.tick(times=2)
    assert [save.done() for save in saves] == [True, True]


# Start and end ------------------------------------------------------------------------------------


def left_with_work(store: ManualStore, clock: ManualClock) -> None:
    """Save a world in which much falls due while nobody runs it."""
    game = new_game(clock, store, galaxies=1, systems=30)
    for number in (1, 2):
        found(game, number)
        for building in ("metal_mine", "solar_plant"):
            assert isinstance(game.execute(StartBuilding(number, building)).outcome, Accepted)
    assert game.save_player_data().done()
    clock.advance(10_000)


def test_that_a_world_catches_up_before_its_first_tick(host: Start) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    left_with_work(store, clock)
    game = reload(store, clock)
    progress: list[tuple[int, int]] = []
    opening = Opening((FoundHome(3, "eve"),), lambda *step: progress.append(step))
    hosted = host(game=game, clock=clock, store=store, opening=opening).start()
    assert hosted.series("at") == []
    assert levels_of(game.state, 1)["solar_plant"] == 1
    assert game.state.world.tables[PLANET].ids.tolist() == [1, 2, 3]
    assert game.state.world.tables[PLANET].get(3, "Planet.founded_at") > clock.now() - 1
    assert progress[-1][1] == 0


def test_that_a_world_that_is_stopped_while_it_catches_up_does_not_finish_first(
    host: Start,
) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    left_with_work(store, clock)
    game = reload(store, clock)
    hosted = host(
        game=game, clock=clock, store=store, opening=Opening((ChangeSettings({"galaxies": 2}),))
    )
    hosted.simulation.request_stop()
    hosted.thread.start()
    hosted.simulation.finished.result(TIMEOUT_S)
    hosted.thread.join(TIMEOUT_S)
    assert hosted.simulation.ready.done()
    assert levels_of(game.state, 1)["metal_mine"] == 0
    again = reload(store, clock)
    again.advance(clock.now())
    assert levels_of(again.state, 1)["metal_mine"] == 1


def test_that_a_stop_in_the_middle_of_catching_up_leaves_nobody_away_for_longer(
    host: Start,
) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    left_with_work(store, clock)
    day = 86_400.0
    clock.advance(20 * day)
    game = reload(store, clock)
    left_off_at = game.time
    seen_at = game.state.world.tables[PLAYER].get(1, "Presence.active_at")
    hosts = host(
        game=game,
        clock=clock,
        store=store,
        opening=Opening(
            (ExcuseAbsence(20 * day),),
            lambda applied, _left: hosts.simulation.request_stop() if applied else None,
        ),
    )
    with patch("core.game.CATCH_UP_STEP", 1):
        hosts.thread.start()
        hosts.simulation.finished.result(TIMEOUT_S)
        hosts.thread.join(TIMEOUT_S)
    stopped_at = game.time
    assert left_off_at < stopped_at < clock.now()
    again = reload(store, clock)
    presence = again.state.world.tables[PLAYER].get(1, "Presence.active_at")
    assert presence - seen_at == pytest.approx(stopped_at - left_off_at)


@pytest.mark.parametrize(
    ("asleep_s", "absent_days"), [(40 * 86_400.0, 5), (86_400.0, 5), (86_000.0, 6)]
)
def test_that_while_the_computer_slept_nobody_was_absent(
    host: Start, asleep_s: float, absent_days: int
) -> None:
    day = 86_400.0
    hosted = host(command_log=True)
    for player_id in (1, 2):
        found(hosted.game, player_id)
    hosted.start()
    seen_at = hosted.game.state.world.tables[PLAYER].get(1, "Presence.active_at")
    for _ in range(8):
        hosted.clock.set(hosted.clock.now() + day * 5 / 8)
        hosted.clock.tick(PERIOD_S)
    slept_at = hosted.clock.now()
    hosted.clock.set(slept_at + asleep_s)
    # Whoever asks first is told so, before any tick.
    absent = hosted.ask(ListAbsent((absent_days - 0.5) * day, 10)).result(TIMEOUT_S)
    later = hosted.ask(ListAbsent((absent_days + 0.5) * day, 10)).result(TIMEOUT_S)
    assert (absent, later) == ((1, 2), ())
    # It is a command like any other: a replay comes to the same.
    log = hosted.game.state.world.tables[LOGGED_COMMAND]
    logged = list(log.array("LoggedCommand.command"))
    assert logged.count("ExcuseAbsence") == (asleep_s >= day)
    presence = hosted.game.state.world.tables[PLAYER].get(1, "Presence.active_at")
    assert presence - seen_at == pytest.approx(asleep_s if asleep_s >= day else 0.0, abs=1.0)


def test_that_an_hour_in_which_much_falls_due_is_not_held_against_the_storage(
    host: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hosted = host()
    for player_id in (1, 2):
        found(hosted.game, player_id)
    hosted.start()
    stalled: list[bool] = []

    def slow(state: GameState, planet_id: int, at: float) -> list[Event]:
        # As if a thousand more had been applied, while a change waits to be sent.
        hosted.clock.advance(0.7 * GRACE_S)
        state.world.exists(PLAYER, 1)
        stalled.append(hosted.game.writer.stalled)
        return construction.finish_building(state, planet_id, at)

    kinds = tuple(
        dataclasses.replace(due, apply=slow) if due.name == "construction" else due
        for due in DUE_KINDS
    )
    monkeypatch.setattr(calendar, "DUE_KINDS", kinds)
    for building in ("metal_mine", "solar_plant"):
        for player_id in (1, 2):
            hosted.carry_out(StartBuilding(player_id, building))
    hosted.clock.set(hosted.clock.now() + 3600)
    hosted.clock.tick(PERIOD_S)
    assert stalled == [False] * 4
    assert not hosted.game.writer.stalled
    assert [record for record in caplog.records if record.levelname == "WARNING"] == []


def test_that_a_world_that_took_long_to_catch_up_is_not_short_of_storage(
    host: Start, caplog: pytest.LogCaptureFixture
) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    left_with_work(store, clock)
    game = reload(store, clock)
    opening = Opening((), lambda _applied, _left: clock.advance(60.0))
    with caplog.at_level("INFO"):
        hosted = host(game=game, clock=clock, store=store, opening=opening).start()
    assert game.set_aside_count == 0
    assert not game.writer.stalled
    assert "catching up: 0 events applied" in caplog.text
    assert value(hosted.order(FoundHome(3, "eve"))).planet_id == 3


def test_that_opening_orders_that_are_refused_do_not_keep_the_world_from_starting(
    host: Start, caplog: pytest.LogCaptureFixture
) -> None:
    opening = Opening((ChangeSettings({"gravity": 1.0}), FoundHome(1, "ada")))
    hosted = host(opening=opening).start()
    assert "ChangeSettings was refused" in caplog.text
    assert hosted.ask(FindHome(1)).result(timeout=0) is not None


def test_that_stopping_empties_the_inbox_saves_and_answers_everybody(host: Start) -> None:
    hosted = host()
    orders = [hosted.simulation.submit(FoundHome(n, f"p{n}")) for n in range(1, 600)]
    hosted.thread.start()
    hosted.stop()
    assert [value(order).planet_id for order in orders] == list(range(1, 600))
    assert hosted.simulation.finished.result(timeout=0).reason is SaveReason.FINAL
    assert stored_bits(hosted.store, hosted.game.state.world) == bits_of(hosted.game.state.world)
    assert not hosted.simulation.status.running
    assert code(hosted.simulation.submit(FoundHome(1, "x"))) == "stopping"
    assert hosted.simulation.ask(ReportPlanet(1)).result(timeout=0).code == "stopping"
    assert hosted.simulation.pending_count == 0


def test_that_stopping_saves_what_may_wait(host: Start) -> None:
    hosted = host(persist_interval_seconds=5000.0).start()
    hosted.carry_out(FoundHome(1, "ada"))
    hosted.carry_out(StartBuilding(1, "metal_mine"))
    hosted.tick(times=int(31 / PERIOD_S))
    assert stored_bits(hosted.store, hosted.game.state.world) != bits_of(hosted.game.state.world)
    hosted.stop()
    assert stored_bits(hosted.store, hosted.game.state.world) == bits_of(hosted.game.state.world)
    assert hosted.store.clock is not None
    assert hosted.store.clock.tick == int(31 / PERIOD_S)


def test_that_stopping_waits_for_the_batch_in_flight_and_tries_again(host: Start) -> None:
    hosted = host(store=ManualStore()).start()
    outcome = hosted.order(FoundHome(1, "ada"))
    hosted.simulation.request_stop()
    hosted.rest()
    assert len(hosted.store.waiting) == 1
    hosted.fail()
    hosted.clock.advance(RETRY_DELAYS_S[0])
    hosted.rest()
    assert not outcome.done()
    hosted.store.at_once = True
    hosted.store.commit()
    hosted.simulation.finished.result(TIMEOUT_S)
    assert value(outcome).planet_id == 1


@pytest.mark.parametrize("trouble", ["hangs", "fails"])
def test_that_a_final_save_that_cannot_be_made_is_owned_up_to(
    host: Start, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    hosted = host(store=ManualStore()).start()
    hosted.commit()
    kept = hosted.order(FoundHome(1, "ada"))
    hosted.commit()
    lost = hosted.order(StartBuilding(1, "metal_mine"))
    shown = hosted.ask(ReportPlanet(1))
    saved = hosted.game.save_player_data()
    hosted.simulation.request_stop()
    for _ in range(100):
        hosted.rest()
        if trouble == "fails" and hosted.store.waiting:
            hosted.store.fail()
        hosted.clock.advance(1.0)
        if hosted.simulation.finished.done():
            break
    error = hosted.simulation.finished.exception(TIMEOUT_S)
    assert isinstance(error, StorageError)
    assert "the final save could not be made" in str(error)
    hosted.thread.join(TIMEOUT_S)
    assert value(kept).planet_id == 1
    assert code(lost) == "commit_pending"
    assert not shown.result(timeout=0).kept
    assert isinstance(saved.exception(timeout=0), StorageError)
    assert "the final save could not be made" in caplog.text
    assert hosted.failure is None


def test_that_our_own_fault_ends_the_simulation_and_leaves_nobody_waiting(host: Start) -> None:
    hosted = host(store=ManualStore())

    def explode(_world: World, _now: float) -> None:
        raise SystemExit(3)

    hosted.start()
    hosted.commit()
    held = hosted.order(FoundHome(1, "ada"))
    shown = hosted.ask(ReportPlanet(1))
    hosted.game.state.world.add_processor(explode)
    hosted.simulation.submit(FoundHome(2, "bob"))
    hosted.clock.advance(PERIOD_S)
    hosted.thread.join(TIMEOUT_S)
    assert isinstance(hosted.failure, SystemExit)
    assert code(held) == "commit_pending"
    assert not shown.result(timeout=0).kept
    assert isinstance(hosted.simulation.finished.exception(timeout=0), StorageError)
    assert not hosted.simulation.status.running
    assert code(hosted.simulation.submit(FoundHome(3, "x"))) == "stopping"
    assert hosted.simulation.pending_count == 0


def test_that_a_simulation_that_cannot_start_says_so_to_whoever_waits_for_it(host: Start) -> None:
    hosted = host()

    def explode(_applied: int, _left: int) -> None:
        raise ZeroDivisionError

    hosted.simulation._opening = Opening((), explode)
    hosted.thread.start()
    assert isinstance(hosted.simulation.ready.exception(TIMEOUT_S), ZeroDivisionError)
    assert isinstance(hosted.simulation.finished.exception(TIMEOUT_S), StorageError)
    hosted.thread.join(TIMEOUT_S)


def test_that_a_world_runs_again_in_the_same_process(host: Start) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    first = host(clock=clock, store=store).start()
    first.carry_out(FoundHome(1, "ada"))
    first.tick(times=5)
    first.stop()
    second = host(game=first.game, clock=clock, store=store).start()
    assert second.carry_out(FoundHome(2, "bob")).planet_id == 2
    second.tick(times=5)
    assert second.game.tick == 10


# Whatever happens ---------------------------------------------------------------------------------

turns = st.lists(
    st.sampled_from(
        ["found", "build", "cancel", "ask", "save", "tick", "commit", "fail", "lie", "wait", "drop"]
    ),
    max_size=30,
)


@settings(max_examples=100)
@given(turns, st.integers(1, 6), st.booleans())
def test_that_every_future_is_resolved_and_what_was_accepted_is_kept(
    steps: list[str], pending_max: int, recovers: bool
) -> None:
    hosted = Hosted(store=ManualStore(), pending_max=pending_max).start()
    try:
        play = Play(hosted)
        for step in steps:
            play.take(step)
            assert sum(not order.done() for _, order in play.orders) <= pending_max
            play.check_homes()
        if not recovers:
            hosted.simulation.request_stop()
            hosted.rest()
            hosted.clock.advance(2 * FINAL_SAVE_TIMEOUT_S)
            assert hosted.simulation.finished.exception(TIMEOUT_S) is not None
    finally:
        hosted.end()
    if recovers:
        assert hosted.simulation.finished.result(timeout=0).reason is SaveReason.FINAL
        world = hosted.game.state.world
        assert stored_bits(hosted.store, world) == bits_of(world)
    assert all(order.done() for _, order in play.orders)
    assert all(future.done() for future in play.others)
    assert hosted.simulation.pending_count == 0
    play.check_homes()


class Play:
    """What players, the host and the disk do, turn by turn."""

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.orders: list[tuple[Command, Future[Outcome]]] = []
        self.others: list[Future[Any]] = []
        self.players = 0

    def order(self, command: Command) -> None:
        self.orders.append((command, self.hosted.order(command)))

    def take(self, step: str) -> None:
        hosted, player_id = self.hosted, max(self.players, 1)
        match step:
            case "found":
                self.players += 1
                self.order(FoundHome(self.players, f"p{self.players}"))
            case "build":
                self.order(StartBuilding(player_id, "metal_mine"))
            case "cancel":
                self.order(CancelBuilding(player_id, 0))
            case "ask":
                self.others.append(hosted.ask(ReportPlanet(player_id)))
            case "save":
                self.others.append(hosted.game.save_player_data())
                hosted.rest()
            case "drop" if self.others:
                self.others[-1].cancel()
            case "tick":
                hosted.tick(times=3)
            case "wait":
                hosted.clock.tick(2.0, 6)
            case "commit" if hosted.store.waiting:
                hosted.commit()
            case "fail" | "lie" if hosted.store.waiting:
                hosted.store.fail(committed=step == "lie")
                hosted.rest()
            case _:
                pass

    def check_homes(self) -> None:
        """Whoever was told that he has a home has one on disk."""
        for command, order in self.orders:
            accepted = order.done() and isinstance(order.result(), Accepted)
            if accepted and isinstance(command, FoundHome):
                assert command.player_id in self.hosted.store.rows["player"]
