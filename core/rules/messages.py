"""What kinds of messages there are, and how long they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.arithmetic import SECONDS_PER_DAY
from core.rules.entry import Entry

KINDS = ("battle", "espionage", "transport", "expedition", "player", "system")


@dataclass(frozen=True, slots=True)
class MessageRules:
    """How long messages are kept, and how many.

    `kept_most` counts those of one kind of one player; the others are about what players write.
    """

    kinds: tuple[str, ...]
    kept_days: float
    kept_most: int
    characters_most: int
    unread_of_one_sender_most: int

    @property
    def kept_s(self) -> float:
        return self.kept_days * SECONDS_PER_DAY


def read_messages(entry: Entry) -> MessageRules:
    return MessageRules(
        entry.list_of_names("kinds", KINDS, "kind of message"),
        entry.number("kept_days", least=0.01, most=36_500),
        entry.whole("kept_most", least=1, most=10_000),
        entry.whole("characters_most", least=1, most=10_000),
        entry.whole("unread_of_one_sender_most", least=1, most=10_000),
    )
