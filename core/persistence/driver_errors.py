"""What a driver raises when the database fails, wherever it comes through.

SQLAlchemy wraps most of it, but not what a connection raises while it is made or torn down.
"""

from __future__ import annotations

import sys

from sqlalchemy.exc import DBAPIError, SQLAlchemyError


def is_driver_error(error: BaseException) -> bool:
    """Return whether the database failed, rather than this program."""
    if isinstance(error, (SQLAlchemyError, OSError)):
        return True
    # Where it was never imported it has raised nothing.
    asyncpg = sys.modules.get("asyncpg")
    return asyncpg is not None and isinstance(
        error, (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    )


def sqlstate_of(error: BaseException) -> str | None:
    """Return PostgreSQL's five letters for what went wrong, None from another database."""
    driver = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(driver, "sqlstate", None)
    return state if isinstance(state, str) else None
