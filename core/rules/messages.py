"""What kinds of messages there are, and how long they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.arithmetic import SECONDS_PER_DAY
from core.rules.entry import Entry

KINDS = ("battle", "espionage", "transport", "expedition", "player", "system")


@dataclass(frozen=True, slots=True)
class MessageRules:
    kinds: tuple[str, ...]
    kept_days: float

    @property
    def kept_s(self) -> float:
        return self.kept_days * SECONDS_PER_DAY


def read_messages(entry: Entry) -> MessageRules:
    return MessageRules(
        entry.list_of_names("kinds", KINDS, "kind of message"),
        entry.number("kept_days", least=0.01, most=36_500),
    )
