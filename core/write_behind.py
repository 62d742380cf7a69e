"""When what is saved: marks become batches, one in flight, and come back if a batch fails.

    marks ──capture──▶ SaveBatch ──▶ persistence loop ──▶ commit ──▶ held answers go out
      ▲                                   │
      └──────────── put back ◀──failure───┘

An urgent change goes with the very next batch. A waiting one goes when a sweep wants it: a sweep is
one call of save_player_data(), and is over when everything it wanted is committed. It is written in
slices, a slice after a tick, which is allowed because waiting changes of different aggregates do
not depend on one another.

What the database refuses for good comes back as refused and is set aside (core.quarantine): with
it everything that was changed together with it, so that the rest is a consistent cut still.

Belongs to the simulation, but for `completed`, which a future calls from any thread.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from core.connectivity import Connectivity, Group, belongs_any, belongs_to
from core.ecs import EVERY_ID, Aggregate, Kind, Mark, UnitOfWork, World
from core.ecs.marks import EVERY_COMPONENT, MarksTaken
from core.ecs.table import AnyArray, Ids, Rows
from core.errors import PersistenceClosed, RowsMissingError, SaveRefusedError
from core.failure_words import in_words
from core.held_answers import Held, Waiting, without
from core.invariants import violations
from core.metrics import Metrics
from core.quarantine import Quarantine, SetAside, members_of
from core.save_batch import (
    Refusal,
    SaveBatch,
    SaveReason,
    SaveReceipt,
    SaveResult,
    TableRows,
    WorldClock,
)
from core.sweep import Sweep

if TYPE_CHECKING:
    from concurrent.futures import Future

log = logging.getLogger(__name__)

SubmitSave = Callable[[SaveBatch], "Future[SaveReceipt]"]

SLICE_ROWS_MIN = 512
SLICE_ROWS_MAX = 8192
# What a slice may take of a tick period.
SLICE_SHARE = 0.1
VIOLATIONS_NAMED_MAX = 20
RETRY_DELAYS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(slots=True)
class _InFlight:
    batch: SaveBatch
    taken: dict[Kind, MarksTaken]
    urgent: frozenset[Aggregate]
    tombstones: dict[Kind, dict[int, float]]
    groups: tuple[Group, ...]
    held: list[Waiting]
    urgent_since: float | None
    sweep: Sweep | None
    capture_s: float
    retried: bool


class WriteBehind:
    """Decide what the next batch holds, and keep what a failed one held."""

    def __init__(
        self,
        world: World,
        submit: SubmitSave,
        metrics: Metrics,
        monotonic: Callable[[], float],
        *,
        slots_between_writes: int,
        grace_s: float,
        durable: WorldClock | None = None,
    ) -> None:
        self._world = world
        self._submit = submit
        self._metrics = metrics
        self._monotonic = monotonic
        self._slots_between_writes = slots_between_writes
        self._grace_s = grace_s
        self._completions: deque[tuple[_InFlight, Future[SaveReceipt]]] = deque()
        self._in_flight: _InFlight | None = None
        self._held: list[Waiting] = []
        # Of what was changed since the marks were taken off last.
        self._connectivity = Connectivity()
        self.quarantine = Quarantine(world)
        self._urgent_since: float | None = None
        self._sweep: Sweep | None = None
        self._next_sweep: Sweep | None = None
        self._slice_owed = False
        self._failures_in_row = 0
        self._failing_since: float | None = None
        self._warned_of: set[str] = set()
        self._last_reason: str | None = None
        self._retry_at = 0.0
        self._batches = 0
        # Slots count the scheduled saves. Rows that were never written since the start have slot 0,
        # which lies a full interval before the first.
        self._slot = slots_between_writes
        self._seconds_per_row = 2e-5
        # Rows that were captured although they break a rule: a mistake of ours.
        self.violation_count = 0
        self.last_error: str | None = None
        self.last_commit_at: float | None = None
        # Of the last commit, which a restart finds on the disk.
        self.durable = durable or WorldClock(0.0, 0, {})
        metrics.durable_tick.set(self.durable.tick)
        self.on_completion: Callable[[], None] = lambda: None

    # Asking for saves --------------------------------------------------------------------------

    def begin_slot(self) -> int:
        """Count a scheduled save and return its number."""
        self._slot += 1
        return self._slot

    def request(self, reason: SaveReason, future: Future[SaveResult] | None = None) -> None:
        """Ask for a sweep. Calls that come before it begins share it."""
        slot = self._slot if reason is SaveReason.PERIODIC else None
        if self._next_sweep is None:
            self._next_sweep = Sweep(reason, slot)
        self._next_sweep.share(reason, slot, future)

    def note_urgent(self, unit: UnitOfWork | None = None) -> None:
        """An urgent change was made just now, by a unit of work that is to be saved whole.

        What it has read and what is not kept yet belongs to it, too: it was built on that.
        """
        if self._urgent_since is None:
            self._urgent_since = self._monotonic()
        if unit is not None:
            changes = unit.changes
            read = {a for a in unit.reads - changes if not self._is_committed(a)}
            self._connectivity.connect(changes | read)

    def count_grace_from_now(self) -> None:
        """Forget how long urgent changes have waited: nothing could be sent before."""
        if self._urgent_since is not None:
            self._urgent_since = self._monotonic()

    def leave_out_of_grace(self, seconds: float) -> None:
        """Leave the last seconds out of what a commit may take.

        Nobody could send it in them, or hear of it.
        """
        now = self._monotonic()

        def later(since: float | None) -> float | None:
            return None if since is None else min(since + seconds, now)

        self._urgent_since = later(self._urgent_since)
        self._failing_since = later(self._failing_since)
        if self._in_flight is not None:
            self._in_flight.urgent_since = later(self._in_flight.urgent_since)

    def hold(self, held: Held, on: Iterable[Aggregate] = ()) -> None:
        """Release something with the commit of everything that is urgent now.

        If the aggregates it waits for are refused it is let go without.
        """
        self._held.append(Waiting(held, frozenset(on)))

    def hold_until_kept(self, held: Held, shown: Set[Aggregate]) -> bool:
        """Hold an answer that shows urgent, uncommitted aggregates; return whether it was held.

        While storage is stalled nothing but promises is held back.
        """
        if self.stalled and not held.is_promise:
            return False
        if any(self._is_urgent(aggregate) for aggregate in shown):
            self._held.append(Waiting(held, frozenset(shown)))
        elif self._in_flight is not None and not self._in_flight.urgent.isdisjoint(shown):
            self._in_flight.held.append(Waiting(held, frozenset(shown)))
        else:
            return False
        return True

    def is_kept(self, shown: Set[Aggregate]) -> bool:
        """Return whether no urgent change of these aggregates waits for its commit."""
        return all(map(self._is_committed, shown)) and self.quarantine.group_with(shown) is None

    def _is_committed(self, aggregate: Aggregate) -> bool:
        in_flight = self._in_flight is not None and aggregate in self._in_flight.urgent
        return not in_flight and not self._is_urgent(aggregate)

    def _is_urgent(self, aggregate: Aggregate) -> bool:
        kind, entity_id = aggregate
        return self._world.marks[kind].is_urgent(entity_id) or (
            entity_id in self._world.tombstones[kind]
        )

    # What is at stake --------------------------------------------------------------------------

    @property
    def stalled(self) -> bool:
        """True while an urgent change has been waiting for its commit longer than the grace.

        Any thread may ask.
        """
        since = self.oldest_urgent_since
        return since is not None and self._monotonic() - since > self._grace_s

    @property
    def oldest_urgent_since(self) -> float | None:
        in_flight = self._in_flight
        times = [self._urgent_since, None if in_flight is None else in_flight.urgent_since]
        return min((time for time in times if time is not None), default=None)

    @property
    def idle(self) -> bool:
        """True if nothing is in flight and nobody waits for anything."""
        return (
            self._in_flight is None
            and self._sweep is None
            and self._next_sweep is None
            and not self._held
            and not self._urgent_or_deleted()
        )

    def at_risk_count(self) -> int:
        """Return how many aggregates would be lost if the power failed now."""
        return sum(len(self._at_risk_of(kind)) for kind in self._world.kinds)

    def _at_risk_of(self, kind: Kind) -> Ids:
        # As columns: a change of settings puts every planet at risk.
        ids = [self._world.marks[kind].urgent_ids, _ids_in(self._world.tombstones[kind])]
        if self._in_flight is not None:
            ids.append(_ids_in(self._in_flight.tombstones.get(kind, {})))
            taken = self._in_flight.taken.get(kind)
            if taken is not None:
                ids.append(taken.ids[(taken.flags & np.uint8(Mark.URGENT)) != 0])
        return np.unique(np.concatenate(ids))

    @property
    def in_flight(self) -> dict[Kind, MarksTaken]:
        """The marks that the batch under way has taken off, by kind."""
        return {} if self._in_flight is None else self._in_flight.taken

    def unsaved_count(self) -> int:
        """Return how many aggregates have changes that are not committed.

        One that changed again while it is being written counts twice.
        """
        marked = sum(self._world.marks[kind].changed_count() for kind in self._world.kinds)
        deleted = sum(len(ids) for ids in self._world.tombstones.values())
        in_flight = 0 if self._in_flight is None else self._in_flight.batch.aggregates
        return marked + deleted + in_flight

    def oldest_change_at(self) -> float | None:
        """Return the world time of the oldest change that is not committed."""
        times = [self._world.marks[kind].oldest_since() for kind in self._world.kinds]
        times += [min(ids.values(), default=None) for ids in self._world.tombstones.values()]
        if self._in_flight is not None:
            for taken in self._in_flight.taken.values():
                times.append(float(taken.since.min()) if len(taken) else None)
        return min((time for time in times if time is not None), default=None)

    @property
    def busy(self) -> bool:
        """True while a batch is in flight."""
        return self._in_flight is not None

    @property
    def has_sweep(self) -> bool:
        """True while somebody waits for a save of everything."""
        return self._sweep is not None or self._next_sweep is not None

    @property
    def has_completions(self) -> bool:
        return bool(self._completions)

    @property
    def waiting_for_commit(self) -> int:
        """How many answers to commands are held back."""
        return sum(waiting.held.is_promise for waiting in self._all_held)

    @property
    def held_count(self) -> int:
        """How many answers and events are held back."""
        return len(self._all_held)

    @property
    def _all_held(self) -> list[Waiting]:
        return [*([] if self._in_flight is None else self._in_flight.held), *self._held]

    @property
    def retry_at(self) -> float | None:
        """When the next attempt after a failure is due, on the monotonic clock."""
        return self._retry_at if self._failures_in_row and self._in_flight is None else None

    # The work ----------------------------------------------------------------------------------

    def take_completions(self) -> bool:
        """Deal with saves that have ended since the last call; return whether one failed."""
        failed = False
        while self._completions:
            in_flight, future = self._completions.popleft()
            self._in_flight = None
            error = future.exception() if not future.cancelled() else PersistenceClosed("cancelled")
            if error is None:
                self._succeeded(in_flight, future.result())
            else:
                self._failed(in_flight, error)
                failed = True
        return failed

    def pump(
        self,
        clock: WorldClock,
        *,
        after_tick: bool,
        tick_period_s: float = 1.0,
        slices: bool = True,
        at_once: bool = False,
    ) -> None:
        """Send the next batch if there is something to send and nothing in flight.

        After a failure that waits a little, unless it is to be `at_once`. Without `slices` only
        what is urgent goes: there is no time to capture more.
        """
        if self.stalled:
            self._release_for_stall()
            self._warn_once(self._last_reason or "the database does not answer")
        self._slice_owed = self._slice_owed or after_tick
        if self._in_flight is not None or (self._monotonic() < self._retry_at and not at_once):
            return
        self._begin_sweep()
        sweep = self._sweep
        if sweep is not None and slices and (self._slice_owed or not sweep.batches):
            self._slice_owed = False
            self._send(clock, sweep, self._slice_rows(tick_period_s))
        elif self._urgent_or_deleted() or self._held:
            self._send(clock, None, 0)

    def _slice_rows(self, tick_period_s: float) -> int:
        fitting = int(SLICE_SHARE * tick_period_s / self._seconds_per_row)
        return max(SLICE_ROWS_MIN, min(fitting, SLICE_ROWS_MAX))

    def _urgent_or_deleted(self) -> bool:
        return any(self._world.marks[kind].urgent_count for kind in self._world.kinds) or any(
            self._world.tombstones.values()
        )

    def _begin_sweep(self) -> None:
        if self._sweep is not None or self._next_sweep is None:
            return
        sweep, self._next_sweep = self._next_sweep, None
        slots = self._slots_between_writes
        sweep.begin(
            kind
            for kind in self._world.kinds
            if self._world.marks[kind].want(slot=sweep.slot, slots_between_writes=slots)
        )
        self._sweep = sweep

    def _send(self, clock: WorldClock, sweep: Sweep | None, slice_rows: int) -> None:
        start = self._monotonic()
        taken: dict[Kind, MarksTaken] = {}
        groups: tuple[Group, ...] = ()
        tombstones = {kind: ids for kind, ids in self._world.tombstones.items() if ids}
        try:
            rows, urgent = self._capture(sweep, slice_rows, taken)
            groups = self._connectivity.take_all()
            batch = SaveBatch(
                number=self._batches + 1,
                reason=SaveReason.URGENT if sweep is None else sweep.reason,
                rows=rows,
                deleted={kind.name: tuple(ids) for kind, ids in tombstones.items()},
                clock=clock,
                captured_at=self._monotonic(),
                groups=tuple(frozenset((kind.name, id_) for kind, id_ in g) for g in groups),
            )
        except BaseException:
            # No memory for a copy, say. The simulation ends with it, and its last save must not
            # take a part for everything.
            self._put_back(taken, groups)
            raise
        for kind in tombstones:
            self._world.tombstones[kind] = {}
        self._batches += 1
        in_flight = _InFlight(
            batch=batch,
            taken=taken,
            urgent=urgent | {(kind, id_) for kind, ids in tombstones.items() for id_ in ids},
            tombstones=tombstones,
            groups=groups,
            held=self._held,
            urgent_since=self._urgent_since,
            sweep=sweep,
            capture_s=batch.captured_at - start,
            retried=bool(self._failures_in_row),
        )
        self._held, self._urgent_since = [], None
        self._in_flight = in_flight
        if in_flight.retried:
            self._metrics.save_retries.inc()
        future = self._submit(batch)
        # A future keeps its callbacks: kept here, it would be a ring, with all that is held.
        future.add_done_callback(lambda done: self._completed(in_flight, done))

    def _completed(self, in_flight: _InFlight, future: Future[SaveReceipt]) -> None:
        # Any thread: nothing but an append and a wake-up.
        self._completions.append((in_flight, future))
        self.on_completion()

    def _capture(
        self, sweep: Sweep | None, slice_rows: int, taken: dict[Kind, MarksTaken]
    ) -> tuple[tuple[TableRows, ...], frozenset[Aggregate]]:
        """Return copies of what is to be written and who of it is urgent; `taken` gets marks."""
        captured: list[TableRows] = []
        urgent: set[Aggregate] = set()
        for kind in self._world.kinds:
            marks, table = self._world.marks[kind], self._world.tables[kind]
            if not marks.urgent_count and (sweep is None or kind not in sweep.queues):
                continue
            urgent_ids = marks.urgent_ids
            urgent.update(zip(repeat(kind), urgent_ids.tolist()))
            rows = table.rows(urgent_ids)
            if sweep is not None and slice_rows:
                waiting = sweep.next_slice(kind, marks, slice_rows)
                slice_rows -= len(waiting)
                rows = np.concatenate((rows, waiting))
            if not len(rows):
                continue
            rows.sort()
            captured += self._copies_of(kind, rows)
            taken[kind] = marks.take(rows, self._slot)
        return tuple(captured), frozenset(urgent)

    def _copies_of(self, kind: Kind, rows: Rows) -> Iterator[TableRows]:
        """Yield copies of some rows: whole ones, and what has changed of the others."""
        table = self._world.tables[kind]
        changed = self._world.marks[kind].components_of(rows)
        whole = changed == EVERY_COMPONENT
        for part, components in (
            (rows[whole], EVERY_COMPONENT),
            (rows[~whole], int(np.bitwise_or.reduce(changed[~whole]))),
        ):
            if len(part):
                copied = table.copy_rows(part, components)
                as_a_whole = components == EVERY_COMPONENT
                yield TableRows(kind.name, table.ids[part], copied, whole=as_a_whole)
                self._report_violations(kind, part, copied)

    def _report_violations(self, kind: Kind, rows: Rows, columns: Mapping[str, AnyArray]) -> None:
        """Count and name the rows that break a rule; they are saved all the same."""
        table = self._world.tables[kind]
        found = violations(kind, columns, lambda key: table.array(key)[rows])
        if not found:
            return
        self.violation_count += len(found)
        self._metrics.invariant_violations.inc(len(found))
        for reason in sorted({violation.reason for violation in found}):
            ids = [int(table.ids[rows[v.row]]) for v in found if v.reason == reason]
            log.error(
                "%s of %d %s rows (saved all the same), first ids %s",
                reason,
                len(ids),
                kind.name,
                ids[:VIOLATIONS_NAMED_MAX],
            )

    # How a batch ends --------------------------------------------------------------------------

    def _succeeded(self, in_flight: _InFlight, receipt: SaveReceipt) -> None:
        now = self._monotonic()
        self._failures_in_row = 0
        self._failing_since = None
        self._warned_of.clear()
        self._last_reason = None
        self.last_error = None
        self.last_commit_at = now
        self.durable = in_flight.batch.clock
        if receipt.rows >= SLICE_ROWS_MIN // 2:
            seconds = (receipt.execute_s + receipt.commit_s) / receipt.rows
            self._seconds_per_row += 0.2 * (seconds - self._seconds_per_row)
        self._metrics.note_save(
            now, in_flight.batch.reason, in_flight.capture_s, receipt, retried=in_flight.retried
        )
        if receipt.refused:
            self._set_aside(in_flight, receipt.refused)
        for waiting in in_flight.held:
            waiting.held.release(kept=True)
        if in_flight.sweep is not None:
            in_flight.sweep.note(receipt)
        self._end_sweep_if_done()

    def _end_sweep_if_done(self) -> None:
        sweep = self._sweep
        if sweep is None or not sweep.batches:
            return
        if any(self._world.marks[kind].due_count() for kind in sweep.queues):
            return
        self._sweep = None
        sweep.end(self.durable.world_time, self.quarantine.count)

    def _failed(self, in_flight: _InFlight, error: BaseException) -> None:
        """Put everything back as it was: marks, tombstones, held answers."""
        self._put_back(in_flight.taken, in_flight.groups)
        for kind, ids in in_flight.tombstones.items():
            self._world.tombstones[kind] = ids | self._world.tombstones[kind]
        self._held = in_flight.held + self._held
        if in_flight.urgent_since is not None:
            self._urgent_since = in_flight.urgent_since
        now = self._monotonic()
        delay = RETRY_DELAYS_S[min(self._failures_in_row, len(RETRY_DELAYS_S) - 1)]
        self._failures_in_row += 1
        if self._failing_since is None:
            self._failing_since = now
        self._retry_at = now + delay
        self.last_error = in_words(error)
        # Further lines are the statement.
        self._last_reason = f"{type(error).__name__}: {error}".splitlines()[0]
        log.debug("save %d failed, next try in %.2f s: %s", in_flight.batch.number, delay, error)
        failing_s = now - self._failing_since
        if isinstance(error, SaveRefusedError | RowsMissingError) or failing_s > self._grace_s:
            self._warn_once(self._last_reason)
        self._metrics.note_failed_save(
            now,
            in_flight.batch.reason,
            in_flight.batch.aggregates,
            in_flight.capture_s,
            now - in_flight.batch.captured_at,
        )

    def _put_back(self, taken: Mapping[Kind, MarksTaken], groups: Iterable[Group]) -> None:
        for kind, marks in taken.items():
            self._world.marks[kind].put_back(marks)
        for group in groups:
            self._connectivity.connect(group)

    def _warn_once(self, reason: str) -> None:
        """Log why nothing can be saved, each reason once until something is saved again."""
        if reason not in self._warned_of:
            self._warned_of.add(reason)
            log.warning("changes cannot be saved and are tried again: %s", reason)

    # What is refused for good ------------------------------------------------------------------

    def _set_aside(self, in_flight: _InFlight, refused: Iterable[Refusal]) -> None:
        """Leave what was refused out of later saves, with all that was built on it meanwhile."""
        kinds = {kind.name: kind for kind in self._world.kinds}
        reasons: list[tuple[Group, str]] = []
        for refusal in refused:
            rows = frozenset((kinds[table], id_) for table, id_ in refusal.rows)
            self._connectivity.connect(rows)
            reasons.append((rows, refusal.reason))
        since = in_flight.batch.clock.world_time
        while reasons:
            first, reason = reasons.pop(0)
            rows = first | self._connectivity.take_with(first)
            # One change made meanwhile may tie several together.
            tied = [other for other, _ in reasons if belongs_any(rows, other)]
            reasons = [(other, why) for other, why in reasons if other not in tied]
            every = first.union(*tied)
            group = frozenset(a for a in rows if belongs_to(every, a) or self._is_unsaved(a))
            self._put_aside(in_flight, group, reason, since)
        if not self._urgent_or_deleted() and not self._held:
            self._urgent_since = None

    def _is_unsaved(self, aggregate: Aggregate) -> bool:
        """Return whether there is something to set aside: what was only read may be kept."""
        return aggregate[1] == EVERY_ID or not self._is_committed(aggregate)

    def _put_aside(self, in_flight: _InFlight, group: Group, reason: str, since: float) -> None:
        for kind, ids in members_of(self._world, group):
            taken = in_flight.taken.get(kind)
            if taken is not None:
                self._world.marks[kind].put_back(taken.part(np.isin(taken.ids, ids)))
        tombstones = {
            kind: {
                **_take(in_flight.tombstones.get(kind, {}), kind, group),
                **_take(self._world.tombstones[kind], kind, group),
            }
            for kind in self._world.kinds
        }
        set_aside = self.quarantine.add(group, tombstones, reason, since)
        count = self.quarantine.size_of(set_aside)
        self._metrics.save_quarantined.inc(count)
        log.warning("the database refuses %d changes, they are set aside: %s", count, reason)
        in_flight.held = without(in_flight.held, group)
        self._held = without(self._held, group)

    def let_in(self, group: SetAside) -> None:
        """Have a group that was set aside go with the next save, as a whole."""
        self.quarantine.let_in(group)
        self._connectivity.connect(group.aggregates)
        self.note_urgent()

    # Giving up ---------------------------------------------------------------------------------

    def _release_for_stall(self) -> None:
        """Let go what only shows the world; the answers to commands go on waiting."""
        shown = [waiting for waiting in self._all_held if not waiting.held.is_promise]
        self._held = [waiting for waiting in self._held if waiting.held.is_promise]
        if self._in_flight is not None:
            held = self._in_flight.held
            self._in_flight.held = [waiting for waiting in held if waiting.held.is_promise]
        for waiting in shown:
            waiting.held.release(kept=False)

    def abandon(self, error: Exception) -> None:
        """Give up: whoever waits for a save learns that it was not made."""
        for waiting in self._all_held:
            waiting.held.abandon()
        self._held = []
        if self._in_flight is not None:
            self._in_flight.held = []
        for sweep in (self._sweep, self._next_sweep):
            if sweep is not None:
                sweep.fail(error)
        self._sweep = self._next_sweep = None


def _ids_in(tombstones: dict[int, float]) -> Ids:
    return np.fromiter(tombstones, dtype=np.int64, count=len(tombstones))


def _take(tombstones: dict[int, float], kind: Kind, group: Group) -> dict[int, float]:
    """Take out of some tombstones those of a group."""
    ids = [entity_id for entity_id in tombstones if belongs_to(group, (kind, entity_id))]
    return {entity_id: tombstones.pop(entity_id) for entity_id in ids}
