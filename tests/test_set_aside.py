"""A world of which the database refuses a part: what goes on, what is refused, what is undone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core import calendar as calendar_module
from core import stockpiles
from core.commands import (
    ChangeSettings,
    DropSetAside,
    FoundHome,
    ReleaseSetAside,
    SelectPlanet,
    StartBuilding,
    Unavailable,
)
from core.components import PLANET, PLAYER, UNIVERSE, UNIVERSE_ID, Position
from core.ecs import EVERY_ID
from core.events import Event
from core.game import GameWorld
from core.quarantine import SetAside
from core.queries import ListSetAside
from core.save_batch import TableRows
from core.state import GameState
from core.systems import construction
from core.systems.construction import levels_of
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import (
    bits_of,
    carry_out,
    everything_of,
    found,
    loaded_from,
    new_game,
    refused,
    stored_bits,
)


def refuse(game: GameWorld, store: ManualStore, *names: tuple[str, int]) -> SetAside:
    """Have the database refuse rows that have changed, and return the group that is set aside."""
    store.refusing |= set(names)
    game.save_player_data()
    store.refusing.clear()
    (group,) = game.quarantine
    return group


def stored_rows(store: ManualStore, group: SetAside) -> tuple[TableRows, ...]:
    """Return what the store has of a group."""
    loaded = loaded_from(store)
    ids_of = {kind: [i for k, i in group.aggregates if k is kind] for kind, _ in group.aggregates}
    parts = []
    for kind, ids in ids_of.items():
        table = loaded.tables[kind]
        chosen = np.isin(table.ids, ids) if EVERY_ID not in ids else np.ones(len(table.ids), bool)
        columns = {key: column[chosen] for key, column in table.columns.items()}
        parts.append(TableRows(kind.name, table.ids[chosen], columns))
    return tuple(parts)


def test_that_orders_on_what_is_set_aside_are_refused_and_leave_no_trace() -> None:
    store = ManualStore(at_once=True)
    game = new_game(store=store)
    for number in (1, 2):
        found(game, number)
    game.save_player_data()
    carry_out(game, StartBuilding(1, "metal_mine"))
    group = refuse(game, store, ("planet", 1))
    before = everything_of(game)
    for command in (
        StartBuilding(1, "metal_mine"),
        ChangeSettings({"economy_speed": 3.0}),
        SelectPlanet(1, 1),
    ):
        outcome = game.execute(command).outcome
        # To make planet 1 the active one, which it is, would promise what is not on disk.
        assert isinstance(outcome, Unavailable)
        assert outcome.code == "storage_unavailable"
        assert everything_of(game) == before
    carry_out(game, StartBuilding(2, "metal_mine"))
    game.save_player_data()
    assert store.rows["planet"][2]["BuildQueue.queued"][0] != 0
    assert carry_out(game, ReleaseSetAside(group.id)) == 1
    game.save_player_data()
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)
    assert refused(game, ReleaseSetAside(group.id)).code == "no_such_item"
    assert refused(game, DropSetAside(group.id, ())).code == "no_such_item"


def test_that_what_is_set_aside_goes_on_alone_and_is_saved_as_it_is_then() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    found(game, 1)
    game.save_player_data()
    carry_out(game, StartBuilding(1, "metal_mine"))
    group = refuse(game, store, ("planet", 1))
    clock.advance(3600)
    game.advance(clock.now())
    assert levels_of(game.state, 1)["metal_mine"] == 1
    game.save_player_data()
    assert store.rows["planet"][1]["Buildings.level"][0] == 0
    carry_out(game, ReleaseSetAside(group.id))
    game.save_player_data()
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)


def test_that_a_drop_frees_the_place_of_a_planet_that_the_database_does_not_know() -> None:
    store = ManualStore(at_once=True)
    game = new_game(store=store)
    game.save_player_data()
    planet_id = found(game, 1)
    position = game.state.world.component_for_entity(PLANET, planet_id, Position)
    place = (position.galaxy, position.system, position.position)
    group = refuse(game, store, ("planet", planet_id))
    assert group.aggregates == {(PLANET, planet_id), (PLAYER, 1)}
    assert game.ask(ListSetAside())[0][0].owner_names == ("player1",)
    assert carry_out(game, DropSetAside(group.id, stored_rows(store, group))) == 2
    assert game.state.galaxy.planet_at(place) is None
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)
    # An id is never given out again.
    assert found(game, 1) > planet_id


def test_that_dropped_settings_take_every_planet_and_the_galaxies_back() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store, galaxies=1)
    for number in (1, 2):
        found(game, number)
    game.save_player_data()
    before = bits_of(game.state.world)
    clock.advance(60)
    carry_out(game, ChangeSettings({"economy_speed": 5.0, "galaxies": 2}))
    group = refuse(game, store, ("planet", 2))
    assert group.aggregates == {(PLANET, EVERY_ID), (UNIVERSE, UNIVERSE_ID)}
    assert isinstance(game.execute(FoundHome(3, "cyd")).outcome, Unavailable)
    assert carry_out(game, DropSetAside(group.id, stored_rows(store, group))) == 3
    assert bits_of(game.state.world) == before
    assert game.state.galaxy.shape[0] == 1
    found(game, 3)


def test_that_a_world_that_was_never_saved_cannot_be_dropped() -> None:
    store = ManualStore(at_once=True)
    game = new_game(store=store)
    group = refuse(game, store, ("universe", 1))
    assert refused(game, DropSetAside(group.id, ())).code == "never_saved"


def test_that_an_event_that_would_carry_on_what_is_set_aside_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    for number in (1, 2):
        found(game, number)
    finish = construction.finish_building

    def finish_and_tell(state: GameState, planet_id: int, at: float) -> list[Event]:
        """Change something of another planet, too, as an arrival would."""
        stockpiles.settle(state, 3 - planet_id, at)
        return finish(state, planet_id, at)

    changed = tuple(
        replace(kind, apply=finish_and_tell) if kind.name == "construction" else kind
        for kind in calendar_module.DUE_KINDS
    )
    monkeypatch.setattr(calendar_module, "DUE_KINDS", changed)
    carry_out(game, StartBuilding(2, "metal_mine"))
    game.save_player_data()
    carry_out(game, StartBuilding(1, "metal_mine"))
    group = refuse(game, store, ("planet", 1))
    clock.advance(3600)
    game.advance(clock.now())
    # Both events touch planet 1: neither is applied, and nothing counts as broken.
    assert levels_of(game.state, 2)["metal_mine"] == 0
    assert group.postponed == {(PLANET, 1), (PLANET, 2)}
    assert game.set_aside_count == 0
    carry_out(game, ReleaseSetAside(group.id))
    game.advance(clock.now())
    assert [levels_of(game.state, number)["metal_mine"] for number in (1, 2)] == [1, 1]
    game.save_player_data()
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)
