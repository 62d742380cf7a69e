"""What is done on the thread of SQLite's driver in one go."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import RowsMissingError
from core.persistence.sqlite_connections import Work

# Its text, its parameters, and how many rows it is meant to change if that is known.
Statement = tuple[str, tuple[Any, ...], int | None]

# So few that their values are still in the processor's cache when they are digested.
_DIGESTED_ROWS = 250


async def run_statements(driver: Any, statements: Iterable[Statement]) -> None:
    """Carry out statements over an aiosqlite connection in a single hop to its thread.

    If this is cancelled they are carried out all the same, and whatever is asked of the connection
    afterwards comes after them. Otherwise as `carrying_out`.
    """
    await _hop(driver, carrying_out(statements))


def carrying_out(statements: Iterable[Statement]) -> Work:
    """Return what carries out statements on the driver's thread, taken one by one from there.

    It raises RowsMissingError as soon as one changes another number of rows than it is meant to.
    """

    def run(connection: sqlite3.Connection) -> None:
        for sql, parameters, meant in statements:
            changed = connection.execute(sql, parameters).rowcount
            if meant is not None and changed != meant:
                raise RowsMissingError(changed, meant)

    return run


async def fetch(
    connection: AsyncConnection, query: Select[Any], digest: Callable[[Sequence[Any]], None]
) -> None:
    """Have the rows of a query digested, a few at a time.

    SQLite's are fetched and digested on the driver's thread in a single hop, as plain tuples; the
    parameters of the query become part of its text.
    """
    if connection.dialect.name != "sqlite":
        digest((await connection.execute(query)).all())
        return
    sql = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))

    def run(driver: sqlite3.Connection) -> None:
        cursor = driver.execute(sql)
        while rows := cursor.fetchmany(_DIGESTED_ROWS):
            digest(rows)

    driver: Any = (await connection.get_raw_connection()).driver_connection
    await _hop(driver, run)


async def _hop(driver: Any, work: Work) -> None:
    try:
        await driver.do_now(work)
    except sqlite3.Error as error:
        # The driver's own error; everywhere else SQLAlchemy wraps it.
        raise DBAPIError.instance("several statements", None, error, sqlite3.Error) from error
