"""Friends: who they are, accepting one, and revoking that."""

from __future__ import annotations

from core import sync
from core.api.context import InContext, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.friend_answers import FriendChanged, FriendsAnswer, friend_answer, friends_answer
from core.api.problems import rejection
from core.api.request_keys import PlayersKey
from core.api.schemas import USERNAME, FriendNamed
from core.commands import AcceptFriend, RevokeFriend
from core.friendships import ListFriends
from core.ownership import NO_SUCH_PLAYER

_READING = (401, 403, 409, 422, 429, 503)
_CHANGING = (400, 401, 403, 404, 409, 413, 422, 429, 503, 504)

router = new_router(tags=["players"])


@router.get("/player/{id}/friends", summary="Your friends", responses=may_answer(*_READING))
async def friends(player_id: OwnPlayer, context: InContext) -> FriendsAnswer:
    """Return whom the player has accepted as friends, and who has accepted him."""
    return friends_answer(await context.door.ask(ListFriends(player_id)))


@router.post("/player/{id}/friends", summary="Accept a friend", responses=may_answer(*_CHANGING))
async def accept(
    player_id: OwnPlayer, body: FriendNamed, context: InContext, key: PlayersKey
) -> FriendChanged:
    """Accept another player as a friend: his fleets may hold at one's planets."""
    order = AcceptFriend(player_id, await _player_named(body.user))
    friend = friend_answer(await context.door.order(order, key))
    return FriendChanged(message=f"{friend.user} is your friend.", friend=friend)


@router.delete(
    "/player/{id}/friends", summary="Revoke a friendship", responses=may_answer(*_CHANGING)
)
async def revoke(
    player_id: OwnPlayer, body: FriendNamed, context: InContext, key: PlayersKey
) -> FriendChanged:
    """Have somebody be a friend no longer; fleets of his that hold already stay their hours."""
    order = RevokeFriend(player_id, await _player_named(body.user))
    friend = friend_answer(await context.door.order(order, key))
    return FriendChanged(message=f"{friend.user} is your friend no longer.", friend=friend)


async def _player_named(user: str | int) -> int:
    """Return whom a name or an id means. Raise Problem 404 if nobody has the name."""
    if isinstance(user, int):
        return user
    # What cannot be a name is not asked for: some databases refuse even the question.
    known = await sync.find_credentials(user) if USERNAME.fullmatch(user) else None
    if known is None:
        raise rejection(NO_SUCH_PLAYER)
    return known.account.id
