"""Operations that a database asks to be repeated.

A distributed database, or PostgreSQL above READ COMMITTED, ends one of two transactions that met
and expects it again. An operation whose connection was cut is repeated too: the commit may have
been made and its answer lost, and repeating is how the operation learns which. So only operations
that may be repeated (rule 4 in PERSISTENCE.md) are to be decorated.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from core.persistence.driver_errors import sqlstate_of

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Together less than anybody waits for an operation.
DELAYS_S = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
# serialization_failure, deadlock_detected
_ASKED_FOR = frozenset({"40001", "40P01"})


def retried(
    operation: Callable[P, Coroutine[Any, Any, T]],
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Repeat an operation, a few times, when the database asks for it or the connection was cut."""

    @wraps(operation)
    async def repeat(*args: P.args, **kwargs: P.kwargs) -> T:
        for delay_s in DELAYS_S:
            try:
                return await operation(*args, **kwargs)
            except DBAPIError as error:
                if not _may_succeed(error):
                    raise
                log.debug("%s is repeated: %s", operation.__name__, error)
            # Two that met must not meet again.
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        return await operation(*args, **kwargs)

    return repeat


def _may_succeed(error: DBAPIError) -> bool:
    return error.connection_invalidated or sqlstate_of(error) in _ASKED_FOR
