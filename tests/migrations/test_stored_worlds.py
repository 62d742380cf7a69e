"""A world that an older version has left is this version's world, value by value."""

from __future__ import annotations

import asyncio
import hashlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import URL

from core import database
from core.database import async_url
from core.errors import DatabaseError
from core.migrate import migrate
from core.persistence.worlds import load_world
from core.queries import ReportPlanet
from core.resources import migrations_path
from core.sound_world import unsound
from tests.databases import Databases, open_database
from tests.end_to_end.program import PlayerClient, wait_until
from tests.end_to_end.warm_run import hosting_warm
from tests.hosts import ask, running_host
from tests.migrations.databases import (
    STORED_REVISIONS,
    Rows,
    released_revisions,
    restore_file,
    restore_on_server,
    rows_of,
    run_alembic,
)

# Columns whose values a revision changes on purpose: (revision, table, column).
CHANGED_ON_PURPOSE: set[tuple[str, str, str]] = set()

Restore = Callable[[str], Any]


# On a server the oldest, which comes through every revision, and the newest; the others are for the
# slow run.
ON_SERVER = {STORED_REVISIONS[0], STORED_REVISIONS[-1]}
# What a revision left out a host would miss in the worlds that came through all, and in the newest.
HOSTED = {*STORED_REVISIONS[:2], *STORED_REVISIONS[-4:]}
EACH_ON_EITHER = pytest.mark.parametrize(
    ("restored", "revision"),
    [
        pytest.param(kind, revision, marks=[pytest.mark.slow] if seldom else [])
        for kind in ("sqlite", "postgresql")
        for revision in STORED_REVISIONS
        for seldom in [kind == "postgresql" and revision not in ON_SERVER]
    ],
    indirect=["restored"],
)


@pytest.fixture(params=["sqlite", "postgresql"])
def restored(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Restore]:
    """Return what makes the stored database of a revision, once of each kind, and tells its URL."""
    if request.param == "sqlite":

        async def from_file(revision: str) -> URL:
            return restore_file(revision, tmp_path / "world.db")

        yield from_file
        return
    databases: Databases = request.getfixturevalue("postgres")

    async def on_server(revision: str) -> URL:
        template = f"stored_{revision}"
        async with databases.making_template(template) as url:
            if url is not None:
                await restore_on_server(revision, async_url(url), tmp_path / "scratch.db")
        return async_url(databases.copy_of(template))

    yield on_server
    databases.drop_all()


def test_that_every_released_revision_has_a_stored_world() -> None:
    # The newest one's is made before the next is written: until then nobody has such a database.
    assert released_revisions()[: len(STORED_REVISIONS)] == STORED_REVISIONS
    assert len(STORED_REVISIONS) >= len(released_revisions()) - 1


@EACH_ON_EITHER
async def test_that_an_upgrade_keeps_every_value_of_a_world_that_can_be_hosted(
    restored: Restore, revision: str, tmp_path: Path
) -> None:
    url = await restored(revision)
    before = await rows_of(url)
    await migrate(url)
    after = await rows_of(url)
    newer = released_revisions()[released_revisions().index(revision) + 1 :]
    dropped = {(table, column) for r, table, column in CHANGED_ON_PURPOSE if r in newer}
    assert before["planets"]
    for table, rows in before.items():
        assert len(after[table]) == len(rows), table
        for old, new in zip(rows, after[table], strict=True):
            kept = {name: value for name, value in old.items() if (table, name) not in dropped}
            assert {name: new[name] for name in kept} == kept
    if revision in HOSTED:
        await assert_that_it_can_be_hosted(url, before, tmp_path)


async def test_that_a_world_is_upgraded_where_it_is_hosted(
    restored: Restore, tmp_path: Path
) -> None:
    url = await restored(STORED_REVISIONS[0])
    await assert_that_it_can_be_hosted(url, await rows_of(url), tmp_path)


async def assert_that_it_can_be_hosted(url: URL, before: Rows, tmp_path: Path) -> None:
    where = url.render_as_string(hide_password=False)
    async with running_host(tmp_path / "data", database_url=where, tick_rate=50.0) as host:
        assert host.simulation is not None
        (clock,) = before["world_clock"]
        while host.simulation.status.tick <= clock["tick"] + 2:
            await asyncio.sleep(0.01)
        for player, planet in zip(before["players"], before["planets"], strict=True):
            report = await ask(host, ReportPlanet(player["id"]))
            assert report.summary.planet_id == planet["id"] == player["home_id"]
        assert host.simulation.status.violations == 0
    async with open_database(url):
        assert list(unsound(await load_world())) == []


async def test_that_a_ledger_begins_with_what_is_there(restored: Restore) -> None:
    url = await restored("0001")
    await run_alembic(url, "upgrade", "0002")
    planets = (await rows_of(url))["planets"]
    # One builds, one demolishes, two do nothing.
    assert [planet["metal_spent"] for planet in planets] == [400, 60, 0, 0]
    for planet in planets:
        for resource in ("metal", "crystal", "deuterium"):
            assert planet[f"{resource}_spent"] == planet[f"{resource}_paid"]
            there = planet[f"{resource}_amount"] + planet[f"{resource}_paid"]
            assert planet[f"{resource}_received"] == there


async def each_way(url: URL, steps: Iterable[tuple[str, str]]) -> None:
    """Go up, down and up again in each step, and look whether rows are lost."""
    expected = counts(await rows_of(url))
    for older, newer in steps:
        await run_alembic(url, "upgrade", newer)
        upgraded = counts(await rows_of(url))
        assert common(upgraded, expected) == common(expected, upgraded)
        await run_alembic(url, "downgrade", older)
        assert counts(await rows_of(url)) == expected
        await run_alembic(url, "upgrade", newer)
        expected = upgraded


def steps_from(revision: str) -> list[tuple[str, str]]:
    released = released_revisions()
    return list(pairwise(released[released.index(revision) :]))


@EACH_ON_EITHER
async def test_that_rows_survive_the_next_revision_up_and_down(
    restored: Restore, revision: str
) -> None:
    await each_way(await restored(revision), steps_from(revision)[:1])


@pytest.mark.parametrize(
    ("restored", "revision"),
    [
        pytest.param(kind, revision, marks=[] if usual else [pytest.mark.slow])
        for kind in ("sqlite", "postgresql")
        for revision in STORED_REVISIONS
        for usual in [kind == "sqlite" and revision == STORED_REVISIONS[0]]
    ],
    indirect=["restored"],
)
async def test_that_rows_survive_every_revision_up_and_down(
    restored: Restore, revision: str
) -> None:
    await each_way(await restored(revision), steps_from(revision))


def counts(rows: Rows) -> dict[str, int]:
    return {table: len(found) for table, found in rows.items()}


def common(these: dict[str, int], those: dict[str, int]) -> dict[str, int]:
    return {table: count for table, count in these.items() if table in those}


# A migration that fails, and one that is killed ---------------------------------------------------

NEWEST = STORED_REVISIONS[-1]


def with_trouble(tmp_path: Path, trouble: str) -> Path:
    """Return a copy of the migrations that changes the planets and then runs into trouble."""
    scripts = tmp_path / "migrations"
    (scripts / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (scripts / name).write_text((migrations_path() / name).read_text())
    for path in (migrations_path() / "versions").glob("*.py"):
        (scripts / "versions" / path.name).write_text(path.read_text())
    (scripts / "versions" / "9001_trouble.py").write_text(
        f"""
import pathlib, time
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9001", "{released_revisions()[-1]}"
branch_labels = depends_on = None

def upgrade():
    with op.batch_alter_table("planets", recreate="always") as batch:
        batch.add_column(sa.Column("motto", sa.Text(), nullable=True))
    op.execute("UPDATE planets SET name = 'gone'")
    op.execute("DELETE FROM revoked_tokens")
    {trouble}

def downgrade():
    raise NotImplementedError("never released")
"""
    )
    return scripts


async def test_that_a_migration_that_fails_leaves_the_file_untouched(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    url = restore_file(NEWEST, path)
    await keep_as_the_program_does(url)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    scripts = with_trouble(tmp_path, 'raise OSError("not today")')
    with pytest.raises(DatabaseError, match="is as it was: not today"):
        await migrate(url, scripts_path=scripts)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    left = {found.name for found in tmp_path.iterdir() if found.name.startswith("world.db")}
    assert left == {"world.db"}


async def keep_as_the_program_does(url: URL) -> None:
    """Have the program's own settings of the file in it, as after a run that ended in order."""
    await database.start_db(url)
    await database.shutdown_db()


def test_that_a_killed_migration_leaves_a_database_to_start_from(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    restore_file(NEWEST, data_dir / "world.db")
    marker = tmp_path / "half way"
    trouble = f"pathlib.Path({str(marker)!r}).touch(); time.sleep(600)"
    scripts = with_trouble(tmp_path, trouble)
    program = (
        "import asyncio, pathlib\n"
        "from core.database import async_url\n"
        "from core.migrate import migrate\n"
        f"url = async_url('sqlite:///{data_dir}/world.db')\n"
        f"asyncio.run(migrate(url, scripts_path=pathlib.Path({str(scripts)!r})))\n"
    )
    migrating = subprocess.Popen([sys.executable, "-c", program], cwd=migrations_path().parent)
    try:
        wait_until("the migration is half way", marker.exists)
    finally:
        migrating.send_signal(signal.SIGKILL)
        migrating.wait()
    with hosting_warm(data_dir) as running:
        ada = PlayerClient(running.url, "ada")
        ada.log_in()
        assert ada.planet()["planet"]["name"] == "Homeworld"
        ada.close()
        assert running.stop() == 0
