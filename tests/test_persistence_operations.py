"""The table of operations in PERSISTENCE.md, held against the code."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sqlite3
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import sync
from core.commands import RequestKey
from core.components import KINDS
from core.models.database import Base
from core.persistence import accounts, answered_requests, bisecting, worlds
from core.persistence.accounts import AccountChange, Revocation
from core.persistence.answered_requests import KeyedRequest
from core.save_batch import SaveBatch, WorldClock
from core.seed import plan_seed
from core.seeded_world import Population, make_world
from core.sync import NewAccount
from tests.databases import open_database
from tests.manual_clock import START
from tests.persistence.test_worlds import lively_game
from tests.store import ManualStore
from tests.worlds import new_state

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    "accounts": accounts,
    "answered_requests": answered_requests,
    "bisecting": bisecting,
    "worlds": worlds,
}
NOTHING = "–"


def operations() -> dict[str, Any]:
    """Return the operations behind the door, by the name of the function that leads to them."""
    found = {}
    for node in ast.parse(inspect.getsource(sync)).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in ast.walk(node):
            if (
                isinstance(call, ast.Attribute)
                and isinstance(call.value, ast.Name)
                and call.value.id in MODULES
                and inspect.iscoroutinefunction(getattr(MODULES[call.value.id], call.attr))
            ):
                found[node.name] = getattr(MODULES[call.value.id], call.attr)
    return found


def table() -> dict[str, list[str]]:
    """Return the rows of the table by operation: reads, writes, when, called by."""
    text = (ROOT / "PERSISTENCE.md").read_text(encoding="utf-8")
    begin = text.index("| operation | reads |")
    lines = text[begin : text.index("\n\n", begin)].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name.strip("`"): rest for name, *rest in cells}


def named(cell: str) -> set[str]:
    """Return the tables that a cell of the table names."""
    return set() if cell == NOTHING else set(cell.split(", "))


def test_that_every_operation_is_listed_and_nothing_else() -> None:
    assert table().keys() == operations().keys()


@pytest.mark.parametrize("name", table())
def test_that_a_row_names_tables_that_exist_and_the_caller(name: str) -> None:
    reads, writes, when, caller = table()[name]
    for cell in (reads, writes):
        assert named(cell) <= Base.metadata.tables.keys()
    assert when
    source = (ROOT / caller.strip("`")).read_text(encoding="utf-8")
    assert re.search(rf"\b{name}\b", source)


@pytest.mark.parametrize("name", table())
def test_that_an_operation_that_writes_nothing_has_no_session_that_could(name: str) -> None:
    source = inspect.getsource(inspect.unwrap(operations()[name]))
    writes = table()[name][1]
    if writes == NOTHING:
        assert "ReadSession()" in source
        assert "SessionLocal" not in source
    elif name != "submit_save":  # which leaves the session to worlds.write_batch
        assert "SessionLocal()" in source


# What they touch, as SQLite tells it --------------------------------------------------------------


class Touched:
    """Which tables SQLite was asked to read and to write, by operation."""

    def __init__(self) -> None:
        self.by_operation: dict[str, tuple[set[str], set[str]]] = {}
        self._read: set[str] = set()
        self._written: set[str] = set()

    def authorize(self, action: int, table: str | None, *_: str | None) -> int:
        """Be asked for leave by a connection, and give it."""
        if (action, table) == (sqlite3.SQLITE_PRAGMA, "foreign_keys"):
            # What the database looks up for their sake, the operation does not read.
            return sqlite3.SQLITE_IGNORE
        if table is not None and table in Base.metadata.tables:
            if action == sqlite3.SQLITE_READ:
                self._read.add(table)
            elif action in (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
                self._written.add(table)
        return sqlite3.SQLITE_OK

    async def by(self, name: str, operation: Awaitable[object]) -> None:
        """Let an operation do what it does, and note what that touches."""
        self._read, self._written = self.by_operation.setdefault(name, (set(), set()))
        await operation


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> Touched:
    touched, connect = Touched(), sqlite3.connect

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        # Leave is asked when a statement is prepared, so none is kept.
        connection: sqlite3.Connection = connect(*arguments, **options, cached_statements=0)
        connection.set_authorizer(touched.authorize)
        return connection

    monkeypatch.setattr(sqlite3, "connect", watched)
    return touched


async def seed(touched: Touched) -> None:
    names = [f"p{number}" for number in range(1, 9)]
    population = Population(plan_seed(len(names), 24, 1, 20), names, 4, 12)

    def make_rows(player_ids: Any) -> tuple[Any, WorldClock]:
        clock, world = WorldClock(START, 0, {}), new_state(systems=20).world
        return make_world(population, world, player_ids, clock, np.random.default_rng(1))

    new = [NewAccount(name, f"{name}@example.org", "x") for name in names]
    await touched.by("write_seed", sync.write_seed(new, make_rows, lambda *_: None))


async def saved(batch: SaveBatch) -> None:
    receipt = await asyncio.wrap_future(sync.submit_save(batch))
    assert not receipt.refused


async def save(touched: Touched) -> None:
    """Save something of every kind, and remove a player."""
    store = ManualStore(at_once=True)
    lively_game(store)
    gone = replace(store.committed[-1], rows=(), deleted={"planet": (2, 3), "player": (3,)})
    for batch in (*store.committed, gone):
        await touched.by("submit_save", saved(batch))
    await touched.by("read_rows", sync.read_rows([(kind.name, 0) for kind in KINDS]))
    await touched.by("load_world", sync.load_world(lambda *_: None))


async def change_accounts(touched: Touched) -> None:
    """Do whatever is done to accounts; each is asked for with a key where it may be."""

    def request(text: str) -> KeyedRequest:
        return KeyedRequest(RequestKey(1, text, 1))

    async def register(name: str) -> None:
        new = NewAccount(name, f"{name}@example.org", "x")
        await touched.by("register_account", sync.register_account(new, request("register")))

    for name in ("mira", "bea", "cyd", "homeless"):
        await register(name)
    for name, operation in (
        ("find_credentials", sync.find_credentials("mira")),
        ("find_account", sync.find_account(1)),
        ("record_login", sync.record_login(1)),
        ("find_answered", sync.find_answered(1, "register")),
        ("revoke_token", sync.revoke_token(Revocation("a", datetime.now(UTC)), request("leave"))),
        ("load_revocations", sync.load_revocations()),
        ("change_password", sync.change_password(1, "y", request=request("password"))),
        ("change_account", sync.change_account(1, AccountChange("mia"), request("rename"))),
        ("list_accounts", sync.list_accounts("", 10, 0)),
        ("grant_admin", sync.grant_admin(1)),
        ("keep_bots", sync.keep_bots(1)),
        ("delete_homeless_account", sync.delete_homeless_account(4)),
    ):
        await touched.by(name, operation)


@pytest.mark.sqlite_file
async def test_that_an_operation_touches_what_its_row_names(
    tmp_path: Path, touched: Touched
) -> None:
    async with open_database(tmp_path / "seeded" / "world.db"):
        await seed(touched)
    async with open_database(tmp_path / "world.db"):
        await change_accounts(touched)
        await save(touched)
    rows = {name: (named(reads), named(writes)) for name, (reads, writes, *_) in table().items()}
    assert touched.by_operation.keys() == rows.keys()
    for name, (reads, writes) in rows.items():
        read, written = touched.by_operation[name]
        assert written == writes, name
        # Of what it writes it need not tell that it finds the rows to write.
        assert reads <= read <= reads | writes, name
