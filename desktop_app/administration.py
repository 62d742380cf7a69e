"""Commands for a world that is not running: migrate, seed, reset-password, grant-admin.

Those that concern backups are in desktop_app.backup_commands.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication

from core import database, sync
from core.backup_shelf import BackupReason, BackupShelf
from core.components import PLANET, PLAYER, UNIVERSE, UNIVERSE_ID
from core.config import Settings
from core.ecs.table import Ids
from core.errors import StarkeepError
from core.loading import world_of
from core.migrate import create_all, migrate
from core.paths import DataFolder
from core.save_batch import TableRows, WorldClock
from core.seed import plan_seed
from core.seeded_world import Population, make_world
from core.world_backup import make_backup
from desktop_app import backup_commands, logs
from desktop_app.running import run_on_host_loop
from desktop_app.shell import Progress, database_url, locked, settings_for
from desktop_app.undertaking import Undertaking

if TYPE_CHECKING:
    from sqlalchemy.engine import URL


def run(options: argparse.Namespace, folder: DataFolder) -> int:
    """Carry out a command and return the exit code. Raise StarkeepError if it cannot be."""
    command = COMMANDS[options.command]
    logs.keep_quiet()
    app = QCoreApplication(sys.argv[:1])
    undertaking = Undertaking()
    return run_on_host_loop(
        app, lambda stop: undertaking.carry_out(stop, command(options, folder, undertaking))
    )


async def _migrate(
    options: argparse.Namespace, folder: DataFolder, undertaking: Undertaking
) -> int:
    with locked(options, folder) as settings:
        url, back_up = database_url(settings, folder), _backing_up(settings, folder, undertaking)
        done = await migrate(url, back_up=back_up, before_change=undertaking.go_through)
    print(done)
    if done.backup is not None:
        print(f"the database from before is in {done.backup}")
    return 0


async def _reset_password(
    options: argparse.Namespace, folder: DataFolder, undertaking: Undertaking
) -> int:
    password = secrets.token_urlsafe(12)
    password_hash = await _hash_of(password)
    async with _open(options, folder, undertaking):
        account_id = await _account_id(options.user)
        undertaking.go_through()
        await sync.change_password(account_id, password_hash)
        print(f"the new password of {options.user} is {password}")
    return 0


async def _grant_admin(
    options: argparse.Namespace, folder: DataFolder, undertaking: Undertaking
) -> int:
    async with _open(options, folder, undertaking):
        account_id = await _account_id(options.user)
        undertaking.go_through()
        await sync.grant_admin(account_id)
        print(f"{options.user} is an administrator")
    return 0


async def _seed(options: argparse.Namespace, folder: DataFolder, undertaking: Undertaking) -> int:
    password_hash = await _hash_of(options.password)
    async with _open(options, folder, undertaking, may_be_new=True) as settings:
        loaded = await sync.load_world(Progress())
        if loaded.homeless or any(len(loaded.tables[kind].ids) for kind in (PLAYER, PLANET)):
            raise StarkeepError("seed fills a world without players; this one has some already")
        await _write_seed(options, settings, loaded, password_hash, undertaking)
    return 0


async def _write_seed(
    options: argparse.Namespace,
    settings: Settings,
    loaded: sync.LoadedWorld,
    password_hash: str,
    undertaking: Undertaking,
) -> None:
    start = time.monotonic()
    # A world that was started before has a time and ids of its own, which never go back.
    before = loaded.clock or WorldClock(0.0, 0, {})
    now = max(time.time(), before.world_time)
    world = world_of(loaded, settings, now)
    table = world.tables[UNIVERSE]
    galaxies = table.get(UNIVERSE_ID, "Universe.galaxies")
    plan = plan_seed(
        options.players, options.planets, galaxies, table.get(UNIVERSE_ID, "Universe.systems")
    )
    if plan.galaxies > galaxies:
        print(
            f"{plan.planets} planets do not fit {galaxies} galaxies: there will be {plan.galaxies}"
        )
        table.set(UNIVERSE_ID, "Universe.galaxies", plan.galaxies)
    bot_count = options.bots or 0
    if not 0 <= bot_count <= plan.players or options.fleets < 0:
        raise StarkeepError("bots are some of the players, and there are no less than no fleets")
    bots = [sync.new_bot(number) for number in range(1, bot_count + 1)]
    people = [f"player{number}" for number in range(1, plan.players - bot_count + 1)]
    accounts = [
        *bots,
        *(sync.NewAccount(name, f"{name}@example.org", password_hash) for name in people),
    ]
    names = [account.username for account in accounts]
    population = Population(plan, names, bot_count, options.fleets)

    def make_rows(player_ids: Ids) -> tuple[Sequence[TableRows], WorldClock]:
        generator = np.random.default_rng(options.random_seed)
        clock = WorldClock(now, before.tick, {})
        return make_world(population, world, player_ids, clock, generator)

    await sync.write_seed(accounts, make_rows, Progress(), undertaking.go_through)
    fleets = f" and {options.fleets} fleets" if options.fleets else ""
    print(
        f"{plan.players} players with {plan.planets} planets{fleets}"
        f" in {time.monotonic() - start:.0f} s; their password is {options.password}"
    )


def _refuse_missing_world(options: argparse.Namespace, folder: DataFolder) -> None:
    """Refuse a place without a world before anything is made there: it was mistyped."""
    path = database.sqlite_path(database_url(settings_for(options, folder), folder))
    if path is not None and not path.exists():
        raise StarkeepError(
            f"there is no world: {path} does not exist; see --data-dir and --database-url"
        )


@contextlib.asynccontextmanager
async def _open(
    options: argparse.Namespace,
    folder: DataFolder,
    undertaking: Undertaking,
    *,
    may_be_new: bool = False,
) -> AsyncIterator[Settings]:
    """Open the world's database for a while, migrated. Raise StarkeepError if there is none."""
    if not may_be_new:
        _refuse_missing_world(options, folder)
    with locked(options, folder) as settings:
        url = database_url(settings, folder)
        await _make_ready(url, settings, folder, undertaking)
        await database.start_db(url, settings.database_pool_size)
        sync.set_persistence_loop(asyncio.get_running_loop())
        try:
            yield settings
        finally:
            undertaking.go_through()
            sync.set_persistence_loop(None)
            await database.shutdown_db()


async def _make_ready(
    url: URL, settings: Settings, folder: DataFolder, undertaking: Undertaking
) -> None:
    """Bring a database to this version, or make its tables."""
    if settings.dev_create_all:
        undertaking.go_through()
        await create_all(url)
        undertaking.done("the tables are there")
        return
    back_up = _backing_up(settings, folder, undertaking)
    made = await migrate(url, back_up=back_up, before_change=undertaking.go_through)
    if made.changed:
        undertaking.done(
            "the database was brought to this version" if made.before else "an empty world was made"
        )


def _backing_up(
    settings: Settings, folder: DataFolder, undertaking: Undertaking
) -> Callable[[], Awaitable[Path]]:
    """Return what makes the backup of a database that is about to be changed."""

    async def back_up() -> Path:
        url, shelf = settings.database_url or folder.database_url, BackupShelf(folder.backups)
        reason, before_change = BackupReason.BEFORE_MIGRATION, undertaking.go_through
        made = await make_backup(url, shelf, reason, Progress(), before_change)
        path = shelf.path_of(made.name)
        undertaking.done(f"a backup was made, {path}")
        return path

    return back_up


async def _hash_of(password: str) -> str:
    from core.api.passwords import Passwords

    passwords = Passwords()
    try:
        return await passwords.hash(password)
    finally:
        passwords.close()


async def _account_id(username: str) -> int:
    credentials = await sync.find_credentials(username)
    if credentials is None:
        raise StarkeepError(f"there is no account called {username}")
    return credentials.account.id


COMMANDS = {
    "migrate": _migrate,
    "seed": _seed,
    "reset-password": _reset_password,
    "grant-admin": _grant_admin,
    "backup": backup_commands.backup,
    "backups": backup_commands.backups,
    "restore": backup_commands.restore_backup,
    "check": backup_commands.check,
}
