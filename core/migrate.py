"""Bringing a database to the revision of this program.

Migrations run over an engine of their own with foreign keys off: where SQLite cannot alter a table
Alembic builds it anew and drops the old one, and with foreign keys on that would delete every row
that refers to it.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from core.database import make_engine
from core.errors import DatabaseError, WorldInUseError
from core.models.database import Base
from core.resources import migrations_path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done: from which revisions to which, and where the copy from before lies."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    backup: str | None

    @property
    def changed(self) -> bool:
        return self.before != self.after

    def __str__(self) -> str:
        before, after = (", ".join(each) or "nothing" for each in (self.before, self.after))
        return f"migrated from {before} to {after}" if self.changed else f"nothing to do: {after}"


async def migrate(
    url: URL,
    note: Callable[[str], None] = lambda _text: None,
    scripts_path: Path | None = None,
    back_up: Callable[[], Awaitable[Path]] | None = None,
    before_change: Callable[[], None] = lambda: None,
) -> Migrated:
    """Upgrade a database to the newest revision, after `back_up` if it holds anything.

    `before_change` is called when the database itself is about to be changed.
    Raise DatabaseError if it is newer than this program or if the upgrade fails; the database is
    then as it was. An SQLite file is to be claimed before; on PostgreSQL, raise WorldInUseError if
    another process has the world open.
    """
    engine = make_engine(url, foreign_keys=False)
    try:
        have = await _revisions(engine)
        config = alembic_config(scripts_path)
        scripts = _scripts(scripts_path)
        want = tuple(scripts.get_heads())
        if set(have) == set(want):
            return Migrated(have, have, None)
        _refuse_unknown(scripts, have)
        backup = None
        if have and back_up is not None:
            note("Backing up before a change of the database")
            backup = str(await back_up())
        note("Changing the database")
        before_change()
        await _upgrade(engine, config)
        done = Migrated(have, want, backup)
        log.info("%s", done)
        return done
    finally:
        await engine.dispose()


async def create_all(url: URL) -> None:
    """Create the tables without migrations: for development alone."""
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
    finally:
        await engine.dispose()


async def create_at_revision(url: URL, revision: str) -> None:
    """Create the tables of a revision in an empty database. Raise DatabaseError."""
    engine = make_engine(url, foreign_keys=False)
    try:
        await _upgrade(engine, alembic_config(), revision)
    finally:
        await engine.dispose()


async def revisions_of(url: URL) -> tuple[str, ...]:
    """Return the revisions that a database is at, whoever has it open; none where it is empty."""
    engine = make_engine(url, foreign_keys=False, read_only=True)
    try:
        return await _revisions(engine)
    finally:
        await engine.dispose()


def newest_revisions() -> tuple[str, ...]:
    """Return the revisions that this program works with: one, unless they have branched."""
    return tuple(_scripts().get_heads())


def refuse_newer(revisions: tuple[str, ...]) -> None:
    """Raise DatabaseError if this program does not know a revision."""
    _refuse_unknown(_scripts(), revisions)


@functools.cache
def _scripts(path: Path | None = None) -> ScriptDirectory:
    # Each of them is read to find the newest.
    return ScriptDirectory.from_config(alembic_config(path))


def alembic_config(scripts_path: Path | None = None) -> Config:
    """Return the configuration for running Alembic inside the program.

    `config.attributes["connection"]` is where env.py looks for the connection to use.
    """
    config = Config()
    path = str(scripts_path or migrations_path())
    config.set_main_option("script_location", path.replace("%", "%%"))
    return config


async def _revisions(engine: AsyncEngine) -> tuple[str, ...]:
    def read(connection: Connection) -> tuple[str, ...]:
        return MigrationContext.configure(connection).get_current_heads()

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read)
    except WorldInUseError:
        raise
    except Exception as error:
        raise DatabaseError(f"the database cannot be opened: {_words(error)}") from error


def _refuse_unknown(scripts: ScriptDirectory, have: tuple[str, ...]) -> None:
    for revision in have:
        try:
            scripts.get_revision(revision)
        except CommandError as error:
            raise DatabaseError(
                f"the database is newer than this program (it has revision {revision});"
                " install the newer version of Starkeep, or restore an older backup"
            ) from error


async def _upgrade(engine: AsyncEngine, config: Config, revision: str = "head") -> None:
    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    try:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade)
        if engine.dialect.name == "sqlite":
            async with engine.connect() as connection:
                broken: Any = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
            if broken:
                raise DatabaseError(f"{len(broken)} rows refer to rows that do not exist")
    except (DatabaseError, WorldInUseError):
        raise
    except Exception as error:
        raise DatabaseError(
            f"the database could not be upgraded and is as it was: {_words(error)}"
        ) from error


def _words(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]
