"""What changes of accounts have in common: what they may hold, and waiting for their commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from core.api.door import COMMIT_PENDING
from core.api.problems import CutOff, Problem, unavailable
from core.api.schemas import USERNAME
from core.api.tokens import is_under_way
from core.errors import StorageError

T = TypeVar("T")

_PASSWORD_CHARACTERS = range(8, 129)


async def committed(change: Awaitable[T]) -> T:
    """Await a change of the account tables. Raise Problem 504 if it may still be made later."""
    try:
        return await change
    except StorageError as error:
        if is_under_way(error):
            raise unavailable(COMMIT_PENDING) from error
        raise
    except asyncio.CancelledError:
        raise CutOff(unavailable(COMMIT_PENDING)) from None


def check_username(username: str) -> None:
    """Raise Problem 400 if nobody may be called so."""
    if not USERNAME.fullmatch(username):
        raise Problem(
            400, "bad_username", "A user name has 3 to 32 letters, digits, underscores or hyphens."
        )


def check_password(password: str) -> None:
    """Raise Problem 400 if no password may be like that."""
    if len(password) not in _PASSWORD_CHARACTERS:
        raise Problem(400, "bad_password", "A password has 8 to 128 characters.")


def username_taken(username: str) -> Problem:
    return Problem(400, "username_taken", f"Somebody is called {username} already.")
