"""What is done on the thread of SQLite's driver in one go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any


async def run_statements(driver: Any, statements: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
    """Carry out statements over an aiosqlite connection in a single hop to its thread.

    They are taken from the iterable on that thread. If this is cancelled they are carried out all
    the same, and whatever is asked of the connection afterwards comes after them.

    WORKAROUND: aiosqlite 0.22 takes one statement a hop and brings a cursor back from each. Its own
    methods are made of `_execute`, which runs any function on that thread.
    """

    def run(connection: sqlite3.Connection) -> None:
        for sql, parameters in statements:
            connection.execute(sql, parameters)

    await driver._execute(run, driver._conn)
