"""Which messages every player has, by their kind: an index over the table, never stored."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable

import numpy as np

from core.components import MESSAGE, MESSAGE_KINDS
from core.ecs import World
from core.ecs.table import Ids

_EMPTY: array[int] = array("q")


class Mailboxes:
    """The ids of messages, the oldest first. The simulation's alone, like the world."""

    def __init__(self, world: World) -> None:
        self._table = world.tables[MESSAGE]
        self._ids: dict[tuple[int, int], array[int]] = {}
        self.take_in(self._table.ids)

    def take_in(self, ids: Ids) -> None:
        """Learn of messages that are in the table, a whole mailbox at a time."""
        rows = self._table.rows(ids)
        if not len(rows):
            return
        owners = self._table.read_only("Message.owner_id")[rows]
        categories = self._table.read_only("Message.category")[rows]
        present = self._table.ids[rows]
        order = np.lexsort((present, categories, owners))
        boxes = np.stack((owners, categories), axis=1)[order]
        begins = np.flatnonzero(np.diff(boxes, axis=0, prepend=-1).any(axis=1))
        names = map(tuple, boxes[begins].tolist())
        for box, members in zip(names, np.split(present[order], begins[1:]), strict=True):
            known = self._ids.get(box, _EMPTY)
            self._ids[box] = array("q", sorted({*known, *members.tolist()}))

    def leave_out(self, ids: Ids) -> None:
        """Forget messages that may go from the table."""
        for message_id in ids.tolist():
            self.drop(message_id)

    def note(self, message_id: int) -> None:
        """Learn of a message that is in the table, if it is not known."""
        ids = self._ids.setdefault(self._box_of(message_id), array("q"))
        place = bisect_left(ids, message_id)
        if not _is_at(place, ids, message_id):
            ids.insert(place, message_id)

    def drop(self, message_id: int) -> None:
        """Forget a message that is still in the table, if it is known."""
        box = self._box_of(message_id)
        ids = self._ids.get(box, _EMPTY)
        place = bisect_left(ids, message_id)
        if _is_at(place, ids, message_id):
            del ids[place]
        if not ids:
            self._ids.pop(box, None)

    def of_kind(self, owner_id: int, category: int) -> list[int]:
        """Return a player's messages of a kind, the oldest first."""
        return self._ids.get((owner_id, category), _EMPTY).tolist()

    def of(self, owner_id: int, categories: Iterable[int] = ()) -> list[int]:
        """Return a player's messages, those of all kinds if none is named, the newest first."""
        wanted = tuple(categories) or range(1, len(MESSAGE_KINDS) + 1)
        boxes = (self._ids.get((owner_id, category), _EMPTY) for category in wanted)
        return sorted((message_id for box in boxes for message_id in box), reverse=True)

    def _box_of(self, message_id: int) -> tuple[int, int]:
        return (
            self._table.get(message_id, "Message.owner_id"),
            self._table.get(message_id, "Message.category"),
        )


def _is_at(place: int, ids: array[int], message_id: int) -> bool:
    return place < len(ids) and ids[place] == message_id
