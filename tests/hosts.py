"""Hosts for tests: the real program, in a temporary folder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from core.commands import Command, Outcome
from core.errors import StorageError
from core.paths import DataFolder
from core.queries import Query
from desktop_app.application import Host
from tests.databases import put_empty_world, url_of_world


@asynccontextmanager
async def running_host(folder: Path, **overrides: Any) -> AsyncIterator[Host]:
    """Run the whole program but its window, on a free port."""
    if "database_url" not in overrides:
        await put_empty_world(url_of_world(folder))
    host = make_host(folder, **overrides)
    await host.start()
    async with stopping(host):
        yield host


@asynccontextmanager
async def stopping(host: Host) -> AsyncIterator[None]:
    """Stop a host at the end; what has failed before is worth more than what fails then."""
    try:
        yield
    except BaseException:
        with suppress(StorageError):
            await host.stop()
        raise
    await host.stop()


def make_host(folder: Path, **overrides: Any) -> Host:
    """Make a host that serves on a free port."""
    return Host(DataFolder(folder), {"port": 0, **overrides})


async def order(host: Host, command: Command) -> Outcome:
    """Have a command carried out and committed."""
    assert host.simulation is not None
    return await asyncio.wrap_future(host.simulation.submit(command))


async def ask(host: Host, query: Query) -> Any:
    assert host.simulation is not None
    return await asyncio.wrap_future(host.simulation.ask(query))
