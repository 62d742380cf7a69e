"""The laws of the design, tried on worlds that nobody has thought of.

The numbers are those of "Laws to test by property" in the design; those that are not here are held
by tests/test_write_behind.py (7, 8, 9) and tests/test_simulation.py (11, 12).
"""

from __future__ import annotations

import logging
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

import core
from core import stockpiles
from core.commands import (
    AbandonPlanet,
    Accepted,
    AcceptFriend,
    AcceptOffer,
    AdoptRules,
    CancelBuilding,
    CancelOffer,
    CancelResearch,
    ChangePlanet,
    ChangeSettings,
    Command,
    CreateOffer,
    DeleteMessage,
    DemolishBuilding,
    DispatchFleet,
    ExcuseAbsence,
    FoundHome,
    JumpThroughGate,
    NotePresence,
    Once,
    OrderUnits,
    PlainCommand,
    ReadMessage,
    RecallFleet,
    RemovePlayer,
    RenamePlayer,
    RequestKey,
    RevokeFriend,
    ScanWithPhalanx,
    SelectPlanet,
    SendMessage,
    SetVacation,
    StartBuilding,
    StartResearch,
    WriteToAll,
)
from core.components import (
    KINDS,
    NEVER,
    NO_UNIT,
    PLANET,
    PLAYER,
    RESOURCES,
    UNIVERSE,
    Stocks,
)
from core.ecs import Kind, Origin, Table, UnitOfWork, World
from core.game import GameWorld
from core.invariants import violations
from core.mailboxes import Mailboxes
from core.metrics import Metrics
from core.queries import ListWorldPlanets, ReportPlanet
from core.remembered_answers import KEPT_S, REUSED
from core.rules import RULES
from core.save_batch import SaveBatch, SaveReason
from core.unit_orders import orders_in
from tests.manual_clock import START, ManualClock
from tests.store import ManualStore
from tests.test_settlement import give_moon
from tests.worlds import (
    Bits,
    bits_of,
    boxes_of,
    carry_out,
    everything_of,
    found,
    loaded_from,
    new_game,
    reload,
    set_up,
)

RICH = (9_000.0, 9_000.0, 9_000.0)
SMALL_WORLD: dict[str, Any] = {"galaxies": 1, "systems": 2}
# What it takes to build a lab and to research something in it.
STARTER = {"starter_metal": 6_000.0, "starter_crystal": 6_000.0, "starter_deuterium": 6_000.0}
SAVE_INTERVAL_S = 10.0
METRICS = Metrics(tick_ring_capacity=10, save_ring_capacity=10)

# What players ask for, sensible or not ------------------------------------------------------------

player_ids = st.integers(1, 4)
planet_ids = st.none() | st.integers(0, 5)
units = st.sampled_from(("rocket_launcher", "solar_satellite", "cruiser", "palace"))
possible_units = st.sampled_from(("rocket_launcher", "solar_satellite"))
quantities = st.sampled_from((1, 2, 3, 40, 10**6 + 1))
buildings = st.sampled_from((*RULES.buildings, "palace"))
technologies = st.sampled_from((*RULES.technologies, "alchemy"))
sliders = st.dictionaries(
    st.sampled_from((*RULES.slid, "shipyard")), st.sampled_from([0, 30, 55, 100]), max_size=2
)
resources = st.sampled_from((*RULES.resources, "spice"))
traded = st.sampled_from([-1, 0, 1, 7, 90, 400, 10**13])
offer_ids = st.integers(0, 6)
message_ids = st.integers(0, 8)
fleet_ids = st.integers(0, 6)
# Near enough that fleets meet planets, and one another.
places = st.tuples(st.integers(1, 2), st.integers(1, 2), st.integers(3, 8))
missions = st.sampled_from((*RULES.missions, "picnic"))
ships = st.dictionaries(
    st.sampled_from(["small_cargo", "light_fighter", "recycler", "colony_ship", "palace"]),
    st.integers(-1, 3),
    max_size=3,
)
cargo = st.dictionaries(resources, st.sampled_from([-1, 0, 40, 900, 10**7]), max_size=2)
plain_commands: st.SearchStrategy[PlainCommand] = st.one_of(
    st.builds(
        FoundHome,
        player_ids,
        st.just("somebody"),
        st.none() | st.tuples(st.just(1), st.integers(1, 3), st.integers(3, 13)),
    ),
    st.builds(StartBuilding, player_ids, buildings, planet_ids),
    st.builds(StartBuilding, player_ids, buildings),
    st.builds(StartBuilding, player_ids, st.sampled_from(["metal_mine", "solar_plant"])),
    st.builds(DemolishBuilding, player_ids, buildings, planet_ids),
    st.builds(CancelBuilding, player_ids, st.integers(-1, 5)),
    st.builds(StartBuilding, player_ids, st.sampled_from(["research_lab", "robot_factory"])),
    st.builds(StartResearch, player_ids, technologies, planet_ids),
    st.builds(StartResearch, player_ids, st.sampled_from(["energy", "computer", "laser"])),
    st.builds(CancelResearch, player_ids, st.integers(-1, 5)),
    st.builds(
        ChangePlanet, player_ids, st.integers(0, 5), st.none() | st.just("Elsewhere"), sliders
    ),
    st.builds(OrderUnits, player_ids, units, quantities, planet_ids),
    st.builds(OrderUnits, st.just(1), possible_units, st.integers(1, 3)),
    st.builds(SelectPlanet, player_ids, st.integers(0, 5)),
    st.builds(ScanWithPhalanx, player_ids, st.integers(1, 5), st.just((1, 1, 8))),
    st.builds(
        JumpThroughGate, player_ids, st.integers(1, 5), st.integers(1, 5), st.just({"recycler": 1})
    ),
    st.builds(
        CreateOffer,
        player_ids,
        resources,
        traded,
        resources,
        traded,
        planet_ids,
        st.sampled_from([None, 0.0, 1.0, 20.0, 5_000.0]),
    ),
    st.builds(
        CreateOffer,
        player_ids,
        st.just("metal"),
        st.sampled_from([7, 90]),
        st.just("crystal"),
        st.sampled_from([1, 45]),
        st.none(),
        st.sampled_from([None, 20.0]),
    ),
    st.builds(AcceptOffer, player_ids, offer_ids, planet_ids),
    st.builds(AcceptOffer, player_ids, offer_ids),
    st.builds(CancelOffer, player_ids, offer_ids),
    st.builds(SendMessage, player_ids, player_ids, st.sampled_from(["", "Peace?", "no\0pe"])),
    st.builds(ReadMessage, player_ids, message_ids),
    st.builds(DeleteMessage, player_ids, message_ids, st.sampled_from([None, "system", "player"])),
    st.builds(
        DispatchFleet,
        player_ids,
        missions,
        places,
        ships,
        cargo,
        st.sampled_from([0, 1, 10]),
        st.sampled_from([0, 1, 100]),
        st.sampled_from([None, "planet", "moon", "debris"]),
        planet_ids,
    ),
    st.builds(RecallFleet, player_ids, fleet_ids),
    st.builds(AcceptFriend, player_ids, player_ids),
    st.builds(RevokeFriend, player_ids, player_ids),
    st.builds(NotePresence, player_ids),
    st.builds(SetVacation, st.integers(2, 4), st.booleans()),
    st.builds(AbandonPlanet, player_ids, st.integers(0, 5)),
    # Player 1 is the one whose world is worth something; who goes does not come back.
    st.builds(RemovePlayer, st.integers(2, 5), st.sampled_from([0.0, 900.0, 9e9])),
    st.builds(ExcuseAbsence, st.sampled_from([0.0, 500.0])),
    st.builds(
        ChangeSettings,
        st.dictionaries(
            st.sampled_from(
                [
                    "economy_speed",
                    "basic_income_metal",
                    "starter_metal",
                    "market_fee_percent",
                    "gravity",
                ]
            ),
            st.sampled_from([1.0, 7.5, 60.0]),
            max_size=2,
        ),
    ),
    st.builds(ChangeSettings, st.fixed_dictionaries({"galaxies": st.integers(1, 3)})),
    st.builds(AdoptRules, st.integers(1, 3)),
    st.builds(RenamePlayer, player_ids, st.sampled_from(["ada", "bea"])),
    st.builds(WriteToAll, st.sampled_from(["", "Back at noon."]), st.integers(0, 3)),
)
# Few keys, so that they are repeated, and sent with other requests.
keys = st.builds(RequestKey, st.integers(0, 2), st.sampled_from("ab"), st.integers(1, 2))
commands: st.SearchStrategy[Command] = plain_commands | st.builds(Once, keys, plain_commands)


def test_that_every_command_is_asked_for() -> None:
    # Those of the host that only mean something when the database refuses a row: test_quarantine.
    elsewhere = {"ReleaseSetAside", "DropSetAside"}
    wanted = {command.__name__ for command in get_args(PlainCommand)} - elsewhere
    assert {name for name in wanted if f"({name}," not in repr(plain_commands)} == set()


def small_game(clock: ManualClock, store: ManualStore) -> GameWorld:
    return new_game(
        clock,
        store,
        METRICS,
        **SMALL_WORLD,
        **STARTER,
        economy_speed=40.0,
        market_fee_percent=12.5,
        save_interval_seconds=SAVE_INTERVAL_S,
        persist_interval_seconds=2.5 * SAVE_INTERVAL_S,
    )


def found_with_a_shipyard(game: GameWorld, player_id: int) -> None:
    """Found a home that can build units: to get that far takes more commands than are drawn."""
    planet_id = found(game, player_id)
    set_up(game, planet_id, levels={"robot_factory": 2, "shipyard": 2}, amounts=RICH)


# Laws 1, 2, 3, 4, 9, 10: every cut ----------------------------------------------------------------


class Replay:
    """The same world, which nobody saves, kills or asks: the commands that are on disk."""

    def __init__(self, store: ManualStore) -> None:
        self.clock = ManualClock()
        self.game = reload(store, self.clock, METRICS)
        self.done = 0

    def follow(self, log: Sequence[tuple[float, Command]], until: float) -> Bits:
        for at, command in log[self.done :]:
            self.clock.set(at)
            carry_out(self.game, command)
            assert self.game.time == at
        self.done = len(log)
        self.game.advance(until)
        return bits_of(self.game.state.world)


class Promise:
    """The answer to the n-th command of the log."""

    is_promise = True

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_kept = False

    def release(self, *, kept: bool) -> None:
        self.is_kept = kept

    def abandon(self) -> None:
        raise AssertionError("nobody gives up here")

    def refuse(self) -> None:
        raise AssertionError("nothing is refused here")


class CountingStore(ManualStore):
    """Remembers how many commands had been carried out when a batch was captured."""

    def __init__(self, log: list[tuple[float, Command]]) -> None:
        super().__init__()
        self._log = log
        self._commands: dict[int, int] = {}

    def submit(self, batch: SaveBatch) -> Any:
        self._commands[id(batch)] = len(self._log)
        return super().submit(batch)

    def commands_in(self, batch: SaveBatch) -> int:
        return self._commands[id(batch)]


class EveryCut(RuleBasedStateMachine):
    """Commands, ticks, saves that succeed, fail or lie, and kills, in any order.

    Whatever has reached the disk must be the world as it was after some number of commands: loaded
    and brought up to date it has the bits of a world in which those commands were replayed.
    """

    @initialize()
    def begin(self) -> None:
        self.log: list[tuple[float, Command]] = []
        self.values: list[Any] = []
        self.clock = ManualClock()
        self.store = CountingStore(self.log)
        self.game = small_game(self.clock, self.store)
        self.populate()
        self.game.save_player_data()
        self.store.commit()
        self.next_save = self.clock.monotonic() + SAVE_INTERVAL_S
        self.replay = Replay(self.store)
        self.durable_commands = 0
        self.next_ids = dict(self.store.clock.next_ids) if self.store.clock else {}
        self.promises: list[Promise] = []
        self.given_ids: set[int] = set()
        self.game.attach(lambda: None)
        self.store.on_applied = self.check_cut

    def populate(self) -> None:
        """Make the world as it is before anybody asks for anything."""
        found_with_a_shipyard(self.game, 1)

    def check_cut(self, batch: SaveBatch) -> None:
        # A cut is after some number of commands, and never before an earlier cut.
        count = self.store.commands_in(batch)
        assert count >= self.durable_commands
        self.durable_commands = count
        for name, number in batch.clock.next_ids.items():
            assert number >= self.next_ids[name]
        self.next_ids = dict(batch.clock.next_ids)
        until = batch.clock.world_time
        expected = self.replay.follow(self.log[:count], until)
        loaded = reload(self.store, ManualClock(until), METRICS)
        assert loaded.state.world.next_id == self.replay.game.state.world.next_id
        check_raw_rows(self.store)
        loaded.advance(until)
        assert bits_of(loaded.state.world) == expected

    @rule(command=commands)
    def order(self, command: Command) -> None:
        self.order_once(command)

    def order_once(self, command: Command) -> None:
        self.game.advance(self.clock.now())
        # It has an instant of its own, and what is due until then happens whatever it is.
        while self.game.calendar.next_due(at := math.nextafter(self.game.time, math.inf)):
            self.game.advance(at)
        before = everything_of(self.game)
        executed = self.game.execute(command)
        if isinstance(command, Once) and (first := self.first_with(command.key)):
            was_asked, answer = first
            same = was_asked.key == command.key
            assert executed.outcome == (Accepted(answer) if same else REUSED)
            assert not executed.changed
        if not executed.changed:
            assert everything_of(self.game) == before
            return
        assert isinstance(executed.outcome, Accepted)
        self.log.append((self.game.time, command))
        self.values.append(executed.outcome.value)
        promise = Promise(len(self.log))
        self.promises.append(promise)
        self.game.writer.hold(promise)
        plain = command.command if isinstance(command, Once) else command
        # Who has a home already is answered with it; with a key, that answer is a change.
        if isinstance(plain, FoundHome) and any(kind is PLANET for kind, _ in executed.changes):
            planet_id = executed.outcome.value.planet_id
            assert planet_id not in self.store.rows["planet"]
            assert planet_id not in self.given_ids

    def first_with(self, key: RequestKey) -> tuple[Once, Any] | None:
        """Return the latest request with a key that was carried out, and what it was answered."""
        name, since = (key.account_id, key.text), self.game.time - KEPT_S
        for (at, command), value in zip(reversed(self.log), reversed(self.values), strict=True):
            if at <= since:
                return None
            if isinstance(command, Once) and (command.key.account_id, command.key.text) == name:
                return command, value
        return None

    @rule(seconds=st.sampled_from([0.05, 0.9, 11.0, 300.0, 40_000.0]), times=st.integers(1, 3))
    def tick(self, seconds: float, times: int) -> None:
        for _ in range(times):
            self.clock.advance(seconds)
            self.game.tick += 1
            self.game.advance(self.clock.now())
            while self.next_save <= self.clock.monotonic():
                self.next_save += SAVE_INTERVAL_S
                self.game.writer.begin_slot()
                self.game.writer.request(SaveReason.PERIODIC)
            self.game.pump(after_tick=True)

    @rule(ends=st.sampled_from(["well", "badly", "falsely", "later"]))
    def pump(self, ends: str) -> None:
        if self.store.waiting and ends != "later":
            self.end_batch(ends)
        self.game.pump(after_tick=False)

    @rule()
    def save(self) -> None:
        self.game.save_player_data()

    @rule(player_id=player_ids)
    def ask(self, player_id: int) -> None:
        self.game.advance(self.clock.now())
        before = everything_of(self.game)
        self.game.ask(ReportPlanet(player_id))
        self.game.ask(ListWorldPlanets(10))
        assert everything_of(self.game) == before

    @precondition(lambda self: self.store.waiting)
    @rule(how=st.sampled_from(["well", "badly", "falsely"]))
    def hear_of_a_batch(self, how: str) -> None:
        self.end_batch(how)

    def end_batch(self, how: str) -> None:
        if how == "well":
            self.store.commit()
        else:
            self.store.fail(committed=how == "falsely")
            self.clock.advance(3.0)
        self.game.writer.take_completions()
        self.check_promises()

    def check_promises(self) -> None:
        for promise in self.promises:
            assert not promise.is_kept or promise.number <= self.durable_commands
        self.promises = [promise for promise in self.promises if not promise.is_kept]

    @rule(off_s=st.sampled_from([0.0, 5.0, 5_000.0]))
    def kill(self, off_s: float) -> None:
        self.store.lose()
        self.given_ids |= self.store.rows["planet"].keys()
        del self.log[self.durable_commands :], self.values[self.durable_commands :]
        self.promises.clear()
        self.clock.advance(off_s)
        self.game = reload(self.store, self.clock, METRICS, save_interval_seconds=SAVE_INTERVAL_S)
        self.game.attach(lambda: None)
        self.game.catch_up(self.clock.now(), lambda applied, left: None)
        self.next_save = self.clock.monotonic() + SAVE_INTERVAL_S

    def teardown(self) -> None:
        if not hasattr(self, "game"):
            return
        for _ in range(50):
            if self.store.waiting:
                self.store.commit()
            self.clock.advance(2.0)
            self.game.writer.take_completions()
            self.game.save_player_data()
            if not self.promises and self.durable_commands == len(self.log):
                break
            self.check_promises()
        assert self.durable_commands == len(self.log)
        self.check_promises()
        assert self.promises == []
        mailboxes = self.game.state.mailboxes
        assert boxes_of(mailboxes) == boxes_of(Mailboxes(self.game.state.world))


def check_raw_rows(store: ManualStore) -> None:
    """What is true of every row on disk, before anything is derived from it."""
    for kind, table in loaded_from(store).tables.items():
        assert violations(kind, table.columns) == ()
    places = set()
    for planet_id, row in store.rows["planet"].items():
        place = (row["Position.galaxy"], row["Position.system"], row["Position.position"])
        places.add((*place, row["Planet.is_moon"]))
        assert row["Planet.owner_id"] in store.rows["player"], planet_id
        is_building = row["BuildQueue.queued"][0] != 0
        assert is_building == (row["BuildQueue.finish_at"] != NEVER)
        assert is_building == any(row["BuildQueue.paid"])
        assert min(row["Stocks.amount"]) >= 0
        assert min(row["Buildings.level"]) >= 0
        owner = store.rows["player"][row["Planet.owner_id"]]
        assert row["Knowledge.technology"] == owner["Research.level"]
        assert row["Knowledge.on_vacation"] == owner["Vacation.on_vacation"]
        assert row["Knowledge.lab_busy"] == (owner["ResearchQueue.queued"][0] != 0)
        check_units(row)
    assert len(places) == len(store.rows["planet"])
    for row in store.rows["player"].values():
        assert row["Player.home_id"] in store.rows["planet"]
        assert row["Player.active_planet_id"] in store.rows["planet"]
        researches = row["ResearchQueue.queued"][0] != 0
        assert researches == (row["ResearchQueue.finish_at"] != NEVER)
        assert researches == any(row["ResearchQueue.paid"])
    assert traded_away(store) == [0] * len(RESOURCES)


def traded_away(store: ManualStore) -> list[float]:
    """Return by how much what was moved is off what lies elsewhere, and what was made and lost.

    That is the law of core.components.Wreckage; what was moved on planets that are given up is in
    their owners' books.
    """
    total = [0.0] * len(RESOURCES)
    for kind, key, sign in (
        ("planet", "Ledger.moved", 1),
        ("player", "Legacy.moved", 1),
        ("departed", "Departed.moved", 1),
        ("fleet", "Fleet.cargo", 1),
        ("debris", "Debris.left", 1),
        ("player", "Trader.fees_paid", 1),
        ("player", "Wreckage.cargo_lost", 1),
        ("player", "Wreckage.debris_made", -1),
        ("player", "Finds.resources_found", -1),
    ):
        for row in store.rows[kind].values():
            total = [before + sign * more for before, more in zip(total, row[key], strict=True)]
    for row in store.rows["offer"].values():
        if row["Deal.expires_at"] != NEVER:
            total[row["Offer.offered"] - 1] += row["Offer.offered_amount"]
    return total


def check_units(row: Mapping[str, Any]) -> None:
    queue = {name: row[f"UnitQueue.{name}"] for name in ("unit_building", "units_due_at")}
    assert (queue["unit_building"] != NO_UNIT) == (queue["units_due_at"] != NEVER)
    assert 0 <= row["UnitQueue.units_delivered"] <= row["UnitQueue.units_ordered"]
    waiting = orders_in(row["UnitQueue.units_waiting"])
    assert not waiting or queue["unit_building"] != NO_UNIT
    assert min(row["Units.count"]) >= 0


TestEveryCut = EveryCut.TestCase
TestEveryCut.settings = settings(max_examples=50, stateful_step_count=40)


class EveryCutAtLength(EveryCut):
    """The same, for the slow run."""


TestEveryCutAtLength = pytest.mark.slow(EveryCutAtLength.TestCase)
TestEveryCutAtLength.settings = settings(max_examples=2000, stateful_step_count=40)


# Law 5: an event that waits reads and writes one aggregate ----------------------------------------


Touched = set[tuple[Kind, int | None]]


@dataclass(frozen=True, slots=True)
class _NotedReaders:
    """What a table's values are read with, noting of which row."""

    readers: dict[str, Callable[[int], Any]]
    note_row: Callable[[int], None]

    def __getitem__(self, key: str) -> Callable[[int], Any]:
        def read(row: int) -> Any:
            self.note_row(row)
            return self.readers[key](row)

        return read


def watch(world: World) -> list[tuple[UnitOfWork, Touched]]:
    """Return what each event gets its hands on, however it does; None stands for all rows."""
    touched: list[tuple[UnitOfWork, Touched]] = []

    def note(kind: Kind, entity_id: int | None) -> None:
        unit = world.unit
        if unit is None or unit.origin is not Origin.EVENT or kind.constant:
            return
        if not touched or touched[-1][0] is not unit:
            touched.append((unit, set()))
        touched[-1][1].add((kind, entity_id))

    def watched(kind: Kind) -> type[Table]:
        def note_row(table: Table, row: int) -> None:
            note(kind, int(table._ids[row]))

        class Watched(Table):
            @property
            def readers(self) -> Any:
                return _NotedReaders(self.__dict__["readers"], lambda row: note_row(self, row))

            @readers.setter
            def readers(self, readers: Any) -> None:
                self.__dict__["readers"] = readers

            def set_at(self, row: int, key: str, value: Any) -> None:
                note(kind, int(self._ids[row]))
                super().set_at(row, key, value)

            def array(self, key: str) -> Any:
                note(kind, None)
                return super().array(key)

            @property
            def ids(self) -> Any:
                note(kind, None)
                return super().ids

            def __len__(self) -> int:
                note(kind, None)
                return super().__len__()

        return Watched

    for kind in KINDS:
        world.tables[kind].__class__ = watched(kind)
    return touched


@settings(max_examples=40)
@given(st.lists(st.tuples(commands, st.sampled_from([0.1, 60.0, 4_000.0])), max_size=25))
def test_that_an_event_that_may_wait_gets_its_hands_on_one_aggregate(
    steps: list[tuple[Command, float]],
) -> None:
    clock = ManualClock()
    game = small_game(clock, ManualStore(at_once=True))
    for number in (1, 2):
        found(game, number)
        set_up(
            game,
            number,
            levels={"robot_factory": 2, "shipyard": 2, "research_lab": 2},
            amounts=RICH,
        )
    touched = watch(game.state.world)
    for command, seconds in steps:
        game.execute(command)
        clock.advance(seconds)
        game.advance(clock.now())
    check_who_may_wait(touched)


def check_who_may_wait(touched: Sequence[tuple[UnitOfWork, Touched]]) -> None:
    for unit, aggregates in touched:
        if unit.may_wait:
            assert len(aggregates) == 1
            assert None not in {entity_id for _, entity_id in aggregates}
        else:
            # It may have seen that something is not there, which is in no table.
            assert len(aggregates | unit.touched) > 1 or unit.deletes


# Law 6: the rate of ticks is nobody's business ----------------------------------------------------

HORIZON_S = 200.0
logs = st.lists(st.tuples(st.floats(0, HORIZON_S), commands), max_size=20)
disturbances = st.lists(
    st.tuples(st.floats(0, HORIZON_S), st.sampled_from(["ask", "save", "refuse", "restart"])),
    max_size=6,
)


def run_log(
    log: Sequence[tuple[float, Command]],
    tick_rate: float | None,
    disturbed: Sequence[tuple[float, str]],
    populate: Callable[[GameWorld], None] = lambda game: found_with_a_shipyard(game, 1),
    horizon_s: float = HORIZON_S,
) -> Bits:
    """Carry out a log at its instants with ticks in between; return the world at the end."""
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = small_game(clock, store)
    populate(game)
    ticks = [] if tick_rate is None else range(1, int(horizon_s * tick_rate) + 1)
    # In whole milliseconds: each order is later than all before it, if only by the last digit of
    # a float; a refused one, too, which so would move another that comes as close as that.
    agenda: list[tuple[float, int, object]] = [
        *((START + round(at, 3), number, command) for number, (at, command) in enumerate(log)),
        *((START + round(at, 3), len(log), what) for at, what in disturbed),
        *((START + number / (tick_rate or 1), len(log) + 1, None) for number in ticks),
    ]
    for at, _, what in sorted(agenda, key=lambda entry: entry[:2]):
        clock.set(at)
        match what:
            case None:
                game.advance(at)
            case "ask":
                game.ask(ReportPlanet(1))
            case "save":
                assert game.save_player_data().done()
            case "refuse":
                game.execute(StartBuilding(99, "metal_mine"))
            case "restart":
                assert game.save_player_data().done()
                game = reload(store, clock, METRICS)
            case _:
                game.execute(what)  # type: ignore[arg-type]
    game.advance(START + horizon_s)
    return bits_of(game.state.world)


@settings(max_examples=30)
@given(logs, disturbances)
def test_that_the_same_log_gives_the_same_bits_at_any_rate(
    log: list[tuple[float, Command]], disturbed: list[tuple[float, str]]
) -> None:
    homes = [(0.0, FoundHome(number, "somebody")) for number in (1, 2)]
    once = run_log([*homes, *log], None, [])
    for rate in (1.0, 10.0, 20.0):
        assert run_log([*homes, *log], rate, []) == once
    assert run_log([*homes, *log], 1.0, disturbed) == once
    assert run_log([*homes, *log], None, disturbed) == once


# Law 14: the past is not revalued -----------------------------------------------------------------


def test_that_a_setting_that_was_changed_before_a_kill_does_not_revalue_the_past() -> None:
    clock, store = ManualClock(), ManualStore()
    game = new_game(clock, store, METRICS, **SMALL_WORLD)
    found(game, 1)
    game.save_player_data()
    store.commit()
    rate = game.state.world.component_for_entity(PLANET, 1, Stocks).production[0]
    founded_at = game.time
    clock.advance(3_600)
    carry_out(game, ChangeSettings({"economy_speed": 10.0}))
    changed_at = game.time
    game.attach(lambda: None)
    game.pump(after_tick=False)
    store.commit()
    clock.advance(1_800)
    # Killed without another save, and started half an hour later.
    again = reload(store, clock, METRICS)
    clock.advance(1_800)
    again.advance(clock.now())
    stock = again.state.world.component_for_entity(PLANET, 1, Stocks)
    expected = 500 + rate * (changed_at - founded_at) / 3600
    expected += 10 * rate * (clock.now() - changed_at) / 3600
    assert stockpiles.amounts_at(stock, clock.now())[0] == pytest.approx(expected)


def test_that_a_change_of_settings_that_was_lost_has_changed_no_planet() -> None:
    clock, store = ManualClock(), ManualStore()
    game = new_game(clock, store, METRICS, **SMALL_WORLD)
    for number in (1, 2):
        found(game, number)
    game.save_player_data()
    store.commit()
    before = {name: dict(rows) for name, rows in store.rows.items() if rows}
    carry_out(game, ChangeSettings({"economy_speed": 10.0}))
    game.attach(lambda: None)
    game.pump(after_tick=False)
    # All of it goes in one batch, or nothing does.
    tables = {rows.table: rows.ids.tolist() for rows in store.waiting[0][0].rows}
    assert tables == {UNIVERSE.name: [1], PLANET.name: [1, 2]}
    assert PLAYER.name not in tables
    store.lose()
    assert reload(store, clock, METRICS).state.universe.economy_speed == 1.0
    assert {name: dict(rows) for name, rows in store.rows.items() if rows} == before


# Law 13: an exception at any statement leaves no trace --------------------------------------------

# Where commands do their work; the storage below them is what undoes it.
STATEMENTS_OF = tuple(
    f"{core.__path__[0]}/{name}"
    for name in (
        "systems/",
        "rules/",
        "missions/",
        "under_way.py",
        "flight_plan.py",
        "voyages.py",
        "battles.py",
        "battle_results.py",
        "battle_reports.py",
        "reports.py",
        "debris.py",
        "points.py",
        "presence.py",
        "vacation.py",
        "works.py",
        "friendships.py",
        "protection.py",
        "stockpiles.py",
        "ownership.py",
        "offers.py",
        "messages.py",
        "mailboxes.py",
        "notices.py",
        "building_queue.py",
        "conditions.py",
        "unit_queue.py",
        "unit_stock.py",
        "unit_orders.py",
        "galaxy.py",
        "settlement.py",
        "ship_orders.py",
        "knowledge.py",
        "requirements.py",
        "research_queue.py",
        "remembered_answers.py",
        "answer_text.py",
    )
)


TURNS_THAT_COUNT = 3


class Injected(Exception):
    """What a statement raises instead of being carried out."""


@contextmanager
def failing_at(statement: int, error: type[Exception] = Injected) -> Iterator[list[int]]:
    """Have the n-th statement of a command fail; yield a list with how many there were.

    Of a line that comes again and again the first few times count: a third turn of a loop has
    changed what the fortieth has.
    """
    count = [0]
    times: Counter[tuple[str, int]] = Counter()

    def trace(frame: FrameType, event: str, _argument: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(STATEMENTS_OF):
            return None
        if event == "line":
            line = (frame.f_code.co_filename, frame.f_lineno)
            times[line] += 1
            if times[line] > TURNS_THAT_COUNT:
                return trace
            count[0] += 1
            if count[0] == statement:
                raise error
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(before)


def prepared() -> GameWorld:
    """Return a world in which each of the commands below has something to do."""
    game = new_game(galaxies=1, systems=2)
    for number in (1, 2, 3, 4):
        found(game, number)
    levels = {"robot_factory": 1, "metal_mine": 3, "research_lab": 1}
    set_up(game, 1, levels=levels, amounts=RICH)
    set_up(game, 2, levels={**levels, "shipyard": 1}, amounts=RICH)
    for building in ("metal_mine", "robot_factory", "shipyard", "metal_mine"):
        carry_out(game, StartBuilding(1, building))
    for technology in ("energy", "computer"):
        carry_out(game, StartResearch(1, technology))
    assert game.save_player_data().done()
    set_up(game, 3, levels={"shipyard": 1}, amounts=RICH)
    carry_out(game, StartBuilding(3, "metal_mine"))
    carry_out(game, OrderUnits(3, "rocket_launcher", 1))
    carry_out(game, ChangeSettings({"market_fee_percent": 10.0}))
    carry_out(game, CreateOffer(1, "metal", 300, "crystal", 200))
    carry_out(game, SendMessage(1, 2, "Peace?"))
    _give_moons(game)
    set_up(game, 2, units={"recycler": 2}, technologies={"combustion_drive": 6, "computer": 1})
    carry_out(game, DispatchFleet(2, "harvest", (1, 1, 7), {"recycler": 1}))
    carry_out(game, AcceptFriend(2, 1))
    game.state.world.tables[PLAYER].set(1, "Presence.active_at", game.time - 7_200.0)
    return game


def _give_moons(game: GameWorld) -> None:
    """Have player 3 own moons 5 and 6 with a phalanx, a gate and ships each."""
    planets = game.state.world.tables[PLANET]
    levels = {"lunar_base": 2, "sensor_phalanx": 5, "jump_gate": 1}
    for planet_id in (2, 3):
        moon_id = give_moon(game, planet_id)
        planets.set(moon_id, "Planet.owner_id", 3)
        set_up(game, moon_id, levels=levels, amounts=RICH, units={"small_cargo": 3})


@pytest.mark.parametrize(
    "command",
    [
        FoundHome(9, "new"),
        FoundHome(9, "new", (1, 2, None)),
        StartBuilding(1, "solar_plant"),
        StartBuilding(2, "metal_mine"),
        DemolishBuilding(2, "metal_mine"),
        CancelBuilding(1, 0),
        CancelBuilding(1, 1),
        CancelBuilding(3, 0),
        StartResearch(1, "computer"),
        StartResearch(2, "energy"),
        CancelResearch(1, 0),
        CancelResearch(1, 1),
        ChangePlanet(2, 2, "Elsewhere", {"metal_mine": 50}),
        OrderUnits(2, "rocket_launcher", 3),
        OrderUnits(3, "solar_satellite", 2),
        SelectPlanet(1, 1),
        ScanWithPhalanx(3, 5, (1, 2, 6)),
        JumpThroughGate(3, 5, 6, {"small_cargo": 2}),
        CreateOffer(2, "deuterium", 5, "metal", 15),
        AcceptOffer(2, 1),
        CancelOffer(1, 1),
        SendMessage(1, 2, "Trade?"),
        ReadMessage(2, 1),
        DeleteMessage(2, 1),
        Once(RequestKey(2, "c", 1), AcceptOffer(2, 1)),
        DispatchFleet(2, "harvest", (1, 2, 7), {"recycler": 1}, {"metal": 5}),
        RecallFleet(2, 1),
        AcceptFriend(2, 3),
        RevokeFriend(2, 1),
        NotePresence(1),
        ExcuseAbsence(500.0),
        SetVacation(4, on=True),
        AbandonPlanet(3, 6),
        # What nobody depends on goes first: his message; another has nothing of the kind.
        RemovePlayer(2, 0.0),
        RemovePlayer(3, 0.0),
        ChangeSettings({"economy_speed": 2.0, "galaxies": 3}),
        Once(RequestKey(1, "a", 1), CancelBuilding(1, 0)),
        Once(RequestKey(1, "b", 1), FoundHome(9, "new")),
    ],
    ids=str,
)
def test_that_an_exception_at_any_statement_leaves_no_trace(
    command: Command, caplog: pytest.LogCaptureFixture
) -> None:
    # To format what each of a thousand exceptions says takes longer than all the rest.
    caplog.set_level(logging.CRITICAL, "core.game")
    game = prepared()
    before = everything_of(game)
    statement = 0
    while True:
        statement += 1
        with failing_at(statement) as count:
            outcome = game.execute(command).outcome
        if count[0] < statement:
            break
        assert not isinstance(outcome, Accepted)
        assert everything_of(game) == before, f"after statement {statement}"
    assert isinstance(outcome, Accepted)
    assert statement > 5
