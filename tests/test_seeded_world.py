"""Seeded worlds with fleets in flight: sound, by the laws, and playable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from core.components import (
    DEBRIS,
    FLEET,
    HOLDING,
    MISSIONS,
    OUTBOUND,
    PLANET,
    PLAYER,
    RETURNING,
    UNITS,
    UNIVERSE,
    UNIVERSE_ID,
    Universe,
)
from core.config import Settings
from core.errors import StarkeepError
from core.flight_plan import chart_by, plan_by
from core.friendships import has_accepted
from core.game import GameWorld
from core.knowledge import technologies_of
from core.loading import build_game
from core.metrics import Metrics
from core.persistence.worlds import LoadedTable, LoadedWorld
from core.rules import RULES
from core.save_batch import WorldClock
from core.seed import plan_seed
from core.seeded_world import Population, make_world
from core.sound_world import unsound
from core.systems.fleets import slots_of
from tests.manual_clock import START, ManualClock
from tests.store import ManualStore
from tests.worlds import new_state

PLAYERS, BOTS, FLEETS = 60, 30, 120
SECONDS_PER_DAY = 24 * 3600


def seeded(fleets: int = FLEETS, random_seed: int = 1) -> LoadedWorld:
    """Return a seeded world as it is read at a start."""
    world = new_state(systems=20).world
    plan = plan_seed(PLAYERS, 3 * PLAYERS, 1, 20)
    population = Population(plan, [f"p{n}" for n in range(1, PLAYERS + 1)], BOTS, fleets)
    rows, clock = make_world(
        population,
        world,
        np.arange(1, PLAYERS + 1, dtype=np.int64),
        WorldClock(START, 0, {}),
        np.random.default_rng(random_seed),
    )
    made = {each.table: LoadedTable(each.ids, each.columns) for each in rows}
    tables = {
        kind: made.get(kind.name)
        or LoadedTable(table.ids, {field.key: table.array(field.key) for field in table.fields})
        for kind, table in world.tables.items()
    }
    return LoadedWorld(clock, tables, ())


@pytest.fixture(scope="module")
def loaded() -> LoadedWorld:
    return seeded()


def game_of(loaded: LoadedWorld) -> GameWorld:
    store = ManualStore(at_once=True)
    return build_game(loaded, Settings(), ManualClock(), Metrics(), store.submit)


def columns(loaded: LoadedWorld, kind: Any) -> dict[str, Any]:
    return dict(loaded.tables[kind].columns)


def test_that_a_seeded_world_with_fleets_is_sound(loaded: LoadedWorld) -> None:
    assert list(unsound(loaded)) == []
    assert len(loaded.tables[FLEET].ids) == FLEETS
    assert loaded.clock is not None
    assert loaded.clock.next_ids["fleet"] == FLEETS + 1


def test_that_what_fleets_carry_and_what_debris_is_made_of_adds_up(loaded: LoadedWorld) -> None:
    moved = columns(loaded, PLANET)["Ledger.moved"].sum(axis=0)
    cargo = columns(loaded, FLEET)["Fleet.cargo"].sum(axis=0)
    left = columns(loaded, DEBRIS)["Debris.left"].sum(axis=0)
    made = columns(loaded, PLAYER)["Wreckage.debris_made"].sum(axis=0)
    assert (moved + cargo + left == made).all()
    assert cargo.all()
    assert left[:2].all()


def test_that_seeded_fleets_are_of_every_sort(loaded: LoadedWorld) -> None:
    fleets = columns(loaded, FLEET)
    names = {MISSIONS[code - 1] for code in fleets["Fleet.mission"].tolist()}
    assert names == {"transport", "deploy", "harvest", "espionage", "attack", "hold"}
    states, due = fleets["Flight.fleet_state"], fleets["Flight.fleet_due_at"]
    assert set(states.tolist()) == {OUTBOUND, HOLDING, RETURNING}
    recalled = (states == RETURNING) & (due < fleets["Flight.arrives_at"])
    assert recalled.any()
    assert (fleets["Flight.departed_at"] < START).all()
    assert (due > START).all()


def test_that_seeded_fleets_could_have_been_sent(loaded: LoadedWorld) -> None:
    game = game_of(loaded)
    state, fleets = game.state, columns(loaded, FLEET)
    universe = state.world.component_for_entity(UNIVERSE, UNIVERSE_ID, Universe)
    for player_id in range(1, PLAYERS + 1):
        used, total = slots_of(state, player_id)
        assert used <= total
    for row, owner_id in enumerate(fleets["Fleet.owner_id"].tolist()):
        ships = dict(zip(UNITS.labels, fleets["Fleet.ships"][row].tolist(), strict=True))
        origin, target = (
            tuple(int(fleets[f"Course.{end}_{x}"][row]) for x in ("galaxy", "system", "position"))
            for end in ("origin", "target")
        )
        mission = RULES.missions[MISSIONS[fleets["Fleet.mission"][row] - 1]]
        hours = int(fleets["Flight.hold_s"][row]) // 3600
        plan = plan_by(
            RULES,
            chart_by(universe),
            technologies_of(state.world, owner_id),
            mission,
            (origin[0], origin[1], origin[2]),
            (target[0], target[1], target[2]),
            ships,
            10,
            hours,
        )
        assert plan.fuel <= plan.tank_room
        assert fleets["Fleet.cargo"][row].sum() <= plan.cargo_room
        departed_at = fleets["Flight.departed_at"][row]
        assert fleets["Flight.arrives_at"][row] == departed_at + plan.seconds
        if mission.name == "hold":
            owner = state.galaxy.planet_at((target[0], target[1], target[2]))
            assert owner is not None
            host_id = state.world.tables[PLANET].get(owner, "Planet.owner_id")
            assert has_accepted(state.world, host_id, owner_id)


def test_that_seeded_fleets_come_home(loaded: LoadedWorld) -> None:
    game = game_of(loaded)
    known = game.state.world.tables[PLAYER].array("Research.level").sum()
    game.clock.advance(3 * SECONDS_PER_DAY)  # type: ignore[attr-defined]
    game.advance(game.clock.now())
    assert game.set_aside_count == 0
    assert len(game.state.world.tables[FLEET]) == 0
    assert game.state.world.tables[PLAYER].array("Research.level").sum() > known


def test_that_there_are_no_more_fleets_than_slots() -> None:
    with pytest.raises(StarkeepError, match="and not 5000"):
        seeded(5000)


def test_that_the_same_seed_sends_the_same_fleets(loaded: LoadedWorld) -> None:
    again, other = seeded(), seeded(random_seed=2)
    for kind in (FLEET, DEBRIS, PLAYER):
        for key, column in loaded.tables[kind].columns.items():
            assert np.array_equal(column, again.tables[kind].columns[key])
    departed = "Flight.departed_at"
    assert not np.array_equal(
        other.tables[FLEET].columns[departed], loaded.tables[FLEET].columns[departed]
    )
