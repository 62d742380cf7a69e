"""Friends: accepting another player as one, and revoking that."""

from __future__ import annotations

from core.commands import Accepted, AcceptFriend, Rejected, RevokeFriend
from core.components import FRIENDSHIP, PLAYER, Friendship
from core.friendships import accepted_ids, find, friend_in
from core.ownership import NO_HOME, NO_SUCH_PLAYER
from core.state import GameState

NOT_ONESELF = Rejected("bad_value", "Nobody is his own friend.")
NO_SUCH_FRIEND = Rejected("no_such_item", "You have no such friend.")


def accept_friend(state: GameState, command: AcceptFriend, at: float) -> Accepted | Rejected:
    """Accept another as a friend; if he is one already, answer with that and change nothing."""
    world = state.world
    if not world.exists(PLAYER, command.player_id):
        return NO_HOME
    if command.friend_id == command.player_id:
        return NOT_ONESELF
    if not world.exists(PLAYER, command.friend_id):
        return NO_SUCH_PLAYER
    friendship_id = find(world, command.player_id, command.friend_id)
    if friendship_id is None:
        limit = state.rules.limits.friends
        if len(accepted_ids(world, command.player_id)) >= limit:
            return Rejected(
                "too_many_friends", f"You have {limit} friends already.", {"limit": limit}
            )
        friendship_id = world.create_entity(
            FRIENDSHIP, Friendship(command.player_id, command.friend_id, accepted_at=at)
        )
    return Accepted(friend_in(world, friendship_id))


def revoke_friend(state: GameState, command: RevokeFriend, at: float) -> Accepted | Rejected:
    """End a friendship. A friend's fleet that holds already stays until its hours are over."""
    world = state.world
    if not world.exists(PLAYER, command.player_id):
        return NO_HOME
    friendship_id = find(world, command.player_id, command.friend_id)
    if friendship_id is None:
        return NO_SUCH_FRIEND
    friend = friend_in(world, friendship_id)
    world.delete_entity(FRIENDSHIP, friendship_id)
    return Accepted(friend)
