"""Passwords: argon2id, off every event loop, a bounded number at once.

Hashing is meant to be slow. It runs in native code without the interpreter lock, on a thread that
gives way to the others, so that neither the tick nor the players who are in notice fifty who are
just coming.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import argon2

from core.api.problems import Problem, stopping

T = TypeVar("T")

WAITING_MAX = 256
_NICENESS = 10
# OWASP's least for argon2id: 19 MiB, two passes, one lane.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# What the password of an unknown name is compared with: it must take as long.
_NOBODY = _HASHER.hash("nobody has this password")


class Passwords:
    """Hashes and checks passwords on a few threads of its own. Belongs to one event loop.

    Askers, the networks that requests come from, take turns: many logins from one of them make
    that one wait, not everybody.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or max(1, (os.cpu_count() or 1) // 2)
        self._executor = ThreadPoolExecutor(
            max_workers=self._workers, thread_name_prefix="passwords", initializer=_give_way
        )
        self._at_work = 0
        # Who waits, by asker; whose turn is next is the first.
        self._lines: OrderedDict[Hashable, deque[asyncio.Future[None]]] = OrderedDict()
        self._stopping = False

    async def hash(self, password: str, asker: Hashable = None) -> str:
        """Return a hash for the database. Raise Problem 503 if too many are waiting."""
        return await self._run(lambda: _HASHER.hash(password), asker)

    async def matches(
        self, password: str, password_hash: str | None, asker: Hashable = None
    ) -> bool:
        """Return whether a password is right; for None, no account, it takes as long to say no."""
        right = await self._run(lambda: _matches(password, password_hash or _NOBODY), asker)
        return right and password_hash is not None

    def waiting_count(self) -> int:
        """Return how many have no answer yet, those included whose turn it is."""
        return self._at_work + sum(map(len, self._lines.values()))

    def begin_to_stop(self) -> None:
        """Refuse what comes and what has not begun yet; nobody is to wait for it any more."""
        self._stopping = True
        for line in self._lines.values():
            for turn in line:
                if not turn.done():
                    turn.set_exception(stopping())
        self._lines.clear()

    def close(self) -> None:
        """Wait for what has begun, and end the threads."""
        self.begin_to_stop()
        self._executor.shutdown(wait=True)

    async def _run(self, work: Callable[[], T], asker: Hashable) -> T:
        if self._stopping:
            raise stopping()
        self._make_room_for(asker)
        if self._at_work < self._workers:
            self._at_work += 1
        else:
            await self._turn_of(asker)
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, self._unless_stopping, work
            )
        finally:
            self._pass_on()

    def _make_room_for(self, asker: Hashable) -> None:
        """Raise Problem 503 if too many are waiting, unless one of a longer line can be refused."""
        if self.waiting_count() < WAITING_MAX:
            return
        own = self._lines.get(asker, ())
        longest = max(self._lines.values(), key=len, default=deque[asyncio.Future[None]]())
        if len(longest) <= len(own) + 1:
            raise _busy()
        turn = longest.pop()
        if not turn.done():
            turn.set_exception(_busy())

    async def _turn_of(self, asker: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(asker, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # One that nobody waits for is passed over, but it may have come just now.
            if not turn.cancelled() and turn.exception() is None:
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the next asker the turn of who is done."""
        while self._lines:
            asker, line = self._lines.popitem(last=False)
            turn = line.popleft()
            if line:
                self._lines[asker] = line
            if not turn.done():
                turn.set_result(None)
                return
        self._at_work -= 1

    def _unless_stopping(self, work: Callable[[], T]) -> T:
        if self._stopping:
            raise stopping()
        return work()


def _busy() -> Problem:
    return Problem(503, "busy", "Too many people are logging in at once.", retry_after_s=2)


def _matches(password: str, password_hash: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _give_way() -> None:
    if sys.platform == "linux":
        # There a thread has a niceness of its own.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
