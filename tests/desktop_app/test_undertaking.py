"""A command that is stopped says what it has changed, whatever the moment."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core import backup_shelf, database, durable_files, restore
from core.api.passwords import Passwords
from core.backup_shelf import BackupShelf
from core.errors import StarkeepError
from core.paths import DataFolder
from core.secrets import load_or_create_secret
from desktop_app import administration, backup_commands
from desktop_app.__main__ import _parser
from desktop_app.administration import COMMANDS
from desktop_app.shell import Progress
from desktop_app.undertaking import Undertaking
from tests.databases import execute_in, put_empty_world, rows_in, url_of_world

TOO_LATE = "it is too late to stop: a change is finished first\n"


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Close the log files that commands open."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


async def carry_out(stop: asyncio.Event, folder: Path, *words: str) -> int:
    options = _parser().parse_args([*words, "--log-level", "warning"])
    undertaking = Undertaking()
    command = COMMANDS[options.command](options, DataFolder(folder), undertaking)
    return await undertaking.carry_out(stop, command)


async def make_world(folder: Path) -> None:
    """Make a world in which player1 has a planet."""
    await put_empty_world(url_of_world(folder))
    assert await carry_out(asyncio.Event(), folder, "seed", "--players", "1", "--planets", "1") == 0


@contextmanager
def stopped_at_a_commit(stop: asyncio.Event, *dialects: str) -> Iterator[None]:
    """Stop when a commit is about to be sent, to whatever database or to one of a dialect."""

    def on_commit(connection: Any) -> None:
        if not dialects or connection.dialect.name in dialects:
            stop.set()

    event.listen(Engine, "commit", on_commit)
    try:
        yield
    finally:
        event.remove(Engine, "commit", on_commit)


async def want_to_stop(stop: asyncio.Event) -> None:
    """Stop, and let that be heard."""
    stop.set()
    for _ in range(9):
        await asyncio.sleep(0)


def stopping_first(stop: asyncio.Event, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that has its command stopped first, for a thread other than the loop's."""
    loop = asyncio.get_running_loop()

    def stopping(*arguments: Any) -> Any:
        asyncio.run_coroutine_threadsafe(want_to_stop(stop), loop).result(20)
        return function(*arguments)

    return stopping


@contextmanager
def stopped_at_a_call(stop: asyncio.Event, module: object, name: str) -> Iterator[None]:
    """Stop when a coroutine function is called, and let that be heard before it runs."""
    function = getattr(module, name)

    async def stopping(*arguments: Any, **options: Any) -> Any:
        await want_to_stop(stop)
        return await function(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, stopping)
        yield


# One command --------------------------------------------------------------------------------------


async def test_that_a_command_ends_with_its_own_exit_code() -> None:
    async def command() -> int:
        return 3

    assert await Undertaking().carry_out(asyncio.Event(), command()) == 3


async def test_that_an_error_of_a_command_comes_out() -> None:
    async def command() -> int:
        raise StarkeepError("there is no account called ada")

    with pytest.raises(StarkeepError, match="no account"):
        await Undertaking().carry_out(asyncio.Event(), command())


async def test_that_a_command_that_is_stopped_cleans_up_first() -> None:
    stop, cleaned_up = asyncio.Event(), False

    async def command() -> int:
        nonlocal cleaned_up
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned_up = True
        return 0

    with pytest.raises(StarkeepError, match=r"^stopped; nothing was changed$"):
        await Undertaking().carry_out(stop, command())
    assert cleaned_up


async def test_that_a_change_is_finished_and_named_before_a_stop_is_heard() -> None:
    stop, undertaking, finished = asyncio.Event(), Undertaking(), []

    async def command() -> int:
        undertaking.go_through()
        stop.set()
        await asyncio.sleep(0.01)
        finished.append("first")
        undertaking.done("the first thing")
        finished.append("second")
        return 0

    with pytest.raises(StarkeepError, match=r"^stopped; nothing .* but this: the first thing$"):
        await undertaking.carry_out(stop, command())
    assert finished == ["first"]


# The commands -------------------------------------------------------------------------------------


async def test_that_a_new_password_that_is_being_committed_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_world(tmp_path)
    stop = asyncio.Event()
    with stopped_at_a_commit(stop):
        assert await carry_out(stop, tmp_path, "reset-password", "player1") == 0
    said = capsys.readouterr()
    password = said.out.splitlines()[-1].removeprefix("the new password of player1 is ")
    ((stored,),) = await rows_in(tmp_path, "SELECT password_hash FROM users")
    passwords = Passwords()
    assert await passwords.matches(password, stored)
    passwords.close()
    assert said.err.endswith(TOO_LATE)


@pytest.mark.parametrize(
    ("module", "name"), [(administration, "_account_id"), (database, "start_db")]
)
async def test_that_a_stop_before_the_change_changes_nothing(
    tmp_path: Path, module: object, name: str
) -> None:
    await make_world(tmp_path)
    before = await rows_in(tmp_path, "SELECT password_hash, is_admin FROM users")
    for words in (("reset-password", "player1"), ("grant-admin", "player1")):
        stop = asyncio.Event()
        with (
            stopped_at_a_call(stop, module, name),
            pytest.raises(StarkeepError, match=r"^stopped; nothing was changed$"),
        ):
            await carry_out(stop, tmp_path, *words)
        assert not database.is_open()
    assert await rows_in(tmp_path, "SELECT password_hash, is_admin FROM users") == before


async def test_that_a_stop_while_the_database_is_closed_lets_it_be_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_world(tmp_path)
    stop = asyncio.Event()
    with stopped_at_a_call(stop, database, "shutdown_db"):
        assert await carry_out(stop, tmp_path, "grant-admin", "player1") == 0
    assert "player1 is an administrator" in capsys.readouterr().out
    assert not database.is_open()
    assert not (tmp_path / "world.db-wal").exists()
    assert await rows_in(tmp_path, "SELECT username FROM users WHERE is_admin") == [("player1",)]


async def test_that_an_error_is_told_though_a_stop_came_while_the_database_was_closed(
    tmp_path: Path,
) -> None:
    await make_world(tmp_path)
    stop = asyncio.Event()
    with (
        stopped_at_a_call(stop, database, "shutdown_db"),
        pytest.raises(StarkeepError, match="no account called nobody"),
    ):
        await carry_out(stop, tmp_path, "grant-admin", "nobody")
    assert not database.is_open()


async def test_that_a_seed_that_is_stopped_leaves_an_empty_world_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = asyncio.Event()

    class Stopping(Progress):
        def __call__(self, what: str, done: int, total: int) -> None:
            if what == "planet":
                stop.set()

    monkeypatch.setattr(administration, "Progress", Stopping)
    with pytest.raises(StarkeepError, match=r"^stopped; nothing was changed"):
        await carry_out(stop, tmp_path, "seed", "--players", "2", "--planets", "20000")
    assert not database.is_open()
    assert await rows_in(tmp_path, "SELECT count(*) FROM users") == [(0,)]
    monkeypatch.undo()
    await make_world(tmp_path)


async def test_that_a_seed_that_is_being_committed_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_world(tmp_path)
    execute_in(tmp_path, "DELETE FROM planets", "DELETE FROM players", "DELETE FROM users")
    stop = asyncio.Event()
    with stopped_at_a_commit(stop):
        words = ("seed", "--players", "2", "--planets", "3")
        assert await carry_out(stop, tmp_path, *words) == 0
    assert "2 players with 3 planets" in capsys.readouterr().out
    assert await rows_in(tmp_path, "SELECT count(*) FROM planets") == [(3,)]


@pytest.mark.sqlite_file
async def test_that_a_migration_that_is_being_committed_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = asyncio.Event()
    with stopped_at_a_commit(stop):
        assert await carry_out(stop, tmp_path, "migrate") == 0
    assert "migrated from nothing to" in capsys.readouterr().out
    stop.clear()
    assert await carry_out(stop, tmp_path, "migrate") == 0
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.sqlite_file
async def test_that_a_command_that_had_to_make_the_world_first_says_so(tmp_path: Path) -> None:
    stop = asyncio.Event()
    with (
        stopped_at_a_commit(stop),
        pytest.raises(StarkeepError, match="nothing was changed but this: an empty world was made"),
    ):
        await carry_out(stop, tmp_path, "seed", "--players", "1", "--planets", "1")


async def test_that_a_backup_that_is_stopped_is_there_or_not_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_world(tmp_path)
    shelf, stop = BackupShelf(DataFolder(tmp_path).backups), asyncio.Event()
    with (
        stopped_at_a_call(stop, backup_commands, "make_backup"),
        pytest.raises(StarkeepError, match=r"^stopped; nothing was changed$"),
    ):
        await carry_out(stop, tmp_path, "backup")
    assert not shelf.manifests()
    stop.clear()
    monkeypatch.setattr(BackupShelf, "add", stopping_first(stop, BackupShelf.add))
    with pytest.raises(StarkeepError) as stopped:
        await carry_out(stop, tmp_path, "backup")
    (made,) = shelf.manifests()
    assert str(stopped.value) == (
        "stopped; nothing was changed but this:"
        f" backed up to {shelf.path_of(made.name)}, which was not checked any more"
    )


async def test_that_a_backup_elsewhere_that_is_stopped_leaves_nothing_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_world(tmp_path)
    stop = asyncio.Event()
    describe = stopping_first(stop, backup_shelf.describe)
    monkeypatch.setattr("core.world_backup.describe", describe)
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(StarkeepError, match=r"^stopped; nothing was changed$"):
        await carry_out(stop, tmp_path, "backup", str(elsewhere / "copy.db"))
    assert not list(elsewhere.iterdir())


async def test_that_a_restore_that_is_stopped_says_which_world_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_world(tmp_path)
    copy = tmp_path / "copy.db"
    assert await carry_out(asyncio.Event(), tmp_path, "backup", str(copy)) == 0
    execute_in(tmp_path, "UPDATE users SET username = 'renamed'")
    stop = asyncio.Event()
    with (
        stopped_at_a_call(stop, backup_commands, "replace_the_present"),
        pytest.raises(StarkeepError, match="but this: the world was backed up to "),
    ):
        await carry_out(stop, tmp_path, "restore", str(copy), "--yes")
    assert await rows_in(tmp_path, "SELECT username FROM users") == [("renamed",)]
    secret = DataFolder(tmp_path).secret
    load_or_create_secret(secret)
    stop, put_in_place = asyncio.Event(), durable_files.put_in_place
    with pytest.MonkeyPatch.context() as patch, stopped_at_a_commit(stop, "postgresql"):

        def stopping(*paths: Path) -> None:
            stop.set()
            put_in_place(*paths)

        patch.setattr(restore, "put_in_place", stopping)
        assert await carry_out(stop, tmp_path, "restore", str(copy), "--yes") == 0
    assert "restored" in capsys.readouterr().out
    assert not secret.exists()
    assert await rows_in(tmp_path, "SELECT username FROM users") == [("player1",)]
