"""Databases for tests: real files and real servers.

A test that opens the world of a folder gets an SQLite file in it, or with --postgres a database of
its own on a private server, without knowing which.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import URL

from core import database, sync
from core.migrate import migrate
from core.paths import DataFolder
from tests.postgres import PrivateServer

_TEMPLATE = "migrated"
# Everything that anybody writes to, in the order in which a save does. Reading goes on meanwhile.
_WRITTEN = (
    "universe, players, planets, offers, messages, remembered_answers, logged_commands,"
    " world_clock, users, revoked_tokens, answered_requests"
)
_LOCKER = "locker"


class Databases:
    """The databases of a server: one for each folder of the test that runs."""

    def __init__(self, server: PrivateServer) -> None:
        self.server = server
        self._names: dict[Path, str] = {}
        self._made: list[str] = []
        self._count = 0
        # Databases that tests have made to be copied by others.
        self._templates: set[str] = set()

    def make_template(self) -> None:
        """Migrate a database once: a copy of it takes a twentieth of the time."""
        self.server.execute(f"CREATE DATABASE {_TEMPLATE}")
        # On a thread of its own: the test that is the first to want it has an event loop.
        url = database.async_url(self.server.url_of(_TEMPLATE))
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(migrate(url))).result()

    def name_of(self, folder: Path) -> str:
        """Return the database that stands for world.db in a folder, made when first asked for."""
        folder = folder.resolve()
        if folder not in self._names:
            self._names[folder] = self._create(f"TEMPLATE {_TEMPLATE}")
        return self._names[folder]

    def url_of(self, folder: Path) -> str:
        return self.server.url_of(self.name_of(folder))

    def empty_url(self) -> str:
        """Return the URL of a database with nothing in it."""
        return self.server.url_of(self._create(""))

    @asynccontextmanager
    async def making_template(self, name: str) -> AsyncIterator[str | None]:
        """Yield the URL of an empty database to be filled, or None if that was done before."""
        if name in self._templates:
            yield None
            return
        self.server.execute(f"CREATE DATABASE {name}")
        yield self.server.url_of(name)
        self._templates.add(name)

    def copy_of(self, template: str) -> str:
        """Return the URL of a copy of a template, for the test that runs."""
        return self.server.url_of(self._create(f"TEMPLATE {template}"))

    def drop_all(self) -> None:
        """Forget the databases of a test."""
        self._names.clear()
        while self._made:
            self.server.execute(f"DROP DATABASE {self._made.pop()} WITH (FORCE)")

    def _create(self, how: str) -> str:
        self._count += 1
        name = f"world_{self._count}"
        self.server.execute(f"CREATE DATABASE {name} {how}")
        self._made.append(name)
        return name


class _Chosen:
    """Where the worlds of folders lie in this run; None for SQLite files.

    `empty_file` are the bytes of an SQLite file that holds an empty world, once there is one.
    """

    databases: Databases | None = None
    empty_file: bytes | None = None


@contextmanager
def worlds_on(databases: Databases) -> Iterator[None]:
    """Have the worlds of folders lie on a server for a while; their databases are dropped then."""
    of_a_file = DataFolder.database_url
    _Chosen.databases = databases
    DataFolder.database_url = property(lambda folder: databases.url_of(folder.root))  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        DataFolder.database_url = of_a_file  # type: ignore[method-assign]
        _Chosen.databases = None
        databases.drop_all()


def chosen_url(folder: Path) -> str | None:
    """Return the URL that another process is to be given for a folder; None for its own file."""
    return None if _Chosen.databases is None else _Chosen.databases.url_of(folder)


def url_of_world(folder: Path, *, migrated: bool = True) -> URL:
    """Return the URL of a folder's world."""
    databases = _Chosen.databases
    if databases is None:
        return database.async_url(f"sqlite:///{folder}/world.db")
    return database.async_url(databases.url_of(folder) if migrated else databases.empty_url())


async def put_empty_world(url: URL) -> None:
    """Put an empty world where there is no SQLite file: a copy takes a tenth of a migration."""
    path = database.sqlite_path(url)
    if path is None or path.exists():
        return
    if _Chosen.empty_file is None:
        with tempfile.TemporaryDirectory() as elsewhere:
            template = Path(elsewhere) / "world.db"
            await migrate(database.async_url(f"sqlite:///{template}"))
            _Chosen.empty_file = template.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_Chosen.empty_file)


@asynccontextmanager
async def open_database(url: URL | Path) -> AsyncIterator[URL]:
    """Open a database for a while, migrated; a path is the file of a folder's world."""
    if isinstance(url, Path):
        url = url_of_world(url.parent)
    await put_empty_world(url)
    await migrate(url)
    await database.start_db(url)
    sync.set_persistence_loop(asyncio.get_running_loop())
    try:
        yield url
    finally:
        sync.set_persistence_loop(None)
        await database.shutdown_db()


async def rows_in(folder: Path, query: str) -> list[Any]:
    """Ask the database of a folder's world, which is not open."""
    async with open_database(folder / "world.db"), database.ReadSession() as session:
        return [tuple(row) for row in await session.execute(text(query))]


def execute_in(folder: Path, *statements: str) -> None:
    """Change the database of a folder's world from outside."""
    if _Chosen.databases is not None:
        name = _Chosen.databases.name_of(folder)
        _Chosen.databases.server.execute("; ".join(("BEGIN", *statements, "COMMIT")), name)
        return
    with closing(sqlite3.connect(folder / "world.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def is_anybody_connected(folder: Path) -> bool:
    """Return whether a program has a connection to the server's database of a folder's world."""
    databases = _Chosen.databases
    if databases is None:
        return False
    name = databases.name_of(folder)
    return bool(
        databases.server.execute(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'")
    )


@contextmanager
def locked_world(folder: Path) -> Iterator[None]:
    """Keep everybody else from writing to a folder's world, as a backup program might."""
    if _Chosen.databases is not None:
        with _locked_tables(_Chosen.databases, folder):
            yield
        return
    with closing(sqlite3.connect(folder / "world.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextmanager
def _locked_tables(databases: Databases, folder: Path) -> Iterator[None]:
    """Lock the tables, or be the next to do so.

    A save that has begun may need this very thread to come to its end, so it is not waited for:
    whoever begins to write later stands in line behind this.
    """
    server, name = databases.server, databases.name_of(folder)
    with subprocess.Popen(
        [str(server.binaries / "psql"), *server.psql_options(name)],
        env={**os.environ, "PGAPPNAME": _LOCKER},
        stdin=subprocess.PIPE,
        text=True,
    ) as psql:
        assert psql.stdin is not None
        psql.stdin.write(f"BEGIN; LOCK TABLE {_WRITTEN} IN EXCLUSIVE MODE;\n")
        psql.stdin.flush()
        in_line = (
            f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'"
            f" AND application_name = '{_LOCKER}' AND query LIKE 'LOCK TABLE%'"
            " AND (wait_event_type = 'Lock' OR state = 'idle in transaction')"
        )
        while not server.execute(in_line):
            assert psql.poll() is None
        try:
            yield
        finally:
            psql.kill()
