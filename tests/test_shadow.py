"""What is not on the disk: everything once, and nothing that is at risk as merely to be written."""

from __future__ import annotations

import pytest

from core.commands import ChangeSettings, StartBuilding
from core.components import PLANET, PLAYER
from core.ecs import Origin
from core.game import GameWorld
from core.queries import ListUnsaved, ReadThrottleTrace
from core.shadow import Unsaved
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, found, new_game


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore()


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    game = new_game(clock, store)
    found(game, 1, "mira")
    found(game, 2, "ada")
    save_everything(game, store)
    return game


def save_everything(game: GameWorld, store: ManualStore) -> None:
    future = game.save_player_data()
    while not future.done():
        store.commit()


def unsaved(game: GameWorld, limit: int = 50) -> Unsaved:
    shadow, shown = game.ask(ListUnsaved(limit))
    assert shown == set()
    assert isinstance(shadow, Unsaved)
    return shadow


def test_that_a_saved_world_has_no_shadow(game: GameWorld) -> None:
    shadow = unsaved(game)
    assert (shadow.at_risk, shadow.to_write, shadow.players_at_risk, shadow.items) == (0, 0, 0, ())


def test_that_an_order_is_at_risk_until_its_commit(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(2.0)
    shadow = unsaved(game)
    assert (shadow.at_risk, shadow.to_write, shadow.players_at_risk) == (1, 0, 1)
    assert shadow.oldest_at_risk_s == pytest.approx(2.0)
    (item,) = shadow.items
    assert (item.kind, item.owner_name, item.cause) == ("planet", "mira", "StartBuilding")
    assert item.at_risk
    assert "next batch" in item.why
    game.pump(after_tick=False)
    (item,) = unsaved(game).items
    assert item.at_risk
    assert item.in_flight
    assert "under way" in item.why
    store.commit()
    game.writer.take_completions()
    assert unsaved(game).items == ()


def test_that_what_happened_by_itself_may_wait_and_says_why(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    item = carry_out(game, StartBuilding(1, "metal_mine"))
    save_everything(game, store)
    clock.advance(item.due_at - clock.now() + 1.0)
    game.advance(clock.now())
    shadow = unsaved(game)
    assert (shadow.at_risk, shadow.to_write, shadow.players_at_risk) == (0, 1, 0)
    assert shadow.oldest_to_write_s == pytest.approx(1.0)
    (waiting,) = shadow.items
    assert (waiting.cause, waiting.at_risk) == ("construction", False)
    assert "works it out again" in waiting.why


def test_that_what_changes_while_it_is_written_stands_there_once_and_at_risk(
    game: GameWorld, clock: ManualClock
) -> None:
    item = carry_out(game, StartBuilding(1, "metal_mine"))
    game.pump(after_tick=False)
    clock.advance(item.due_at - clock.now())
    game.advance(clock.now())
    shadow = unsaved(game)
    assert (shadow.at_risk, shadow.to_write) == (1, 0)
    assert len(shadow.items) == 1


def test_that_what_is_deleted_is_at_risk_too(game: GameWorld, clock: ManualClock) -> None:
    world = game.state.world
    with world.unit_of_work(Origin.COMMAND, clock.now(), "Abandon"):
        world.delete_entity(PLANET, 1)
    shadow = unsaved(game)
    assert [(item.kind, item.cause, item.at_risk) for item in shadow.items] == [
        ("planet", "deleted", True)
    ]


def test_that_what_is_at_risk_comes_first_and_then_the_oldest(
    game: GameWorld, clock: ManualClock
) -> None:
    world = game.state.world
    for planet_id in (2, 1):
        with world.unit_of_work(Origin.EVENT, clock.now(), "production"):
            world.write(PLANET, planet_id, "Planet.name", "x")
        clock.advance(1.0)
    with world.unit_of_work(Origin.COMMAND, clock.now(), "Rename"):
        world.write(PLAYER, 2, "Player.name", "eve")
    items = unsaved(game).items
    assert [(item.kind, item.entity_id) for item in items] == [
        ("player", 2),
        ("planet", 2),
        ("planet", 1),
    ]
    assert len(unsaved(game, limit=1).items) == 1
    assert unsaved(game, limit=0).to_write == 2


def test_that_what_the_database_refuses_comes_first_and_as_what_it_is(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    world = game.state.world
    with world.unit_of_work(Origin.COMMAND, clock.now(), "Abandon"):
        world.delete_entity(PLANET, 1)
    store.refusing = {("planet", 1)}
    save_everything(game, store)
    carry_out(game, StartBuilding(2, "metal_mine"))
    store.refusing = {("planet", 2)}
    save_everything(game, store)
    clock.advance(3.0)
    with world.unit_of_work(Origin.COMMAND, clock.now(), "Rename"):
        world.write(PLAYER, 2, "Player.name", "eve")
    shadow = unsaved(game)
    assert (shadow.set_aside, shadow.at_risk, shadow.to_write) == (2, 1, 0)
    seen = [(item.entity_id, item.cause, item.set_aside, item.at_risk) for item in shadow.items]
    assert seen == [
        (1, "deleted", True, False),
        (2, "StartBuilding", True, False),
        (2, "Rename", False, True),
    ]
    refused = shadow.items[1]
    assert refused.why == "no save takes it until the host has decided: ('planet', 2) is refused"
    assert refused.owner_name == "eve"
    assert refused.age_s == pytest.approx(3.0)


def test_that_a_refused_change_of_every_row_is_counted_whole_and_listed_in_part(
    game: GameWorld, store: ManualStore
) -> None:
    carry_out(game, ChangeSettings({"economy_speed": 3.0}))
    store.refusing = {("universe", 1)}
    save_everything(game, store)
    shadow = unsaved(game, limit=2)
    assert (shadow.set_aside, shadow.at_risk, shadow.to_write) == (3, 0, 0)
    assert [item.set_aside for item in shadow.items] == [True, True]


def test_that_a_failure_brings_it_back_with_its_cause(game: GameWorld, store: ManualStore) -> None:
    carry_out(game, StartBuilding(1, "metal_mine"))
    game.pump(after_tick=False)
    store.fail()
    game.writer.take_completions()
    (item,) = unsaved(game).items
    assert (item.cause, item.at_risk, item.in_flight) == ("StartBuilding", True, False)


def test_that_the_trace_holds_what_was_changed(game: GameWorld, clock: ManualClock) -> None:
    before = len(game.ask(ReadThrottleTrace())[0])
    item = carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(item.due_at - clock.now())
    game.advance(clock.now())
    changes = game.ask(ReadThrottleTrace())[0]
    assert changes.urgent[before:].tolist() == [True, False]
    assert changes.row[before] == changes.row[before + 1]
