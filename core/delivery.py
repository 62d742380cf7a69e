"""How answers and events leave the simulation: one call per batch and per listener's loop.

Waking another thread's event loop costs far more than handing it one more value, so a listener
collects what the simulation has for it and takes it over in a single call.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from core.events import Event

if TYPE_CHECKING:
    from concurrent.futures import Future

log = logging.getLogger(__name__)

# post(callback): have an event loop call something soon, from any thread (call_soon_threadsafe).
Post = Callable[[Callable[[], None]], object]
AnswerFuture: TypeAlias = "Future[Any]"


class Listener:
    """One event loop that wants answers and events.

    `on_event` and `on_resync` are called on that loop. While `limit` events lie there that nobody
    has taken, further ones are dropped, and `on_resync` is called after the others: look at the
    world anew.
    """

    def __init__(
        self,
        post: Post,
        *,
        on_event: Callable[[Event], None] = lambda _event: None,
        on_resync: Callable[[], None] = lambda: None,
        limit: int = 10_000,
    ) -> None:
        self._post = post
        self._on_event = on_event
        self._on_resync = on_resync
        self._limit = limit
        self._answers: deque[tuple[AnswerFuture, Any]] = deque()
        self._events: deque[Event] = deque()
        self._must_resync = False
        self.closed = False

    # On the simulation thread ------------------------------------------------------------------

    def put_answer(self, future: AnswerFuture, value: Any) -> None:
        self._answers.append((future, value))
        if self.closed:
            self._resolve_answers()

    def put_event(self, event: Event) -> None:
        if self.closed:
            return
        if len(self._events) < self._limit:
            self._events.append(event)
        else:
            self._must_resync = True

    def flush(self) -> None:
        """Send what was put since the last call, if anything."""
        if self.closed or not (self._answers or self._events or self._must_resync):
            return
        try:
            self._post(self._take_over)
        except RuntimeError:
            # The loop has been closed: nobody waits there, but a thread may wait for an answer.
            log.debug("a listener's event loop is closed")
            self.closed = True
            self._events.clear()
            self._resolve_answers()

    # On the listener's loop --------------------------------------------------------------------

    def _take_over(self) -> None:
        self._resolve_answers()
        while self._events:
            self._on_event(self._events.popleft())
        if self._must_resync:
            self._must_resync = False
            self._on_resync()

    def _resolve_answers(self) -> None:
        while self._answers:
            future, value = self._answers.popleft()
            future.set_result(value)
