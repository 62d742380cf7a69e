"""Which aggregates of a table have changes that are not on disk yet.

A mark says how long a change may wait, since when it waits, what of the row has changed and when it
was last written. Marks lie in columns beside the components, so that they move with their row.
"""

from __future__ import annotations

from collections import deque
from enum import IntFlag
from itertools import repeat

import numpy as np
import numpy.typing as npt

from core.ecs.component import Column, Field
from core.ecs.table import AnyArray, Ids, Rows, Table

# Of a row that may not be on disk yet, or of which nobody knows what has changed.
EVERY_COMPONENT = 0xFFFF
# Save slots are numbered so that this one lies a full interval before the first.
NEVER_WRITTEN_SLOT = 0


class Mark(IntFlag):
    """WAITING comes out the same after a restart, URGENT would be lost, DUE is wanted by a save.

    What is ASIDE is in no save, because the database refuses it; its other marks stay.
    """

    NONE = 0
    WAITING = 1
    URGENT = 2
    DUE = 4
    ASIDE = 8

    @property
    def change_name(self) -> str:
        """ "set aside", "urgent", "waiting", or "" where nothing has changed."""
        if self & Mark.ASIDE:
            return "set aside"
        if self & Mark.URGENT:
            return "urgent"
        return "waiting" if self & Mark.WAITING else ""


MARK_FIELDS = (
    Field("mark", "flags", Column(np.dtype(np.uint8))),
    Field("mark", "since", Column(np.dtype(np.float64))),
    Field("mark", "written_slot", Column(np.dtype(np.int32))),
    Field("mark", "cause", Column(np.dtype(np.int16))),
    # A bit for each component that has changed: see Table.component_bits.
    Field("mark", "components", Column(np.dtype(np.uint16))),
)
_FLAGS, _SINCE, _WRITTEN, _CAUSE, _COMPONENTS = (field.key for field in MARK_FIELDS)
_CHANGED = int(Mark.WAITING | Mark.URGENT)
_URGENT, _ASIDE = int(Mark.URGENT), int(Mark.ASIDE)
_DUE = np.uint8(Mark.DUE)


class Marks:
    """The marks of one table. The simulation's alone, like the table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # Ordered, so that a save writes urgent rows in the order in which they changed.
        self._urgent: dict[int, None] = {}
        self.coalesced_total = 0

    @property
    def urgent_ids(self) -> Ids:
        return np.fromiter(self._urgent, dtype=np.int64, count=len(self._urgent))

    @property
    def urgent_count(self) -> int:
        return len(self._urgent)

    def flags_of(self, entity_id: int) -> Mark:
        return Mark(self._table.get(entity_id, _FLAGS))

    def is_urgent(self, entity_id: int) -> bool:
        return entity_id in self._urgent

    def set(
        self,
        entity_id: int,
        mark: Mark,
        since: float,
        cause: int | None = None,
        components: int = EVERY_COMPONENT,
    ) -> None:
        """Mark one aggregate as changed; an urgent one stays urgent, the oldest time stays.

        The cause is that of the latest change; without one it stays what it was. `components` are
        the bits of those that have changed.
        """
        # In plain numbers: this is done for every change, and arithmetic of enumerations is slow.
        table, flags = self._table, int(mark)
        row = table.row(entity_id)
        before = table.readers[_FLAGS](row)
        if before & _CHANGED:
            self.coalesced_total += 1
            since = min(table.readers[_SINCE](row), since)
        table.set_at(row, _SINCE, since)
        table.set_at(row, _FLAGS, before | flags)
        table.set_at(row, _COMPONENTS, table.readers[_COMPONENTS](row) | components)
        if cause is not None:
            table.set_at(row, _CAUSE, cause)
        if flags & _URGENT and not before & _ASIDE:
            self._urgent[entity_id] = None

    def set_all(
        self, mark: Mark, since: float, cause: int = 0, components: int = EVERY_COMPONENT
    ) -> None:
        """Mark every row as changed."""
        flags, times = self._table.array(_FLAGS), self._table.array(_SINCE)
        changed = (flags & _CHANGED) != 0
        self.coalesced_total += int(np.count_nonzero(changed))
        times[...] = np.where(changed, np.minimum(times, since), since)
        flags |= np.uint8(mark)
        self._table.array(_CAUSE)[...] = cause
        self._table.array(_COMPONENTS)[...] |= np.uint16(components)
        if mark & Mark.URGENT:
            kept = (flags & np.uint8(Mark.ASIDE)) == 0
            self._urgent.update(dict.fromkeys(self._table.ids[kept].tolist()))

    def due_count(self) -> int:
        return int(np.count_nonzero(self._table.array(_FLAGS) & _DUE))

    def want(self, *, slot: int | None = None, slots_between_writes: int = 0) -> int:
        """Mark changed rows as due and return how many are due now, those from before included.

        Without a slot every changed row is; with one, urgent rows and those that were last
        written at least `slots_between_writes` save slots before it.
        """
        flags = self._table.array(_FLAGS)
        # What np.flatnonzero() comes to, without its detours.
        (rows,) = (flags != 0).nonzero()
        if not len(rows):
            return 0
        marked = flags[rows]
        wanted = _are_changed(marked)
        if slot is not None:
            written = self._table.array(_WRITTEN)[rows].astype(np.int64)
            rested = slot - written >= slots_between_writes
            wanted &= rested | ((marked & np.uint8(Mark.URGENT)) != 0)
        marked[wanted] |= _DUE
        flags[rows] = marked
        return int(np.count_nonzero(marked & _DUE))

    def due_ids_oldest_first(self) -> Ids:
        """Return the ids of rows that are due and not urgent, the longest waiting first."""
        flags = self._table.array(_FLAGS)
        chosen = (flags & np.uint8(Mark.DUE | Mark.URGENT)) == int(Mark.DUE)
        rows = np.flatnonzero(chosen)
        order = np.argsort(self._table.array(_SINCE)[rows], kind="stable")
        return self._table.ids[rows[order]]

    def still_due(self, ids: Ids) -> Rows:
        """Return the rows of those that are due and have not become urgent or gone."""
        rows = self._table.rows(ids)
        flags = self._table.array(_FLAGS)[rows]
        due: Rows = rows[(flags & np.uint8(Mark.DUE | Mark.URGENT)) == int(Mark.DUE)]
        return due

    def components_of(self, rows: Rows) -> npt.NDArray[np.uint16]:
        """Return for each of these rows the bits of the components that have changed."""
        components: npt.NDArray[np.uint16] = self._table.array(_COMPONENTS)[rows]
        # Whoever has marked a row by hand has not said what he did to it.
        components[components == 0] = EVERY_COMPONENT
        return components

    def take(self, rows: Rows, slot: int) -> MarksTaken:
        """Take the marks off these rows and return them, so that they can be put back."""
        flags, since = self._table.array(_FLAGS), self._table.array(_SINCE)
        taken = MarksTaken(self._table.ids[rows], flags[rows], since[rows])
        flags[rows] = 0
        self._table.array(_COMPONENTS)[rows] = 0
        self._table.array(_WRITTEN)[rows] = slot
        self._take_off_urgent(taken.ids[(taken.flags & np.uint8(Mark.URGENT)) != 0])
        return taken

    def _take_off_urgent(self, ids: Ids) -> None:
        # A loop that is not one of Python's: a change of settings makes every row urgent.
        deque(map(self._urgent.pop, ids.tolist(), repeat(None)), maxlen=0)

    def put_back(self, taken: MarksTaken) -> None:
        """Put marks back on after a save that failed; entities that are gone are passed over.

        They become writable again at the very next save, whatever the throttle says, and whole: who
        knows what is on disk.
        """
        there = taken.part(self._table.has(taken.ids))
        rows = self._table.rows(there.ids)
        flags, times = self._table.array(_FLAGS), self._table.array(_SINCE)
        before = flags[rows]
        changed = (before & _CHANGED) != 0
        times[rows] = np.where(changed, np.minimum(times[rows], there.since), there.since)
        flags[rows] = before | there.flags
        self._table.array(_COMPONENTS)[rows] = EVERY_COMPONENT
        self._table.array(_WRITTEN)[rows] = NEVER_WRITTEN_SLOT
        urgent = (there.flags & np.uint8(Mark.URGENT)) != 0
        urgent &= (before & np.uint8(Mark.ASIDE)) == 0
        self._urgent.update(dict.fromkeys(there.ids[urgent].tolist()))

    def forget(self, entity_id: int) -> None:
        """Drop the marks of an entity that was deleted."""
        self._urgent.pop(entity_id, None)

    def changed_rows(self) -> Rows:
        """Return the rows with a change that no save has taken along."""
        return np.flatnonzero(self._changed())

    def set_aside(self, ids: Ids) -> None:
        """Leave entities out of every save until they are let in again; they stay marked."""
        flags, rows = self._table.array(_FLAGS), self._table.rows(ids)
        flags[rows] = (flags[rows] & ~np.uint8(Mark.DUE)) | np.uint8(Mark.ASIDE | Mark.URGENT)
        self._take_off_urgent(ids)

    def let_in(self, ids: Ids) -> None:
        """Have entities that were set aside saved again, with the very next batch."""
        flags, rows = self._table.array(_FLAGS), self._table.rows(ids)
        aside = rows[(flags[rows] & np.uint8(Mark.ASIDE)) != 0]
        flags[aside] &= ~np.uint8(Mark.ASIDE)
        self._urgent.update(dict.fromkeys(self._table.ids[aside].tolist()))

    def wipe(self, ids: Ids) -> None:
        """Take every mark off entities that are as the database has them."""
        rows = self._table.rows(ids)
        self._table.array(_FLAGS)[rows] = 0
        self._table.array(_COMPONENTS)[rows] = 0
        self._take_off_urgent(ids)

    def changed_count(self) -> int:
        """Return how many rows have changes that wait for a save."""
        return int(np.count_nonzero(self._changed()))

    def _changed(self) -> npt.NDArray[np.bool_]:
        return _are_changed(self._table.array(_FLAGS))

    def oldest_since(self) -> float | None:
        """Return when the oldest change that is still marked was made, world time in seconds."""
        since: AnyArray = self._table.array(_SINCE)[self._changed()]
        return float(since.min()) if len(since) else None


def _are_changed(flags: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which of some flags are of rows that wait for a save."""
    changed: npt.NDArray[np.bool_] = ((flags & _CHANGED) != 0) & ((flags & np.uint8(_ASIDE)) == 0)
    return changed


class MarksTaken:
    """The marks that a save took off, column by column."""

    __slots__ = ("flags", "ids", "since")

    def __init__(
        self, ids: Ids, flags: npt.NDArray[np.uint8], since: npt.NDArray[np.float64]
    ) -> None:
        self.ids = ids
        self.flags = flags
        self.since = since

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, chosen: npt.NDArray[np.bool_]) -> MarksTaken:
        """Return the marks of some of the rows."""
        return MarksTaken(self.ids[chosen], self.flags[chosen], self.since[chosen])
