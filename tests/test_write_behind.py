"""Write-behind: what a batch holds, what a failure puts back, and who waits for which commit."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.ecs import Kind, Mark, Origin, World
from core.ecs.table import AnyArray, Rows, Table
from core.ecs.unit_of_work import UnitOfWork
from core.errors import StorageError
from core.metrics import Metrics, SaveState
from core.save_batch import SaveBatch, SaveReason, SaveResult, WorldClock
from core.write_behind import RETRY_DELAYS_S, SLICE_ROWS_MIN, WriteBehind
from tests.ecs.things import LAMP, STONE, Light, Weight, lamp, new_world
from tests.manual_clock import ManualClock
from tests.store import ManualStore

GRACE_S = 10.0


class Answer:
    """Something that waits for a commit, and what became of it."""

    def __init__(self, *, is_promise: bool = True) -> None:
        self.is_promise = is_promise
        self.kept: bool | None = None
        self.abandoned = False
        self.refused = False

    @property
    def is_out(self) -> bool:
        return self.kept is not None or self.abandoned or self.refused

    def release(self, *, kept: bool) -> None:
        assert not self.is_out
        self.kept = kept

    def abandon(self) -> None:
        assert not self.is_out
        self.abandoned = True

    def refuse(self) -> None:
        assert not self.is_out
        self.refused = True


class Bench:
    """A small world with a writer and a store, and the verbs to move them by hand."""

    def __init__(self, *, slots_between_writes: int = 1) -> None:
        self.world = new_world()
        self.clock = ManualClock()
        self.store = ManualStore()
        self.metrics = Metrics(tick_ring_capacity=10, save_ring_capacity=100)
        self.writer = WriteBehind(
            self.world,
            self.store.submit,
            self.metrics,
            self.clock.monotonic,
            slots_between_writes=slots_between_writes,
            grace_s=GRACE_S,
        )
        self.tick = 0

    def run(self, origin: Origin, *steps: Callable[[World], object]) -> UnitOfWork:
        with self.world.unit_of_work(origin, self.clock.now()) as unit:
            for step in steps:
                step(self.world)
            if origin is Origin.COMMAND and self.writer.quarantine.group_touched(unit):
                unit.roll_back()
        if unit.changed and not unit.may_wait:
            self.writer.note_urgent(unit)
        return unit

    def create(self, count: int = 1) -> list[int]:
        """Make stones and write them, so that nothing is marked."""
        made: list[int] = []

        def make(world: World) -> None:
            made.extend(world.create_entity(STONE, Weight(0.0, 0)) for _ in range(count))

        self.run(Origin.COMMAND, make)
        self.pump()
        self.commit()
        return made

    def wait(self, *entity_ids: int) -> None:
        """Change stones, each in an event of its own, so that the changes may wait."""
        for entity_id in entity_ids:
            self.run(Origin.EVENT, adding(entity_id))

    def urge(self, *entity_ids: int) -> None:
        """Change stones in one command."""
        self.run(Origin.COMMAND, *(adding(entity_id) for entity_id in entity_ids))

    def delete(self, entity_id: int) -> None:
        self.run(Origin.COMMAND, lambda world: world.delete_entity(STONE, entity_id))

    def hold(self, *, is_promise: bool = True) -> Answer:
        answer = Answer(is_promise=is_promise)
        self.writer.hold(answer)
        return answer

    def show(self, *shown: tuple[Kind, int]) -> tuple[Answer, bool]:
        """Have an answer that shows something wait if it must; return whether it does."""
        answer = Answer(is_promise=False)
        return answer, self.writer.hold_until_kept(answer, set(shown))

    def pump(self, *, after_tick: bool = True, slices: bool = True) -> SaveBatch | None:
        """Return the batch that this sends."""
        before = len(self.store.submitted)
        self.tick += 1
        clock = WorldClock(
            self.clock.now(), self.tick, {k.name: n for k, n in self.world.next_id.items()}
        )
        # Ticks so fast that a slice is as small as it gets.
        self.writer.pump(clock, after_tick=after_tick, tick_period_s=0.001, slices=slices)
        assert len(self.store.submitted) - before in (0, 1)
        return self.store.submitted[-1] if len(self.store.submitted) > before else None

    def commit(self) -> SaveBatch:
        batch = self.store.commit()
        self.writer.take_completions()
        return batch

    def fail(self, *, committed: bool = False) -> SaveBatch:
        batch = self.store.fail(committed=committed)
        self.writer.take_completions()
        return batch

    def slot(self) -> None:
        """A scheduled save."""
        self.writer.begin_slot()
        self.writer.request(SaveReason.PERIODIC)

    def save(self) -> Future[SaveResult]:
        future: Future[SaveResult] = Future()
        self.writer.request(SaveReason.MANUAL, future)
        return future

    def recover(self) -> None:
        """Let time pass and every batch be committed until nothing is left."""
        for _ in range(1000):
            self.clock.advance(max(RETRY_DELAYS_S))
            if self.pump() is None and not self.store.waiting:
                return
            if self.store.waiting:
                self.commit()
        raise AssertionError("it never comes to rest")

    def grams(self, entity_id: int) -> float:
        value: float = self.world.tables[STONE].get(entity_id, "Weight.grams")
        return value

    def stored(self) -> dict[int, float]:
        return {i: row["Weight.grams"] for i, row in self.store.rows["stone"].items()}

    def live(self) -> dict[int, float]:
        return {i: self.grams(i) for i in self.world.tables[STONE].ids.tolist()}


def adding(entity_id: int) -> Callable[[World], None]:
    def add(world: World) -> None:
        stone = world.component_for_entity(STONE, entity_id, Weight)
        stone.grams = stone.grams + 1

    return add


def written(batch: SaveBatch | None) -> list[int]:
    """Return the ids of the stones in a batch."""
    assert batch is not None
    return [int(i) for rows in batch.rows if rows.table == "stone" for i in rows.ids]


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Urgent changes -----------------------------------------------------------------------------------


def test_that_an_urgent_change_goes_with_the_next_batch_tick_or_not(bench: Bench) -> None:
    first, second, third = bench.create(3)
    bench.urge(first, third)
    batch = bench.pump(after_tick=False)
    assert sorted(written(batch)) == [first, third]
    assert batch is not None
    assert batch.reason is SaveReason.URGENT
    assert not bench.world.marks[STONE].flags_of(first)
    assert bench.commit() is batch
    assert bench.stored() == {first: 1.0, second: 0.0, third: 1.0}


def test_that_nothing_is_sent_while_nothing_is_urgent(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.wait(stone)
    assert bench.pump() is None
    assert bench.world.marks[STONE].flags_of(stone) == Mark.WAITING


def test_that_an_urgent_unit_takes_along_what_its_aggregates_had_waiting(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.wait(first, second)
    bench.urge(first)
    assert written(bench.pump()) == [first]
    bench.commit()
    assert bench.stored() == {first: 2.0, second: 0.0}


def test_that_one_batch_is_in_flight_and_the_next_has_what_was_changed_meanwhile(
    bench: Bench,
) -> None:
    first, second = bench.create(2)
    bench.urge(first)
    bench.pump()
    bench.urge(first)
    bench.urge(second)
    assert bench.pump() is None
    assert bench.writer.busy
    bench.commit()
    assert bench.stored() == {first: 1.0, second: 0.0}
    assert sorted(written(bench.pump())) == [first, second]
    bench.commit()
    assert bench.stored() == bench.live()


def test_that_a_change_made_while_its_row_is_written_is_not_forgotten(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    bench.wait(stone)
    bench.commit()
    assert bench.world.marks[STONE].flags_of(stone) == Mark.WAITING
    bench.save()
    bench.pump()
    bench.commit()
    assert bench.stored() == {stone: 2.0}


def test_that_a_batch_is_a_copy(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    batch = bench.pump()
    assert batch is not None
    bench.urge(stone)
    assert batch.rows[0].columns["Weight.grams"].tolist() == [1.0]
    bench.fail()
    bench.clock.advance(RETRY_DELAYS_S[0])
    again = bench.pump()
    assert again is not None
    assert again.number > batch.number
    assert again.rows[0].columns["Weight.grams"].tolist() == [2.0]


def switch(world: World, lamp_id: int) -> None:
    light = world.component_for_entity(LAMP, lamp_id, Light)
    light.is_on = not light.is_on


def parts_of(batch: SaveBatch | None) -> list[tuple[list[int], set[str] | None]]:
    """Return the ids of each part of a batch with its components, None for whole rows."""
    assert batch is not None
    return [
        (
            rows.ids.tolist(),
            None if rows.whole else {key.partition(".")[0] for key in rows.columns},
        )
        for rows in batch.rows
    ]


def test_that_of_a_row_that_is_on_disk_the_changed_components_are_written(bench: Bench) -> None:
    bench.run(Origin.COMMAND, lambda world: [world.create_entity(LAMP, *lamp(n)) for n in range(3)])
    assert parts_of(bench.pump()) == [([1, 2, 3], None)]
    bench.commit()
    bench.run(Origin.COMMAND, lambda world: switch(world, 2))
    assert parts_of(bench.pump()) == [([2], {"Light"})]
    bench.commit()
    # New rows go whole, beside what has changed of all the others.
    bench.run(
        Origin.COMMAND,
        lambda world: switch(world, 1),
        lambda world: setattr(world.component_for_entity(LAMP, 3, Weight), "grams", 1.5),
        lambda world: world.create_entity(LAMP, *lamp(9)),
        lambda world: switch(world, 4),
    )
    assert parts_of(bench.pump()) == [([4], None), ([1, 3], {"Light", "Weight"})]
    bench.commit()
    bench.run(Origin.COMMAND, lambda world: world.write_column(LAMP, "Weight.count", 7))
    assert parts_of(bench.pump()) == [([1, 2, 3, 4], {"Weight"})]
    bench.commit()
    table = bench.world.tables[LAMP]
    assert bench.store.rows["lamp"] == {
        lamp_id: {field.key: table.get(lamp_id, field.key) for field in table.fields}
        for lamp_id in (1, 2, 3, 4)
    }


def test_that_rows_are_written_whole_after_a_failure(bench: Bench) -> None:
    bench.run(Origin.COMMAND, lambda world: world.create_entity(LAMP, *lamp(1)))
    bench.pump()
    bench.run(Origin.COMMAND, lambda world: switch(world, 1))
    bench.fail()
    bench.clock.advance(RETRY_DELAYS_S[0])
    assert parts_of(bench.pump()) == [([1], None)]
    bench.commit()
    bench.run(Origin.COMMAND, lambda world: switch(world, 1))
    bench.pump()
    bench.fail(committed=True)
    bench.clock.advance(RETRY_DELAYS_S[0])
    assert parts_of(bench.pump()) == [([1], None)]


def test_that_a_row_that_was_marked_by_hand_is_written_whole(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.world.tables[STONE].set(stone, "mark.flags", int(Mark.WAITING))
    bench.save()
    assert parts_of(bench.pump()) == [([stone], None)]


def test_that_every_kind_goes_in_one_batch_in_its_order(bench: Bench) -> None:
    (stone,) = bench.create()

    def make(world: World) -> None:
        world.create_entity(LAMP, *lamp(3))
        adding(stone)(world)

    bench.run(Origin.COMMAND, make)
    batch = bench.pump()
    assert batch is not None
    assert [rows.table for rows in batch.rows] == ["stone", "lamp"]
    assert batch.rows[1].columns["Label.name"].tolist() == ["lamp 3"]
    assert batch.clock.next_ids == {"law": 1, "stone": 2, "lamp": 2}
    assert batch.aggregates == 2


# Failures -----------------------------------------------------------------------------------------


def test_that_a_copy_there_is_no_memory_for_leaves_its_whole_change_to_the_next_save(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stone, gone = bench.create(2)

    def make(world: World) -> None:
        world.create_entity(LAMP, *lamp(3))
        adding(stone)(world)

    bench.run(Origin.COMMAND, make)
    bench.delete(gone)
    answer = bench.hold()
    copy_rows = Table.copy_rows

    def short_of_memory(table: Table, rows: Rows, components: int) -> dict[str, AnyArray]:
        if table.name == LAMP.name:
            raise MemoryError
        return copy_rows(table, rows, components)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "copy_rows", short_of_memory)
        with pytest.raises(MemoryError):
            bench.pump()
    batch = bench.pump()
    assert batch is not None
    assert [rows.table for rows in batch.rows] == ["stone", "lamp"]
    assert batch.deleted == {"stone": (gone,)}
    assert batch.groups == (frozenset({("stone", stone), ("lamp", 1)}),)
    bench.commit()
    assert answer.kept


def test_that_a_failure_puts_everything_back_and_is_tried_again_a_little_later(
    bench: Bench,
) -> None:
    first, second = bench.create(2)
    bench.urge(first)
    bench.delete(second)
    answer = bench.hold()
    bench.pump()
    bench.fail()
    assert bench.world.marks[STONE].is_urgent(first)
    assert list(bench.world.tombstones[STONE]) == [second]
    assert bench.writer.last_error == "unreachable"
    assert bench.writer.retry_at == bench.clock.monotonic() + RETRY_DELAYS_S[0]
    assert bench.pump() is None
    bench.clock.advance(RETRY_DELAYS_S[0])
    assert written(bench.pump()) == [first]
    assert not answer.is_out
    bench.commit()
    assert answer.kept
    assert bench.stored() == {first: 1.0}
    assert bench.writer.last_error is None
    assert bench.writer.retry_at is None


def test_that_the_pauses_between_attempts_grow_to_a_limit(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    pauses = []
    for _ in range(len(RETRY_DELAYS_S) + 2):
        assert bench.pump() is not None
        bench.fail()
        assert bench.writer.retry_at is not None
        pauses.append(round(bench.writer.retry_at - bench.clock.monotonic(), 6))
        bench.clock.advance(pauses[-1])
    assert pauses == [*RETRY_DELAYS_S, RETRY_DELAYS_S[-1], RETRY_DELAYS_S[-1]]
    bench.pump()
    bench.commit()
    bench.urge(stone)
    assert bench.pump() is not None


def test_that_a_failed_write_does_not_lose_its_urgency_to_a_waiting_change(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    bench.wait(stone)
    bench.fail()
    bench.clock.advance(1)
    assert written(bench.pump(after_tick=False)) == [stone]


def test_that_what_was_deleted_while_it_was_written_does_not_return(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    bench.delete(stone)
    bench.fail(committed=True)
    bench.recover()
    assert bench.stored() == {}


def test_that_an_entity_that_was_made_and_deleted_between_two_saves_is_not_written(
    bench: Bench,
) -> None:
    bench.create()

    def make(world: World) -> None:
        world.create_entity(STONE, Weight(5.0, 5))

    bench.run(Origin.COMMAND, make)
    bench.delete(2)
    batch = bench.pump()
    assert batch is not None
    assert batch.rows == ()
    assert batch.deleted == {"stone": (2,)}
    bench.commit()
    assert list(bench.stored()) == [1]


def test_that_a_save_that_was_cancelled_counts_as_failed(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    _, future = bench.store.waiting.popleft()
    assert future.cancel()
    bench.writer.take_completions()
    assert bench.world.marks[STONE].is_urgent(stone)
    bench.recover()
    assert bench.stored() == bench.live()


# The throttle -------------------------------------------------------------------------------------


def test_that_a_burst_is_written_once_an_interval_with_its_last_value() -> None:
    bench = Bench(slots_between_writes=3)
    (stone,) = bench.create()
    stored = []
    for _ in range(9):
        for _ in range(5):
            bench.wait(stone)
        bench.slot()
        bench.pump()
        bench.commit()
        stored.append(bench.stored()[stone])
    # Made in slot 3, so first due in slot 6: three slots of five changes later.
    assert stored == [0, 0, 15, 15, 15, 30, 30, 30, 45]


def test_that_equal_intervals_mean_every_save() -> None:
    bench = Bench(slots_between_writes=1)
    (stone,) = bench.create()
    for expected in range(1, 6):
        bench.wait(stone)
        bench.slot()
        bench.pump()
        bench.commit()
        assert bench.stored()[stone] == expected


def test_that_planets_are_throttled_each_by_itself() -> None:
    bench = Bench(slots_between_writes=2)
    first, second = bench.create(2)
    stored = []
    for slot in range(6):
        bench.wait(first)
        if slot >= 1:
            bench.wait(second)
        if slot == 2:
            bench.urge(second)
            bench.pump()
            bench.commit()
        bench.slot()
        bench.pump()
        bench.commit()
        stored.append((bench.stored()[first], bench.stored()[second]))
    assert stored == [(0, 0), (2, 1), (2, 3), (4, 4), (4, 4), (6, 6)]


def test_that_the_last_change_of_a_burst_is_not_forgotten() -> None:
    bench = Bench(slots_between_writes=4)
    (stone,) = bench.create()
    bench.wait(stone)
    for _ in range(4):
        bench.slot()
        bench.pump()
        bench.commit()
    assert bench.stored()[stone] == 1.0


def test_that_an_urgent_change_does_not_wait_for_its_interval() -> None:
    bench = Bench(slots_between_writes=100)
    (stone,) = bench.create()
    for expected in (1, 2, 3):
        bench.urge(stone)
        assert written(bench.pump(after_tick=False)) == [stone]
        bench.commit()
        assert bench.stored()[stone] == expected


def test_that_a_row_whose_save_failed_goes_with_the_very_next_one() -> None:
    bench = Bench(slots_between_writes=5)
    (stone,) = bench.create()
    bench.wait(stone)
    for _ in range(5):
        bench.slot()
        bench.pump()
        if bench.store.waiting and written(bench.store.waiting[0][0]):
            bench.fail()
        else:
            bench.commit()
    assert bench.stored()[stone] == 0.0
    bench.wait(stone)
    bench.clock.advance(1)
    assert written(bench.pump()) == [stone]
    bench.commit()
    assert bench.stored()[stone] == 2.0


def test_that_a_save_somebody_asked_for_writes_what_the_throttle_holds_back() -> None:
    bench = Bench(slots_between_writes=100)
    (stone,) = bench.create()
    bench.wait(stone)
    bench.slot()
    future = bench.save()
    assert written(bench.pump()) == [stone]
    bench.commit()
    assert future.result(timeout=0).reason is SaveReason.MANUAL


@given(
    st.integers(1, 4),
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["wait", "urge", "urge both"]), st.integers(0, 2)),
            max_size=4,
        ),
        max_size=14,
    ),
)
def test_that_every_change_is_written_within_an_interval_and_one_save(
    interval: int, slots: list[list[tuple[str, int]]]
) -> None:
    bench = Bench(slots_between_writes=interval)
    stones = bench.create(3)
    throttled_writes: dict[int, list[int]] = {stone: [] for stone in stones}
    history: list[dict[int, float]] = []
    for slot, changes in enumerate(slots + [[]] * interval):
        for verb, index in changes:
            match verb:
                case "wait":
                    bench.wait(stones[index])
                    continue
                case "urge":
                    bench.urge(stones[index])
                case _:
                    bench.urge(stones[index], stones[(index + 1) % 3])
            for stone in written(bench.pump(after_tick=False)):
                throttled_writes[stone].append(slot - 1)
            bench.commit()
        history.append(bench.live())
        bench.slot()
        for stone in written(bench.pump()):
            # Written last in the slot before the present one, or earlier.
            assert not throttled_writes[stone] or slot - throttled_writes[stone][-1] >= interval
            throttled_writes[stone].append(slot)
        bench.commit()
        if slot >= interval:
            due = history[slot - interval]
            assert all(bench.stored()[stone] >= due[stone] for stone in stones)
    assert bench.stored() == bench.live()


# Slices -------------------------------------------------------------------------------------------


def test_that_a_save_is_written_in_slices_the_oldest_change_first(bench: Bench) -> None:
    stones = bench.create(2 * SLICE_ROWS_MIN + 10)
    order = stones[::-1]
    for stone in order:
        bench.clock.advance(0.001)
        bench.wait(stone)
    future = bench.save()
    slices = []
    while not future.done():
        slices.append(written(bench.pump()))
        assert bench.pump(after_tick=False) is None
        bench.commit()
    assert [len(part) for part in slices] == [SLICE_ROWS_MIN, SLICE_ROWS_MIN, 10]
    for part, begin in zip(slices, (0, SLICE_ROWS_MIN, 2 * SLICE_ROWS_MIN), strict=True):
        assert set(part) == set(order[begin : begin + len(part)])
    result = future.result(timeout=0)
    assert (result.aggregates, result.batches) == (len(stones), 3)
    assert bench.stored() == bench.live()


def test_that_a_slice_goes_after_a_tick_and_not_before(bench: Bench) -> None:
    stones = bench.create(SLICE_ROWS_MIN + 1)
    bench.wait(*stones)
    bench.save()
    assert len(written(bench.pump())) == SLICE_ROWS_MIN
    bench.commit()
    assert bench.pump(after_tick=False) is None
    assert len(written(bench.pump(after_tick=True))) == 1


def test_that_without_time_for_slices_only_what_is_urgent_goes(bench: Bench) -> None:
    waiting, urgent = bench.create(2)
    bench.wait(waiting)
    future = bench.save()
    assert bench.pump(slices=False) is None
    bench.urge(urgent)
    assert written(bench.pump(slices=False)) == [urgent]
    bench.commit()
    assert not future.done()
    assert written(bench.pump(after_tick=False)) == [waiting]


def test_that_a_slice_never_leaves_out_what_is_urgent(bench: Bench) -> None:
    stones = bench.create(3 * SLICE_ROWS_MIN + 50)
    many, others = stones[: 2 * SLICE_ROWS_MIN], stones[2 * SLICE_ROWS_MIN :]
    bench.wait(*others)
    bench.save()
    bench.urge(*many)
    first = written(bench.pump())
    assert set(many) <= set(first)
    bench.commit()
    assert set(first) | set(written(bench.pump())) == set(stones)


def test_that_an_urgent_change_goes_between_two_slices_of_a_save(bench: Bench) -> None:
    stones = bench.create(SLICE_ROWS_MIN + 5)
    bench.wait(*stones)
    future = bench.save()
    first = written(bench.pump())
    bench.commit()
    (late,) = set(stones[-1:]) - set(first)
    bench.urge(late)
    assert written(bench.pump(after_tick=False)) == [late]
    bench.commit()
    assert not future.done()
    assert len(written(bench.pump())) == 4
    bench.commit()
    assert future.done()
    assert bench.stored() == bench.live()


def test_that_a_slice_that_failed_is_part_of_the_save_still(bench: Bench) -> None:
    stones = bench.create(SLICE_ROWS_MIN + 5)
    bench.wait(*stones)
    future = bench.save()
    bench.pump()
    bench.commit()
    bench.pump()
    bench.fail()
    assert not future.done()
    bench.recover()
    assert future.result(timeout=0).durable_until <= bench.clock.now()
    assert bench.stored() == bench.live()


def test_that_a_save_passes_over_what_is_deleted_while_it_is_made(bench: Bench) -> None:
    stones = bench.create(SLICE_ROWS_MIN + 5)
    bench.wait(*stones)
    future = bench.save()
    left = set(stones) - set(written(bench.pump()))
    for stone in left:
        bench.delete(stone)
    bench.commit()
    bench.recover()
    assert future.done()
    assert bench.stored() == bench.live()


# Saves that somebody asked for --------------------------------------------------------------------


def test_that_a_save_with_nothing_to_write_keeps_the_clock(bench: Bench) -> None:
    bench.create()
    future = bench.save()
    bench.clock.advance(7)
    batch = bench.pump()
    assert batch is not None
    assert batch.rows == ()
    bench.commit()
    assert future.result(timeout=0).durable_until == bench.clock.now()
    assert bench.writer.durable.world_time == bench.clock.now()


def test_that_a_save_does_not_count_one_that_was_captured_earlier(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.wait(first)
    early = bench.save()
    bench.pump()
    bench.wait(second)
    late, shared = bench.save(), bench.save()
    bench.pump()
    bench.commit()
    assert early.done()
    assert not late.done()
    assert written(bench.pump()) == [second]
    bench.commit()
    assert late.result(timeout=0) is shared.result(timeout=0)


def test_that_a_save_does_not_wait_for_what_changes_after_it_was_captured(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.wait(stone)
    future = bench.save()
    bench.pump()
    bench.wait(stone)
    bench.commit()
    assert future.done()
    assert bench.world.marks[STONE].flags_of(stone) == Mark.WAITING


def test_that_a_future_that_was_cancelled_is_left_out(bench: Bench) -> None:
    bench.create()
    cancelled, other = bench.save(), bench.save()
    assert cancelled.cancel()
    bench.pump()
    bench.commit()
    assert other.done()


def test_that_a_periodic_save_does_not_narrow_one_that_was_asked_for() -> None:
    bench = Bench(slots_between_writes=9)
    (stone,) = bench.create()
    bench.wait(stone)
    future = bench.save()
    bench.slot()
    bench.pump()
    bench.commit()
    assert future.result(timeout=0).reason is SaveReason.MANUAL
    assert bench.stored()[stone] == 1.0


# Held answers -------------------------------------------------------------------------------------


def test_that_a_promise_is_kept_with_the_commit_of_what_it_promises(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    first = bench.hold()
    bench.pump()
    bench.urge(stone)
    second = bench.hold()
    assert bench.writer.waiting_for_commit == 2
    bench.commit()
    assert first.kept
    assert not second.is_out
    bench.pump()
    bench.commit()
    assert second.kept
    assert bench.writer.waiting_for_commit == 0
    assert bench.writer.idle


def test_that_answers_go_out_in_the_order_in_which_they_were_held(bench: Bench) -> None:
    (stone,) = bench.create()
    order: list[int] = []

    class Numbered(Answer):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def release(self, *, kept: bool) -> None:
            order.append(self.number)

    bench.urge(stone)
    bench.writer.hold(Numbered(1))
    bench.pump()
    bench.urge(stone)
    bench.writer.hold(Numbered(2))
    bench.fail()
    bench.urge(stone)
    bench.writer.hold(Numbered(3))
    bench.recover()
    assert order == [1, 2, 3]


def test_that_an_answer_waits_for_the_commit_of_what_it_shows(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.urge(first)
    marked, waits = bench.show((STONE, first), (STONE, second))
    assert waits
    _, waits = bench.show((STONE, second))
    assert not waits
    bench.pump()
    in_flight, waits = bench.show((STONE, first))
    assert waits
    bench.commit()
    assert (marked.kept, in_flight.kept) == (True, True)
    _, waits = bench.show((STONE, first))
    assert not waits


def test_that_an_answer_does_not_wait_for_changes_that_may_wait(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.wait(stone)
    _, waits = bench.show((STONE, stone))
    assert not waits
    assert bench.writer.is_kept({(STONE, stone)})
    bench.save()
    bench.pump()
    _, waits = bench.show((STONE, stone))
    assert not waits


def test_that_an_answer_that_shows_what_was_deleted_waits(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.delete(stone)
    marked, waits = bench.show((STONE, stone))
    assert waits
    bench.pump()
    _, waits = bench.show((STONE, stone))
    assert waits
    bench.commit()
    assert marked.kept


def test_that_an_answer_in_flight_goes_on_waiting_after_a_failure(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    answer, _ = bench.show((STONE, stone))
    bench.fail()
    assert not answer.is_out
    bench.recover()
    assert answer.kept


def test_that_what_a_batch_held_is_left_to_no_garbage_collector(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    answer = weakref.ref(bench.hold())
    bench.pump()
    gc.disable()
    try:
        bench.commit()
        assert answer() is None
    finally:
        gc.enable()


# Storage that does not answer ---------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["hangs", "fails"])
def test_that_storage_is_stalled_when_an_urgent_change_has_waited_too_long(
    bench: Bench, trouble: str
) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    bench.clock.advance(GRACE_S)
    assert not bench.writer.stalled
    if trouble == "fails":
        bench.fail()
    bench.clock.advance(0.1)
    assert bench.writer.stalled
    if trouble == "fails":
        bench.pump()
    bench.urge(stone)
    assert bench.writer.stalled
    bench.commit()
    # What was changed meanwhile has a time of its own.
    assert not bench.writer.stalled
    bench.recover()
    assert bench.writer.oldest_urgent_since is None


def test_that_waiting_changes_never_stall(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.wait(stone)
    bench.save()
    bench.pump()
    bench.clock.advance(100 * GRACE_S)
    assert not bench.writer.stalled
    bench.urge(stone)
    assert not bench.writer.stalled
    bench.clock.advance(2 * GRACE_S)
    assert bench.writer.stalled


def test_that_while_storage_is_stalled_answers_go_out_and_promises_wait(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.urge(first)
    early, _ = bench.show((STONE, first))
    bench.pump()
    in_flight, _ = bench.show((STONE, first))
    bench.urge(second)
    promise = bench.hold()
    marked, _ = bench.show((STONE, second))
    bench.clock.advance(2 * GRACE_S)
    bench.pump()
    assert [answer.kept for answer in (early, in_flight, marked)] == [False] * 3
    assert not promise.is_out
    _, waits = bench.show((STONE, second))
    assert not waits
    assert not bench.writer.is_kept({(STONE, second)})
    assert bench.writer.is_kept({(STONE, 77)})
    bench.commit()
    bench.recover()
    assert promise.kept


def test_that_a_promise_waits_for_its_commit_even_while_storage_is_stalled(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    bench.clock.advance(2 * GRACE_S)
    promise = Answer()
    assert bench.writer.hold_until_kept(promise, {(STONE, stone)})
    bench.pump()
    assert not promise.is_out
    bench.commit()
    assert promise.kept


def test_that_giving_up_tells_everybody_who_waits(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    in_flight = bench.hold()
    running = bench.save()
    bench.pump()
    bench.urge(stone)
    held = bench.hold()
    waiting, given_up = bench.save(), bench.save()
    assert given_up.cancel()
    bench.writer.abandon(StorageError("no"))
    assert in_flight.abandoned
    assert held.abandoned
    for future in (running, waiting):
        assert isinstance(future.exception(timeout=0), StorageError)
    # The one in flight may be committed all the same: nobody is told twice.
    bench.commit()
    bench.recover()
    assert bench.stored() == bench.live()


# What is at stake ---------------------------------------------------------------------------------


def test_that_what_is_at_stake_is_counted(bench: Bench) -> None:
    first, second, third = bench.create(3)
    assert (bench.writer.at_risk_count(), bench.writer.unsaved_count()) == (0, 0)
    assert bench.writer.oldest_change_at() is None
    bench.wait(first)
    begun = bench.clock.now()
    bench.clock.advance(5)
    bench.urge(second)
    bench.delete(third)
    assert (bench.writer.at_risk_count(), bench.writer.unsaved_count()) == (2, 3)
    assert bench.writer.oldest_change_at() == begun
    bench.save()
    bench.pump()
    assert (bench.writer.at_risk_count(), bench.writer.unsaved_count()) == (2, 3)
    assert bench.writer.oldest_change_at() == begun
    bench.commit()
    assert (bench.writer.at_risk_count(), bench.writer.unsaved_count()) == (0, 0)
    assert bench.writer.oldest_change_at() is None


def test_that_commits_are_counted_and_failures_are_not_commits(bench: Bench) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    bench.pump()
    bench.fail()
    bench.recover()
    bench.slot()
    bench.recover()

    def value(name: str, **labels: str) -> float | None:
        return bench.metrics.registry.get_sample_value(name, labels)

    assert value("save_total", reason="urgent") == 2
    assert value("save_total", reason="periodic") == 1
    assert value("save_failures_total") == 1
    assert value("save_retries_total") == 1
    states = bench.metrics.saves.latest()["state"].tolist()
    assert states == [
        SaveState.COMMITTED,
        SaveState.FAILED,
        SaveState.RETRIED,
        SaveState.COMMITTED,
    ]


# In any order -------------------------------------------------------------------------------------


class AnyOrder(RuleBasedStateMachine):
    """Changes, captures, commits, failures and saves in any order, against a model of the file.

    Urgent units number themselves in the column "count" of all they touch, changes that may wait
    add to "grams". So the file tells which units it holds, and how new each of its rows is.
    """

    @initialize(interval=st.integers(1, 3))
    def begin(self, interval: int) -> None:
        self.bench = Bench(slots_between_writes=interval)
        self.bench.store.on_applied = self.check_cut
        self.number = 0
        # What every row was after each urgent unit, by unit; None where it is deleted.
        self.after_unit: list[dict[int, int]] = [{}]
        self.units_in_batch: dict[int, int] = {}
        self.durable_units = 0
        self.newest: dict[int, float] = {}
        self.ever_stored: set[int] = set()
        self.promises: list[tuple[int, Answer]] = []
        self.saves: list[tuple[Future[SaveResult], dict[int, float], int]] = []
        self.make()

    # What happens ----------------------------------------------------------

    def command(self, *steps: Callable[[World], object]) -> None:
        self.number += 1
        number = self.number
        unit = self.bench.run(Origin.COMMAND, *steps)

        def sign(world: World) -> None:
            for _, entity_id in unit.writes:
                if entity_id in world.tables[STONE]:
                    world.component_for_entity(STONE, entity_id, Weight).count = number

        if unit.writes:
            self.bench.run(Origin.COMMAND, sign)
        table = self.bench.world.tables[STONE]
        self.after_unit.append({i: table.get(i, "Weight.count") for i in table.ids.tolist()})
        self.promises.append((number, self.bench.hold()))

    def some(self, index: int) -> int | None:
        ids: list[int] = sorted(self.bench.world.tables[STONE].ids.tolist())
        return ids[index % len(ids)] if ids else None

    @rule()
    def make(self) -> None:
        before = self.bench.world.next_id[STONE]
        self.command(lambda world: world.create_entity(STONE, Weight(0.0, 0)))
        assert before not in self.ever_stored

    @rule(indexes=st.lists(st.integers(0, 9), min_size=1, max_size=3))
    def urge(self, indexes: list[int]) -> None:
        chosen = {self.some(index) for index in indexes} - {None}
        if chosen:
            self.command(*(adding(i) for i in chosen if i is not None))

    @rule(value=st.integers(0, 3))
    def write_all(self, value: int) -> None:
        self.number += 1
        number = self.number

        def rewrite(world: World) -> None:
            column = world.tables[STONE].array("Weight.grams")
            world.write_column(STONE, "Weight.grams", column + value)
            world.write_column(STONE, "Weight.count", number)

        self.bench.run(Origin.COMMAND, rewrite)
        self.after_unit.append(dict.fromkeys(self.bench.world.tables[STONE].ids.tolist(), number))
        self.promises.append((number, self.bench.hold()))

    @rule(index=st.integers(0, 9))
    def delete(self, index: int) -> None:
        chosen = self.some(index)
        if chosen is not None:
            self.command(lambda world: world.delete_entity(STONE, chosen))

    @rule(index=st.integers(0, 9))
    def change_what_may_wait(self, index: int) -> None:
        chosen = self.some(index)
        if chosen is not None:
            self.bench.wait(chosen)

    @rule(index=st.integers(0, 9))
    def break_off(self, index: int) -> None:
        chosen = self.some(index)
        if chosen is None:
            return
        before = self.everything()
        with self.bench.world.unit_of_work(Origin.COMMAND, self.bench.clock.now()) as unit:
            adding(chosen)(self.bench.world)
            self.bench.world.create_entity(STONE)
            self.bench.world.delete_entity(STONE, chosen)
            unit.roll_back()
        assert self.everything() == before

    def everything(self) -> object:
        marks = self.bench.world.marks[STONE]
        ids = self.bench.world.tables[STONE].ids.tolist()
        return ids, self.bench.live(), [marks.flags_of(i) for i in ids], self.bench.world.next_id

    @rule(index=st.integers(0, 9))
    def ask(self, index: int) -> None:
        chosen = self.some(index)
        if chosen is not None:
            answer, waits = self.bench.show((STONE, chosen))
            shown = self.after_unit[-1][chosen]
            if waits:
                self.promises.append((shown, answer))
            elif not self.bench.writer.stalled:
                # It may go out: then the file has what it shows.
                assert self.durable_units >= shown

    @rule(after_tick=st.booleans(), ends=st.sampled_from(["well", "badly", "falsely", "later"]))
    def pump(self, after_tick: bool, ends: str) -> None:
        if self.bench.store.waiting:
            self.end_batch(ends)
        batch = self.bench.pump(after_tick=after_tick)
        if batch is not None:
            self.units_in_batch[batch.number] = len(self.after_unit) - 1

    def end_batch(self, how: str) -> None:
        match how:
            case "well":
                self.bench.commit()
            case "badly" | "falsely":
                self.bench.fail(committed=how == "falsely")
                self.bench.clock.advance(3.0)
            case _:
                pass

    @rule()
    def reach_a_slot(self) -> None:
        self.bench.slot()

    @rule()
    def save(self) -> None:
        self.saves.append((self.bench.save(), self.bench.live(), len(self.after_unit) - 1))

    @rule(seconds=st.sampled_from([0.01, 0.3, 3.0, 30.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)

    @precondition(lambda self: self.bench.store.waiting)
    @rule(how=st.sampled_from(["well", "badly", "falsely"]))
    def hear_of_a_batch(self, how: str) -> None:
        self.end_batch(how)

    # What must hold --------------------------------------------------------

    def check_cut(self, batch: SaveBatch) -> None:
        """The file holds every urgent unit up to one of them, whole, and none after it."""
        units = self.units_in_batch.get(batch.number, len(self.after_unit) - 1)
        assert units >= self.durable_units
        self.durable_units = units
        rows = self.bench.store.rows["stone"]
        assert {i: row["Weight.count"] for i, row in rows.items()} == self.after_unit[units]
        self.ever_stored |= rows.keys()
        assert batch.clock.next_ids["stone"] > max(self.ever_stored, default=0)
        for i, grams in self.bench.stored().items():
            assert grams >= self.newest.get(i, 0.0)
            self.newest[i] = grams

    @invariant()
    def no_changed_row_is_clean(self) -> None:
        bench = self.bench
        on_its_way: dict[int, float] = {}
        if bench.store.waiting:
            for rows in bench.store.waiting[0][0].rows:
                grams_of = rows.columns["Weight.grams"].tolist()
                on_its_way |= zip(rows.ids.tolist(), grams_of, strict=True)
        stored = bench.stored()
        for i, grams in bench.live().items():
            if not bench.world.marks[STONE].flags_of(i) & (Mark.WAITING | Mark.URGENT):
                assert on_its_way.get(i, stored.get(i)) == grams

    @invariant()
    def what_was_promised_is_in_the_file(self) -> None:
        for number, answer in self.promises:
            if answer.kept:
                assert self.durable_units >= number
        self.promises = [(n, answer) for n, answer in self.promises if not answer.is_out]

    @invariant()
    def a_save_that_is_done_holds_what_was_changed_before_it(self) -> None:
        stored = self.bench.stored()
        for future, before, units in self.saves:
            if future.done():
                assert self.durable_units >= units
                for i, grams in before.items():
                    assert i not in stored or stored[i] >= grams
        self.saves = [entry for entry in self.saves if not entry[0].done()]

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        if self.bench.store.waiting:
            self.bench.commit()
        self.saves.append((self.bench.save(), self.bench.live(), len(self.after_unit) - 1))
        self.bench.recover()
        self.what_was_promised_is_in_the_file()
        self.a_save_that_is_done_holds_what_was_changed_before_it()
        assert self.promises == []
        assert self.saves == []
        assert self.bench.stored() == self.bench.live()
        assert self.bench.writer.unsaved_count() == 0
        assert self.bench.writer.idle


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=100, stateful_step_count=40)


class AnyOrderAtLength(AnyOrder):
    """The same, for the slow run."""


TestAnyOrderAtLength = pytest.mark.slow(AnyOrderAtLength.TestCase)
TestAnyOrderAtLength.settings = settings(max_examples=2000, stateful_step_count=40)
