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
from collections.abc import Callable
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
    """Hashes and checks passwords on a few threads of its own."""

    def __init__(self, workers: int | None = None) -> None:
        self._executor = ThreadPoolExecutor(
            max_workers=workers or max(1, (os.cpu_count() or 1) // 2),
            thread_name_prefix="passwords",
            initializer=_give_way,
        )
        self._waiting = 0
        self._stopping = False

    async def hash(self, password: str) -> str:
        """Return a hash for the database. Raise Problem 503 if too many are waiting."""
        return await self._run(lambda: _HASHER.hash(password))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Return whether a password is right; for None, no account, it takes as long to say no."""
        right = await self._run(lambda: _matches(password, password_hash or _NOBODY))
        return right and password_hash is not None

    def begin_to_stop(self) -> None:
        """Refuse what comes and what has not begun yet; nobody is to wait for it any more."""
        self._stopping = True

    def close(self) -> None:
        """Wait for what has begun, and end the threads."""
        self.begin_to_stop()
        self._executor.shutdown(wait=True)

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise Problem(503, "busy", "Too many people are logging in at once.", retry_after_s=2)
        if self._stopping:
            raise stopping()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._executor, self._unless_stopping, work
            )
        finally:
            self._waiting -= 1

    def _unless_stopping(self, work: Callable[[], T]) -> T:
        if self._stopping:
            raise stopping()
        return work()


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
