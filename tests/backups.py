"""Backups for tests: manifests out of thin air, and worlds worth a backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.backup_shelf import BackupReason, Manifest
from core.commands import FoundHome, StartBuilding
from core.persistence import accounts
from core.persistence.single_session import NewAccount
from core.persistence.worlds import write_batch
from tests.databases import open_database
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, new_game

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def no_progress(_what: str, _done: int, _total: int) -> None:
    """Tell nobody how far it is."""


def manifest(
    made_at: datetime = NOON,
    reason: BackupReason = BackupReason.SCHEDULED,
    verified: bool | None = True,
    name: str | None = None,
) -> Manifest:
    return Manifest(
        name=name or f"{made_at:%Y%m%dT%H%M%S.%f}-{reason.value}.db",
        made_at=made_at,
        reason=reason,
        revision="0001",
        world_time=made_at.timestamp(),
        tick=7,
        rows={"players": 2, "planets": 3},
        bytes=4096,
        verified=verified,
    )


async def make_world(where: Any, *names: str) -> None:
    """Write a small world in which something is being built into a database."""
    store = ManualStore(at_once=True)
    game = new_game(ManualClock(), store)
    for number, name in enumerate(names, start=1):
        carry_out(game, FoundHome(number, name))
        carry_out(game, StartBuilding(number, "solar_plant"))
    game.save_player_data()
    async with open_database(where):
        for name in names:
            await accounts.register_account(NewAccount(name, f"{name}@b.c", "x"))
        for batch in store.committed:
            await write_batch(batch, 0.0)


def rows(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def change(path: Path, *statements: str) -> None:
    """Change a file behind everybody's back; foreign keys are not looked at."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def players_in(path: Path) -> list[str]:
    return [name for (name,) in rows(path, "SELECT username FROM users ORDER BY id")]
