"""The network thread's side of the door to the simulation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from core.api.problems import CutOff, rejection, stopping, unavailable, value_of
from core.commands import Accepted, Once, PlainCommand, Rejected, RequestKey, Unavailable
from core.delivery import AnswerFuture, Listener
from core.events import Event
from core.queries import Query
from core.simulation import Simulation

COMMIT_PENDING = Unavailable(
    "commit_pending",
    "It is done in the world, and will be saved as soon as storage works; do not repeat it"
    " but with the same Idempotency-Key.",
    10,
)
BUSY = Unavailable("busy", "The world is too busy at the moment; nothing was done.", 2)
# How much longer than a commit may take a question may: it waits for one at the most.
_QUESTION_EXTRA_S = 5.0


class WorldDoor:
    """Lets handlers await commands and queries. Belongs to the network thread's loop."""

    def __init__(self, simulation: Simulation, grace_s: float) -> None:
        self.simulation = simulation
        self._grace_s = grace_s
        self._listener: Listener | None = None

    def open(self, on_event: Callable[[Event], None], on_resync: Callable[[], None]) -> None:
        """Begin to listen, on the running loop."""
        loop = asyncio.get_running_loop()
        self._listener = Listener(loop.call_soon_threadsafe, on_event=on_event, on_resync=on_resync)
        self.simulation.add_listener(self._listener)

    def close(self) -> None:
        if self._listener is not None:
            self.simulation.remove_listener(self._listener)
            self._listener = None

    async def order(self, command: PlainCommand, key: RequestKey | None = None) -> Any:
        """Have a command carried out and committed, and return its value. Raise Problem.

        With the key of a request that was carried out before, return what that came to.
        """
        once = command if key is None else Once(key, command)
        future = self.simulation.submit(once, self._listener)
        outcome = await self._answer(future, self._grace_s, is_order=True)
        if outcome is None:
            # Not even begun: then it can still be taken back.
            raise unavailable(BUSY if future.cancel() else COMMIT_PENDING)
        return value_of(outcome)

    async def ask(self, query: Query) -> Any:
        """Return the answer to a query. Raise Problem."""
        future = self.simulation.ask(query, self._listener)
        answer = await self._answer(future, self._grace_s + _QUESTION_EXTRA_S)
        if isinstance(answer, Rejected):
            raise rejection(answer)
        if isinstance(answer, Unavailable):
            raise unavailable(answer)
        if answer is None and not future.done():
            future.cancel()
            raise unavailable(BUSY)
        return answer

    @property
    def storage_is_stalled(self) -> bool:
        return self.simulation.game.writer.stalled

    async def _answer(
        self, future: AnswerFuture, timeout_s: float, *, is_order: bool = False
    ) -> Any:
        """Wait for a future that the listener completes on this loop; None after the limit."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(partial(_wake, waiter))
        # Not asyncio.wait, which takes twice as long as all the rest of this.
        limit = loop.call_later(timeout_s, _wake, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            # Nobody waits any more; an order that nobody has taken yet is taken back.
            future.cancel()
            if is_order and _may_be_done(future):
                raise CutOff(unavailable(COMMIT_PENDING)) from None
            raise
        finally:
            limit.cancel()
        if not future.done():
            return None
        if future.cancelled():
            raise stopping()
        return future.result()


def _may_be_done(order: AnswerFuture) -> bool:
    """Return whether an order was carried out, or is in hand."""
    if order.cancelled():
        return False
    return not order.done() or isinstance(order.result(), Accepted)


def _wake(waiter: asyncio.Future[None], _future: AnswerFuture | None = None) -> None:
    if not waiter.done():
        waiter.set_result(None)
