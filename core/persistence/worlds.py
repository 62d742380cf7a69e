"""Operations on the world's tables: writing a save, loading a world."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from core.components import KINDS, PLAYER
from core.database import BEGINS_ITSELF, ReadSession, SessionLocal, clock_trail, make_engine
from core.ecs import EVERY_ID, Kind
from core.ecs.table import AnyArray, Ids
from core.errors import StorageError, WorldInUseError
from core.models.database import WORLD_CLOCK, WORLD_TABLES, PlayerRow, User
from core.persistence.accounts import insert_accounts
from core.persistence.bulk import BulkWriter, stored_columns_of
from core.persistence.driver_thread import fetch
from core.persistence.row_packing import decode, row_packing
from core.persistence.single_session import NewAccount
from core.save_batch import RowName, SaveBatch, SaveReceipt, TableRows, WorldClock

_LOAD_ROWS = 5_000
_READ_IDS = 500

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class LoadedTable:
    """All rows of one kind, by id."""

    ids: Ids
    columns: Mapping[str, AnyArray]


@dataclass(frozen=True, slots=True)
class LoadedWorld:
    """Everything that is on disk; `clock` is None where there is no world yet.

    `homeless` are accounts, (id, name), whose home was not saved before the program ended.
    """

    clock: WorldClock | None
    tables: Mapping[Kind, LoadedTable]
    homeless: tuple[tuple[int, str], ...]


async def write_batch(batch: SaveBatch, submitted_at: float) -> SaveReceipt:
    """Write a batch in one session and one transaction; return when it is committed.

    With a player who is deleted goes his account, the only one that a save ever touches.
    Writing it twice is the same as writing it once. `submitted_at` is time.perf_counter(). Raise
    WorldInUseError if another process has carried the world on.
    """
    session = SessionLocal()
    try:
        connection = await session.connection(execution_options={BEGINS_ITSELF: True})
        raw = await connection.get_raw_connection()
        if "nobody_else_wrote" not in raw.info:
            await _check_nobody_else_wrote(session)
            raw.info["nobody_else_wrote"] = True
        writer = BulkWriter(connection, raw.driver_connection, begins=True)
        for kind in reversed(KINDS):
            await writer.delete(kind.name, batch.deleted.get(kind.name, ()))
        # Neither is ever on the disk without the other: an account alone gets a home at a start.
        await writer.delete_accounts(batch.deleted.get(PLAYER.name, ()))
        for rows in batch.rows:
            await writer.write(rows)
        await writer.write_clock(batch.clock)
        writer.leave_to_commit()
        clock_trail().note_sent(batch.clock)
        await session.commit()
        committed_at = time.perf_counter()
        if not writer.executed_at:
            # SQLAlchemy passes over the commit of a connection that the driver has closed.
            await session.invalidate()
            raise StorageError("the connection to the database is closed; nothing was committed")
        clock_trail().note_committed(batch.clock)
    finally:
        # Not by `async with`, which has a task of its own do that: a tenth of a millisecond a save.
        await session.close()
    return SaveReceipt(
        aggregates=batch.aggregates,
        rows=writer.rows,
        bytes=sum(rows.bytes for rows in batch.rows),
        statements=writer.statements,
        tick=batch.clock.tick,
        queue_wait_s=writer.begun_at - submitted_at,
        execute_s=writer.executed_at - writer.begun_at,
        commit_s=committed_at - writer.executed_at,
    )


async def _check_nobody_else_wrote(session: AsyncSession) -> None:
    """Look, once over each connection, whether the world was carried on elsewhere meanwhile.

    A lock that was lost with its connection and taken again tells nothing of who had it between.
    """
    if not clock_trail().may_be(await _load_clock(session)):
        raise WorldInUseError(
            "another process has carried this world on while the connection was cut;"
            " what has changed here since cannot be saved"
        )


async def load_world(progress: Progress = lambda _table, _done, _total: None) -> LoadedWorld:
    """Read the whole world, in pieces, so that the window stays alive meanwhile."""
    async with ReadSession() as session:
        loaded = await _load(session, progress)
        clock_trail().note_loaded(loaded.clock)
        return loaded


async def load_world_at_rest(url: URL, progress: Progress) -> LoadedWorld:
    """Read the world of a database that is not open, and leave the database as it is."""
    engine = make_engine(url, read_only=True)
    try:
        async with AsyncSession(engine) as session:
            return await _load(session, progress)
    finally:
        await engine.dispose()


async def _load(session: AsyncSession, progress: Progress) -> LoadedWorld:
    connection = await session.connection()
    tables = {kind: await _load_table(connection, kind, progress) for kind in KINDS}
    return LoadedWorld(
        clock=await _load_clock(session), tables=tables, homeless=await _homeless(session)
    )


async def _load_clock(session: AsyncSession) -> WorldClock | None:
    row = (await session.execute(select(WORLD_CLOCK))).mappings().one_or_none()
    if row is None:
        return None
    return WorldClock(
        world_time=row["world_time"],
        tick=row["tick"],
        next_ids={kind.name: row[f"next_{kind.name}_id"] for kind in KINDS},
    )


async def _homeless(session: AsyncSession) -> tuple[tuple[int, str], ...]:
    players = PlayerRow.__table__
    query = (
        select(User.id, User.username)
        .outerjoin(players, players.c.id == User.id)
        .where(players.c.id.is_(None))
        .order_by(User.id)
    )
    return tuple((row.id, row.username) for row in await session.execute(query))


async def _load_table(connection: AsyncConnection, kind: Kind, progress: Progress) -> LoadedTable:
    table, packing = WORLD_TABLES[kind], row_packing(kind)
    total = await connection.scalar(select(func.count()).select_from(table)) or 0
    stored = (table.c[column.name] for column in packing.columns)
    query = select(table.c.id, *stored).order_by(table.c.id)
    ids: Ids = np.zeros(total, dtype=np.int64)
    columns = {column.field.key: column.field.empty(total) for column in stored_columns_of(kind)}
    done = 0

    def take_in(rows: Sequence[Any]) -> None:
        nonlocal done
        end = done + len(rows)
        parts = {key: column[done:end] for key, column in columns.items()}
        packing.take_in(rows, ids[done:end], parts)
        done = end

    while done < total:
        page = query.where(table.c.id > int(ids[done - 1])) if done else query
        await fetch(connection, page.limit(_LOAD_ROWS), take_in)
        progress(kind.name, done, total)
    return LoadedTable(ids, columns)


async def read_rows(wanted: Iterable[RowName]) -> tuple[TableRows, ...]:
    """Read some rows of the world as they are on disk; those that are not there are left out."""
    ids_of: dict[str, list[int]] = {}
    for table, entity_id in wanted:
        ids_of.setdefault(table, []).append(entity_id)
    async with ReadSession() as session:
        connection = await session.connection()
        return tuple(
            [
                await _read_table(connection, kind, ids_of[kind.name])
                for kind in KINDS
                if kind.name in ids_of
            ]
        )


async def _read_table(connection: AsyncConnection, kind: Kind, ids: list[int]) -> TableRows:
    if EVERY_ID in ids:
        loaded = await _load_table(connection, kind, lambda _table, _done, _total: None)
        return TableRows(kind.name, loaded.ids, loaded.columns)
    table, stored = WORLD_TABLES[kind], stored_columns_of(kind)
    query = select(table.c.id, *(table.c[column.name] for column in stored))
    rows: list[Any] = []
    for start in range(0, len(ids), _READ_IDS):
        some = table.c.id.in_(sorted(ids)[start : start + _READ_IDS])
        rows += (await connection.execute(query.where(some))).all()
    columns = {column.field.key: column.field.empty(len(rows)) for column in stored}
    if rows:
        decode(stored, list(zip(*rows, strict=True))[1:], columns)
    return TableRows(kind.name, np.array([row[0] for row in rows], dtype=np.int64), columns)


async def write_seed(
    accounts: Sequence[NewAccount],
    make_rows: Callable[[Ids], tuple[Sequence[TableRows], WorldClock]],
    progress: Progress,
    before_commit: Callable[[], None] = lambda: None,
) -> None:
    """Write a seeded world in one transaction; `make_rows` is given the ids of the accounts."""
    async with SessionLocal() as session, session.begin():
        ids = await insert_accounts(session, accounts, progress)
        rows, clock = make_rows(ids)
        connection = await session.connection()
        raw = await connection.get_raw_connection()
        writer = BulkWriter(connection, raw.driver_connection)
        for table in rows:
            total = len(table.ids)
            for start in range(0, total, _LOAD_ROWS):
                await writer.write(table.part(start, start + _LOAD_ROWS))
                await writer.finish()
                progress(table.table, min(start + _LOAD_ROWS, total), total)
        await writer.write_clock(clock)
        await writer.finish()
        before_commit()
