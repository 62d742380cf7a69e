"""A store that a test drives by hand: it keeps what is committed and fails when it is told to."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from core.save_batch import SaveBatch, SaveReceipt, WorldClock

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
        """Commit the batch in flight."""
        batch, future = self.waiting.popleft()
        self._apply(batch)
        self.committed.append(batch)
        future.set_result(receipt_for(batch))
        return batch

    def fail(self, error: Exception | None = None, *, committed: bool = False) -> SaveBatch:
        """Report a failure; with `committed` the rows are there all the same."""
        batch, future = self.waiting.popleft()
        if committed:
            self._apply(batch)
        future.set_exception(error or OSError("the disk is on fire"))
        return batch

    def lose(self) -> None:
        """Forget the batch in flight, as a power cut does."""
        self.waiting.clear()

    def _apply(self, batch: SaveBatch) -> None:
        for table, ids in batch.deleted.items():
            for entity_id in ids:
                self.rows[table].pop(entity_id, None)
        for rows in batch.rows:
            for index, entity_id in enumerate(rows.ids.tolist()):
                self.rows[rows.table][entity_id] = {
                    key: tuple(column[index].tolist()) if column.ndim > 1 else column.item(index)
                    for key, column in rows.columns.items()
                }
        self.clock = batch.clock
        self.on_applied(batch)


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
