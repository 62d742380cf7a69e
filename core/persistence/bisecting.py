"""A save that the database refuses: everything is written but what it refuses.

The batch is halved between groups of connected aggregates, each part in its own session and
transaction, until what is refused is a single group. Every partial commit is a consistent cut,
because no group is parted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from core.components import KINDS
from core.ecs import EVERY_ID
from core.ecs.table import Ids
from core.errors import SaveRefusedError
from core.models.database import WORLD_TABLES
from core.persistence import worlds
from core.persistence.bulk import stored_columns_of
from core.persistence.failures import FailureKind, kind_of, reason_of
from core.persistence.well_formed import refuse_malformed
from core.save_batch import Refusal, RowName, SaveBatch, SaveReceipt, TableRows

log = logging.getLogger(__name__)

# Where more than this is refused it is not the rows that are wrong.
REFUSALS_MAX = 64


async def write_what_is_accepted(batch: SaveBatch, submitted_at: float) -> SaveReceipt:
    """Write a batch; what a retry cannot cure is left out and named in the receipt.

    Raise SaveRefusedError if the database would take nothing at all or the batch is malformed, and
    whatever a retry may cure: parts may be committed then, which does no harm, for they are
    consistent. `submitted_at` is time.perf_counter().
    """
    refuse_malformed(batch)
    try:
        return await worlds.write_batch(batch, submitted_at)
    except Exception as error:
        if kind_of(error) is FailureKind.TRANSIENT:
            raise
        log.debug("save %d is refused and is written in parts: %s", batch.number, error)
        return await _Bisection(batch, submitted_at).run()


class _Bisection:
    """The parts of one batch: its groups, numbered, and what became of them."""

    def __init__(self, batch: SaveBatch, submitted_at: float) -> None:
        self._parts = _Parts(batch)
        self._submitted_at = submitted_at
        self._receipts: list[SaveReceipt] = []
        self._refused: dict[int, str] = {}

    async def run(self) -> SaveReceipt:
        # The clock alone: if that is refused, no row is to blame.
        if reason := await self._try(0, 0):
            raise SaveRefusedError(reason)
        if self._parts.count > 1:
            # All of them together have been refused already.
            await self._halve(0, self._parts.count)
        elif self._parts.count:
            await self._write(0, 1)
        await self._try_refused_again()
        refused = tuple(self._refusals())
        return replace(_sum(self._receipts), refused=refused)

    async def _write(self, first: int, end: int) -> None:
        reason = await self._try(first, end)
        if reason is None:
            return
        if end - first > 1:
            await self._halve(first, end)
            return
        self._refused[first] = reason
        if len(self._refused) > REFUSALS_MAX:
            raise SaveRefusedError(f"more than {REFUSALS_MAX} changes are refused: {reason}")

    async def _halve(self, first: int, end: int) -> None:
        middle = (first + end) // 2
        await self._write(first, middle)
        await self._write(middle, end)

    async def _try(self, first: int, end: int) -> str | None:
        """Commit some of the parts; return why they are refused, None if they are not."""
        try:
            receipt = await worlds.write_batch(self._parts.batch(first, end), self._submitted_at)
        except Exception as error:
            if kind_of(error) is FailureKind.TRANSIENT:
                raise
            return reason_of(error)
        self._receipts.append(receipt)
        return None

    async def _try_refused_again(self) -> None:
        """Write what was only refused because it came before what it refers to."""
        progress = True
        while self._refused and progress:
            progress = False
            for number in tuple(self._refused):
                reason = await self._try(number, number + 1)
                if reason is None:
                    del self._refused[number]
                    progress = True
                else:
                    self._refused[number] = reason

    def _refusals(self) -> Iterator[Refusal]:
        """Yield what is left: a group that refers to another one that is refused goes with it."""
        left = list(self._refused)
        while left:
            number = left.pop(0)
            together = [number]
            for member in together:
                tied = [other for other in left if self._parts.are_tied(member, other)]
                together += tied
                left = [other for other in left if other not in tied]
            names = (self._parts.names(member) for member in together)
            yield Refusal(frozenset().union(*names), self._refused[number])


class _Parts:
    """A batch taken apart: every group of connected aggregates has a number from 0."""

    def __init__(self, batch: SaveBatch) -> None:
        self._batch = batch
        numbers = _Numbers(batch)
        changed = [numbers.of(rows.table, rows.ids) for rows in batch.rows]
        deleted = {table: numbers.of(table, ids) for table, ids in batch.deleted.items()}
        # Numbers of groups that have nothing in this batch are closed up.
        used = np.unique(np.concatenate([np.zeros(0, np.int64), *changed, *deleted.values()]))
        self.count = len(used)
        self._whole = [numbers.whole_tables_of(number) for number in used.tolist()]
        self._rows = [
            _sorted_rows(rows, np.searchsorted(used, of_row))
            for rows, of_row in zip(batch.rows, changed, strict=True)
        ]
        self._deleted = [
            (table, *_sorted_ids(batch.deleted[table], np.searchsorted(used, of_id)))
            for table, of_id in deleted.items()
        ]

    def batch(self, first: int, end: int) -> SaveBatch:
        """Return what some of the groups have in the batch, with its clock."""
        rows = (part.part(*_span(of_row, first, end)) for part, of_row in self._rows)
        deleted = {
            table: tuple(ids[slice(*_span(of_id, first, end))].tolist())
            for table, ids, of_id in self._deleted
        }
        return replace(
            self._batch,
            rows=tuple(part for part in rows if len(part.ids)),
            deleted={table: ids for table, ids in deleted.items() if ids},
            groups=(),
        )

    def names(self, number: int) -> frozenset[RowName]:
        """Return the rows of one group; those of a table it has whole by one name."""
        part, whole = self.batch(number, number + 1), self._whole[number]
        ids_of = [(rows.table, rows.ids.tolist()) for rows in part.rows]
        ids_of += [(table, list(ids)) for table, ids in part.deleted.items()]
        single = {(table, id_) for table, ids in ids_of if table not in whole for id_ in ids}
        return frozenset(single | {(table, EVERY_ID) for table in whole})

    def are_tied(self, number: int, other: int) -> bool:
        """Return whether rows of one group refer to rows of the other, by a foreign key."""
        return self._refers(number, other) or self._refers(other, number)

    def _refers(self, number: int, other: int) -> bool:
        names = self.names(other)
        return any(
            (parent, EVERY_ID) in names or not names.isdisjoint((parent, id_) for id_ in ids)
            for rows in self.batch(number, number + 1).rows
            for key, parent in _references()[rows.table]
            # What is on disk already has a parent there.
            if key in rows.columns
            for ids in (rows.columns[key].tolist(),)
        )


class _Numbers:
    """Gives a number to every group of a batch, and to each aggregate that is in none."""

    def __init__(self, batch: SaveBatch) -> None:
        self._groups = batch.groups
        self._number_of = {
            name: number for number, group in enumerate(batch.groups) for name in group
        }
        self._next = len(batch.groups)

    def of(self, table: str, ids: Sequence[int] | Ids) -> Ids:
        whole = self._number_of.get((table, EVERY_ID))
        if whole is not None:
            return np.full(len(ids), whole, dtype=np.int64)
        plain = ids.tolist() if isinstance(ids, np.ndarray) else ids
        return np.array([self._number(table, id_) for id_ in plain], dtype=np.int64)

    def _number(self, table: str, entity_id: int) -> int:
        known = self._number_of.get((table, entity_id))
        if known is None:
            known = self._number_of[table, entity_id] = self._next
            self._next += 1
        return known

    def whole_tables_of(self, number: int) -> frozenset[str]:
        """Return the tables of which a group has every row."""
        group = self._groups[number] if number < len(self._groups) else ()
        return frozenset(table for table, id_ in group if id_ == EVERY_ID)


def _sorted_rows(rows: TableRows, of_row: Ids) -> tuple[TableRows, Ids]:
    order = np.argsort(of_row, kind="stable")
    columns = {key: values[order] for key, values in rows.columns.items()}
    return replace(rows, ids=rows.ids[order], columns=columns), of_row[order]


def _sorted_ids(ids: Sequence[int], of_id: Ids) -> tuple[Ids, Ids]:
    order = np.argsort(of_id, kind="stable")
    return np.array(ids, dtype=np.int64)[order], of_id[order]


def _span(numbers: Ids, first: int, end: int) -> tuple[int, int]:
    """Return where, among sorted numbers, those from `first` up to `end` begin and end."""
    return int(np.searchsorted(numbers, first)), int(np.searchsorted(numbers, end))


@cache
def _references() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Return, by table, the columns in memory that refer to another table of the world."""
    names = {table.name: kind.name for kind, table in WORLD_TABLES.items()}
    return {
        kind.name: tuple(
            (stored.field.key, names[key.column.table.name])
            for key in WORLD_TABLES[kind].foreign_keys
            for stored in stored_columns_of(kind)
            if stored.name == key.parent.name and key.column.table.name in names
        )
        for kind in KINDS
    }


def _sum(receipts: Sequence[SaveReceipt]) -> SaveReceipt:
    """Return one receipt for all transactions of a batch."""
    first = receipts[0]
    return SaveReceipt(
        aggregates=sum(receipt.aggregates for receipt in receipts),
        rows=sum(receipt.rows for receipt in receipts),
        bytes=sum(receipt.bytes for receipt in receipts),
        statements=sum(receipt.statements for receipt in receipts),
        tick=first.tick,
        queue_wait_s=first.queue_wait_s,
        execute_s=sum(receipt.execute_s for receipt in receipts),
        commit_s=sum(receipt.commit_s for receipt in receipts),
    )
