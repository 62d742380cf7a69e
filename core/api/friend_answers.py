"""What players are told of their friends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Answer, Message, Time, iso_time
from core.friendships import Friend, Friends


class FriendAnswer(Answer):
    id: int
    user: Annotated[str, Field(examples=["jonas"])]
    since: Time


class FriendsAnswer(Answer):
    """Friendship goes one way: the fleets of those whom one has accepted may hold here."""

    friends: Annotated[list[FriendAnswer], Field(description="whom one has accepted")]
    accepted_by: Annotated[list[FriendAnswer], Field(description="whose friend one is")]


class FriendChanged(Message):
    friend: FriendAnswer


# From what the world says to what players are told ------------------------------------------------


def friend_answer(friend: Friend) -> FriendAnswer:
    return FriendAnswer(id=friend.player_id, user=friend.name, since=iso_time(friend.since))


def friends_answer(friends: Friends) -> FriendsAnswer:
    return FriendsAnswer(
        friends=[friend_answer(each) for each in friends.accepted],
        accepted_by=[friend_answer(each) for each in friends.accepted_by],
    )
