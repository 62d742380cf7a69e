"""A sweep: one save of everything that was changed, or due, when it began, written in slices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.ecs import Kind
from core.ecs.marks import Marks
from core.ecs.table import Ids, Rows
from core.save_batch import SaveReason, SaveReceipt, SaveResult

if TYPE_CHECKING:
    from concurrent.futures import Future


_NO_ROWS: Rows = np.zeros(0, dtype=np.intp)


@dataclass(slots=True)
class Sweep:
    """What is wanted, who waits for it and how much of it is written.

    `slot` is the number of the scheduled save that it is; None takes what is not due yet, too.
    """

    reason: SaveReason
    slot: int | None
    futures: list[Future[SaveResult]] = field(default_factory=list)
    # Of each kind of which something is due what is left, None before it is looked for.
    queues: dict[Kind, Ids | None] = field(default_factory=dict)
    batches: int = 0
    aggregates: int = 0
    rows: int = 0

    def share(
        self, reason: SaveReason, slot: int | None, future: Future[SaveResult] | None
    ) -> None:
        """Serve one more who asks before it begins; who wants everything gets everything."""
        if slot is None:
            self.reason, self.slot = reason, None
        if future is not None:
            self.futures.append(future)

    def begin(self, kinds: Iterable[Kind]) -> None:
        """Take on what is due of these kinds, and forget who has cancelled; nobody can any more."""
        self.futures = [f for f in self.futures if f.set_running_or_notify_cancel()]
        self.queues = dict.fromkeys(kinds)

    def next_slice(self, kind: Kind, marks: Marks, limit: int) -> Rows:
        """Take up to `limit` rows that are due, the oldest change first."""
        if kind not in self.queues:
            return _NO_ROWS
        queue = self.queues[kind]
        if queue is None or not len(queue):
            queue = marks.due_ids_oldest_first()
        chosen = [_NO_ROWS]
        position = found = 0
        while position < len(queue) and found < limit:
            part = queue[position : position + limit - found]
            chosen.append(marks.still_due(part))
            found += len(chosen[-1])
            position += len(part)
        self.queues[kind] = queue[position:]
        return np.concatenate(chosen)

    def note(self, receipt: SaveReceipt) -> None:
        """Count a batch of it that was committed."""
        self.batches += 1
        self.aggregates += receipt.aggregates
        self.rows += receipt.rows

    def end(self, durable_until: float, set_aside: int) -> None:
        """Tell whoever waits that everything is committed but what is set aside."""
        result = SaveResult(
            reason=self.reason,
            aggregates=self.aggregates,
            rows=self.rows,
            batches=self.batches,
            durable_until=durable_until,
            set_aside=set_aside,
        )
        for future in self.futures:
            future.set_result(result)

    def fail(self, error: Exception) -> None:
        for future in self.futures:
            if not future.done():
                future.set_exception(error)
