"""Counters and rings: what is exported under which name, and that everything counts once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import generate_latest

from core.metrics import SAVE_FIELDS, SAVE_REASONS, TICK_FIELDS, Metrics, Ring, SaveState
from core.save_batch import SaveReason, SaveReceipt

# What dashboards ask for. A name that is changed here breaks them.
COUNTERS = [
    "ticks_total",
    "ticks_skipped_total",
    "due_events_total",
    "commands_total",
    "save_total",
    "save_failures_total",
    "save_retries_total",
    "save_coalesced_total",
    "save_rows_total",
    "save_bytes_total",
    "save_quarantined_total",
    "system_rows_touched_total",
    "http_requests_total",
    "websocket_dropped_total",
    "connections_refused_total",
    "background_failures_total",
    "log_lines_lost_total",
]
GAUGES = [
    "at_risk_rows",
    "unsaved_rows",
    "unsaved_oldest_age_seconds",
    "durable_tick",
    "inbox_depth",
    "commands_waiting_commit",
    "due_events_pending",
    "entities_set_aside",
    "disk_free_bytes",
    "players_online",
    "wal_bytes",
    "wal_pending_frames",
    "websocket_clients",
]
# There is no checkpoint_seconds: SQLite checkpoints within a commit, and tells nobody.
HISTOGRAMS = [
    "tick_duration_seconds",
    "tick_lateness_seconds",
    "system_duration_seconds",
    "due_event_lateness_seconds",
    "save_capture_seconds",
    "save_queue_wait_seconds",
    "save_execute_seconds",
    "save_commit_seconds",
    "backup_seconds",
    "loop_lag_seconds",
    "redraw_seconds",
    "http_request_duration_seconds",
]

RECEIPT = SaveReceipt(
    aggregates=3,
    rows=4,
    bytes=500,
    statements=2,
    tick=77,
    queue_wait_s=0.01,
    execute_s=0.02,
    commit_s=0.03,
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(tick_ring_capacity=10, save_ring_capacity=10)


def value_of(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def last_of(ring: Ring) -> dict[str, float]:
    return {name: values[-1].item() for name, values in ring.latest().items()}


# Rings --------------------------------------------------------------------------------------------


@given(st.integers(2, 6), st.integers(0, 20), st.none() | st.integers(0, 25))
def test_that_a_ring_gives_the_latest_samples_oldest_first(
    capacity: int, count: int, limit: int | None
) -> None:
    ring = Ring(("a", "b"), capacity)
    for number in range(count):
        ring.append(number, -number)
    size = min(count, capacity - 1, capacity if limit is None else limit)
    expected = [float(number) for number in range(count - size, count)]
    latest = ring.latest(limit)
    assert ring.count == count
    assert latest["a"].tolist() == expected
    assert latest["b"].tolist() == [-number for number in expected]


def test_that_what_a_ring_gives_is_a_copy() -> None:
    ring = Ring(("a",), 4)
    ring.append(1)
    ring.append(2)
    before = ring.latest()["a"]
    before[0] = 99
    assert ring.latest()["a"].tolist() == [1, 2]
    for number in range(3, 9):
        ring.append(number)
    assert before.tolist() == [99, 2]


def test_that_a_ring_refuses_a_sample_that_does_not_fit() -> None:
    ring = Ring(("a", "b"), 4)
    with pytest.raises(ValueError, match="broadcast"):
        ring.append(1, 2, 3)
    assert ring.count == 0


# Names --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "names"), [("counter", COUNTERS), ("gauge", GAUGES), ("histogram", HISTOGRAMS)]
)
def test_that_every_metric_is_exported_under_its_name(
    metrics: Metrics, kind: str, names: list[str]
) -> None:
    lines = generate_latest(metrics.registry).decode().splitlines()
    assert {f"# TYPE {name} {kind}" for name in names} <= set(lines)


def test_that_metrics_have_the_labels_that_are_promised(metrics: Metrics) -> None:
    metrics.system_duration.labels(system="production").observe(1)
    metrics.system_rows.labels(system="production").inc()
    metrics.commands.labels(command="build", outcome="accepted").inc()
    metrics.save_total.labels(reason="urgent").inc()
    metrics.http_requests.labels(method="GET", route="/", status="200").inc()
    metrics.http_duration.labels(route="/").observe(1)
    for name, labels in (
        ("system_duration_seconds_count", {"system": "production"}),
        ("system_rows_touched_total", {"system": "production"}),
        ("commands_total", {"command": "build", "outcome": "accepted"}),
        ("save_total", {"reason": "urgent"}),
        ("http_requests_total", {"method": "GET", "route": "/", "status": "200"}),
        ("http_request_duration_seconds_count", {"route": "/"}),
    ):
        assert value_of(metrics, name, **labels) == 1, name


def test_that_the_process_and_the_collector_are_measured_too(metrics: Metrics) -> None:
    text = generate_latest(metrics.registry).decode()
    assert "process_resident_memory_bytes" in text
    assert "python_gc_collections_total" in text


def test_that_two_worlds_count_each_for_itself(metrics: Metrics) -> None:
    other = Metrics(tick_ring_capacity=10, save_ring_capacity=10)
    metrics.ticks_total.inc()
    assert value_of(other, "ticks_total") == 0


# Recording ----------------------------------------------------------------------------------------


def test_that_a_tick_counts_once_and_is_in_the_ring(metrics: Metrics) -> None:
    sample = (100.0, 0.002, 0.015, 0.001, 0.002, 0.003, 0.004, 0.005, 2.0)
    metrics.note_tick(sample[0], sample[1], sample[2], sample[3:8], 2)
    assert last_of(metrics.ticks) == dict(zip(TICK_FIELDS, sample, strict=True))
    assert metrics.ticks.count == 1
    assert value_of(metrics, "ticks_total") == 1
    assert value_of(metrics, "ticks_skipped_total") == 2
    assert value_of(metrics, "tick_duration_seconds_sum") == 0.015
    assert value_of(metrics, "tick_duration_seconds_count") == 1
    assert value_of(metrics, "tick_lateness_seconds_sum") == 0.002
    assert value_of(metrics, "tick_lateness_seconds_count") == 1


@pytest.mark.parametrize("reason", SAVE_REASONS)
@pytest.mark.parametrize(
    ("retried", "state"), [(False, SaveState.COMMITTED), (True, SaveState.RETRIED)]
)
def test_that_a_save_counts_once_and_is_in_the_ring(
    metrics: Metrics, reason: SaveReason, retried: bool, state: SaveState
) -> None:
    metrics.note_save(100.0, reason, 0.005, RECEIPT, retried=retried)
    sample = (100.0, state, SAVE_REASONS.index(reason), 3, 4, 0.005, 0.01, 0.02, 0.03)
    assert last_of(metrics.saves) == dict(zip(SAVE_FIELDS, sample, strict=True))
    assert metrics.saves.count == 1
    counted = {other: value_of(metrics, "save_total", reason=other.value) for other in SAVE_REASONS}
    assert {other for other, value in counted.items() if value} == {reason}
    assert counted[reason] == 1
    assert value_of(metrics, "save_rows_total") == 4
    assert value_of(metrics, "save_bytes_total") == 500
    assert value_of(metrics, "durable_tick") == 77
    assert value_of(metrics, "save_failures_total") == 0
    for phase, seconds in (
        ("capture", 0.005),
        ("queue_wait", 0.01),
        ("execute", 0.02),
        ("commit", 0.03),
    ):
        assert value_of(metrics, f"save_{phase}_seconds_sum") == seconds
        assert value_of(metrics, f"save_{phase}_seconds_count") == 1


def test_that_a_failed_save_counts_as_a_failure_alone(metrics: Metrics) -> None:
    metrics.note_failed_save(100.0, SaveReason.MANUAL, 3, 0.005, 1.5)
    reason = SAVE_REASONS.index(SaveReason.MANUAL)
    sample = (100.0, SaveState.FAILED, reason, 3, 0, 0.005, 0, 1.5, 0)
    assert last_of(metrics.saves) == dict(zip(SAVE_FIELDS, sample, strict=True))
    assert metrics.saves.count == 1
    assert value_of(metrics, "save_failures_total") == 1
    assert not value_of(metrics, "save_total", reason="manual")
    assert value_of(metrics, "save_rows_total") == 0
    assert value_of(metrics, "save_commit_seconds_count") == 0


def test_that_what_is_at_risk_is_shown_and_is_in_the_ring(metrics: Metrics) -> None:
    metrics.note_risk(100.0, 2, 5, 1.5)
    metrics.note_risk(101.0, 0, 1, 0.5)
    assert value_of(metrics, "at_risk_rows") == 0
    assert value_of(metrics, "unsaved_rows") == 1
    assert value_of(metrics, "unsaved_oldest_age_seconds") == 0.5
    rows = [values.tolist() for values in metrics.risk.latest().values()]
    assert rows == [[100, 101], [2, 0], [5, 1], [1.5, 0.5]]
