"""A command that may be stopped at any moment, and says the truth about what it has changed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

from core.errors import StarkeepError


class Undertaking:
    """One command. It is broken off when somebody wants to stop, but not while it changes things.

    Whether a commit that is cancelled has happened nobody can know, so none is: from
    `go_through` on a stop waits, until `done` or to the end of the command.
    """

    def __init__(self) -> None:
        self._goes_through = False
        self._stop_wanted = False
        self._changes: list[str] = []

    async def carry_out(self, stop: asyncio.Event, command: Coroutine[Any, Any, int]) -> int:
        """Await the command and return its exit code.

        Raise StarkeepError, with what was changed until then, if a stop came early enough.
        """
        working = asyncio.ensure_future(command)
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not working.done():
            self._stop(working)
            await asyncio.wait((working,))
        if working.cancelled():
            raise StarkeepError(f"stopped; nothing was changed{self._but_for()}")
        return working.result()

    def go_through(self) -> None:
        """Have a stop wait from here on: something is about to be changed, or to be closed."""
        self._goes_through = True

    def done(self, change: str) -> None:
        """Note what was changed; the command may be stopped again. Raise CancelledError if that
        was asked for meanwhile.
        """
        self._changes.append(change)
        self._goes_through = False
        if self._stop_wanted:
            raise asyncio.CancelledError

    def _stop(self, working: asyncio.Future[int]) -> None:
        self._stop_wanted = True
        if self._goes_through:
            print("it is too late to stop: a change is finished first", file=sys.stderr)
        else:
            working.cancel()

    def _but_for(self) -> str:
        return f" but this: {'; '.join(self._changes)}" if self._changes else ""
