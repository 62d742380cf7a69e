"""Removing players: what goes, in which portions, and that the sums over the world stay right."""

from __future__ import annotations

import numpy as np
import pytest

from core import stockpiles
from core.commands import (
    AcceptFriend,
    AcceptOffer,
    CreateOffer,
    DispatchFleet,
    ExcuseAbsence,
    NotePresence,
    RemovePlayer,
    SendMessage,
    SetVacation,
)
from core.components import (
    DEPARTED,
    FLEET,
    FRIENDSHIP,
    MESSAGE,
    OFFER,
    PLANET,
    PLAYER,
    REPORT,
    Departed,
    Finds,
    Legacy,
    Presence,
    Wreckage,
)
from core.ecs import Origin
from core.events import Event, PlanetAbandoned, PlayerRemoved
from core.game import GameWorld
from core.mailboxes import Mailboxes
from core.presence import ListAbsent
from core.reports import write_report
from core.rules.planets import Nature
from core.settlement import create_moon, create_planet, place_of
from core.systems import removal
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.test_laws import traded_away
from tests.worlds import bits_of, boxes_of, carry_out, found, new_game, refused, reload, set_up

DAY_S = 86_400.0
AWAY_S = 30 * DAY_S


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    """Return a world whose player 2 has something of everything, and was away for 30 days."""
    game = new_game(clock, store, galaxies=1, systems=4, market_fee_percent=10.0)
    for player_id in (1, 2, 3):
        found(game, player_id)
        set_up(
            game,
            player_id,
            amounts=(5_000, 5_000, 5_000),
            units={"small_cargo": 5},
            technologies={"combustion_drive": 2, "computer": 3},
        )
    clock.advance(AWAY_S)
    game.advance(clock.now())
    for player_id in (1, 3):
        carry_out(game, NotePresence(player_id))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        colony = create_planet(game.state, 2, "Colony", (1, 1, 15), Nature(90, 0), game.time)
        moon = create_moon(game.state, colony, 8_000, game.time)
        stockpiles.take_away(game.state, 2, (60, 50, 0), game.time)
        stockpiles.bring(game.state, moon, (60, 50, 0), game.time)
        write_report(game.state, 2, "battle", {"rounds": 1}, game.time)
        his = game.state.world.component_for_entity(PLAYER, 2, Wreckage)
        # What it takes for the books to add up: what he made and what he found he has lost.
        his.debris_made, his.cargo_lost = (7, 0, 0), (7, 0, 3)
        finds = game.state.world.component_for_entity(PLAYER, 2, Finds)
        finds.resources_found = (0, 0, 3)
        legacy = game.state.world.component_for_entity(PLAYER, 2, Legacy)
        stockpiles.take_away(game.state, 2, (11, 0, 0), game.time)
        legacy.moved = (11, 0, 0)
    carry_out(game, CreateOffer(2, "metal", 100, "crystal", 40))
    carry_out(game, CreateOffer(2, "crystal", 30, "metal", 20))
    carry_out(game, AcceptOffer(1, 1))
    carry_out(game, SendMessage(1, 2, "Where are you?"))
    for one, other in ((1, 2), (2, 3), (1, 3)):
        carry_out(game, AcceptFriend(one, other))
    for owner, target in ((2, 1), (3, 2)):
        ships = {"small_cargo": 1}
        place = place_of(game.state, target)
        carry_out(game, DispatchFleet(owner, "transport", place, ships, {"metal": 9}))
    return game


def remove(game: GameWorld, player_id: int = 2) -> int:
    """Remove a player and return in how many portions."""
    portions = 1
    while not carry_out(game, RemovePlayer(player_id, AWAY_S)):
        portions += 1
    return portions


def test_that_nothing_of_his_is_left(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    assert game.save_player_data().done()
    assert traded_away(store) == [0, 0, 0]
    remove(game)
    tables = game.state.world.tables
    assert tables[PLAYER].ids.tolist() == [1, 3]
    for kind, key in (
        (PLANET, "Planet.owner_id"),
        (FLEET, "Fleet.owner_id"),
        (OFFER, "Offer.seller_id"),
        (MESSAGE, "Message.owner_id"),
        (REPORT, "Report.owner_id"),
        (FRIENDSHIP, "Friendship.owner_id"),
        (FRIENDSHIP, "Friendship.friend_id"),
    ):
        assert 2 not in tables[kind].array(key).tolist(), (kind, key)
    assert len(tables[FRIENDSHIP]) == len(tables[FLEET]) == 1
    assert game.state.galaxy.planet_at((1, 1, 15)) is None
    assert game.state.galaxy.moon_at((1, 1, 15)) is None
    assert boxes_of(game.state.mailboxes) == boxes_of(Mailboxes(game.state.world))
    assert game.save_player_data().done()
    assert bits_of(reload(store, clock).state.world) == bits_of(game.state.world)


def test_that_the_sums_over_the_world_stay_right(game: GameWorld, store: ManualStore) -> None:
    remove(game)
    assert game.save_player_data().done()
    assert traded_away(store) == [0, 0, 0]
    (departed_id,) = game.state.world.tables[DEPARTED].ids.tolist()
    departed = game.state.world.component_for_entity(DEPARTED, departed_id, Departed)
    # Sold for 40 of crystal: 100 of metal; 4 of them were the fee, and are in his books.
    assert departed.moved == (-100, 40, 0)
    assert departed.left_at == game.time


def test_that_the_fleets_of_others_find_nothing_and_come_home(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    remove(game)
    clock.advance(DAY_S)
    game.advance(clock.now())
    assert len(game.state.world.tables[FLEET]) == 0
    assert game.set_aside_count == 0
    assert game.save_player_data().done()
    assert traded_away(store) == [0, 0, 0]


def test_that_it_is_told(game: GameWorld) -> None:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    remove(game)
    assert events[-1] == PlayerRemoved(game.time, 2)
    gone = {event.planet_id for event in events if isinstance(event, PlanetAbandoned)}
    assert gone == {2, 4, 5}


def test_that_much_goes_in_portions(game: GameWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "PORTION", 2)
    tables = game.state.world.tables
    few = sum(
        int(np.count_nonzero(tables[kind].array(key) == 2))
        for kind, key in (
            (MESSAGE, "Message.owner_id"),
            (REPORT, "Report.owner_id"),
            (FRIENDSHIP, "Friendship.owner_id"),
            (FRIENDSHIP, "Friendship.friend_id"),
        )
    )
    assert remove(game) == -(-few // 2) + 1


def test_that_who_comes_back_in_between_stays(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "PORTION", 1)
    assert carry_out(game, RemovePlayer(2, AWAY_S)) is False
    carry_out(game, NotePresence(2))
    assert refused(game, RemovePlayer(2, AWAY_S)).code == "not_away"
    assert 2 in game.state.world.tables[PLANET]


def test_that_only_who_was_away_for_long_is_removed(game: GameWorld) -> None:
    assert game.ask(ListAbsent(AWAY_S, 10))[0] == (2,)
    assert game.ask(ListAbsent(0.0, 2))[0] == (2, 1)
    assert game.ask(ListAbsent(AWAY_S + DAY_S, 10))[0] == ()
    assert refused(game, RemovePlayer(1, AWAY_S)).code == "not_away"
    assert refused(game, RemovePlayer(2, AWAY_S + DAY_S)).code == "not_away"
    assert refused(game, RemovePlayer(9, AWAY_S)).code == "no_such_player"


def test_that_who_is_on_vacation_stays(game: GameWorld, clock: ManualClock) -> None:
    clock.advance(AWAY_S + 1)
    game.advance(clock.now())
    carry_out(game, SetVacation(1, on=True))
    assert game.ask(ListAbsent(AWAY_S, 10))[0] == (2, 3)
    assert refused(game, RemovePlayer(1, AWAY_S)).code == "not_away"


def test_that_nobody_was_away_while_the_world_was_off(game: GameWorld) -> None:
    carry_out(game, ExcuseAbsence(10 * DAY_S))
    assert game.ask(ListAbsent(AWAY_S, 10))[0] == ()
    assert game.ask(ListAbsent(AWAY_S - 10 * DAY_S, 10))[0] == (2,)
    seen_at = game.state.world.component_for_entity(PLAYER, 1, Presence).active_at
    assert seen_at <= game.time
