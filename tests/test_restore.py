"""A backup in place of the present: what changes is said first, and the present is kept."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from core import backup, database
from core.backup_shelf import BackupReason, BackupShelf, Manifest
from core.check import check_file
from core.config import Settings
from core.database import SessionLocal
from core.errors import BackupError, DatabaseError
from core.persistence import accounts, worlds
from core.persistence.single_session import NewAccount
from core.restore import NAMED_MAX, plan_restore, restore
from core.secrets import load_or_create_secret
from core.world_backup import make_backup
from tests.backups import change, make_world, no_progress, players_in
from tests.databases import open_database


@pytest.fixture
def shelf(tmp_path: Path) -> BackupShelf:
    return BackupShelf(tmp_path / "backups")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


def plain(url: URL | Path) -> str:
    return f"sqlite:///{url}" if isinstance(url, Path) else url.render_as_string(False)


async def back_up(where: URL | Path, shelf: BackupShelf) -> Path:
    made = await make_backup(plain(where), shelf, BackupReason.MANUAL, no_progress)
    return shelf.path_of(made.name)


async def bring_back(file: Path, where: URL | Path, shelf: BackupShelf) -> Manifest | None:
    return await restore(file, plain(where), shelf, secret_of(shelf), no_progress)


def secret_of(shelf: BackupShelf) -> Path:
    """Return the file of the secret that signs the players' tokens."""
    return shelf.folder.parent / "secret.key"


async def register(where: URL | Path, *names: str) -> None:
    async with open_database(where):
        for name in names:
            await accounts.register_account(NewAccount(name, f"{name}@b.c", "x"))


async def names_in(where: URL | Path) -> list[str]:
    async with open_database(where), SessionLocal() as session:
        return list(await session.scalars(text("SELECT username FROM users ORDER BY id")))


async def forget(where: URL | Path, account_id: int) -> None:
    async with open_database(where), SessionLocal() as session, session.begin():
        await session.execute(text(f"DELETE FROM planets WHERE owner_id = {account_id}"))
        await session.execute(text(f"DELETE FROM players WHERE id = {account_id}"))
        await session.execute(text(f"DELETE FROM users WHERE id = {account_id}"))


# What will change ---------------------------------------------------------------------------------


async def test_that_it_says_what_will_change(path: Path, shelf: BackupShelf) -> None:
    await make_world(path, "ada", "bea")
    file = await back_up(path, shelf)
    await register(path, "cyd", "dan")
    await forget(path, 1)
    report = await plan_restore(file, plain(path))
    assert (report.now.players, report.then.players) == (3, 2)
    assert (report.now.planets, report.then.planets) == (1, 2)
    assert report.vanishing == ("cyd", "dan")
    assert report.returning == ("ada",)
    assert report.then.world_time is not None
    said = "\n".join(report.lines())
    assert "players: now 3, then 2" in said
    assert "players that vanish: cyd, dan" in said
    assert "players that come back: ada" in said


async def test_that_only_some_of_many_are_named(path: Path, shelf: BackupShelf) -> None:
    await make_world(path)
    file = await back_up(path, shelf)
    await register(path, *(f"player{number}" for number in range(NAMED_MAX + 5)))
    report = await plan_restore(file, plain(path))
    assert report.vanishing_count == NAMED_MAX + 5
    assert len(report.vanishing) == NAMED_MAX
    assert any(line.endswith("and 5 more") for line in report.lines())


async def test_that_a_newer_backup_is_refused_in_one_line(path: Path, shelf: BackupShelf) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    change(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="newer than this program") as caught:
        await plan_restore(file, plain(path))
    assert "\n" not in str(caught.value)


async def test_that_a_file_that_is_no_backup_is_refused(path: Path, tmp_path: Path) -> None:
    diary = tmp_path / "diary.db"
    diary.write_text("dear diary, " * 500)
    with pytest.raises(BackupError, match="is no backup of a world"):
        await plan_restore(diary, plain(path))


# Changing it --------------------------------------------------------------------------------------


async def test_that_the_world_is_the_backup_and_the_present_is_kept(
    path: Path, shelf: BackupShelf
) -> None:
    await make_world(path, "ada", "bea")
    file = await back_up(path, shelf)
    await register(path, "cyd")
    kept = await bring_back(file, path, shelf)
    assert players_in(path) == ["ada", "bea"]
    assert kept is not None
    assert kept.reason is BackupReason.BEFORE_RESTORE
    assert players_in(shelf.path_of(kept.name)) == ["ada", "bea", "cyd"]
    assert (await check_file(path, Settings(), no_progress)).findings == []
    # And back again.
    await bring_back(shelf.path_of(kept.name), path, shelf)
    assert players_in(path) == ["ada", "bea", "cyd"]


async def test_that_no_log_of_the_old_world_is_played_into_the_new_one(
    path: Path, shelf: BackupShelf, tmp_path: Path
) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    # The files of a process that was killed: what was committed last lies in the log alone.
    async with open_database(path):
        await accounts.register_account(NewAccount("cyd", "c@b.c", "x"))
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{path}{suffix}", tmp_path / f"killed.db{suffix}")
    killed = tmp_path / "killed.db"
    assert (tmp_path / "killed.db-wal").stat().st_size
    kept = await bring_back(file, killed, shelf)
    assert players_in(killed) == ["ada"]
    assert not list(tmp_path.glob("killed.db-*"))
    assert kept is not None
    assert players_in(shelf.path_of(kept.name)) == ["ada", "cyd"]


async def test_that_a_world_that_is_gone_comes_back(path: Path, shelf: BackupShelf) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    path.unlink()
    assert await bring_back(file, path, shelf) is None
    assert players_in(path) == ["ada"]


async def test_that_a_damaged_world_is_kept_as_it_is_and_replaced(
    path: Path, shelf: BackupShelf
) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    damaged = b"nothing of the world is left here" * 200
    path.write_bytes(damaged)
    kept = await bring_back(file, path, shelf)
    assert players_in(path) == ["ada"]
    assert kept is not None
    assert kept.verified is False
    assert "could not be read" in kept.findings[0]
    assert shelf.path_of(kept.name).read_bytes() == damaged


async def test_that_a_restore_that_fails_leaves_the_world_as_it_was(
    path: Path, shelf: BackupShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    await register(path, "bea")
    load_or_create_secret(secret_of(shelf))
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target) == path:
            # A kill now must not leave the other world and tokens that open accounts in it.
            assert not secret_of(shelf).exists()
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BackupError, match=r"as it was: .*No space left"):
        await bring_back(file, path, shelf)
    assert players_in(path) == ["ada", "bea"]
    assert sorted(p.name for p in path.parent.iterdir()) == ["backups", "world.db"]


async def test_that_a_log_somebody_still_reads_is_not_taken_from_the_world(
    path: Path, shelf: BackupShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    existing = backup.existing

    def impatient(path: Path, mode: str = "rw") -> sqlite3.Connection:
        connection = existing(path, mode)
        connection.execute("PRAGMA busy_timeout=0")
        return connection

    monkeypatch.setattr(backup, "existing", impatient)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 0)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM users").fetchall()
        await register(path, "bea")
        # What was committed last lies in the log alone, and cannot be moved for the reader.
        assert Path(f"{path}-wal").stat().st_size
        with pytest.raises(BackupError, match=r"as it was: another program is reading .*world\.db"):
            await bring_back(file, path, shelf)
        assert Path(f"{path}-wal").stat().st_size
        assert players_in(path) == ["ada", "bea"]
    await bring_back(file, path, shelf)
    assert players_in(path) == ["ada"]


async def test_that_a_present_that_cannot_be_kept_is_not_replaced(
    path: Path, shelf: BackupShelf, tmp_path: Path
) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    file = file.rename(tmp_path / "elsewhere.db")
    await register(path, "bea")
    shutil.rmtree(shelf.folder)
    shelf.folder.write_text("a file in the way")
    secret = load_or_create_secret(secret_of(shelf))
    with pytest.raises(BackupError, match="no backup could be made"):
        await bring_back(file, path, shelf)
    assert load_or_create_secret(secret_of(shelf)) == secret
    assert players_in(path) == ["ada", "bea"]


# From one kind of database to another -------------------------------------------------------------


async def test_that_a_backup_of_postgresql_is_the_world_of_one_instant(
    postgres_url: URL, shelf: BackupShelf, path: Path
) -> None:
    await make_world(postgres_url, "ada", "Zoë-ñ")
    await forget(postgres_url, 2)
    file = await back_up(postgres_url, shelf)
    (made,) = shelf.manifests()
    assert (made.rows["users"], made.rows["planets"]) == (1, 1)
    assert (await check_file(file, Settings(), no_progress)).findings == []
    # It is an SQLite world like any other.
    await bring_back(file, path, shelf)
    async with open_database(path):
        in_file = await worlds.load_world()
        bea = await accounts.register_account(NewAccount("bea", "b@b.c", "x"))
    async with open_database(postgres_url):
        on_server = await worlds.load_world()
    assert in_file.clock == on_server.clock
    for kind, table in on_server.tables.items():
        for key, column in table.columns.items():
            assert (in_file.tables[kind].columns[key] == column).all(), key
    # An id is not given out twice, not even one whose account is gone.
    assert isinstance(bea, accounts.Account)
    assert bea.id == 3


async def test_that_a_backup_goes_into_postgresql(
    postgres_url: URL, shelf: BackupShelf, path: Path
) -> None:
    await make_world(path, "ada", "bea", "cyd")
    await forget(path, 3)
    file = await back_up(path, shelf)
    await make_world(postgres_url, "someone", "else", "was", "here")
    load_or_create_secret(secret_of(shelf))
    kept = await bring_back(file, postgres_url, shelf)
    assert kept is not None
    assert kept.rows["users"] == 4
    assert await names_in(postgres_url) == ["ada", "bea"]
    assert not secret_of(shelf).exists()
    async with open_database(postgres_url):
        dan = await accounts.register_account(NewAccount("dan", "d@b.c", "x"))
        assert isinstance(dan, accounts.Account)
        assert dan.id == 4
        created_at = (await accounts.find_account(1)).created_at  # type: ignore[union-attr]
    async with open_database(path):
        account = await accounts.find_account(1)
        assert account is not None
        assert account.created_at == created_at
    report = await plan_restore(shelf.path_of(kept.name), plain(postgres_url))
    assert report.vanishing == ("ada", "bea", "dan")
    assert report.returning == ("someone", "else", "was", "here")


async def test_that_a_restore_into_postgresql_that_fails_changes_nothing(
    postgres_url: URL, shelf: BackupShelf, path: Path
) -> None:
    await make_world(path, "ada")
    file = await back_up(path, shelf)
    # The server refuses what the file has let pass.
    change(file, "PRAGMA ignore_check_constraints=ON", "UPDATE planets SET metal_amount = -5")
    await make_world(postgres_url, "bea")
    with pytest.raises(BackupError, match="as it was"):
        await bring_back(file, postgres_url, shelf)
    assert await names_in(postgres_url) == ["bea"]
