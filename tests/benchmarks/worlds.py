"""Worlds for benchmarks: seeded ones of any size, in memory and on disk."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtWidgets import QApplication
from sqlalchemy.engine import URL

from core import database, sync
from core.clock import SystemClock
from core.components import KINDS, NEVER, PLANET, PLAYER, UNIVERSE, UNIVERSE_ID
from core.config import Settings
from core.ecs.table import Table
from core.game import GameWorld
from core.indexes import prepare
from core.loading import build_game
from core.metrics import Metrics
from core.migrate import migrate
from core.persistence import worlds
from core.save_batch import TableRows, WorldClock
from core.seed import add_rows, make_planets, make_players, plan_seed
from core.state import economy_settings_of
from core.write_behind import SubmitSave
from desktop_app.running import run_on_host_loop
from tests.store import ManualStore
from tests.worlds import new_game

PLANETS_PER_PLAYER = 10


def on_host_loop(work: Callable[[], Coroutine[Any, Any, int]]) -> None:
    """Run a benchmark on the program's event loop, with the program's interpreter settings."""
    sys.setswitchinterval(0.001)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    # A benchmark may close its window and open another.
    QApplication.setQuitOnLastWindowClosed(False)
    run_on_host_loop(app, lambda _stop: work())


def seeded_game(planets: int, clock: SystemClock, *, idle: bool, store: ManualStore) -> GameWorld:
    """Return a world in memory; in an idle one nothing is ever due."""
    game = new_game(clock, store, galaxies=1000)
    _, players, rows = _seed(planets, clock.now(), game)
    if idle:
        rows.columns["Stocks.boundary_at"][:] = NEVER
        rows.columns["BuildQueue.finish_at"][:] = NEVER
    world = game.state.world
    add_rows(world, PLAYER, players)
    add_rows(world, PLANET, rows)
    # As a world that was loaded has them.
    prepare(world)
    return game


def _seed(planets: int, now: float, game: GameWorld) -> tuple[list[str], TableRows, TableRows]:
    player_count = max(1, planets // PLANETS_PER_PLAYER)
    ids = np.arange(1, player_count + 1, dtype=np.int64)
    plan = plan_seed(player_count, planets, 1000, 499)
    names = [f"player{number}" for number in range(1, player_count + 1)]
    settings = economy_settings_of(game.state.world)
    rows = make_planets(plan, ids, 1, settings, now, np.random.default_rng(1))
    return names, make_players(ids, names, rows, now), rows


async def write_seeded_world(where: Path | URL, planets: int) -> None:
    """Make a database with a seeded world: an SQLite file, or one that is empty."""
    clock = SystemClock()
    game = new_game(clock, ManualStore(at_once=True), galaxies=1000)
    names, players, rows = _seed(planets, clock.now(), game)
    accounts = [sync.NewAccount(name, "a@b.c", "x") for name in names]
    table = game.state.world.tables[UNIVERSE]
    universe = TableRows(
        UNIVERSE.name, table.ids, {field.key: table.array(field.key) for field in table.fields}
    )
    counts = {"universe": UNIVERSE_ID, "player": len(names), "planet": planets}
    next_ids = {kind.name: counts.get(kind.name, 0) + 1 for kind in KINDS}
    world_clock = WorldClock(clock.now(), 0, next_ids)
    async with open_world(where):
        await worlds.write_seed(
            accounts, lambda _ids: ((universe, players, rows), world_clock), lambda *_: None
        )


@asynccontextmanager
async def open_world(where: Path | URL) -> AsyncIterator[None]:
    """Open a database for a while, an SQLite file or any other."""
    url = database.async_url(f"sqlite:///{where}") if isinstance(where, Path) else where
    await migrate(url)
    await database.start_db(url)
    sync.set_persistence_loop(asyncio.get_running_loop())
    try:
        yield
    finally:
        sync.set_persistence_loop(None)
        await database.shutdown_db()


async def load_game(metrics: Metrics, submit: SubmitSave = sync.submit_save) -> GameWorld:
    """Load the world of the open database."""
    loaded = await worlds.load_world()
    return build_game(loaded, Settings(), SystemClock(), metrics, submit)


def changed_rows(game: GameWorld, count: int, number: int) -> TableRows:
    """Change planets, take off their marks, and return what a save writes of them."""
    change_planets(game, slice(0, count), number)
    table, marks = game.state.world.tables[PLANET], game.state.world.marks[PLANET]
    marks.take(np.arange(count), 0)
    columns = table.copy_rows(np.arange(count), _changed_components(table))
    return TableRows(PLANET.name, table.ids[:count].copy(), columns, whole=False)


def change_planets(game: GameWorld, rows: slice | np.ndarray[Any, Any], number: int) -> None:
    """Change planets as a due event would, every time to other values, and mark them."""
    table = game.state.world.tables[PLANET]
    amounts, received = table.array("Stocks.amount"), table.array("Ledger.received")
    before = amounts[rows].copy()
    amounts[rows] = np.floor(before) + number % 1000 * 0.001
    received[rows] += amounts[rows] - before
    flags, since = table.array("mark.flags"), table.array("mark.since")
    since[rows] = np.where(flags[rows] == 0, game.clock.now(), since[rows])
    flags[rows] |= 1
    table.array("mark.components")[rows] |= _changed_components(table)


def _changed_components(table: Table) -> int:
    """Return what change_planets() changes, as marks have it."""
    return table.component_bits["Stocks.amount"] | table.component_bits["Ledger.received"]
