"""The laws of the design where fleets are under way: nothing is lost, doubled or early."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.commands import Accepted, Command, DispatchFleet, FoundHome, RecallFleet
from core.components import FLEET, PLANET, PLAYER, REPORT, UNITS
from core.game import GameWorld
from core.invariants import violations
from core.rules import RULES
from core.systems.fleets import slots_of
from tests.manual_clock import ManualClock
from tests.missions.war import unaccounted
from tests.store import ManualStore
from tests.test_laws import METRICS, SMALL_WORLD
from tests.test_settlement import give_moon
from tests.worlds import Bits, bits_of, carry_out, everything_of, new_game, reload, set_up

SHIPS = {"small_cargo": 6, "large_cargo": 2, "colony_ship": 3, "recycler": 1, "light_fighter": 9}
KNOWN = {"combustion_drive": 6, "impulse_drive": 3, "astrophysics": 5, "computer": 2}
COLONY_SHIP = UNITS.index("colony_ship")

# Of expeditions only the counts say which ships were found or lost: tests/missions has those.
NO_SHIPS_COME_OR_GO: dict[str, Any] = dict.fromkeys(
    (f"expedition_weight_{outcome}" for outcome in ("ships", "lost", "pirates", "aliens")), 0.0
)

# Homes lie at three places; others are free, or lie outside.
HOMES = ((1, 1, 8), (1, 1, 9), (1, 2, 5))
targets = st.sampled_from((*HOMES, (1, 2, 7), (1, 1, 4), (1, 2, 15), (1, 3, 1), (1, 1, 16)))
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        DispatchFleet,
        st.integers(1, 3),
        st.sampled_from((*RULES.missions, "picnic")),
        targets,
        st.dictionaries(st.sampled_from(tuple(SHIPS)), st.integers(0, 3), max_size=3),
        st.dictionaries(st.sampled_from(RULES.resources), st.integers(0, 6_000), max_size=2),
        st.integers(0, 11),
        st.integers(0, 2),
        st.sampled_from((None, "planet", "moon")),
        st.none() | st.integers(1, 5),
    ),
    st.builds(
        DispatchFleet,
        st.integers(1, 3),
        st.sampled_from(("transport", "colonize", "deploy")),
        targets,
        st.just({"colony_ship": 1, "small_cargo": 1}),
        st.dictionaries(st.sampled_from(RULES.resources), st.integers(1, 2_000), max_size=2),
    ),
    st.builds(
        DispatchFleet,
        st.integers(1, 3),
        st.just("attack"),
        st.sampled_from(HOMES),
        st.fixed_dictionaries({"light_fighter": st.integers(1, 9), "small_cargo": st.just(1)}),
        st.dictionaries(st.sampled_from(RULES.resources), st.integers(1, 2_000), max_size=2),
    ),
    st.builds(
        DispatchFleet,
        st.integers(1, 3),
        st.just("expedition"),
        st.just((1, 2, 16)),
        st.just({"large_cargo": 1}),
        st.dictionaries(st.sampled_from(RULES.resources), st.integers(1, 2_000), max_size=2),
        st.just(10),
        st.integers(1, 3),
    ),
    st.builds(RecallFleet, st.integers(1, 3), st.integers(1, 6)),
)
# It is refused: where it is meant to go its ships lie already.
NOWHERE = DispatchFleet(1, "transport", HOMES[0], {"colony_ship": 1, "small_cargo": 1}, {})
steps = st.lists(
    st.tuples(st.sampled_from((0.25, 7.0, 1_000.0, 4_000.0, 30_000.0)), commands),
    min_size=1,
    max_size=14,
)


def begin(store: ManualStore, clock: ManualClock) -> GameWorld:
    game = remembering(new_game(clock, store, METRICS, **SMALL_WORLD, **NO_SHIPS_COME_OR_GO))
    for player_id, place in enumerate(HOMES, start=1):
        carry_out(game, FoundHome(player_id, f"player{player_id}", place))
        set_up(game, player_id, amounts=(9_000, 9_000, 9_000), units=SHIPS, technologies=KNOWN)
    give_moon(game, 1)
    game.save_player_data()
    return game


def remembering(game: GameWorld) -> GameWorld:
    """Have the reports of all battles kept to the end: they say which ships were lost."""
    messages = replace(RULES.messages, kept_days=1_000)
    game.state.rules = replace(RULES, messages=messages)
    return game


def play(game: GameWorld, clock: ManualClock, log: Sequence[tuple[float, Command]]) -> None:
    for at, command in log:
        clock.set(at)
        game.advance(at)
        # It has an instant of its own, and what is due until then happens whatever it is.
        instant = game.reach_next_instant()
        before = everything_of(game)
        executed = game.execute_at(instant, command)
        if not isinstance(executed.outcome, Accepted):
            assert everything_of(game) == before
        check(game)


def check(game: GameWorld) -> None:
    """Hold what is conserved, over planets and fleets alike."""
    world = game.state.world
    planets, fleets = world.tables[PLANET], world.tables[FLEET]
    assert unaccounted(game) == [0, 0, 0]
    counts = planets.array("Units.count").sum(axis=0) + fleets.array("Fleet.ships").sum(axis=0)
    counts += ships_lost(game)
    wanted = np.array([3 * SHIPS.get(name, 0) for name in UNITS.labels])
    wanted[COLONY_SHIP] -= np.count_nonzero(~planets.array("Planet.is_moon")) - len(HOMES)
    assert (counts == wanted).all()
    for kind in (PLANET, FLEET):
        table = world.tables[kind]
        columns = {field.key: table.array(field.key) for field in table.fields}
        assert violations(kind, columns) == ()
    for player_id in world.tables[PLAYER].ids.tolist():
        used, total = slots_of(game.state, player_id)
        assert used <= total


def ships_lost(game: GameWorld) -> npt.NDArray[np.int64]:
    """Return what the reports of all battles say was lost, each battle counted once."""
    table = game.state.world.tables[REPORT]
    battles = {}
    for report_id in table.ids.tolist():
        battle = json.loads(table.get(report_id, "Report.text"))
        battles[battle["mission_id"]] = battle
    lost = np.zeros(len(UNITS), dtype=np.int64)
    for battle in battles.values():
        for combatant in (*battle["attackers"], *battle["defenders"]):
            lost += [combatant["lost"].get(name, 0) for name in UNITS.labels]
            lost -= [combatant["restored"].get(name, 0) for name in UNITS.labels]
    return lost


def timed(game: GameWorld, wanted: Sequence[tuple[float, Command]]) -> list[tuple[float, Command]]:
    at, log = game.time, []
    for seconds, command in wanted:
        at += seconds
        log.append((at, command))
    return log


@settings(max_examples=40, deadline=None)
@given(wanted=steps)
@example(
    # Something is due at the very instant that the last order is given, a digit after its time.
    wanted=[
        (0.25, DispatchFleet(1, "transport", HOMES[0], {}, {}, 0, 0)),
        (0.25, DispatchFleet(1, "expedition", (1, 2, 16), {"large_cargo": 1}, {}, 10, 1)),
        (0.25, DispatchFleet(2, "expedition", (1, 2, 16), {"large_cargo": 1}, {}, 10, 1)),
        (1_000.0, DispatchFleet(1, "transport", HOMES[0], {}, {}, 0, 0)),
        (4_000.0, RecallFleet(2, 2)),
        (1_000.0, NOWHERE),
        (4_000.0, NOWHERE),
    ]
)
def test_that_any_rate_of_ticks_and_any_restart_come_to_the_same_bits(
    wanted: list[tuple[float, Command]],
) -> None:
    results: list[Bits] = []
    for manner in ("at once", "ticking", "restarting"):
        store, clock = ManualStore(at_once=True), ManualClock()
        game = begin(store, clock)
        log = timed(game, wanted)
        for at, command in log:
            if manner == "ticking":
                for now in np.linspace(game.time, at, 5)[1:-1].tolist():
                    clock.set(now)
                    game.advance(now)
                    check(game)
            if manner == "restarting":
                game.save_player_data()
                game = remembering(reload(store, clock, METRICS))
            play(game, clock, [(at, command)])
        # A week later everybody is home.
        end = log[-1][0] + 7 * 86_400
        clock.set(end)
        game.catch_up(end, lambda applied, left: None)
        check(game)
        assert len(game.state.world.tables[FLEET]) == 0
        results.append(bits_of(game.state.world))
    assert results[0] == results[1] == results[2]
