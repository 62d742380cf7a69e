"""The throttle trace, and that replaying it comes to what the writer itself does."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ecs import Origin
from core.save_batch import SaveBatch, SaveReason
from core.throttle_trace import Changes, Replay, ThrottleTrace, _Lines, replay
from tests.ecs.things import STONE
from tests.test_write_behind import Bench, adding

# (seconds after the last change, aggregate, whether it is urgent)
Step = tuple[float, int, bool]
STEPS = st.lists(
    st.tuples(
        st.sampled_from((0.0, 0.25, 0.5, 1.0, 3.0, 7.0, 20.0)),
        st.integers(0, 3),
        st.sampled_from((False, False, False, True)),
    ),
    min_size=1,
    max_size=60,
)
HALF_A_STEP_S = 0.125


def changes_of(steps: list[Step]) -> Changes:
    trace = ThrottleTrace(0.0)
    now = HALF_A_STEP_S
    for pause_s, row, urgent in steps:
        now += pause_s
        trace.note(now, row, urgent=urgent)
    return trace.changes(now)


def written_by_the_writer(steps: list[Step], save_s: int, between: int) -> tuple[int, float]:
    """Let the writer itself live through the changes; return rows written and the longest wait."""
    bench = Bench(slots_between_writes=between)
    stones = bench.create(4)
    # The trace does not know of that write.
    for stone in stones:
        bench.world.tables[STONE].set(stone, "mark.written_slot", 0)
    start, rows, longest = bench.clock.now(), 0, 0.0
    changed_at: dict[int, float] = {}
    committed: list[SaveBatch] = []
    bench.store.on_applied = committed.append
    bench.store.at_once = True
    slot = 0

    def write() -> None:
        nonlocal rows, longest
        committed.clear()
        bench.pump()
        for batch in committed:
            for entity_id in (i for table in batch.rows for i in table.ids.tolist()):
                rows += 1
                longest = max(longest, bench.clock.now() - changed_at.pop(entity_id))
        bench.writer.take_completions()

    def go_to(until: float) -> None:
        nonlocal slot
        while (slot + 1) * save_s <= until:
            slot += 1
            bench.clock.advance(start + slot * save_s - bench.clock.now())
            bench.writer.begin_slot()
            bench.writer.request(SaveReason.PERIODIC)
            write()
        bench.clock.advance(start + until - bench.clock.now())

    now = HALF_A_STEP_S
    for pause_s, row, urgent in steps:
        now += pause_s
        go_to(now)
        changed_at.setdefault(stones[row], bench.clock.now())
        bench.run(Origin.COMMAND if urgent else Origin.EVENT, adding(stones[row]))
        if urgent:
            write()
    go_to(now + (between + 2) * save_s)
    assert not changed_at
    return rows, longest


@given(STEPS, st.sampled_from((1, 2, 5)), st.sampled_from((1, 2, 4)))
def test_that_a_replay_comes_to_what_the_writer_does(
    steps: list[Step], save_s: int, between: int
) -> None:
    made = replay(changes_of(steps), save_interval_s=save_s, persist_interval_s=save_s * between)
    rows, longest = written_by_the_writer(steps, save_s, between)
    assert made.rows_written == rows
    # A waiting change that an urgent one took along waited, too; an urgent one did not.
    assert made.window_s == pytest.approx(longest)


def test_that_longer_intervals_write_less_and_wait_longer() -> None:
    generator = np.random.default_rng(1)
    steps = [
        (float(pause), int(row), False)
        for pause, row in zip(
            generator.exponential(1.0, 2000), generator.integers(0, 20, 2000), strict=True
        )
    ]
    changes = changes_of(steps)
    made = [replay(changes, save_interval_s=s, persist_interval_s=s) for s in (5, 20, 60, 300)]
    written = [each.rows_written for each in made]
    assert written == sorted(written, reverse=True)
    assert written[0] > 3 * written[-1]
    assert all(each.window_s <= each.save_interval_s for each in made)
    assert [each.window_s for each in made] == sorted(each.window_s for each in made)


def test_that_a_change_of_a_whole_table_counts_all_its_rows() -> None:
    trace = ThrottleTrace(0.0)
    trace.note(1.0, 1, urgent=True, count=500)
    made = replay(trace.changes(2.0), save_interval_s=10, persist_interval_s=10)
    assert (made.rows_written, made.urgent_rows, made.window_s) == (500, 500, 0.0)


def test_that_a_busy_aggregate_makes_no_long_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    advance = _Lines.advance

    def count(self: _Lines, *arguments: Any) -> None:
        nonlocal steps
        steps += 1
        advance(self, *arguments)

    monkeypatch.setattr(_Lines, "advance", count)
    trace = ThrottleTrace(0.0)
    for number in range(1, 501):
        trace.note(number * 0.1, 7, urgent=number % 2 == 0)
    made = replay(trace.changes(51.0), save_interval_s=10, persist_interval_s=10)
    # Every change that may wait is taken along by the urgent one after it.
    assert (made.urgent_rows, made.waiting_rows) == (250, 0)
    assert made.window_s == pytest.approx(0.1)
    assert steps < 5


def test_that_nothing_costs_nothing() -> None:
    made = replay(ThrottleTrace(0.0).changes(5.0), save_interval_s=60, persist_interval_s=60)
    assert made == Replay(60, 60, 0, 0, 0, 0.0, 0.0)


def test_that_the_trace_forgets_what_is_older_than_it_keeps() -> None:
    trace = ThrottleTrace(100.0, kept_s=60.0)
    for at in (100.0, 150.0, 170.0):
        trace.note(at, 1, urgent=False)
    kept = trace.changes(200.0)
    assert kept.at.tolist() == [50.0, 70.0]
    assert kept.covers_s == 60.0


def test_that_a_full_trace_says_how_far_it_goes_back() -> None:
    trace = ThrottleTrace(0.0, capacity=10)
    for number in range(25):
        trace.note(float(number), number, urgent=False)
    kept = trace.changes(24.0)
    assert kept.row.tolist() == list(range(15, 25))
    assert kept.covers_s == 9.0


def test_that_what_is_handed_out_is_a_copy() -> None:
    trace = ThrottleTrace(0.0, capacity=2)
    trace.note(1.0, 7, urgent=True)
    kept = trace.changes(1.0)
    trace.note(2.0, 8, urgent=False)
    trace.note(3.0, 9, urgent=False)
    assert kept.row.tolist() == [7]


def test_that_many_aggregates_are_told_apart() -> None:
    counts: defaultdict[int, int] = defaultdict(int)
    trace = ThrottleTrace(0.0)
    for row in (5, 2**40, 5, -3, 2**40 + 1):
        counts[row] += 1
        trace.note(1.0, row, urgent=False)
    made = replay(trace.changes(2.0), save_interval_s=10, persist_interval_s=10)
    assert made.waiting_rows == len(counts)
