"""Migrations: the models and the revisions agree, and nothing is lost on the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from core.backup_shelf import BackupReason, BackupShelf
from core.database import async_url, make_engine
from core.errors import DatabaseError
from core.migrate import alembic_config, create_all, migrate, newest_revisions
from core.resources import migrations_path
from core.world_backup import make_backup
from tests.databases import url_of_world
from tests.hosts import running_host

FAILING_REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9001", "{head}", None, None

def upgrade():
    with op.batch_alter_table("players") as batch:
        batch.add_column(sa.Column("motto", sa.Text(), nullable=True))
    {then}

def downgrade():
    with op.batch_alter_table("players") as batch:
        batch.drop_column("motto")
"""


@pytest.fixture
def url(tmp_path: Path) -> URL:
    return url_of_world(tmp_path, migrated=False)


def head() -> str:
    heads = ScriptDirectory.from_config(alembic_config()).get_heads()
    assert len(heads) == 1, "two revisions claim to be the newest"
    return heads[0]


async def run_alembic(url: URL, what: str, *arguments: Any, **options: Any) -> None:
    engine = make_engine(url, foreign_keys=False)

    def run(connection: Connection) -> None:
        config: Config = alembic_config()
        config.attributes["connection"] = connection
        getattr(command, what)(config, *arguments, **options)

    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


async def tables(url: URL) -> set[str]:
    engine = make_engine(url)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await engine.dispose()
    return set(names)


async def execute(url: URL, *statements: str) -> Any:
    engine = make_engine(url)
    rows: Any = None
    async with engine.begin() as connection:
        for statement in statements:
            result = await connection.execute(text(statement))
            rows = result.all() if result.returns_rows else None
    await engine.dispose()
    return rows


INSERT_PLAYER = (
    "INSERT INTO users (id, username, username_key, email, password_hash, is_active, is_admin,"
    " token_epoch, created_at)"
    " VALUES (1, 'ada', 'ada', 'a@b.c', 'x', TRUE, FALSE, 0, '2026-01-01')",
    "INSERT INTO players (id, name, home_id, active_planet_id, joined_at)"
    " VALUES (1, 'ada', 1, 1, 0)",
)


async def test_that_models_and_migrations_agree(url: URL) -> None:
    await migrate(url)
    await run_alembic(url, "check")  # raises if autogenerate would write anything


async def test_that_upgrade_and_downgrade_run_from_empty(url: URL) -> None:
    await migrate(url)
    full = await tables(url)
    await run_alembic(url, "downgrade", "base")
    assert await tables(url) == {"alembic_version"}
    await run_alembic(url, "upgrade", "head")
    assert await tables(url) == full


async def test_that_a_second_start_has_nothing_to_do(url: URL) -> None:
    assert (await migrate(url)).changed
    again = await migrate(url)
    assert not again.changed
    assert again.backup is None
    newest = newest_revisions()[0]
    assert str(again) == f"nothing to do: {newest}"


async def test_that_a_start_tells_from_where_and_to_where_it_has_migrated(
    url: URL, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "core.migrate")
    await migrate(url)
    assert f"migrated from nothing to {newest_revisions()[0]}" in caplog.messages


async def test_that_development_tables_are_those_of_the_migrations(
    url: URL, tmp_path: Path
) -> None:
    await migrate(url)
    (tmp_path / "other").mkdir()
    other = url_of_world(tmp_path / "other", migrated=False)
    await create_all(other)
    assert await tables(other) == await tables(url) - {"alembic_version"}


async def test_that_a_newer_database_is_refused_in_one_sentence(url: URL) -> None:
    await migrate(url)
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="newer than this program") as caught:
        await migrate(url)
    assert "\n" not in str(caught.value)
    assert "9999" in str(caught.value)


@pytest.mark.sqlite_file
def test_that_the_alembic_command_takes_either_kind_of_url(tmp_path: Path) -> None:
    alembic(f"sqlite:///{tmp_path}/world.db", "upgrade", "head")
    assert head() in alembic(f"sqlite+aiosqlite:///{tmp_path}/world.db", "current")


async def test_that_the_alembic_command_takes_either_kind_of_postgresql_url(
    postgres_url: URL,
) -> None:
    def on_server(scheme: str, *arguments: str) -> str:
        url = postgres_url.set(drivername=scheme).render_as_string(hide_password=False)
        return alembic(url, *arguments)

    on_server("postgresql", "upgrade", "head")
    assert head() in on_server("postgresql+asyncpg", "current")
    await run_alembic(postgres_url, "check")
    await run_alembic(postgres_url, "downgrade", "base")
    assert await tables(postgres_url) == {"alembic_version"}


async def test_that_the_alembic_command_leaves_a_world_alone_that_is_open(tmp_path: Path) -> None:
    async with running_host(tmp_path):
        url = url_of_world(tmp_path).render_as_string(hide_password=False)
        ended = run_alembic_command(url, "upgrade", "head")
    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1].startswith("the world in")
    assert "open in another process" in ended.stderr
    assert "Traceback" not in ended.stderr


def alembic(url: str, *arguments: str) -> str:
    """Run Alembic's own command line, as a developer would."""
    ended = run_alembic_command(url, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def run_alembic_command(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        env={**os.environ, "DATABASE_URL": url},
        cwd=migrations_path().parent,
        capture_output=True,
        text=True,
        check=False,
    )


def with_revision(tmp_path: Path, then: str) -> Path:
    """Return a copy of the migrations with one revision more."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrations_path(), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    revision = FAILING_REVISION.format(head=head(), then=then)
    (scripts / "versions" / "9001_a_motto.py").write_text(revision)
    return scripts


@pytest.mark.sqlite_file
async def test_that_a_database_is_backed_up_before_it_is_changed(url: URL, tmp_path: Path) -> None:
    await migrate(url)
    await execute(url, *INSERT_PLAYER)
    shelf = BackupShelf(tmp_path / "backups")

    async def back_up() -> Path:
        made = await make_backup(
            str(url), shelf, BackupReason.BEFORE_MIGRATION, lambda _what, _done, _total: None
        )
        return shelf.path_of(made.name)

    done = await migrate(url, scripts_path=with_revision(tmp_path, "pass"), back_up=back_up)
    (manifest,) = shelf.manifests()
    assert done.backup == str(shelf.path_of(manifest.name))
    assert manifest.revision == head()
    backup = async_url(f"sqlite:///{done.backup}")
    assert await execute(backup, "SELECT name FROM players") == [("ada",)]
    assert await execute(backup, "SELECT version_num FROM alembic_version") == [(head(),)]


@pytest.mark.sqlite_file
async def test_that_rebuilding_a_table_keeps_the_rows_that_refer_to_it(
    url: URL, tmp_path: Path
) -> None:
    await migrate(url)
    await execute(url, *INSERT_PLAYER)
    rebuild = (
        'with op.batch_alter_table("users", recreate="always") as batch:\n'
        '        batch.add_column(sa.Column("nick", sa.Text(), nullable=True))'
    )
    await migrate(url, scripts_path=with_revision(tmp_path, rebuild))
    assert await execute(url, "SELECT name FROM players") == [("ada",)]


async def test_that_a_migration_that_fails_half_way_leaves_nothing(
    url: URL, tmp_path: Path
) -> None:
    await migrate(url)
    await execute(url, *INSERT_PLAYER)
    before = await tables(url)
    players = await execute(url, "SELECT * FROM players")
    with pytest.raises(DatabaseError, match="is as it was: not today"):
        await migrate(url, scripts_path=with_revision(tmp_path, 'raise OSError("not today")'))
    assert await tables(url) == before
    assert await execute(url, "SELECT version_num FROM alembic_version") == [(head(),)]
    assert await execute(url, "SELECT * FROM players") == players
