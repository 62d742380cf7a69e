"""Stored databases of released revisions, as files and on a server, and what is in them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Boolean, Connection, MetaData, insert, inspect, select, text
from sqlalchemy.engine import URL

from core.database import async_url, make_engine
from core.migrate import alembic_config
from tests.migrations.stored_world import FIXTURES, restore

Row = dict[str, Any]
Rows = dict[str, list[Row]]

STORED = sorted(FIXTURES.glob("*.sql"))
STORED_REVISIONS = [path.stem for path in STORED]


def released_revisions() -> list[str]:
    """Return every revision, the oldest first."""
    scripts = ScriptDirectory.from_config(alembic_config())
    return [script.revision for script in reversed(list(scripts.walk_revisions()))]


def restore_file(revision: str, path: Path) -> URL:
    """Make the SQLite database that a program of this revision has left."""
    restore(FIXTURES / f"{revision}.sql", path)
    return async_url(f"sqlite:///{path}")


async def restore_on_server(revision: str, url: URL, scratch: Path) -> None:
    """Make the same database on a server: its tables by the revisions, its rows from the file."""
    file_url = restore_file(revision, scratch)
    await run_alembic(url, "upgrade", revision)
    rows: Rows = await _on(file_url, _read_by_type)
    await _on(url, lambda connection: _insert(connection, rows))


async def run_alembic(url: URL, what: str, *arguments: Any) -> None:
    def run(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        getattr(command, what)(config, *arguments)

    await _on(url, run)


async def rows_of(url: URL) -> Rows:
    """Return every row of every table as it is stored, by its key, whatever revision it has."""
    rows: Rows = await _on(url, _read)
    return rows


async def _on(url: URL, work: Any) -> Any:
    engine = make_engine(url, foreign_keys=False)
    try:
        async with engine.connect() as connection:
            result = await connection.run_sync(work)
            await connection.commit()
            return result
    finally:
        await engine.dispose()


def _read(connection: Connection) -> Rows:
    rows = {}
    keys = inspect(connection).get_multi_pk_constraint()
    for (_, table), key in keys.items():
        if table == "alembic_version":
            continue
        order = ", ".join(f'"{name}"' for name in key["constrained_columns"])
        found = connection.execute(text(f'SELECT * FROM "{table}" ORDER BY {order}'))
        rows[table] = [dict(row) for row in found.mappings()]
    return rows


def _read_by_type(connection: Connection) -> Rows:
    """Return the same for another kind of database, which has times and what is true by itself."""
    metadata = MetaData()
    metadata.reflect(connection)
    return {
        table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for table in metadata.sorted_tables
        if table.name != "alembic_version"
    }


def _insert(connection: Connection, rows: Rows) -> None:
    metadata = MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        flags = {column.name for column in table.columns if isinstance(column.type, Boolean)}
        for row in rows.get(table.name, []):
            connection.execute(
                insert(table).values(
                    {
                        name: bool(value) if name in flags else _aware(value)
                        for name, value in row.items()
                    }
                )
            )
    if rows.get("users"):
        # The server counts by itself what the file gave a number.
        connection.execute(text("SELECT setval('users_id_seq', (SELECT max(id) FROM users))"))


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
