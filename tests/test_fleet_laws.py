"""The laws of tests/test_laws.py, tried on worlds whose players send fleets to one another."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from core.commands import (
    AbandonPlanet,
    AcceptFriend,
    ChangeSettings,
    Command,
    DispatchFleet,
    FoundHome,
    OrderUnits,
    RecallFleet,
    RemovePlayer,
    RevokeFriend,
    StartBuilding,
)
from core.game import GameWorld
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.test_laws import (
    EveryCut,
    check_who_may_wait,
    disturbances,
    run_log,
    small_game,
    watch,
)
from tests.worlds import carry_out, set_up

PLAYERS = (1, 2, 3)
HOMES = {1: (1, 1, 4), 2: (1, 1, 5), 3: (1, 1, 6)}
FLYING = {
    "combustion_drive": 6,
    "impulse_drive": 4,
    "hyperspace_drive": 1,
    "computer": 4,
    "astrophysics": 4,
    "espionage": 2,
}
AT_HOME = {
    "small_cargo": 6,
    "light_fighter": 9,
    "cruiser": 4,
    "recycler": 2,
    "colony_ship": 2,
    "espionage_probe": 3,
    "interplanetary_missile": 3,
}
DEFENCE = {"rocket_launcher": 5, "light_laser": 2, "interceptor_missile": 1}

player_ids = st.sampled_from(PLAYERS)
places = st.sampled_from([*HOMES.values(), (1, 1, 7), (1, 2, 4)])
fleets = st.fixed_dictionaries(
    {"small_cargo": st.integers(0, 2), "light_fighter": st.integers(0, 3)},
    optional={name: st.integers(1, 2) for name in ("cruiser", "recycler")},
)


def dispatched(
    mission: str, ship: str, to: st.SearchStrategy[tuple[int, int, int]] = places
) -> st.SearchStrategy[Command]:
    """Return orders for a mission with the ship that it needs."""
    return st.builds(
        DispatchFleet,
        player_ids,
        st.just(mission),
        to,
        fleets.map(lambda ships: {**ships, ship: ships.get(ship, 0) + 1}),
        st.sampled_from([{}, {}, {"metal": 40, "deuterium": 3}, {"crystal": 900}]),
        st.sampled_from([4, 10]),
        st.sampled_from([1, 2]),
    )


fleet_commands: st.SearchStrategy[Command] = st.one_of(
    dispatched("transport", "small_cargo"),
    dispatched("deploy", "small_cargo"),
    dispatched("colonize", "colony_ship"),
    dispatched("harvest", "recycler"),
    dispatched("attack", "cruiser"),
    dispatched("attack", "light_fighter"),
    dispatched("espionage", "espionage_probe"),
    dispatched("hold", "light_fighter"),
    dispatched("expedition", "small_cargo", st.just((1, 1, 16))),
    st.builds(
        DispatchFleet,
        player_ids,
        st.just("missiles"),
        st.sampled_from(tuple(HOMES.values())),
        st.builds(dict, interplanetary_missile=st.integers(1, 2)),
        target_unit=st.sampled_from([None, "light_laser"]),
    ),
    st.builds(RecallFleet, player_ids, st.integers(1, 6)),
    st.builds(AbandonPlanet, player_ids, st.integers(1, 6)),
    st.builds(RemovePlayer, st.just(3), st.just(0.0)),
    st.builds(AcceptFriend, player_ids, player_ids),
    st.builds(RevokeFriend, player_ids, player_ids),
    st.builds(OrderUnits, player_ids, st.just("rocket_launcher"), st.integers(1, 3)),
    st.builds(StartBuilding, player_ids, st.just("metal_mine")),
)
times = st.sampled_from([0.05, 60.0, 900.0, 4_000.0])


def populate(game: GameWorld) -> None:
    """Found the homes of neighbours who can fly everywhere, and who are nobody's beginners."""
    speeds = ("fleet_speed_war", "fleet_speed_peaceful", "fleet_speed_holding")
    carry_out(game, ChangeSettings({**dict.fromkeys(speeds, 20.0), "newbie_protection": False}))
    for player_id, place in HOMES.items():
        home = carry_out(game, FoundHome(player_id, f"player{player_id}", place))
        set_up(
            game,
            home.planet_id,
            levels={"robot_factory": 2, "shipyard": 2},
            amounts=(9_000.0, 9_000.0, 9_000.0),
            technologies=FLYING,
            units=AT_HOME | DEFENCE,
        )
    carry_out(game, AcceptFriend(1, 2))


class FleetsAtEveryCut(EveryCut):
    """As there; a battle, a landing or a founding may be what is cut off."""

    def populate(self) -> None:
        populate(self.game)

    @rule(command=fleet_commands)
    def fly(self, command: Command) -> None:
        self.order_once(command)


TestFleetsAtEveryCut = FleetsAtEveryCut.TestCase
TestFleetsAtEveryCut.settings = settings(max_examples=30, stateful_step_count=40)


class FleetsAtEveryCutAtLength(FleetsAtEveryCut):
    """The same, for the slow run."""


TestFleetsAtEveryCutAtLength = pytest.mark.slow(FleetsAtEveryCutAtLength.TestCase)
TestFleetsAtEveryCutAtLength.settings = settings(max_examples=1000, stateful_step_count=40)


@settings(max_examples=40)
@given(st.lists(st.tuples(fleet_commands, times), max_size=25))
@example([(DispatchFleet(1, "harvest", HOMES[2], {"recycler": 1}), 900.0)])
def test_that_an_event_of_a_fleet_that_may_wait_gets_its_hands_on_it_alone(
    steps: list[tuple[Command, float]],
) -> None:
    clock = ManualClock()
    game = small_game(clock, ManualStore(at_once=True))
    populate(game)
    touched = watch(game.state.world)
    for command, seconds in steps:
        game.execute(command)
        clock.advance(seconds)
        game.advance(clock.now())
    check_who_may_wait(touched)


HORIZON_S = 20_000.0


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(0, HORIZON_S), fleet_commands), max_size=20), disturbances)
def test_that_the_same_fleets_end_in_the_same_bits_at_any_rate(
    log: list[tuple[float, Command]], disturbed: list[tuple[float, str]]
) -> None:
    once = run_log(log, None, [], populate, HORIZON_S)
    for rate in (0.01, 0.1):
        assert run_log(log, rate, [], populate, HORIZON_S) == once
    assert run_log(log, 0.01, disturbed, populate, HORIZON_S) == once
    assert run_log(log, None, disturbed, populate, HORIZON_S) == once
