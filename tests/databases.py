"""Databases for tests: real files and servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from core import database, sync
from core.migrate import migrate


@asynccontextmanager
async def open_database(url: URL | Path) -> AsyncIterator[URL]:
    """Open a database for a while, migrated; a path is an SQLite file."""
    if isinstance(url, Path):
        url = database.async_url(f"sqlite:///{url}")
    await migrate(url)
    await database.start_db(url)
    sync.set_persistence_loop(asyncio.get_running_loop())
    try:
        yield url
    finally:
        sync.set_persistence_loop(None)
        await database.shutdown_db()
