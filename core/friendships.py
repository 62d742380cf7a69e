"""Who is whose friend: looking it up, and what a player is told of it.

A friendship goes one way. What others' fleets may do at somebody's planets depends on whom he has
accepted, and on nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.commands import Rejected
from core.components import FRIENDSHIP, PLAYER, Friendship, Player
from core.ecs import World
from core.ownership import NO_HOME

# Of those who have accepted somebody, whose number nothing bounds, the latest.
_ADMIRERS_LISTED = 200


@dataclass(frozen=True, slots=True)
class Friend:
    """The other one of a friendship, with an empty name if he has left the world."""

    player_id: int
    name: str
    since: float


@dataclass(frozen=True, slots=True)
class ListFriends:
    """Whom a player has accepted as friends, and who has accepted him."""

    player_id: int


@dataclass(frozen=True, slots=True)
class Friends:
    """The latest first; of those who have accepted the player only so many are named."""

    accepted: tuple[Friend, ...]
    accepted_by: tuple[Friend, ...]


def find(world: World, owner_id: int, friend_id: int) -> int | None:
    """Return the friendship by which one has accepted another, None if there is none."""
    table = world.tables[FRIENDSHIP]
    of_both = (table.read_only("Friendship.owner_id") == owner_id) & (
        table.read_only("Friendship.friend_id") == friend_id
    )
    found: list[int] = table.ids[of_both].tolist()
    world.note_reads(FRIENDSHIP, found)
    return found[0] if found else None


def has_accepted(world: World, owner_id: int, friend_id: int) -> bool:
    """Return whether one has accepted another as a friend."""
    return find(world, owner_id, friend_id) is not None


def accepted_ids(world: World, owner_id: int) -> list[int]:
    """Return the friendships that a player has made, the latest first."""
    return _ids_where(world, "Friendship.owner_id", owner_id)


def friends_of(world: World, query: ListFriends) -> Friends | Rejected:
    if not world.exists(PLAYER, query.player_id):
        return NO_HOME
    made = accepted_ids(world, query.player_id)
    received = _ids_where(world, "Friendship.friend_id", query.player_id)[:_ADMIRERS_LISTED]
    return Friends(
        tuple(friend_in(world, each) for each in made),
        tuple(_admirer_in(world, each) for each in received),
    )


def friend_in(world: World, friendship_id: int) -> Friend:
    """Return who was accepted as a friend."""
    friendship = world.component_for_entity(FRIENDSHIP, friendship_id, Friendship)
    return _other(world, friendship.friend_id, friendship.accepted_at)


def _admirer_in(world: World, friendship_id: int) -> Friend:
    friendship = world.component_for_entity(FRIENDSHIP, friendship_id, Friendship)
    return _other(world, friendship.owner_id, friendship.accepted_at)


def _other(world: World, player_id: int, since: float) -> Friend:
    known = world.exists(PLAYER, player_id)
    name = world.component_for_entity(PLAYER, player_id, Player).name if known else ""
    return Friend(player_id, name, since)


def _ids_where(world: World, key: str, player_id: int) -> list[int]:
    table = world.tables[FRIENDSHIP]
    ids: list[int] = np.sort(table.ids[table.read_only(key) == player_id])[::-1].tolist()
    return ids
