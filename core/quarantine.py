"""What the database refuses: groups of aggregates that no save takes until the host decides.

They live on in memory, alone: nothing that anybody else may see or build on comes of them. The host
lets a group in again, when what was wrong with the database is put right, or takes it back to what
the database holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.commands import Unavailable
from core.connectivity import Group, kinds_taken_whole
from core.ecs import EVERY_ID, Aggregate, Kind, UnitOfWork, World
from core.ecs.table import Ids
from core.save_batch import TableRows

Tombstones = dict[Kind, dict[int, float]]

# The outcome is open: what is repeated without the same key may be done twice.
SET_ASIDE = Unavailable(
    "commit_pending",
    "It was done, but the database refuses it; the host may save it later or take it back.",
    60,
)


@dataclass(slots=True)
class SetAside:
    """One group that was refused as a whole; `since` is world time.

    `postponed` are entities whose due events would carry its changes on: they wait for it.
    """

    id: int
    aggregates: Group
    tombstones: Tombstones
    reason: str
    since: float
    postponed: set[Aggregate] = field(default_factory=set)


class Quarantine:
    """The groups that are set aside. The simulation's alone, like the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups: dict[int, SetAside] = {}
        self._group_of: dict[Aggregate, SetAside] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[SetAside]:
        return iter(tuple(self._groups.values()))

    def __bool__(self) -> bool:
        return bool(self._groups)

    @property
    def count(self) -> int:
        """How many aggregates are set aside."""
        return sum(self.size_of(group) for group in self._groups.values())

    def size_of(self, group: SetAside) -> int:
        tables = self._world.tables
        return sum(
            len(tables[kind]) if entity_id == EVERY_ID else 1
            for kind, entity_id in group.aggregates
        )

    def find(self, group_id: int) -> SetAside | None:
        return self._groups.get(group_id)

    def group_with(self, aggregates: Iterable[Aggregate]) -> SetAside | None:
        """Return the first group that any of these aggregates belongs to."""
        if not self._groups:
            return None
        found = (self._group_with(aggregate) for aggregate in aggregates)
        return next((group for group in found if group is not None), None)

    def group_touched(self, unit: UnitOfWork) -> SetAside | None:
        """Return a group that a unit of work has read or changed."""
        if not self._groups:
            return None
        if unit.read_all:
            return next(iter(self._groups.values()))
        return self.group_with([*unit.changes, *unit.reads])

    def _group_with(self, aggregate: Aggregate) -> SetAside | None:
        kind, entity_id = aggregate
        if entity_id == EVERY_ID:
            return next((g for (known, _), g in self._group_of.items() if known is kind), None)
        return self._group_of.get(aggregate) or self._group_of.get((kind, EVERY_ID))

    # How a group comes and goes ----------------------------------------------------------------

    def add(self, aggregates: Group, tombstones: Tombstones, reason: str, since: float) -> SetAside:
        """Leave a group out of every save from now on."""
        self._last_id += 1
        group = SetAside(self._last_id, aggregates, tombstones, reason, since)
        self._groups[group.id] = group
        self._group_of.update(dict.fromkeys(aggregates, group))
        for kind, ids in members_of(self._world, aggregates):
            self._world.marks[kind].set_aside(ids)
        return group

    def let_in(self, group: SetAside) -> None:
        """Have a group saved again: its marks are urgent, its deletions due."""
        self._forget(group)
        for kind, ids in members_of(self._world, group.aggregates):
            self._world.marks[kind].let_in(ids)
        for kind, deleted in group.tombstones.items():
            self._world.tombstones[kind].update(deleted)

    def take_back(self, group: SetAside, rows: Sequence[TableRows]) -> None:
        """Give a group in memory the rows that the database holds; what it does not know goes."""
        self._forget(group)
        stored = {part.table: part for part in rows}
        for kind, ids in members_of(self._world, group.aggregates):
            _restore(self._world, kind, ids, stored.get(kind.name))

    def _forget(self, group: SetAside) -> None:
        del self._groups[group.id]
        for aggregate in group.aggregates:
            del self._group_of[aggregate]


def members_of(world: World, group: Group) -> Iterator[tuple[Kind, Ids]]:
    """Yield the ids that a group has of each kind, those of all entities where it has them all."""
    whole = kinds_taken_whole(group)
    for kind in world.kinds:
        if kind in whole:
            yield kind, world.tables[kind].ids.copy()
        else:
            ids = sorted(entity_id for member, entity_id in group if member is kind)
            if ids:
                yield kind, np.array(ids, dtype=np.int64)


def _restore(world: World, kind: Kind, ids: Ids, stored: TableRows | None) -> None:
    table, marks = world.tables[kind], world.marks[kind]
    stored_ids = np.zeros(0, dtype=np.int64) if stored is None else stored.ids
    for entity_id in np.setdiff1d(ids, stored_ids).tolist():
        if entity_id in table:
            marks.forget(entity_id)
            table.remove(entity_id)
    if stored is None:
        return
    known = table.has(stored_ids)
    rows = table.rows(stored_ids[known])
    for key, column in stored.columns.items():
        table.array(key)[rows] = column[known]
    lost = ~known
    table.extend(stored_ids[lost], {key: col[lost] for key, col in stored.columns.items()})
    marks.wipe(stored_ids)
