"""The program with one of its promises taken away: a crash test that passes with it is no test.

python -m pytest -m slow tests/end_to_end/test_mutations.py
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from core import loading
from core.components import KINDS, REMEMBERED_ANSWER
from core.ecs.marks import Mark, Marks, MarksTaken
from core.persistence import worlds
from core.remembered_answers import RememberedAnswers
from core.write_behind import WriteBehind

FAILING_SHARE = 0.3
URGENT_ROWS_MAX = 2


def acknowledge_before_the_commit() -> None:
    """An answer goes out as soon as the world has changed."""

    def hold(_self: WriteBehind, held: Any) -> None:
        held.release(kept=True)

    _replace(WriteBehind, "hold", hold)


def take_marks_off_at_commit() -> None:
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

    _replace(Marks, "take", take)
    _replace(WriteBehind, "_succeeded", succeed)


def count_ids_from_the_highest() -> None:
    """After a start the next id is the highest there is and one more."""
    build_game = loading.build_game

    @wraps(build_game)
    def build(*arguments: Any) -> Any:
        game = build_game(*arguments)
        world = game.state.world
        for kind in KINDS:
            world.next_id[kind] = int(world.tables[kind].ids.max(initial=0)) + 1
        return game

    _replace(loading, "build_game", build)


def lose_urgency_on_failure() -> None:
    """What was urgent may wait when its save has failed."""
    put_back = Marks.put_back

    def put_back_waiting(self: Marks, taken: MarksTaken) -> None:
        taken.flags[...] = int(Mark.WAITING)
        put_back(self, taken)

    _replace(Marks, "put_back", put_back_waiting)
    fail_some_saves()


def cut_urgent_rows() -> None:
    """A batch takes no more than a few urgent rows, and the answers to all of them."""
    all_of_them: Any = vars(Marks)["urgent_ids"].fget
    _replace(Marks, "urgent_ids", property(lambda self: all_of_them(self)[:URGENT_ROWS_MAX]))


def forget_answers() -> None:
    """The answer to a request with a key is left out of the save that has its effect."""
    urgent_ids: Any = vars(Marks)["urgent_ids"].fget

    def but_answers(marks: Marks) -> Any:
        ids = urgent_ids(marks)
        return ids[:0] if marks._table.name == REMEMBERED_ANSWER.name else ids

    _replace(Marks, "urgent_ids", property(but_answers))


def carry_out_every_request() -> None:
    """A request with a key that was answered before is carried out all the same."""
    _replace(RememberedAnswers, "_find", lambda _self, _key: None)


def fail_some_saves() -> None:
    """No mutation but bad luck: saves fail, before their commit or after it."""
    write_batch = worlds.write_batch
    dice = random.Random()

    async def write(batch: Any, submitted_at: float) -> Any:
        fails = dice.random() < FAILING_SHARE
        if fails and dice.random() < 0.5:
            raise OSError("injected before the commit")
        receipt = await write_batch(batch, submitted_at)
        if fails:
            raise OSError("injected after the commit")
        return receipt

    _replace(worlds, "write_batch", write)


MUTATIONS: dict[str, Callable[[], None]] = {
    mutation.__name__: mutation
    for mutation in (
        acknowledge_before_the_commit,
        take_marks_off_at_commit,
        count_ids_from_the_highest,
        lose_urgency_on_failure,
        cut_urgent_rows,
        forget_answers,
        carry_out_every_request,
    )
}
MISFORTUNES: dict[str, Callable[[], None]] = {fail_some_saves.__name__: fail_some_saves}


def apply(names: Sequence[str]) -> None:
    """Take these promises away, before the program is imported."""
    for name in names:
        (MUTATIONS | MISFORTUNES)[name]()


def _replace(owner: Any, name: str, by: Any) -> None:
    assert hasattr(owner, name), f"{owner} has no {name} any more: this mutates nothing"
    setattr(owner, name, by)
