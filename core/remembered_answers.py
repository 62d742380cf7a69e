"""Requests with a key are carried out once: the first answer is an entity beside its effect.

The answer is made in the unit of work that changes the world, so it is in the same save, and is set
aside, dropped or lost together with what it tells of. A refusal is not remembered: it has changed
nothing, and the repeated request is judged anew.

Nobody looks through all answers to find those that are over: each new one takes a few along.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice

from core import answer_text
from core.commands import Accepted, Command, Once, Outcome, Rejected, RequestKey
from core.components import REMEMBERED_ANSWER, RememberedAnswer
from core.ecs import Mark, World
from core.ecs.table import Ids
from core.quarantine import SET_ASIDE

KEPT_S = 24 * 3600.0
# An account that has more loses its oldest.
ANSWERS_PER_ACCOUNT_MAX = 500
# More than one, so that they become fewer than they were.
_OVER_PER_ANSWER = 2

REUSED = Rejected(
    "idempotency_key_reused",
    "This Idempotency-Key was sent with another request; nothing was done.",
)


class RememberedAnswers:
    """Which answers there are, by account and key and by age. The simulation's alone."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = world.tables[REMEMBERED_ANSWER]
        # The oldest first, but for those that came back from the database.
        self._by_age: OrderedDict[int, None] = OrderedDict()
        self._of_account: dict[int, OrderedDict[str, int]] = {}
        self.take_in(self._table.ids)

    def __len__(self) -> int:
        return len(self._by_age)

    def answer(
        self, once: Once, at: float, carry_out: Callable[[Command, float], Outcome]
    ) -> Outcome:
        """Give the first answer again, or carry a command out and remember what it is answered."""
        key = once.key
        answer_id = self._find(key)
        if answer_id is not None and not self._is_over(answer_id, at):
            return self._first_answer(answer_id, key)
        outcome = carry_out(once.command, at)
        if isinstance(outcome, Accepted):
            self._remember(key, answer_text.text_of(outcome.value), at)
        return outcome

    def take_in(self, ids: Ids) -> None:
        """Learn of answers that are in the table."""
        for answer_id in ids.tolist():
            self._note(answer_id)

    def leave_out(self, ids: Ids) -> None:
        """Forget where answers are that may go from the table."""
        for answer_id in ids.tolist():
            self._drop(answer_id)

    # One answer --------------------------------------------------------------------------------

    def _find(self, key: RequestKey) -> int | None:
        return self._of_account.get(key.account_id, _NO_KEYS).get(key.text)

    def _is_over(self, answer_id: int, at: float) -> bool:
        answered_at: float = self._table.get(answer_id, "RememberedAnswer.answered_at")
        return at - answered_at >= KEPT_S

    def _first_answer(self, answer_id: int, key: RequestKey) -> Outcome:
        # Reading it makes the answer wait until it is on the disk, with its effect.
        known = self._world.component_for_entity(REMEMBERED_ANSWER, answer_id, RememberedAnswer)
        if known.fingerprint != key.fingerprint:
            return REUSED
        if self._is_set_aside(answer_id):
            return SET_ASIDE
        return Accepted(answer_text.value_of(known.answer))

    def _remember(self, key: RequestKey, answer: str, at: float) -> None:
        for answer_id in self._superfluous(key, at):
            self._forget(answer_id)
        answer_id = self._world.create_entity(
            REMEMBERED_ANSWER,
            RememberedAnswer(key.account_id, key.text, key.fingerprint, answer, at),
        )
        self._world.on_undo(lambda: self._drop(answer_id))
        self._note(answer_id)

    def _superfluous(self, key: RequestKey, at: float) -> list[int]:
        """Return what goes: a few that are over, and what is one too many of the account."""
        ids = [id_ for id_ in islice(self._by_age, _OVER_PER_ANSWER) if self._is_over(id_, at)]
        keys = self._of_account.get(key.account_id, _NO_KEYS)
        if len(keys) >= ANSWERS_PER_ACCOUNT_MAX:
            ids.append(next(iter(keys.values())))
        same = self._find(key)
        return list(dict.fromkeys([*filter(self._may_go, ids), *([] if same is None else [same])]))

    def _may_go(self, answer_id: int) -> bool:
        """Return whether a command may touch it; what the database refuses waits for the host."""
        if not self._is_set_aside(answer_id):
            return True
        # To the end of its line, so that it holds up nobody behind it.
        self._note(answer_id)
        return False

    def _is_set_aside(self, answer_id: int) -> bool:
        return bool(self._world.marks[REMEMBERED_ANSWER].flags_of(answer_id) & Mark.ASIDE)

    def _forget(self, answer_id: int) -> None:
        # Undone when the entity is back.
        self._world.on_undo(lambda: self._note(answer_id, last=False))
        self._drop(answer_id)
        self._world.delete_entity(REMEMBERED_ANSWER, answer_id)

    # The order ---------------------------------------------------------------------------------

    def _note(self, answer_id: int, *, last: bool = True) -> None:
        account_id, text = self._name_of(answer_id)
        self._by_age[answer_id] = None
        self._by_age.move_to_end(answer_id, last)
        keys = self._of_account.setdefault(account_id, OrderedDict())
        keys[text] = answer_id
        keys.move_to_end(text, last)

    def _drop(self, answer_id: int) -> None:
        self._by_age.pop(answer_id, None)
        account_id, text = self._name_of(answer_id)
        keys = self._of_account.get(account_id, _NO_KEYS)
        if keys.get(text) == answer_id:
            del keys[text]
        if not keys:
            self._of_account.pop(account_id, None)

    def _name_of(self, answer_id: int) -> tuple[int, str]:
        return (
            self._table.get(answer_id, "RememberedAnswer.account_id"),
            self._table.get(answer_id, "RememberedAnswer.request_key"),
        )


_NO_KEYS: OrderedDict[str, int] = OrderedDict()
