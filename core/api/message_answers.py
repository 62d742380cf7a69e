"""What players read: messages and notifications."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Answer, Message, Time, iso_time
from core.messages import MessagePage, ReadableMessage


class MessageAnswer(Answer):
    id: int
    category: Annotated[
        str, Field(description="battle, espionage, transport, expedition, player or system")
    ]
    sender_id: Annotated[int | None, Field(description="null where no player wrote it")]
    sender: str | None
    text: str
    sent_at: Time
    read: bool


class MessagesAnswer(Answer):
    """A page of messages; `total` and `unread` count those on all pages."""

    messages: list[MessageAnswer]
    total: int
    unread: int


class NotificationsAnswer(Answer):
    notifications: list[MessageAnswer]
    total: int
    unread: int


class MessageChanged(Message):
    id: int


# From what the world says to what players are told ------------------------------------------------


def messages_answer(page: MessagePage) -> MessagesAnswer:
    messages = [_message(message) for message in page.messages]
    return MessagesAnswer(messages=messages, total=page.total, unread=page.unread)


def notifications_answer(page: MessagePage) -> NotificationsAnswer:
    notifications = [_message(message) for message in page.messages]
    return NotificationsAnswer(notifications=notifications, total=page.total, unread=page.unread)


def _message(message: ReadableMessage) -> MessageAnswer:
    return MessageAnswer(
        id=message.message_id,
        category=message.category,
        sender_id=message.sender_id,
        sender=message.sender_name,
        text=message.text,
        sent_at=iso_time(message.sent_at),
        read=message.is_read,
    )
