"""Alembic's environment: the same for the program, the command line and the tests.

The program hands in a connection. The command line connects by itself, to DATABASE_URL or to
`-x url=…`, which may name the synchronous or the asynchronous driver.
"""

from __future__ import annotations

import asyncio
import os
from typing import Literal

from alembic import context
from sqlalchemy.engine import Connection

from core.database import async_url, claimed, make_engine
from core.errors import StarkeepError
from core.models.database import Base, UTCDateTime


def render_plainly(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write the database's type into a revision, not the program's, which may change later."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def configure(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter a column; Alembic builds the table anew instead.
        render_as_batch=connection.dialect.name == "sqlite",
        # A migration that fails half way leaves nothing behind.
        transactional_ddl=True,
        compare_type=True,
        # Defaults are for rows that exist when a column comes; the models have none.
        compare_server_default=False,
        render_item=render_plainly,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect_and_run(url: str) -> None:
    """Migrate a world, unless a process has it open."""
    with claimed(async_url(url)):
        engine = make_engine(async_url(url), foreign_keys=False)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(configure)
        finally:
            await engine.dispose()


def url_from_command_line() -> str:
    given: dict[str, str] = context.get_x_argument(as_dictionary=True)
    url = given.get("url") or os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("name the database: DATABASE_URL=sqlite:////path/world.db, or -x url=…")
    return url


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    configure(handed_in)
else:
    try:
        asyncio.run(connect_and_run(url_from_command_line()))
    except StarkeepError as error:
        raise SystemExit(str(error)) from None
