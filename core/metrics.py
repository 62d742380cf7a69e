"""What happens is counted here, once, where it really happens.

Two views of the same events: Prometheus metrics for /metrics, and rings of samples in preallocated
NumPy arrays, which the window reads on a timer of its own. A ring has one writer; a reader takes
copies, so that nobody waits for anybody.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from core.save_batch import SaveReason, SaveReceipt

Samples = dict[str, npt.NDArray[np.float64]]

_FAST_BUCKETS = (1e-5, 1e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)
_SLOW_BUCKETS = (1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Ring:
    """The latest samples of some series, a row of numbers each. One writer, any readers."""

    def __init__(self, fields: tuple[str, ...], capacity: int) -> None:
        self.fields = fields
        self.capacity = capacity
        # Written to at once: pages that are touched one by one look like memory that leaks.
        self._samples = np.full((capacity, len(fields)), 0.0)
        self._count = 0

    @property
    def count(self) -> int:
        """How many samples were ever written."""
        return self._count

    def append(self, *values: float) -> None:
        self._samples[self._count % self.capacity] = values
        self._count += 1

    def latest(self, limit: int | None = None) -> Samples:
        """Return copies of the last samples, oldest first, by field."""
        count = self._count
        # One less than there is room for: the oldest may be overwritten while it is copied.
        size = min(count, self.capacity - 1, self.capacity if limit is None else limit)
        places = np.arange(count - size, count) % self.capacity
        rows = self._samples[places]
        return {name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(self.fields)}


class SaveState(IntEnum):
    """How a save in the ring ended."""

    COMMITTED = 0
    RETRIED = 1
    FAILED = 2


TICK_FIELDS = (
    "at",  # seconds on the monotonic clock, start of the tick
    "lateness_s",
    "work_s",
    "commands_s",
    "events_s",
    "systems_s",
    "capture_s",
    "publish_s",
    "skipped",
)
SAVE_FIELDS = (
    "at",  # seconds on the monotonic clock, end of the save
    "state",
    "reason",
    "aggregates",
    "rows",
    "capture_s",
    "queue_wait_s",
    "execute_s",
    "commit_s",
)
RISK_FIELDS = ("at", "at_risk", "unsaved", "oldest_age_s")

SAVE_REASONS = tuple(SaveReason)


class Metrics:
    """All counters, gauges, histograms and rings of one running world."""

    def __init__(self, *, tick_ring_capacity: int = 36_000, save_ring_capacity: int = 20_000):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.ticks = Ring(TICK_FIELDS, tick_ring_capacity)
        self.saves = Ring(SAVE_FIELDS, save_ring_capacity)
        self.risk = Ring(RISK_FIELDS, 3_600)

        self.tick_duration = self._histogram("tick_duration_seconds", "Work of a tick")
        self.tick_lateness = self._histogram(
            "tick_lateness_seconds", "How long after its deadline a tick started"
        )
        self.ticks_total = self._counter("ticks_total", "Ticks that ran")
        self.ticks_skipped = self._counter("ticks_skipped_total", "Slots in which no tick ran")
        self.system_duration = self._histogram(
            "system_duration_seconds", "Time in a system during a tick", "system"
        )
        self.system_rows = self._counter(
            "system_rows_touched_total", "Aggregates changed by a system", "system"
        )
        self.due_events = self._counter("due_events_total", "Due events applied")
        self.due_event_lateness = self._histogram(
            "due_event_lateness_seconds", "How long after its instant a due event was applied"
        )
        self.due_events_pending = self._gauge("due_events_pending", "Due events within the horizon")
        self.battles = self._counter("battles_total", "Battles, by where they were fought", "where")
        self.battle_workers_lost = self._counter(
            "battle_workers_lost_total", "Processes that fought battles and were lost"
        )
        self.held_ticks = self._counter(
            "held_ticks_total", "Ticks on which the world stood still until a battle had ended"
        )
        self.commands = self._counter("commands_total", "Commands", "command", "outcome")
        self.inbox_depth = self._gauge("inbox_depth", "Commands and queries not yet taken")
        self.commands_waiting = self._gauge(
            "commands_waiting_commit", "Commands carried out whose commit is not through"
        )
        self.entities_set_aside = self._gauge(
            "entities_set_aside", "Entities and systems left alone after an error"
        )

        self.save_total = self._counter("save_total", "Commits of saves", "reason")
        self.save_failures = self._counter("save_failures_total", "Saves that failed")
        self.save_retries = self._counter("save_retries_total", "Saves tried again after a failure")
        self.invariant_violations = self._counter(
            "invariant_violations_total", "Rules of the world that a saved row broke"
        )
        self.save_quarantined = self._counter(
            "save_quarantined_total", "Aggregates set aside because the database refuses them"
        )
        self.save_coalesced = self._counter(
            "save_coalesced_total", "Changes to an aggregate that was marked already"
        )
        self.save_rows = self._counter("save_rows_total", "Rows written and committed")
        self.save_bytes = self._counter(
            "save_bytes_total", "Bytes of the columns that were written"
        )
        self.save_capture = self._histogram(
            "save_capture_seconds", "Copying changed rows on the simulation thread"
        )
        self.save_queue_wait = self._slow_histogram(
            "save_queue_wait_seconds", "From the capture to the begin of the transaction"
        )
        self.save_execute = self._slow_histogram(
            "save_execute_seconds", "Statements of a save, without begin and commit"
        )
        self.save_commit = self._slow_histogram(
            "save_commit_seconds",
            "Commit of a save, with its write to the disk and, on SQLite, what it checkpoints",
        )
        self.at_risk_rows = self._gauge(
            "at_risk_rows", "Aggregates whose urgent change is not committed"
        )
        self.unsaved_rows = self._gauge("unsaved_rows", "Aggregates changed and not committed")
        self.unsaved_oldest_age = self._gauge(
            "unsaved_oldest_age_seconds", "Age of the oldest change that is not committed"
        )
        self.durable_tick = self._gauge("durable_tick", "Tick of the last committed save")
        self.wal_bytes = self._gauge("wal_bytes", "Size of SQLite's write-ahead log")
        self.wal_pending_frames = self._gauge(
            "wal_pending_frames", "Pages in that log which may still have to be moved"
        )
        self.disk_free = self._gauge("disk_free_bytes", "Free space where the world lies")
        self.operations = self._counter(
            "persistence_operations_total", "Operations on accounts", "operation", "outcome"
        )
        self.operation_duration = self._slow_histogram(
            "persistence_operation_seconds", "From the call of an operation to its end", "operation"
        )
        self.loop_lag = self._histogram(
            "loop_lag_seconds", "How late the persistence loop calls back"
        )
        self.redraw = self._histogram("redraw_seconds", "Redrawing the graphs of the window")
        self.background_failures = self._counter(
            "background_failures_total", "Work nobody waits for that failed", "what"
        )
        self.log_lines_lost = self._counter(
            "log_lines_lost_total", "Lines of the log that could not be written"
        )

        self.backup_duration = self._slow_histogram(
            "backup_seconds", "Making a backup, without verifying it"
        )
        self.backups_failed = self._counter(
            "backups_failed_total", "Backups that could not be made, or are not verified"
        )

        self.players_online = self._gauge("players_online", "Players seen in the last minutes")
        self.http_requests = self._counter(
            "http_requests_total", "Requests answered", "method", "route", "status"
        )
        self.http_duration = self._slow_histogram(
            "http_request_duration_seconds", "From request to answer", "route"
        )
        self.connections_refused = self._counter(
            "connections_refused_total",
            "Connections ended before their request or message was looked at",
            "reason",
        )
        self.websocket_clients = self._gauge("websocket_clients", "Open WebSocket connections")
        self.websocket_dropped = self._counter(
            "websocket_dropped_total",
            "Connections closed because their reader was too slow, or asked too much",
        )

    # Recording ---------------------------------------------------------------------------------

    def note_tick(
        self, at: float, lateness_s: float, work_s: float, phases_s: tuple[float, ...], skipped: int
    ) -> None:
        """Record a tick; `phases_s` are commands, events, systems, capture and publishing."""
        self.ticks.append(at, lateness_s, work_s, *phases_s, skipped)
        self.tick_duration.observe(work_s)
        self.tick_lateness.observe(lateness_s)
        self.ticks_total.inc()
        if skipped:
            self.ticks_skipped.inc(skipped)

    def note_save(
        self,
        at: float,
        reason: SaveReason,
        capture_s: float,
        receipt: SaveReceipt,
        *,
        retried: bool,
    ) -> None:
        """Record a commit."""
        self.save_total.labels(reason.value).inc()
        self.save_rows.inc(receipt.rows)
        self.save_bytes.inc(receipt.bytes)
        self.save_capture.observe(capture_s)
        self.save_queue_wait.observe(receipt.queue_wait_s)
        self.save_execute.observe(receipt.execute_s)
        self.save_commit.observe(receipt.commit_s)
        self.durable_tick.set(receipt.tick)
        self.saves.append(
            at,
            SaveState.RETRIED if retried else SaveState.COMMITTED,
            SAVE_REASONS.index(reason),
            receipt.aggregates,
            receipt.rows,
            capture_s,
            receipt.queue_wait_s,
            receipt.execute_s,
            receipt.commit_s,
        )

    def note_failed_save(
        self, at: float, reason: SaveReason, aggregates: int, capture_s: float, elapsed_s: float
    ) -> None:
        """Record a save that failed `elapsed_s` after its capture."""
        self.save_failures.inc()
        self.saves.append(
            at,
            SaveState.FAILED,
            SAVE_REASONS.index(reason),
            aggregates,
            0,
            capture_s,
            0.0,
            elapsed_s,
            0.0,
        )

    def note_operation(self, name: str, outcome: str, seconds: float) -> None:
        """Record an operation that somebody waited for."""
        self.operations.labels(name, outcome).inc()
        self.operation_duration.labels(name).observe(seconds)

    def note_risk(self, at: float, at_risk: int, unsaved: int, oldest_age_s: float) -> None:
        self.at_risk_rows.set(at_risk)
        self.unsaved_rows.set(unsaved)
        self.unsaved_oldest_age.set(oldest_age_s)
        self.risk.append(at, at_risk, unsaved, oldest_age_s)

    def note_refused_connection(self, reason: str) -> None:
        self.connections_refused.labels(reason).inc()

    # Making ------------------------------------------------------------------------------------

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name.removesuffix("_total"), text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=_FAST_BUCKETS)

    def _slow_histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=_SLOW_BUCKETS)
