"""A save on its way: what the simulation hands to the persistence loop, and what comes back.

A batch is a copy that nobody writes to any more. It is never sent twice: after a failure the rows
are captured anew, with their newest values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from core.ecs.table import AnyArray, Ids


class SaveReason(Enum):
    """Why a save was made."""

    URGENT = "urgent"
    PERIODIC = "periodic"
    MANUAL = "manual"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of one table: ids of shape (n,), columns of shape (n,) or (n, len(axis)).

    Rows that are `whole` have all their columns and may be new. Others are on disk already: they
    have the columns of the components that have changed, and the rest stays as it is there.
    """

    table: str
    ids: Ids
    columns: Mapping[str, AnyArray]
    whole: bool = True

    def part(self, start: int, end: int) -> TableRows:
        """Return some of the rows, without copying them."""
        columns = {key: values[start:end] for key, values in self.columns.items()}
        return replace(self, ids=self.ids[start:end], columns=columns)

    @property
    def bytes(self) -> int:
        return self.ids.nbytes + sum(column.nbytes for column in self.columns.values())


@dataclass(frozen=True, slots=True)
class WorldClock:
    """The row that is part of every save: how far the world is, and its counters of ids."""

    world_time: float
    tick: int
    next_ids: Mapping[str, int]


# A table and an id; the id 0 stands for every row of the table.
RowName = tuple[str, int]


@dataclass(frozen=True, slots=True)
class SaveBatch:
    """Everything that one transaction writes. `captured_at` is on the monotonic clock.

    `groups` are the aggregates that may be on disk only together; who is in none stands alone.
    """

    number: int
    reason: SaveReason
    rows: tuple[TableRows, ...]
    deleted: Mapping[str, tuple[int, ...]]
    clock: WorldClock
    captured_at: float
    groups: tuple[frozenset[RowName], ...] = ()

    @property
    def aggregates(self) -> int:
        changed = sum(len(rows.ids) for rows in self.rows)
        return changed + sum(len(ids) for ids in self.deleted.values())


@dataclass(frozen=True, slots=True)
class Refusal:
    """Connected rows that the database does not take, and its own words why."""

    rows: frozenset[RowName]
    reason: str


@dataclass(frozen=True, slots=True)
class SaveReceipt:
    """What a committed batch took; durations are in seconds.

    Everything in the batch is committed but for what was `refused`.
    """

    aggregates: int
    rows: int
    bytes: int
    statements: int
    tick: int
    queue_wait_s: float
    execute_s: float
    commit_s: float
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What a call of save_player_data() came to, over all batches it took.

    `set_aside` changes are not in it: the database refuses them.
    """

    reason: SaveReason
    aggregates: int
    rows: int
    batches: int
    durable_until: float
    set_aside: int = 0
