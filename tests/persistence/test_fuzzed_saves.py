"""Whatever a payload holds: refused in our own words and nothing is changed, or saved and kept.

`python3 dev.py test -- --fuzz 10000 tests/persistence/test_fuzzed_saves.py` is the long run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from sqlalchemy import delete, insert, select, text
from sqlalchemy.engine import URL

from core import check, sync
from core.check import trial
from core.clock import SystemClock
from core.components import KINDS
from core.config import Settings
from core.database import ReadSession, SessionLocal
from core.ecs import Kind, World
from core.errors import SaveRefusedError, StarkeepError
from core.loading import build_game
from core.metrics import Metrics
from core.models.database import WORLD_TABLES, User
from core.persistence import worlds
from core.persistence.worlds import LoadedWorld
from core.save_batch import RowName, SaveBatch, SaveReason, TableRows, WorldClock
from core.sound_world import unsound
from desktop_app.host_loop import HostLoop
from tests.databases import open_database
from tests.persistence.payloads import payloads
from tests.persistence.test_worlds import lively_game, loaded_bits, register
from tests.store import ManualStore, is_in
from tests.worlds import Bits

PLAYER_NAMES = ("ada", "bea", "cyd")
FIXED = {
    kind.name: {field.key for field in World(KINDS).tables[kind].fields if field.column.fixed}
    for kind in KINDS
}
Dump = dict[str, list[tuple[Any, ...]]]


class FuzzedWorld:
    """A small world that payloads are thrown at; each finds it as it was at first."""

    def __init__(self, store: ManualStore) -> None:
        self._store = store
        self._untouched = True

    async def begin(self) -> None:
        await register(*PLAYER_NAMES, "homeless")
        for batch in self._store.committed:
            await worlds.write_batch(batch, time.perf_counter())
        self._loaded = await worlds.load_world()
        assert list(unsound(self._loaded)) == []
        self.content = loaded_bits(self._loaded)
        self._dump = await dump()
        async with ReadSession() as session:
            rows = (await session.execute(select(User.__table__))).mappings()
            self._accounts = [dict(row) for row in rows]

    @property
    def base(self) -> Mapping[Kind, TableRows]:
        return {
            kind: TableRows(kind.name, table.ids, table.columns)
            for kind, table in self._loaded.tables.items()
        }

    @property
    def clock(self) -> WorldClock:
        assert self._loaded.clock is not None
        return self._loaded.clock

    async def receive(self, batch: SaveBatch) -> str:
        """Have a payload written; return what became of it. Whatever that is, it must be sound."""
        await self._take_back()
        self._untouched = False
        try:
            receipt = await asyncio.wrap_future(sync.submit_save(batch))
        except SaveRefusedError:
            assert await dump() == self._dump
            self._untouched = True
            return "refused"
        if receipt.refused:
            assert all(refusal.reason for refusal in receipt.refused)
            refused: frozenset[RowName] = frozenset().union(*(r.rows for r in receipt.refused))
            check_groups_are_whole(batch, refused)
        else:
            refused = frozenset()
        loaded = await worlds.load_world()
        assert loaded.clock == batch.clock
        assert loaded_bits(loaded) == self.after(batch, refused)
        check_can_be_started(loaded)
        return "saved in part" if refused else "saved"

    def after(self, batch: SaveBatch, refused: frozenset[RowName]) -> Bits:
        """Return what the world must hold when all of a batch is saved but what was refused."""
        content = {table: dict(rows) for table, rows in self.content.items()}
        for table, ids in batch.deleted.items():
            for id_ in ids:
                if not is_in((table, id_), refused):
                    content[table].pop(id_, None)
        for rows in batch.rows:
            for place, id_ in enumerate(rows.ids.tolist()):
                if is_in((rows.table, id_), refused):
                    continue
                new = values_of(rows, place)
                kept = content[rows.table].get(id_, new)
                new |= {key: kept[key] for key in FIXED[rows.table]}
                content[rows.table][id_] = new
        return {table: dict(sorted(rows.items())) for table, rows in content.items()}

    async def _take_back(self) -> None:
        """Make the world what it was at first: by a save, which must work as if nothing was."""
        if self._untouched:
            return
        async with SessionLocal() as session, session.begin():
            for kind in reversed(KINDS):
                await session.execute(WORLD_TABLES[kind].delete())
            # With a player who was deleted went his account.
            await session.execute(delete(User))
            await session.execute(insert(User), self._accounts)
        rows = tuple(self.base[kind] for kind in KINDS)
        again = SaveBatch(8, SaveReason.MANUAL, rows, {}, self.clock, 0.0)
        receipt = await asyncio.wrap_future(sync.submit_save(again))
        assert not receipt.refused
        assert await dump() == self._dump


def values_of(rows: TableRows, place: int) -> dict[str, Any]:
    return {
        key: tuple(column[place].tolist()) if column.ndim > 1 else column.item(place)
        for key, column in rows.columns.items()
    }


def check_groups_are_whole(batch: SaveBatch, refused: frozenset[RowName]) -> None:
    """Look that no group was parted."""
    there = {(rows.table, id_) for rows in batch.rows for id_ in rows.ids.tolist()}
    there |= {(table, id_) for table, ids in batch.deleted.items() for id_ in ids}
    for group in batch.groups:
        members = {name for name in there if is_in(name, group)}
        assert len({is_in(name, refused) for name in members}) <= 1, group


def check_can_be_started(loaded: LoadedWorld) -> None:
    """Look that what is saved makes a world, or is refused in our own words.

    What a mistake of ours puts into a row that is well-formed is saved all the same, and found.
    """
    findings = list(unsound(loaded))
    try:
        build_game(loaded, Settings(), SystemClock(), Metrics(), check._refuse_to_save)
    except StarkeepError:
        assert findings
        return
    if not findings:
        # A clock that is centuries ahead is no broken row; what comes until then has no end.
        assert all("without end" in said for said in trial(loaded, Settings()))


async def dump() -> Dump:
    """Return every value of the world's tables."""
    async with ReadSession() as session:
        found = {}
        for table in ("universe", "players", "planets", "world_clock", "users"):
            query = text(f"SELECT * FROM {table} ORDER BY id")
            found[table] = [tuple(row) for row in await session.execute(query)]
        return found


def test_that_a_payload_is_refused_and_changes_nothing_or_is_saved_and_kept(
    database_url: URL, qloop: HostLoop, request: pytest.FixtureRequest
) -> None:
    store = ManualStore(at_once=True)
    lively_game(store)
    world = FuzzedWorld(store)
    opened = open_database(database_url)
    qloop.run_until_complete(opened.__aenter__())
    try:
        qloop.run_until_complete(world.begin())

        @settings(
            max_examples=request.config.getoption("--fuzz"),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        @given(payloads(world.base, world.clock.world_time))
        def throw(batch: SaveBatch) -> None:
            event(qloop.run_until_complete(asyncio.wait_for(world.receive(batch), 30)))

        throw()
    finally:
        qloop.run_until_complete(opened.__aexit__(None, None, None))
