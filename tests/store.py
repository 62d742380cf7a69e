"""A store that a test drives by hand: it keeps what is committed and fails when it is told to."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from core.ecs import EVERY_ID
from core.save_batch import Refusal, RowName, SaveBatch, SaveReceipt, WorldClock

Row = dict[str, Any]


class ManualStore:
    """Takes batches like core.sync.submit_save; nothing is on "disk" before commit() is called.

    `at_once` commits, or with `failing` fails, a batch before submit() returns. `on_applied` is
    called when a batch has reached the disk, reported or not.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self.at_once = at_once
        self.failing: Exception | None = None
        self.rows: defaultdict[str, dict[int, Row]] = defaultdict(dict)
        self.clock: WorldClock | None = None
        self.waiting: deque[tuple[SaveBatch, Future[SaveReceipt]]] = deque()
        self.submitted: list[SaveBatch] = []
        self.committed: list[SaveBatch] = []
        # Rows, (table, id), that are refused with all that is connected with them.
        self.refusing: set[RowName] = set()
        self.on_applied: Callable[[SaveBatch], None] = lambda batch: None

    def submit(self, batch: SaveBatch) -> Future[SaveReceipt]:
        future: Future[SaveReceipt] = Future()
        self.submitted.append(batch)
        self.waiting.append((batch, future))
        if self.failing is not None and self.at_once:
            self.fail(self.failing)
        elif self.at_once:
            self.commit()
        return future

    def commit(self) -> SaveBatch:
        """Commit the batch in flight, all of it but what is refused."""
        batch, future = self.waiting.popleft()
        refused = tuple(self._refusals(batch))
        self._apply(batch, frozenset().union(*(refusal.rows for refusal in refused)))
        self.committed.append(batch)
        future.set_result(replace(receipt_for(batch), refused=refused))
        return batch

    def _refusals(self, batch: SaveBatch) -> Iterator[Refusal]:
        left = names_in(batch)
        guilty = {name for name in left if name in self.refusing}
        while guilty:
            name = guilty.pop()
            group = next((g for g in batch.groups if is_in(name, g)), frozenset({name}))
            rows = frozenset(row for row in left if is_in(row, group))
            guilty -= rows
            whole = frozenset(row for row in group if row[1] == EVERY_ID)
            single = frozenset(row for row in rows if not is_in(row, whole))
            yield Refusal(whole | single, f"{name} is refused")

    def fail(self, error: Exception | None = None, *, committed: bool = False) -> SaveBatch:
        """Report a failure; with `committed` the rows are there all the same."""
        batch, future = self.waiting.popleft()
        if committed:
            refused = (refusal.rows for refusal in self._refusals(batch))
            self._apply(batch, frozenset().union(*refused))
        future.set_exception(error or OSError("the disk is on fire"))
        return batch

    def lose(self) -> None:
        """Forget the batch in flight, as a power cut does."""
        self.waiting.clear()

    def _apply(self, batch: SaveBatch, left_out: frozenset[RowName] = frozenset()) -> None:
        for table, ids in batch.deleted.items():
            for entity_id in ids:
                if not is_in((table, entity_id), left_out):
                    self.rows[table].pop(entity_id, None)
        for rows in batch.rows:
            for index, entity_id in enumerate(rows.ids.tolist()):
                if is_in((rows.table, entity_id), left_out):
                    continue
                if rows.whole:
                    self.rows[rows.table][entity_id] = {}
                # What is not whole must be there: a database would refuse it.
                assert entity_id in self.rows[rows.table], f"{rows.table} {entity_id} was not saved"
                self.rows[rows.table][entity_id].update(
                    (key, tuple(column[index].tolist()) if column.ndim > 1 else column.item(index))
                    for key, column in rows.columns.items()
                )
        self.clock = batch.clock
        self.on_applied(batch)


def names_in(batch: SaveBatch) -> set[RowName]:
    changed = {(rows.table, id_) for rows in batch.rows for id_ in rows.ids.tolist()}
    return changed | {(table, id_) for table, ids in batch.deleted.items() for id_ in ids}


def is_in(name: RowName, group: frozenset[RowName]) -> bool:
    return name in group or (name[0], EVERY_ID) in group


def receipt_for(batch: SaveBatch) -> SaveReceipt:
    return SaveReceipt(
        aggregates=batch.aggregates,
        rows=sum(len(rows.ids) for rows in batch.rows) + 1,
        bytes=0,
        statements=1,
        tick=batch.clock.tick,
        queue_wait_s=0.0,
        execute_s=0.0,
        commit_s=0.0,
    )
