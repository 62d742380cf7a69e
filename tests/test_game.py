"""The world as a whole: instants of commands, due events, what fails, and saving on request."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import TracebackType

import pytest

from core import stockpiles
from core.calendar import DueKind
from core.commands import (
    AdoptRules,
    ChangeSettings,
    ExcuseAbsence,
    FoundHome,
    StartBuilding,
    Unavailable,
)
from core.components import PLANET, UNIVERSE, Stocks
from core.config import Settings
from core.ecs import Origin, World
from core.errors import DatabaseError, StorageError
from core.events import Event
from core.game import CATCH_UP_STEP, GameWorld
from core.loading import opening_commands, rules_fingerprint
from core.queries import ReportPlanet
from core.rules import RULES
from core.save_batch import SaveReason, SaveResult
from core.state import GameState
from core.systems.construction import levels_of, queue_of
from tests.manual_clock import START, ManualClock
from tests.store import ManualStore
from tests.worlds import (
    bits_of,
    carry_out,
    everything_of,
    found,
    loaded_from,
    new_game,
    reload,
    set_up,
    stored_bits,
)

INTERVAL_S = 10.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock)
    for number in (1, 2, 3):
        found(game, number)
    return game


def pass_time(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    game.advance(clock.now())


# Instants -----------------------------------------------------------------------------------------


def test_that_each_command_gets_a_later_instant_than_the_one_before(game: GameWorld) -> None:
    instants = []
    for building in ("metal_mine", "crystal_mine", "solar_plant"):
        carry_out(game, StartBuilding(1, building))
        instants.append(game.time)
    assert instants == sorted(set(instants))
    assert instants[-1] - instants[0] < 1e-3


def test_that_time_does_not_run_backwards_with_the_clock(
    game: GameWorld, clock: ManualClock
) -> None:
    pass_time(game, clock, 100)
    before = game.time
    clock.set_back(5000)
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert game.time > before
    report, _ = game.ask(ReportPlanet(1))
    assert report.at == game.time
    game.advance(clock.now())
    assert game.time > before


def test_that_everything_due_is_applied_before_a_command(
    game: GameWorld, clock: ManualClock
) -> None:
    item = carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(3600)
    carry_out(game, StartBuilding(1, "solar_plant"))
    assert levels_of(game.state, 1)["metal_mine"] == 1
    (active,) = queue_of(game.state, 1)
    assert active.started_at == game.time
    assert active.started_at > item.due_at


def test_that_a_command_that_fails_is_undone_and_says_so(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    before = everything_of(game)
    with monkeypatch.context() as patch:
        patch.setattr("core.systems.construction._write", fail)
        outcome = game.execute(StartBuilding(1, "metal_mine")).outcome
    assert isinstance(outcome, Unavailable)
    assert outcome.code == "failed"
    assert everything_of(game) == before
    carry_out(game, StartBuilding(1, "metal_mine"))


def test_that_questions_change_nothing(game: GameWorld, clock: ManualClock) -> None:
    before = everything_of(game)
    for _ in range(10):
        clock.advance(1.7)
        game.ask(ReportPlanet(1))
        game.ask(ReportPlanet(99))
    assert everything_of(game) == before


# What fails ---------------------------------------------------------------------------------------


def spoil(game: GameWorld, planet_id: int, finish_at: float) -> None:
    """Have a planet finish a building that it does not have: our own fault, some day."""
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.write(PLANET, planet_id, "BuildQueue.finish_at", finish_at)
    game.calendar.reload()


def test_that_a_planet_whose_event_fails_is_set_aside_and_the_others_go_on(
    game: GameWorld, clock: ManualClock
) -> None:
    due = carry_out(game, StartBuilding(2, "metal_mine")).due_at
    spoil(game, 1, due - 1)
    before = bits_of(game.state.world)["planet"][1]
    pass_time(game, clock, 3600)
    assert bits_of(game.state.world)["planet"][1] == before
    assert game.calendar.is_set_aside(PLANET, 1)
    assert game.set_aside_count == 1
    assert levels_of(game.state, 2)["metal_mine"] == 1
    carry_out(game, StartBuilding(1, "solar_plant"))


def test_that_an_event_that_does_not_move_on_is_set_aside(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied = []

    def stand_still(_state: GameState, planet_id: int, at: float) -> list[Event]:
        applied.append((planet_id, at))
        return []

    kind = DueKind("production", PLANET, "Stocks.boundary_at", stand_still)
    monkeypatch.setattr("core.calendar.DUE_KINDS", (kind,))
    game = new_game(clock)
    for number in (1, 2):
        found(game, number)
        set_up(game, number, amounts=(9_999, 0, 0))
    pass_time(game, clock, 36_000)
    assert game.set_aside_count == 2
    assert 2 <= len(applied) <= 50


def test_that_an_event_that_goes_back_in_time_is_undone_and_set_aside(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_back(state: GameState, planet_id: int, at: float) -> list[Event]:
        stock = state.world.component_for_entity(PLANET, planet_id, Stocks)
        stock.boundary_at = at - 1
        return []

    kind = DueKind("production", PLANET, "Stocks.boundary_at", go_back)
    monkeypatch.setattr("core.calendar.DUE_KINDS", (kind,))
    game = new_game(clock)
    found(game, 1)
    set_up(game, 1, amounts=(9_999, 0, 0))
    before = bits_of(game.state.world)
    pass_time(game, clock, 36_000)
    assert bits_of(game.state.world) == before
    assert game.set_aside_count == 1


def test_that_what_was_set_aside_is_not_paid_twice_when_it_works_again(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store, starter_metal=9_000.0, starter_crystal=9_000.0)
    found(game, 1)
    mine = carry_out(game, StartBuilding(1, "metal_storage"))
    rate = game.state.world.component_for_entity(PLANET, 1, Stocks).production[0]

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("core.building_queue.planned", fail)
        pass_time(game, clock, 100 * 3600)
    assert game.calendar.is_set_aside(PLANET, 1)
    full = 10_000.0
    carry_out(game, ChangeSettings({"energy_floor": 0.5}))
    assert stockpiles.amounts_at(stock_of(game), game.time)[0] == full
    settled_at = game.time
    assert game.save_player_data().done()

    mended = reload(store, clock)
    pass_time(mended, clock, 3600)
    assert levels_of(mended.state, 1)["metal_storage"] == 1
    made = rate * (clock.now() - settled_at) / 3600
    assert mine.due_at < settled_at
    assert stockpiles.amounts_at(stock_of(mended), clock.now())[0] == pytest.approx(full + made)


def stock_of(game: GameWorld) -> Stocks:
    return game.state.world.component_for_entity(PLANET, 1, Stocks)


def test_that_a_system_that_fails_is_left_out_and_the_tick_goes_on(game: GameWorld) -> None:
    ran = []

    def broken(_world: World, _now: float) -> None:
        raise ZeroDivisionError

    def sound(_world: World, now: float) -> None:
        ran.append(now)

    game.state.world.add_processor(broken)
    game.state.world.add_processor(sound)
    game.process(1.0)
    game.process(2.0)
    assert ran == [1.0, 2.0]
    assert game.failed_systems == ["broken"]
    assert game.set_aside_count == 1
    assert set(game.take_system_seconds()) == {"broken", "sound"}
    assert game.take_system_seconds() == {}


# Catching up --------------------------------------------------------------------------------------


def test_that_catching_up_is_the_same_as_having_been_there(
    game: GameWorld, clock: ManualClock
) -> None:
    other = new_game(ManualClock())
    for number in (1, 2, 3):
        found(other, number)
    for world in (game, other):
        for building in ("metal_mine", "solar_plant", "crystal_mine"):
            carry_out(world, StartBuilding(2, building))
    reports: list[tuple[int, int]] = []
    applied = game.catch_up(START + 1e6, lambda *progress: reports.append(progress))
    for step in range(1, 1001):
        other.advance(START + step * 1e3)
    assert bits_of(game.state.world) == bits_of(other.state.world)
    # How many are due is known when the first begins; the others follow from those.
    assert reports[0][0] == 0
    assert reports[-1] == (applied, 0)
    assert game.time == START + 1e6


def test_that_catching_up_can_be_stopped_and_continued(clock: ManualClock) -> None:
    game = new_game(clock, galaxies=1, systems=499)
    count = CATCH_UP_STEP + 10
    for number in range(1, count + 1):
        found(game, number)
        carry_out(game, StartBuilding(number, "metal_mine"))
    clock.advance(3600)
    stops = iter([False, True])
    applied = game.catch_up(clock.now(), lambda *_: None, lambda: next(stops))
    assert applied == CATCH_UP_STEP
    assert game.time < clock.now()
    assert sum(levels_of(game.state, i)["metal_mine"] for i in range(1, count + 1)) == applied
    assert game.catch_up(clock.now(), lambda *_: None) == count - applied
    assert game.time == clock.now()


class _HastyClock(ManualClock):
    """Each look at it takes two tenths of a second."""

    def monotonic(self) -> float:
        self.advance(0.2)
        return super().monotonic()


def test_that_catching_up_is_reported_now_and_then_however_long_it_takes() -> None:
    clock = _HastyClock()
    game = new_game(clock, galaxies=1, systems=499)
    for number in range(1, 31):
        found(game, number)
        carry_out(game, StartBuilding(number, "metal_mine"))
    reports: list[int] = []
    applied = game.catch_up(clock.now() + 1e6, lambda done, _left: reports.append(done))
    assert applied < CATCH_UP_STEP
    # The clock is looked at for other reasons, too.
    assert len(reports) > applied / 4
    assert reports == sorted(reports)


# Saving while nobody ticks ------------------------------------------------------------------------


def test_that_a_world_is_saved_while_no_simulation_runs(clock: ManualClock) -> None:
    store = ManualStore()
    game = new_game(clock, store)
    found(game, 1)
    saved = game.save_player_data()
    assert not saved.done()
    store.commit()
    result = saved.result(timeout=0)
    assert result.reason is SaveReason.MANUAL
    assert result.aggregates == 3  # the universe, the player, the planet
    assert result.durable_until == game.time
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)
    assert game.writer.idle


def test_that_a_save_holds_everything_that_was_changed_before_the_call(clock: ManualClock) -> None:
    store = ManualStore()
    game = new_game(clock, store)
    first = game.save_player_data()
    found(game, 1)
    second = game.save_player_data()
    found(game, 2)
    third = game.save_player_data()
    assert len(store.submitted) == 1
    store.commit()
    assert first.done()
    assert not second.done()
    store.commit()
    # They were asked for while the first was being made: one save serves both.
    assert second.result(timeout=0) == third.result(timeout=0)
    assert sorted(store.rows["planet"]) == [1, 2]
    assert len(store.submitted) == 2


def test_that_a_save_that_cannot_be_made_says_so_and_the_next_one_is_tried(
    clock: ManualClock,
) -> None:
    store = ManualStore()
    game = new_game(clock, store)
    found(game, 1)
    failed, also_failed = game.save_player_data(), game.save_player_data()
    store.fail()
    with pytest.raises(StorageError, match="not saved: unreachable"):
        failed.result(timeout=0)
    with pytest.raises(StorageError):
        also_failed.result(timeout=0)
    saved = game.save_player_data()
    store.commit()
    assert saved.result(timeout=0).aggregates == 3
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)


def test_that_a_store_that_fails_at_once_is_asked_once_for_each_call(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    store.failing = StorageError("closed")
    for call in (1, 2, 3):
        assert isinstance(game.save_player_data().exception(timeout=0), StorageError)
        assert len(store.submitted) == call
    store.failing = None
    assert game.save_player_data().result(timeout=0).aggregates == 1


def test_that_a_call_that_was_given_up_is_left_out(clock: ManualClock) -> None:
    store = ManualStore()
    game = new_game(clock, store)
    game.save_player_data()
    cancelled, kept = game.save_player_data(), game.save_player_data()
    assert cancelled.cancel()
    store.commit()
    store.commit()
    assert kept.done()
    assert cancelled.cancelled()


def test_that_a_call_from_another_thread_waits_for_the_thread_that_owns_the_world(
    clock: ManualClock,
) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    woken = threading.Event()
    game.attach(woken.set)
    calls: list[Future[SaveResult]] = []
    thread = threading.Thread(target=lambda: calls.append(game.save_player_data()))
    thread.start()
    thread.join()
    (call,) = calls
    assert woken.is_set()
    assert not call.done()
    assert store.submitted == []
    game.take_requests()
    game.pump(after_tick=True)
    game.writer.take_completions()
    assert call.result(timeout=0).aggregates == 1
    game.detach()


def test_that_a_call_that_was_made_at_the_end_is_served_when_the_world_is_given_up(
    clock: ManualClock,
) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    game.attach(lambda: None)
    calls: list[Future[SaveResult]] = []
    thread = threading.Thread(target=lambda: calls.append(game.save_player_data()))
    thread.start()
    thread.join()
    game.detach()
    assert calls[0].result(timeout=0).aggregates == 1


def test_that_giving_a_world_up_does_not_try_for_ever_to_save_it(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    game.attach(lambda: None)
    found(game, 1)
    store.failing = StorageError("closed")
    game.detach()
    assert len(store.submitted) <= 1
    assert game.writer.at_risk_count() == 3


class AnnouncingLock:
    """A lock that tells when somebody comes for it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.wanted = threading.Semaphore(0)

    def __enter__(self) -> None:
        self.wanted.release()
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()


def test_that_an_outcome_that_comes_while_a_simulation_starts_is_left_to_it(
    clock: ManualClock,
) -> None:
    store = ManualStore()
    game = new_game(clock, store)
    lock = AnnouncingLock()
    game.lock = lock  # type: ignore[assignment]
    saved = game.save_player_data()
    assert lock.wanted.acquire(timeout=20)
    woken = threading.Event()
    committing = threading.Thread(target=store.commit)
    with lock:
        assert lock.wanted.acquire(timeout=20)
        committing.start()
        # It has seen that nobody owns the world and comes to deal with the outcome itself.
        assert lock.wanted.acquire(timeout=20)
        game.attach(woken.set)
    committing.join()
    assert woken.is_set()
    assert not saved.done()
    assert game.writer.has_completions
    game.detach()
    assert saved.done()


# Loading ------------------------------------------------------------------------------------------


def test_that_a_restart_gives_back_the_same_world(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    for number in (1, 2):
        found(game, number)
    carry_out(game, StartBuilding(1, "metal_mine"))
    carry_out(game, StartBuilding(1, "solar_plant"))
    game.tick = 41
    assert game.save_player_data().done()
    again = reload(store, clock)
    assert bits_of(again.state.world) == bits_of(game.state.world)
    assert again.state.world.next_id == game.state.world.next_id
    assert (again.time, again.tick) == (game.time, 41)
    # Nothing was saved since, and still the disk is as far as it was.
    assert again.writer.durable == game.writer.durable
    assert again.metrics.registry.get_sample_value("durable_tick") == 41
    assert again.writer.unsaved_count() == 0
    assert found(again, 3) == 3
    for world in (game, again):
        pass_time(world, clock, 3600)
    assert levels_of(again.state, 1) == levels_of(game.state, 1)


def test_that_no_id_is_given_twice_though_its_entity_is_gone(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    for number in (1, 2):
        found(game, number)
    assert game.save_player_data().done()
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        for number in (1, 2):
            game.state.world.delete_entity(PLANET, number)
    assert game.save_player_data().done()
    assert store.rows["planet"] == {}
    again = reload(store, clock)
    assert len(again.state.world.tables[PLANET]) == 0
    assert found(again, 7) == 3


def test_that_a_new_world_is_changed_already(clock: ManualClock) -> None:
    game = new_game(clock, economy_speed=4.0)
    assert game.state.universe.economy_speed == 4.0
    assert game.state.universe.systems == RULES.settings["systems"].default
    assert game.state.world.marks[UNIVERSE].urgent_count == 1
    assert game.writer.oldest_urgent_since is not None


def test_that_half_a_world_is_refused(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    found(game, 1)
    assert game.save_player_data().done()
    store.rows["universe"].clear()
    with pytest.raises(DatabaseError, match="without its settings"):
        reload(store, clock)


def test_that_a_new_world_opens_without_orders() -> None:
    assert opening_commands(loaded_from(ManualStore()), Settings()) == []


def test_that_a_loaded_world_adopts_the_rules_and_what_is_set_explicitly(
    clock: ManualClock,
) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    assert game.save_player_data().done()
    loaded = loaded_from(store, homeless=((4, "dora"),))
    adopt = AdoptRules(rules_fingerprint(RULES))
    home = FoundHome(4, "dora")
    assert opening_commands(loaded, Settings()) == [adopt, home]
    assert opening_commands(loaded, Settings(economy_speed=2.0, systems=3)) == [
        adopt,
        ChangeSettings({"economy_speed": 2.0}),
        home,
    ]
    # Where players choose their start, one without a home has not chosen yet.
    assert home not in opening_commands(loaded, Settings(require_start_choice=True))


def test_that_a_world_where_players_choose_leaves_them_homeless(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store, require_start_choice=True)
    assert game.save_player_data().done()
    loaded = loaded_from(store, homeless=((4, "dora"),))
    assert [type(c) for c in opening_commands(loaded, Settings())] == [AdoptRules]


def test_that_the_same_rules_have_the_same_fingerprint() -> None:
    assert rules_fingerprint(RULES) == rules_fingerprint(RULES)
    assert 0 <= rules_fingerprint(RULES) < 2**63


def test_that_days_on_which_the_world_was_off_are_excused() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    game.advance(clock.now())
    assert game.save_player_data().done()
    loaded = loaded_from(store)
    adopt = AdoptRules(rules_fingerprint(RULES))
    off = clock.now() + 86_399
    assert opening_commands(loaded, Settings(), off) == [adopt]
    opening = [adopt, ExcuseAbsence(86_400.0)]
    assert opening_commands(loaded, Settings(), off + 1) == opening


def test_that_no_save_is_lost_that_is_asked_for_as_they_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Taken while somebody adds his own, it would be added to a list that nobody has any more."""
    game = new_game()
    lists: list[object] = []

    class Lock:
        def __enter__(self) -> None:
            lists.append(game._requested)

        def __exit__(self, *_: object) -> None:
            lists.append(game._requested)

    monkeypatch.setattr(game, "lock", Lock())
    game.take_requests()
    taken, left = lists
    assert taken is not left
