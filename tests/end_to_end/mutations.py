"""The program with one of its promises taken away: a test that passes with it is no test.

python -m pytest -m slow tests/end_to_end/test_mutations.py tests/test_power_cuts.py
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from core import game, loading, stockpiles
from core.components import KINDS, PLANET, REMEMBERED_ANSWER
from core.connectivity import Connectivity
from core.ecs import Origin
from core.ecs.marks import EVERY_COMPONENT, NEVER_WRITTEN_SLOT, Mark, Marks, MarksTaken
from core.ecs.unit_of_work import UnitOfWork
from core.game import GameWorld
from core.persistence import worlds
from core.remembered_answers import RememberedAnswers
from core.save_batch import SaveBatch, SaveReceipt, TableRows, WorldClock
from core.write_behind import WriteBehind

FAILING_SHARE = 0.3
URGENT_ROWS_MAX = 2
BETWEEN_PARTS_S = 0.02


@dataclass(frozen=True, slots=True)
class Replacement:
    """An attribute of the program and what it is to be instead."""

    owner: Any
    name: str
    by: Any

    def __post_init__(self) -> None:
        missing = f"{self.owner} has no {self.name} any more: this mutates nothing"
        assert hasattr(self.owner, self.name), missing


Mutation = Callable[[], Iterable[Replacement]]

# Answers --------------------------------------------------------------------------------------


def acknowledge_before_the_commit() -> Iterator[Replacement]:
    """An answer goes out as soon as the world has changed."""

    def hold(_self: WriteBehind, held: Any, _on: Any = ()) -> None:
        held.release(kept=True)

    yield Replacement(WriteBehind, "hold", hold)


# Marks ----------------------------------------------------------------------------------------


def take_marks_off_at_commit() -> Iterator[Replacement]:
    """Marks come off when the batch is committed: with them those of changes made meanwhile."""
    take_off, succeeded = Marks.take, WriteBehind._succeeded

    def take(self: Marks, rows: Any, slot: int) -> MarksTaken:
        table = self._table
        flags, since = table.array("mark.flags"), table.array("mark.since")
        return MarksTaken(table.ids[rows], flags[rows], since[rows])

    def succeed(self: WriteBehind, in_flight: Any, receipt: Any) -> None:
        for kind, taken in in_flight.taken.items():
            take_off(self._world.marks[kind], self._world.tables[kind].rows(taken.ids), self._slot)
        succeeded(self, in_flight, receipt)

    yield Replacement(Marks, "take", take)
    yield Replacement(WriteBehind, "_succeeded", succeed)


def let_commands_wait() -> Iterator[Replacement]:
    """What was asked for may wait like what comes out the same after a restart."""
    # The making of a world has no cause: without it nothing could be killed.
    yield Replacement(UnitOfWork, "may_wait", property(lambda self: bool(self.cause)))


def lose_urgency_on_failure() -> Iterator[Replacement]:
    """What was urgent may wait when its save has failed."""
    put_back = Marks.put_back

    def put_back_waiting(self: Marks, taken: MarksTaken) -> None:
        taken.flags[...] = int(Mark.WAITING)
        put_back(self, taken)

    yield Replacement(Marks, "put_back", put_back_waiting)
    yield from fail_some_saves()


def put_back_nothing_new() -> Iterator[Replacement]:
    """What a failed save would have inserted is not marked again."""
    failed = WriteBehind._failed

    def fail(self: WriteBehind, in_flight: Any, error: BaseException) -> None:
        for kind, taken in in_flight.taken.items():
            known = taken.ids < self.durable.next_ids.get(kind.name, 1)
            in_flight.taken[kind] = taken.part(known)
        failed(self, in_flight, error)

    yield Replacement(WriteBehind, "_failed", fail)
    yield from fail_some_saves()


# What goes into a batch -----------------------------------------------------------------------


def cut_urgent_rows() -> Iterator[Replacement]:
    """A batch takes no more than a few urgent rows, and the answers to all of them."""
    all_of_them: Any = vars(Marks)["urgent_ids"].fget
    few = property(lambda self: all_of_them(self)[:URGENT_ROWS_MAX])
    yield Replacement(Marks, "urgent_ids", few)


def throttle_each_row() -> Iterator[Replacement]:
    """A row is written once in an interval at most, whatever is urgent about it."""
    all_of_them: Any = vars(Marks)["urgent_ids"].fget

    def rested(self: Marks) -> Any:
        ids, slots = all_of_them(self), self._table.array("mark.written_slot")
        written = slots[self._table.rows(ids)]
        return ids[(written == NEVER_WRITTEN_SLOT) | (written < slots.max(initial=0))]

    yield Replacement(Marks, "urgent_ids", property(rested))


def send_a_failed_batch_again() -> Iterator[Replacement]:
    """After a failure the rows go as they were then, not as they are by now."""
    failed, capture = WriteBehind._failed, WriteBehind._capture

    def fail(self: WriteBehind, in_flight: Any, error: BaseException) -> None:
        vars(self)["stale"] = in_flight.batch.rows
        failed(self, in_flight, error)

    def capture_stale(self: WriteBehind, *how: Any) -> Any:
        captured = capture(self, *how)
        stale: tuple[TableRows, ...] = vars(self).pop("stale", ())
        for rows in captured[0]:
            for part in stale:
                if part.table == rows.table:
                    _make_stale(rows, part)
        return captured

    yield Replacement(WriteBehind, "_failed", fail)
    yield Replacement(WriteBehind, "_capture", capture_stale)
    yield from fail_some_saves()


def _make_stale(rows: TableRows, stale: TableRows) -> None:
    _, here, there = np.intersect1d(rows.ids, stale.ids, return_indices=True)
    for key in rows.columns.keys() & stale.columns.keys():
        rows.columns[key][here] = stale.columns[key][there]


def leave_out_a_component() -> Iterator[Replacement]:
    """Of what has changed in a row the first component alone is written."""
    components_of = Marks.components_of

    def first_alone(self: Marks, rows: Any) -> Any:
        changed = components_of(self, rows)
        return np.where(changed == EVERY_COMPONENT, changed, changed & (~changed + 1))

    yield Replacement(Marks, "components_of", first_alone)


def keep_counters_out_of_saves() -> Iterator[Replacement]:
    """The counters of ids in a save are those of the start."""
    yield from _with_clock(lambda first, now: replace(now, next_ids=first.next_ids))


def keep_time_out_of_saves() -> Iterator[Replacement]:
    """The time of the world in a save is that of the first one."""
    yield from _with_clock(lambda first, now: replace(now, world_time=first.world_time))


def _with_clock(made: Callable[[WorldClock, WorldClock], WorldClock]) -> Iterator[Replacement]:
    durable_clock = GameWorld.durable_clock

    def mutated_clock(self: GameWorld) -> WorldClock:
        now = durable_clock(self)
        return made(vars(self).setdefault("first_clock", now), now)

    yield Replacement(GameWorld, "durable_clock", mutated_clock)


# Who belongs together -------------------------------------------------------------------------


def split_each_save() -> Iterator[Replacement]:
    """A batch is written in several transactions, one for each kind of row."""
    write_batch = worlds.write_batch

    async def write(batch: SaveBatch, submitted_at: float) -> SaveReceipt:
        for rows in batch.rows[:-1]:
            await write_batch(replace(batch, rows=(rows,)), submitted_at)
            await asyncio.sleep(BETWEEN_PARTS_S)
        return await write_batch(batch, submitted_at)

    yield Replacement(worlds, "write_batch", write)


def forget_who_belongs_together() -> Iterator[Replacement]:
    """What one command changed is refused row by row."""
    yield Replacement(Connectivity, "connect", lambda _self, _aggregates: None)


# Answers that are remembered ------------------------------------------------------------------


def forget_answers() -> Iterator[Replacement]:
    """The answer to a request with a key is left out of the save that has its effect."""
    urgent_ids: Any = vars(Marks)["urgent_ids"].fget

    def but_answers(marks: Marks) -> Any:
        ids = urgent_ids(marks)
        return ids[:0] if marks._table.name == REMEMBERED_ANSWER.name else ids

    yield Replacement(Marks, "urgent_ids", property(but_answers))


def carry_out_every_request() -> Iterator[Replacement]:
    """A request with a key that was answered before is carried out all the same."""
    yield Replacement(RememberedAnswers, "_find", lambda _self, _key: None)


# Time and ids ---------------------------------------------------------------------------------


def count_ids_from_the_highest() -> Iterator[Replacement]:
    """After a start the next id is the highest there is and one more."""
    build_game = loading.build_game

    @wraps(build_game)
    def build(*arguments: Any) -> Any:
        built = build_game(*arguments)
        world = built.state.world
        for kind in KINDS:
            world.next_id[kind] = int(world.tables[kind].ids.max(initial=0)) + 1
        return built

    yield Replacement(loading, "build_game", build)


def share_instants() -> Iterator[Replacement]:
    """A command may have the instant of the one before it."""
    same = SimpleNamespace(nextafter=lambda at, _to: at, inf=math.inf, ceil=math.ceil)
    yield Replacement(game, "math", same)


def settle_when_asked() -> Iterator[Replacement]:
    """A question makes its instant the one since which the stocks are known."""
    ask = GameWorld.ask

    def settle_and_ask(self: GameWorld, query: Any) -> Any:
        _settle(self, self.state.world.tables[PLANET].ids.tolist())
        return ask(self, query)

    yield Replacement(GameWorld, "ask", settle_and_ask)


def settle_when_saved() -> Iterator[Replacement]:
    """A save makes its instant the one since which the stocks that it takes are known."""
    pump = GameWorld.pump

    def settle_and_pump(self: GameWorld, **how: Any) -> None:
        if not self.writer.busy:
            _settle(self, self.state.world.marks[PLANET].urgent_ids.tolist())
        pump(self, **how)

    yield Replacement(GameWorld, "pump", settle_and_pump)


def _settle(game_world: GameWorld, planet_ids: Sequence[int]) -> None:
    unit = game_world.state.world.unit_of_work(Origin.EVENT, game_world.time)
    with unit:
        for planet_id in planet_ids:
            stockpiles.settle(game_world.state, planet_id, game_world.time)
    game_world._after_unit(unit, ())


# Bad luck -------------------------------------------------------------------------------------


def fail_some_saves() -> Iterator[Replacement]:
    """No mutation: saves fail, before their commit or after it."""
    write_batch = worlds.write_batch
    dice = random.Random()

    async def write(batch: SaveBatch, submitted_at: float) -> SaveReceipt:
        fails = dice.random() < FAILING_SHARE
        if fails and dice.random() < 0.5:
            raise OSError("injected before the commit")
        receipt = await write_batch(batch, submitted_at)
        if fails:
            raise OSError("injected after the commit")
        return receipt

    yield Replacement(worlds, "write_batch", write)


def _by_name(*mutations: Mutation) -> dict[str, Mutation]:
    return {mutation.__name__: mutation for mutation in mutations}


_EVERYWHERE = _by_name(
    acknowledge_before_the_commit,
    take_marks_off_at_commit,
    let_commands_wait,
    lose_urgency_on_failure,
    put_back_nothing_new,
    cut_urgent_rows,
    throttle_each_row,
    send_a_failed_batch_again,
    leave_out_a_component,
    keep_counters_out_of_saves,
    keep_time_out_of_saves,
    count_ids_from_the_highest,
    settle_when_asked,
    settle_when_saved,
)
# What a kill shows, and what a power cut in a world on a manual clock does: a real clock is not at
# the same instant twice and nobody refuses rows of a real file; a store in memory is not split.
SEEN_BY_KILLS = _EVERYWHERE | _by_name(split_each_save, forget_answers, carry_out_every_request)
SEEN_BY_POWER_CUTS = _EVERYWHERE | _by_name(share_instants, forget_who_belongs_together)
MISFORTUNES = _by_name(fail_some_saves)


def apply(names: Sequence[str]) -> None:
    """Take these promises away for good, before the program is imported."""
    for replacement in _replacements(names):
        setattr(replacement.owner, replacement.name, replacement.by)


@contextmanager
def applied(*names: str) -> Iterator[None]:
    """Take these promises away until the end of the block."""
    with ExitStack() as stack:
        for each in _replacements(names):
            stack.enter_context(patch.object(each.owner, each.name, each.by))
        yield


def _replacements(names: Sequence[str]) -> Iterator[Replacement]:
    for name in names:
        yield from (SEEN_BY_KILLS | SEEN_BY_POWER_CUTS | MISFORTUNES)[name]()
