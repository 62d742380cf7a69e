"""PostgreSQL: a connection that may write holds the lock of the world, or there is none.

The lock belongs to the server's session and ends with it: with the process, with a connection that
was cut, with the server. The pool has one connection that writes and takes the lock whenever it
makes one anew, so a process that lost the world cannot write to it before it has it again.

A pooler between must keep a session for a client: with PgBouncer, pool_mode=session.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from typing import Any

from core.errors import WorldInUseError

log = logging.getLogger(__name__)

# A process that was killed is noticed by the server a moment later.
PATIENCE_S = 2.0
_LOOK_EVERY_S = 0.02
# A computer that lost its power is noticed after half a minute, not after two hours.
_SESSION = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}
# feature_not_supported, undefined_function
_MISSING = frozenset({"0A000", "42883"})


async def prepare_writer(connection: Any, lock_timeout_ms: int) -> None:
    """Make a new asyncpg connection one that may write. Raise WorldInUseError if it may not."""
    # Whoever keeps a row from being written is not waited for longer than on SQLite.
    settings = {**_SESSION, "lock_timeout": str(lock_timeout_ms)}
    for name, value in settings.items():
        await _set(connection, name, value)
    await _hold_world(connection)


async def _set(connection: Any, name: str, value: str) -> None:
    import asyncpg  # an extra: only where it is used

    try:
        await connection.execute(f"SET {name} = '{value}'")
    except asyncpg.PostgresError as error:
        log.debug("this database does not know %s: %s", name, error)


async def _hold_world(connection: Any) -> None:
    import asyncpg

    database, schema = await connection.fetchrow("SELECT current_database(), current_schema()")
    key = _key_of(database, schema)
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + PATIENCE_S
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", key):
            if loop.time() > give_up_at:
                raise WorldInUseError(
                    f"the world in the database {database} is open in another process;"
                    " stop that one, or use another --database-url"
                )
            await asyncio.sleep(_LOOK_EVERY_S)
    except asyncpg.PostgresError as error:
        if error.sqlstate not in _MISSING:
            raise
        log.warning(
            "this database has no advisory locks: nothing keeps a second process from the world"
        )


def _key_of(database: str, schema: str | None) -> int:
    """Name a world: locks of a database that spans several have one space of numbers."""
    name = f"starkeep\0{database}\0{schema}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)
