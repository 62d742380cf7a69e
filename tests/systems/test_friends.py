"""Friends: one accepts another, and that goes one way until it is revoked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.commands import AcceptFriend, RevokeFriend
from core.components import FRIENDSHIP
from core.friendships import Friend, Friends, ListFriends, has_accepted
from core.game import GameWorld
from core.rules import RULES
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, found, new_game, refused, reload


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    game = new_game(clock, store, galaxies=1, systems=4)
    for player_id in (1, 2, 3):
        found(game, player_id)
    return game


def friends(game: GameWorld, player_id: int) -> Any:
    return game.ask(ListFriends(player_id))[0]


def test_that_friendship_goes_one_way(game: GameWorld) -> None:
    friend = carry_out(game, AcceptFriend(1, 2))
    assert friend == Friend(2, "player2", game.time)
    assert has_accepted(game.state.world, 1, 2)
    assert not has_accepted(game.state.world, 2, 1)
    assert friends(game, 1) == Friends((friend,), ())
    assert friends(game, 2) == Friends((), (Friend(1, "player1", game.time),))


def test_that_a_friend_is_accepted_once(game: GameWorld) -> None:
    first = carry_out(game, AcceptFriend(1, 2))
    again = game.execute(AcceptFriend(1, 2))
    assert not again.changed
    assert carry_out(game, AcceptFriend(1, 2)) == first


def test_that_the_latest_friends_come_first(game: GameWorld, clock: ManualClock) -> None:
    for player_id, friend_id in ((1, 2), (1, 3), (2, 3)):
        clock.advance(1.0)
        carry_out(game, AcceptFriend(player_id, friend_id))
    assert [each.player_id for each in friends(game, 1).accepted] == [3, 2]
    assert [each.player_id for each in friends(game, 3).accepted_by] == [2, 1]


def test_that_who_is_revoked_is_a_friend_no_longer_after_a_restart_too(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    carry_out(game, AcceptFriend(1, 2))
    kept = carry_out(game, AcceptFriend(1, 3))
    assert game.save_player_data().done()
    revoked = carry_out(game, RevokeFriend(1, 2))
    assert revoked.player_id == 2
    assert game.save_player_data().done()
    again = reload(store, clock)
    assert friends(again, 1).accepted == (kept,)
    assert again.state.world.next_id[FRIENDSHIP] == 3


@pytest.mark.parametrize(
    ("code", "command"),
    [
        ("no_home", AcceptFriend(9, 1)),
        ("bad_value", AcceptFriend(1, 1)),
        ("no_such_player", AcceptFriend(1, 9)),
        ("no_home", RevokeFriend(9, 1)),
        ("no_such_item", RevokeFriend(1, 2)),
        ("no_such_item", RevokeFriend(2, 1)),
    ],
)
def test_that_what_makes_no_sense_is_refused(
    game: GameWorld, code: str, command: AcceptFriend | RevokeFriend
) -> None:
    carry_out(game, AcceptFriend(1, 3))
    assert refused(game, command).code == code


def test_that_nobody_has_more_friends_than_there_may_be(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(RULES.limits, friends=1)
    monkeypatch.setattr(game.state, "rules", replace(RULES, limits=limits))
    carry_out(game, AcceptFriend(1, 2))
    refusal = refused(game, AcceptFriend(1, 3))
    assert (refusal.code, refusal.facts) == ("too_many_friends", {"limit": 1})
    carry_out(game, RevokeFriend(1, 2))
    carry_out(game, AcceptFriend(1, 3))
    # How many have accepted somebody is not bounded by what he may.
    carry_out(game, AcceptFriend(2, 3))


def test_that_nobody_without_a_home_has_friends(game: GameWorld) -> None:
    assert friends(game, 9).code == "no_home"
