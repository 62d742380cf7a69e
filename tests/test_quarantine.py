"""What the database refuses: what is set aside and becomes of it, and that nothing else is lost."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.ecs import EVERY_ID, Mark, Origin, World
from core.ecs.unit_of_work import UnitOfWork
from core.errors import SaveRefusedError
from core.quarantine import SetAside, members_of
from core.save_batch import SaveBatch, TableRows
from core.write_behind import RETRY_DELAYS_S
from tests.ecs.things import STONE, Weight
from tests.test_write_behind import GRACE_S, Answer, Bench, adding, bench, written

__all__ = ["bench"]


def curse(bench: Bench, *stones: int) -> None:
    bench.store.refusing |= {("stone", stone) for stone in stones}


def groups(bench: Bench) -> list[list[int]]:
    """Return the stones of every group that is set aside."""
    return [sorted(i for _, i in group.aggregates) for group in bench.writer.quarantine]


def promise(bench: Bench, *stones: int) -> Answer:
    """Change some stones in one command and hold its answer."""
    bench.urge(*stones)
    answer = Answer()
    bench.writer.hold(answer, {(STONE, stone) for stone in stones})
    return answer


def stored_rows(bench: Bench, group: SetAside) -> tuple[TableRows, ...]:
    """Return what the store has of a group, as the persistence loop would read it."""
    known = bench.store.rows["stone"]
    whole = (STONE, EVERY_ID) in group.aggregates
    wanted = sorted(known) if whole else sorted(i for _, i in group.aggregates if i in known)
    table = bench.world.tables[STONE]
    columns = {
        field.key: np.array([known[i][field.key] for i in wanted], dtype=field.dtype)
        for field in table.fields
    }
    return (TableRows("stone", np.array(wanted, dtype=np.int64), columns),)


def ids_in(bench: Bench, group: SetAside) -> set[int]:
    """Return the stones of a group, those that are deleted included."""
    known = {int(i) for _, ids in members_of(bench.world, group.aggregates) for i in ids}
    return known | set(group.tombstones[STONE])


def drop(bench: Bench, group: SetAside) -> None:
    bench.writer.quarantine.take_back(group, stored_rows(bench, group))


def the_group(bench: Bench) -> SetAside:
    (group,) = bench.writer.quarantine
    return group


# What is set aside --------------------------------------------------------------------------------


def test_that_what_is_refused_is_set_aside_with_all_that_was_changed_with_it(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    first, second, third, fourth = bench.create(4)
    bench.wait(first, third)
    refused, kept = promise(bench, first, second), promise(bench, third)
    bench.wait(fourth)
    curse(bench, second)
    bench.pump()
    bench.commit()
    assert groups(bench) == [[first, second]]
    assert (refused.refused, kept.kept) == (True, True)
    assert bench.stored() == {first: 0.0, second: 0.0, third: 2.0, fourth: 0.0}
    assert the_group(bench).reason == "('stone', 2) is refused"
    assert bench.metrics.registry.get_sample_value("save_quarantined_total") == 2
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_that_it_is_in_no_save_and_at_risk_no_longer(bench: Bench) -> None:
    first, second = bench.create(2)
    promise(bench, first)
    curse(bench, first)
    bench.pump()
    bench.commit()
    bench.wait(first)
    future = bench.save()
    batch = bench.pump()
    assert written(batch) == []
    bench.commit()
    assert future.result(timeout=0).set_aside == 1
    assert bench.writer.at_risk_count() == bench.writer.unsaved_count() == 0
    assert bench.writer.oldest_change_at() is None
    assert bench.writer.oldest_urgent_since is None
    bench.clock.advance(2 * GRACE_S)
    assert not bench.writer.stalled
    assert bench.writer.idle
    # It lives on in memory, and says so.
    assert bench.grams(first) == 2.0
    assert bench.world.marks[STONE].flags_of(first).change_name == "set aside"
    assert not bench.writer.is_kept({(STONE, first), (STONE, second)})


def test_that_what_was_built_on_it_while_it_was_written_goes_with_it(bench: Bench) -> None:
    first, second, third, fourth = bench.create(4)
    promise(bench, first)
    curse(bench, first)
    bench.pump()
    again, other = promise(bench, first, second), promise(bench, fourth)

    def read(world: World) -> None:
        seen = world.component_for_entity(STONE, second, Weight).grams
        world.component_for_entity(STONE, third, Weight).grams = seen

    unit = bench.run(Origin.COMMAND, read)
    assert unit.changes == {(STONE, third)}
    shown, waits = bench.show((STONE, second))
    assert waits
    bench.commit()
    assert groups(bench) == [[first, second, third]]
    assert again.refused
    assert shown.kept is False
    assert not other.is_out
    assert written(bench.pump()) == [fourth]
    bench.commit()
    assert other.kept


def test_that_what_was_only_read_and_is_kept_stays(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.urge(first)
    bench.pump()

    def read(world: World) -> None:
        seen = world.component_for_entity(STONE, first, Weight).grams
        world.component_for_entity(STONE, second, Weight).grams = seen

    bench.run(Origin.COMMAND, read)
    bench.commit()
    curse(bench, second)
    bench.pump()
    bench.commit()
    assert groups(bench) == [[second]]


def test_that_two_groups_that_are_tied_meanwhile_are_one(bench: Bench) -> None:
    first, second, third = bench.create(3)
    bench.urge(first)
    bench.urge(second)
    curse(bench, first, second)
    bench.pump()
    bench.urge(first, third)
    bench.urge(third, second)
    bench.commit()
    assert groups(bench) == [[first, second, third]]


def test_that_groups_that_are_tied_meanwhile_lose_none_of_their_members(bench: Bench) -> None:
    first, second, third = bench.create(3)
    promise(bench, first)
    promise(bench, second, third)
    curse(bench, first, second)
    bench.pump()
    promise(bench, first, second)
    bench.commit()
    # The third was refused with the second, and is on its way nowhere any more.
    assert groups(bench) == [[first, second, third]]


def test_that_a_connection_lasts_through_failures(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.urge(first, second)
    bench.pump()
    bench.fail()
    bench.urge(first)
    curse(bench, first)
    bench.clock.advance(RETRY_DELAYS_S[0])
    bench.pump()
    bench.commit()
    assert groups(bench) == [[first, second]]


def test_that_a_change_of_every_row_is_set_aside_whole_and_by_one_name(bench: Bench) -> None:
    stones = bench.create(3)

    def rewrite(world: World) -> None:
        world.write_column(STONE, "Weight.grams", 7.0)

    bench.run(Origin.COMMAND, rewrite)
    curse(bench, stones[1])
    batch = bench.pump()
    assert batch is not None
    assert batch.groups == (frozenset({("stone", EVERY_ID)}),)
    bench.store.refusing = {("stone", stones[1])}
    bench.commit()
    group = the_group(bench)
    assert ids_in(bench, group) == set(stones)
    assert bench.writer.quarantine.count == 3
    assert bench.stored() == dict.fromkeys(stones, 0.0)
    drop(bench, group)
    assert bench.live() == dict.fromkeys(stones, 0.0)


def test_that_a_deletion_that_is_refused_is_set_aside_and_can_be_made_later(bench: Bench) -> None:
    first, second = bench.create(2)
    bench.delete(first)
    curse(bench, first)
    bench.pump()
    bench.commit()
    assert groups(bench) == [[first]]
    assert bench.writer.idle
    bench.store.refusing.clear()
    bench.writer.let_in(the_group(bench))
    bench.recover()
    assert list(bench.stored()) == [second]


# What builds on it --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["write", "read", "delete", "write all", "read all"])
def test_that_a_unit_that_touches_it_is_known(bench: Bench, how: str) -> None:
    first, second = bench.create(2)
    bench.urge(first)
    curse(bench, first)
    bench.pump()
    bench.commit()
    touched: dict[str, Callable[[World], object]] = {
        "write": adding(first),
        "read": lambda world: world.exists(STONE, first),
        "delete": lambda world: world.delete_entity(STONE, first),
        "write all": lambda world: world.write_column(STONE, "Weight.count", 1),
        "read all": lambda world: world.get_components(STONE, Weight),
    }
    quarantine = bench.writer.quarantine
    with bench.world.unit_of_work(Origin.COMMAND, bench.clock.now()) as unit:
        touched[how](bench.world)
        assert quarantine.group_touched(unit) is the_group(bench)
        unit.roll_back()
    with bench.world.unit_of_work(Origin.COMMAND, bench.clock.now()) as unit:
        adding(second)(bench.world)
        assert quarantine.group_touched(unit) is None


# What the host decides ----------------------------------------------------------------------------


def test_that_a_group_that_is_let_in_is_saved_with_its_newest_values_and_as_one(
    bench: Bench,
) -> None:
    first, second = bench.create(2)
    bench.urge(first, second)
    curse(bench, first)
    bench.pump()
    bench.commit()
    bench.wait(second)
    bench.writer.let_in(the_group(bench))
    batch = bench.pump(after_tick=False)
    assert written(batch) == [first, second]
    bench.commit()
    # Still refused, and still together.
    assert groups(bench) == [[first, second]]
    bench.store.refusing.clear()
    bench.writer.let_in(the_group(bench))
    bench.recover()
    assert bench.stored() == bench.live() == {first: 1.0, second: 2.0}
    assert not bench.writer.quarantine


def test_that_a_group_that_is_dropped_is_as_the_file_has_it(bench: Bench) -> None:
    first, second, third = bench.create(3)

    def change(world: World) -> None:
        adding(first)(world)
        world.delete_entity(STONE, second)
        world.create_entity(STONE, Weight(9.0, 9))

    bench.run(Origin.COMMAND, change)
    curse(bench, first)
    bench.pump()
    bench.commit()
    assert groups(bench) == [[first, second, 4]]
    drop(bench, the_group(bench))
    assert bench.live() == bench.stored() == dict.fromkeys((first, second, third), 0.0)
    assert bench.writer.idle
    bench.store.refusing.clear()
    bench.urge(first, second)
    bench.recover()
    assert bench.stored() == {first: 1.0, second: 1.0, third: 0.0}


# What it costs the simulation ---------------------------------------------------------------------


def lines_in(work: Callable[[], object]) -> int:
    """Count the lines of Python that are carried out: a loop over rows has one for each."""
    lines = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


def lines_of_a_refused_change_of_every_row(count: int) -> dict[str, int]:
    """Return how many lines of Python each step takes the simulation, however it ends."""
    bench = Bench()
    stones = bench.create(count)
    lines: dict[str, int] = {}

    def step(name: str, work: Callable[[], object]) -> None:
        lines[name] = lines_in(work)

    def refuse(name: str) -> None:
        step(f"{name} capture", bench.pump)
        curse(bench, stones[1])
        bench.store.commit()
        step(f"{name} refusal", bench.writer.take_completions)
        assert bench.writer.quarantine.count == count

    def rewrite(world: World) -> None:
        world.write_column(STONE, "Weight.grams", 7.0)

    bench.run(Origin.COMMAND, rewrite)
    step("count", bench.writer.at_risk_count)
    bench.pump()
    step("count in flight", bench.writer.at_risk_count)
    assert bench.writer.at_risk_count() == count
    bench.store.fail()
    step("failure", bench.writer.take_completions)
    bench.clock.advance(RETRY_DELAYS_S[0])
    refuse("first")
    step("release", lambda: bench.writer.let_in(the_group(bench)))
    refuse("second")
    group, rows = the_group(bench), stored_rows(bench, the_group(bench))
    step("drop", lambda: bench.writer.quarantine.take_back(group, rows))
    assert bench.live() == dict.fromkeys(stones, 0.0)
    return lines


def test_that_no_loop_runs_over_every_row_that_is_changed_or_refused() -> None:
    # The first round carries out what is done once, imports among it.
    _, few, many = map(lines_of_a_refused_change_of_every_row, (10, 10, 1000))
    assert {step for step in few if many[step] - few[step] > 500} == set()


# Failures that no row is to blame for -------------------------------------------------------------


def test_that_each_reason_is_warned_of_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    for reason in ("no time", "no time", "no space", "no time"):
        bench.clock.advance(max(RETRY_DELAYS_S))
        bench.pump()
        bench.store.fail(SaveRefusedError(reason))
        bench.writer.take_completions()
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    bench.recover()
    bench.urge(stone)
    bench.pump()
    bench.store.fail(SaveRefusedError("no time"))
    bench.writer.take_completions()
    assert len(caplog.records) == 3


def test_that_trouble_that_passes_is_warned_of_when_it_outlasts_the_grace(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    (stone,) = bench.create()
    bench.wait(stone)
    bench.save()
    for seconds in (0.0, GRACE_S, 1.0, GRACE_S):
        bench.clock.advance(seconds)
        bench.pump()
        bench.fail()
        bench.clock.advance(max(RETRY_DELAYS_S))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "on fire" in caplog.text


def test_that_a_database_that_does_not_answer_is_warned_of(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    (stone,) = bench.create()
    bench.urge(stone)
    for _ in range(3):
        bench.pump()
        bench.clock.advance(GRACE_S)
    assert "does not answer" in caplog.text
    assert len(caplog.records) == 1


# In any order -------------------------------------------------------------------------------------


class RefusedInAnyOrder(RuleBasedStateMachine):
    """Changes, refusals, failures, releases and drops in any order.

    Each urgent unit numbers itself in the column "count" of all it touches. Whatever is refused,
    the file holds of each of them all or nothing, and no changed row is clean unless it is set
    aside.
    """

    @initialize()
    def begin(self) -> None:
        self.bench = Bench()
        self.number = 0
        self.units: dict[int, frozenset[int]] = {}
        self.deleted_by: dict[int, int] = {}
        self.ever_stored: set[int] = set()
        self.promises: list[tuple[int, Answer]] = []
        self.bench.store.on_applied = self.check_file
        for _ in range(4):
            self.make()

    # What happens ----------------------------------------------------------

    def command(self, change: Callable[[World, int], object]) -> UnitOfWork:
        self.number += 1
        number = self.number
        unit = self.bench.run(Origin.COMMAND, lambda world: change(world, number))
        if unit.changed:
            touched = {i for _, i in unit.changes if i != EVERY_ID}
            if unit.wrote_all_of:
                touched |= set(self.bench.world.tables[STONE].ids.tolist())
            self.units[number] = frozenset(touched)
            self.deleted_by |= {i: number for _, i in unit.deletes}
            answer = Answer()
            self.bench.writer.hold(answer, unit.changes)
            self.promises.append((number, answer))
        return unit

    def some(self, index: int) -> int | None:
        ids: list[int] = sorted(self.bench.world.tables[STONE].ids.tolist())
        return ids[index % len(ids)] if ids else None

    @rule()
    def make(self) -> None:
        self.command(lambda world, number: world.create_entity(STONE, Weight(0.0, number)))

    @rule(indexes=st.lists(st.integers(0, 7), min_size=1, max_size=3), deletes=st.booleans())
    def urge(self, indexes: list[int], deletes: bool) -> None:
        chosen = sorted({self.some(index) for index in indexes} - {None})  # type: ignore[type-var]

        def change(world: World, number: int) -> None:
            for stone in chosen:
                assert stone is not None
                adding(stone)(world)
                world.component_for_entity(STONE, stone, Weight).count = number
            if deletes and chosen:
                world.delete_entity(STONE, chosen[0])  # type: ignore[arg-type]

        self.command(change)

    @precondition(lambda self: self.number % 4 == 0)
    @rule()
    def write_all(self) -> None:
        self.command(lambda world, number: world.write_column(STONE, "Weight.count", number))

    @rule(index=st.integers(0, 7))
    def change_what_may_wait(self, index: int) -> None:
        chosen = self.some(index)
        if chosen is not None:
            self.bench.wait(chosen)

    @rule(index=st.integers(0, 7))
    def refuse_one(self, index: int) -> None:
        chosen = self.some(index)
        if chosen is not None:
            curse(self.bench, chosen)

    @precondition(lambda self: len(self.bench.store.refusing) > 1)
    @rule()
    def refuse_nothing(self) -> None:
        self.bench.store.refusing.clear()

    @rule(after_tick=st.booleans(), ends=st.sampled_from(["well", "badly", "falsely", "later"]))
    def pump(self, after_tick: bool, ends: str) -> None:
        self.end_batch(ends)
        self.bench.pump(after_tick=after_tick)

    @precondition(lambda self: self.bench.store.waiting)
    @rule(ends=st.sampled_from(["well", "badly", "falsely"]))
    def end_batch(self, ends: str) -> None:
        if not self.bench.store.waiting or ends == "later":
            return
        if ends == "well":
            self.bench.commit()
        else:
            self.bench.fail(committed=ends == "falsely")
            self.bench.clock.advance(3.0)

    @rule()
    def save(self) -> None:
        self.bench.save()

    @precondition(lambda self: self.bench.writer.quarantine)
    @rule()
    def release(self) -> None:
        self.bench.writer.let_in(next(iter(self.bench.writer.quarantine)))

    @precondition(lambda self: self.bench.writer.quarantine)
    @rule()
    def drop(self) -> None:
        group = next(iter(self.bench.writer.quarantine))
        members = ids_in(self.bench, group)
        lost = {
            number
            for number, stones in self.units.items()
            for state in map(self.state_of, stones & members)
            if state is not None and state < number
        }
        for number in lost:
            # Nothing of what is lost lies outside of the group.
            assert all(i in members or self.state_of(i) is None for i in self.units.pop(number))
        drop(self.bench, group)
        for i in members & set(self.bench.world.tables[STONE].ids.tolist()):
            self.deleted_by.pop(i, None)
        assert {i: self.bench.live().get(i) for i in members} == {
            i: self.bench.stored().get(i) for i in members
        }

    # What must hold --------------------------------------------------------

    def state_of(self, stone: int) -> int | None:
        """Return the newest unit that the file has of a stone; None where it cannot tell."""
        row = self.bench.store.rows["stone"].get(stone)
        if row is not None:
            return int(row["Weight.count"])
        if stone in self.ever_stored:
            return self.deleted_by[stone]
        return None if stone in self.deleted_by else -1

    def check_file(self, batch: SaveBatch) -> None:
        self.ever_stored |= self.bench.store.rows["stone"].keys()
        for number, stones in self.units.items():
            states = {i: self.state_of(i) for i in stones}
            held = {state >= number for state in states.values() if state is not None}
            assert len(held) <= 1, (number, states)

    @invariant()
    def no_changed_row_is_clean(self) -> None:
        bench = self.bench
        on_its_way: dict[int, float] = {}
        for batch, _ in bench.store.waiting:
            for rows in batch.rows:
                grams = rows.columns["Weight.grams"].tolist()
                on_its_way |= zip(rows.ids.tolist(), grams, strict=True)
        stored = bench.stored()
        for i, value in bench.live().items():
            flags = bench.world.marks[STONE].flags_of(i)
            aside = bench.writer.quarantine.group_with([(STONE, i)]) is not None
            assert aside == bool(flags & Mark.ASIDE)
            if not flags & (Mark.WAITING | Mark.URGENT):
                assert on_its_way.get(i, stored.get(i)) == value

    @invariant()
    def what_was_promised_is_in_the_file(self) -> None:
        for number, answer in self.promises:
            if answer.kept:
                states = map(self.state_of, self.units[number])
                assert all(state is None or state >= number for state in states)
        self.promises = [(n, answer) for n, answer in self.promises if not answer.is_out]

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        bench = self.bench
        bench.store.refusing.clear()
        while bench.store.waiting:
            bench.commit()
        for group in bench.writer.quarantine:
            bench.writer.let_in(group)
        bench.save()
        bench.recover()
        self.what_was_promised_is_in_the_file()
        assert self.promises == []
        assert bench.stored() == bench.live()
        assert bench.writer.unsaved_count() == 0
        assert bench.writer.idle


TestRefusedInAnyOrder = RefusedInAnyOrder.TestCase
TestRefusedInAnyOrder.settings = settings(max_examples=100, stateful_step_count=40)


class RefusedInAnyOrderAtLength(RefusedInAnyOrder):
    """The same, for the slow run."""


TestRefusedInAnyOrderAtLength = pytest.mark.slow(RefusedInAnyOrderAtLength.TestCase)
TestRefusedInAnyOrderAtLength.settings = settings(max_examples=2000, stateful_step_count=40)
