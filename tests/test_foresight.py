"""Battles that are begun before their fleets arrive."""

from __future__ import annotations

import pytest

from core.battlefield import FoughtHere
from core.combat import BattleOrder, BattleReport
from core.commands import RecallFleet
from core.components import FLEET, Fleet
from core.foresight import FORESIGHT_S, LOOKS_PER_TICK
from core.game import GameWorld
from core.rules.expeditions import Outcome
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.missions.war import FLYING, neighbours, send, until
from tests.worlds import Bits, bits_of, carry_out, set_up


class Remembering(FoughtHere):
    """Fights on the spot and remembers what it was told."""

    def __init__(self) -> None:
        self.prepared: list[BattleOrder] = []
        self.fought: list[BattleOrder] = []

    def prepare(self, order: BattleOrder) -> None:
        self.prepared.append(order)

    def report_of(self, order: BattleOrder) -> BattleReport:
        self.fought.append(order)
        return super().report_of(order)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def battles() -> Remembering:
    return Remembering()


@pytest.fixture
def game(clock: ManualClock, battles: Remembering) -> GameWorld:
    game = neighbours(clock)
    game.state.battles = battles
    set_up(game, 1, units={"cruiser": 4})
    set_up(game, 2, units={"light_laser": 9})
    return game


@pytest.fixture
def voyage(game: GameWorld) -> Voyage:
    return send(game, "attack", {"cruiser": 4})


def look_before_it_arrives(game: GameWorld, clock: ManualClock, voyage: Voyage) -> None:
    until(game, clock, voyage.arrives_at - FORESIGHT_S / 2)
    game.look_ahead()


def test_that_what_is_foreseen_is_what_is_fought(
    game: GameWorld, clock: ManualClock, battles: Remembering, voyage: Voyage
) -> None:
    look_before_it_arrives(game, clock, voyage)
    seed = game.state.world.component_for_entity(FLEET, voyage.fleet_id, Fleet).random_seed
    assert [order.seed for order in battles.prepared] == [seed]
    until(game, clock, voyage.arrives_at)
    assert battles.fought == battles.prepared


def test_that_looking_changes_nothing(
    game: GameWorld, clock: ManualClock, battles: Remembering, voyage: Voyage
) -> None:
    until(game, clock, voyage.arrives_at - FORESIGHT_S / 2)
    before, unsaved = bits_of(game.state.world), game.writer.unsaved_count()
    game.look_ahead()
    assert battles.prepared
    assert bits_of(game.state.world) == before
    assert game.writer.unsaved_count() == unsaved


def test_that_each_battle_is_foreseen_once_and_not_too_early(
    game: GameWorld, clock: ManualClock, battles: Remembering, voyage: Voyage
) -> None:
    until(game, clock, voyage.arrives_at - FORESIGHT_S - 1)
    game.look_ahead()
    assert battles.prepared == []
    for _ in range(3):
        look_before_it_arrives(game, clock, voyage)
    assert len(battles.prepared) == 1


def test_that_who_turned_round_fights_nobody(
    game: GameWorld, clock: ManualClock, battles: Remembering, voyage: Voyage
) -> None:
    until(game, clock, voyage.arrives_at - FORESIGHT_S / 2)
    carry_out(game, RecallFleet(1, voyage.fleet_id))
    game.look_ahead()
    # Nor does he when he is nearly home.
    until(game, clock, 2 * voyage.arrives_at - voyage.departed_at - FORESIGHT_S)
    game.look_ahead()
    assert battles.prepared == []


def test_that_what_happens_meanwhile_is_heeded(
    game: GameWorld, clock: ManualClock, battles: Remembering, voyage: Voyage
) -> None:
    look_before_it_arrives(game, clock, voyage)
    set_up(game, 2, units={"light_laser": 10})
    until(game, clock, voyage.arrives_at)
    assert len(battles.fought) == 1
    assert battles.fought != battles.prepared


def test_that_a_fault_in_looking_ahead_is_told_and_hinders_nobody(
    game: GameWorld,
    clock: ManualClock,
    battles: Remembering,
    voyage: Voyage,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_order: BattleOrder) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(battles, "prepare", broken)
    look_before_it_arrives(game, clock, voyage)
    look_before_it_arrives(game, clock, voyage)
    assert caplog.text.count("could not be foreseen") == 1
    until(game, clock, voyage.arrives_at)
    assert len(battles.fought) == 1


def test_that_catching_up_has_the_next_battles_begun_at_once(
    game: GameWorld, clock: ManualClock, battles: Remembering, voyage: Voyage
) -> None:
    clock.set(voyage.arrives_at)
    game.catch_up(clock.now(), lambda applied, left: None)
    assert battles.fought == battles.prepared
    assert len(battles.fought) == 1


def test_that_a_tick_looks_at_few_of_many_fleets(
    game: GameWorld, clock: ManualClock, battles: Remembering
) -> None:
    set_up(game, 1, units={"cruiser": 9}, technologies=FLYING | {"computer": 9})
    voyages = [send(game, "attack", {"cruiser": 1}) for _ in range(2 * LOOKS_PER_TICK + 1)]
    until(game, clock, voyages[0].arrives_at - FORESIGHT_S / 2)
    begun = []
    for _ in range(4):
        game.look_ahead()
        begun.append(len(battles.prepared))
    all_of_them = len(voyages)
    assert begun == [LOOKS_PER_TICK, 2 * LOOKS_PER_TICK, all_of_them, all_of_them]


@pytest.mark.parametrize("whom", ["pirates", "aliens", "nothing"])
def test_that_whom_an_expedition_meets_is_foreseen_and_changes_nothing(whom: str) -> None:
    ends: list[Bits] = []
    for looks in (True, False):
        clock, battles = ManualClock(), Remembering()
        outcomes = {each.weight_setting: float(each.value == whom) for each in Outcome}
        game = neighbours(clock, **outcomes)
        game.state.battles = battles
        set_up(game, 1, units={"cruiser": 9}, technologies=FLYING | {"astrophysics": 1})
        voyage = send(game, "expedition", {"cruiser": 9}, target=(1, 1, 16), hold_hours=1)
        leaves_at = voyage.arrives_at + 3_600
        for at in (voyage.arrives_at, leaves_at - FORESIGHT_S / 2):
            until(game, clock, at)
            if looks:
                game.look_ahead()
        assert battles.fought == []
        assert len(battles.prepared) == (looks and whom != "nothing")
        until(game, clock, leaves_at)
        assert len(battles.fought) == (whom != "nothing")
        assert not looks or battles.fought == battles.prepared
        ends.append(bits_of(game.state.world))
    assert ends[0] == ends[1]
