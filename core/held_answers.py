"""Answers and events that wait for the commit of what they show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.connectivity import Group, belongs_any
from core.ecs import Aggregate


class Held(Protocol):
    """An answer or an event that waits for the commit of what it shows.

    `is_promise` tells the answer to a command, which says that something is kept, from what only
    shows the world: while storage is stalled the latter goes out all the same.
    """

    is_promise: bool

    def release(self, *, kept: bool) -> None:
        """Let it go: what it shows is committed (kept), or storage is stalled."""

    def abandon(self) -> None:
        """Let it go without its commit: the world ends and storage is out of reach."""

    def refuse(self) -> None:
        """Let a promise go without its commit: what it promises was set aside."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that is held, and the aggregates whose commit it waits for."""

    held: Held
    on: frozenset[Aggregate]


def without(held: list[Waiting], group: Group) -> list[Waiting]:
    """Let go what waits for a group that is set aside, and return the rest."""
    rest = []
    for waiting in held:
        if not belongs_any(group, waiting.on):
            rest.append(waiting)
        elif waiting.held.is_promise:
            waiting.held.refuse()
        else:
            waiting.held.release(kept=False)
    return rest
