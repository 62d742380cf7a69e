"""Writing saves and loading worlds: what comes back is what went in, bit for bit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from core import stockpiles
from core.commands import (
    AbandonPlanet,
    AcceptFriend,
    AcceptOffer,
    CancelOffer,
    ChangePlanet,
    ChangeSettings,
    CreateOffer,
    DemolishBuilding,
    DispatchFleet,
    Once,
    OrderUnits,
    ReadMessage,
    RequestKey,
    SendMessage,
    StartBuilding,
    StartResearch,
)
from core.components import (
    DEBRIS,
    DEPARTED,
    FLEET,
    KINDS,
    NEVER,
    PLANET,
    PLAYER,
    REPORT,
    Debris,
    Departed,
    Finds,
    UnitQueue,
    Wreckage,
)
from core.database import ReadSession, SessionLocal
from core.ecs import Origin
from core.errors import DatabaseError, StorageError
from core.game import GameWorld
from core.persistence import accounts, worlds
from core.persistence.clock_trail import ClockTrail
from core.persistence.single_session import NewAccount
from core.reports import write_report
from core.rules.planets import Nature
from core.save_batch import SaveBatch, SaveReason, TableRows, WorldClock
from core.settlement import create_moon, create_planet
from tests.databases import locked_world, open_database
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import Bits, bits_of, carry_out, found, new_game, set_up


async def write(batch: SaveBatch) -> None:
    await worlds.write_batch(batch, time.perf_counter())


async def write_all(store: ManualStore) -> None:
    for batch in store.committed:
        await write(batch)


async def register(*names: str) -> None:
    for name in names:
        account = await accounts.register_account(NewAccount(name, f"{name}@b.c", "x"))
        assert isinstance(account, accounts.Account)


def lively_game(store: ManualStore) -> GameWorld:
    """Return a world in which every kind of value occurs."""
    clock = ManualClock()
    game = new_game(
        clock, store, command_log=True, starter_crystal=3_000.0, starter_deuterium=3_000.0
    )
    for player_id, name in enumerate(("ada", "Zoë-ñ", "李"), start=1):
        found(game, player_id, name)
    carry_out(game, StartBuilding(1, "solar_plant"))
    carry_out(game, Once(RequestKey(1, "a-key", 2**62), StartBuilding(1, "metal_mine")))
    carry_out(game, DemolishBuilding(1, "metal_mine"))
    trade(game)
    carry_out(game, ChangePlanet(2, 2, "Zoë-ñ’s", {"metal_mine": 70}))
    carry_out(game, StartBuilding(2, "research_lab"))
    clock.advance(400)
    carry_out(game, StartResearch(2, "computer"))
    carry_out(game, StartResearch(2, "computer"))
    # Two satellites are there when it is saved, a third is being built, and launchers wait.
    set_up(game, 2, levels={"shipyard": 1}, amounts=(9e3, 9e3, 9e3), units={"small_cargo": 3})
    carry_out(game, OrderUnits(2, "solar_satellite", 3))
    carry_out(game, OrderUnits(2, "rocket_launcher", 2))
    _send_a_fleet(game)
    _let_a_reactor_run_dry(game)
    _give_a_planet_up(game)
    clock.advance(3210.5678)
    game.advance(clock.now())
    planets = game.state.world.tables[PLANET]
    assert not planets.get(3, "Power.reactor_runs")
    assert planets.get(3, "Power.restart_at") < NEVER
    queue = game.state.world.component_for_entity(PLANET, 2, UnitQueue)
    assert (queue.units_delivered, queue.units_waiting) == (2, "rocket_launcher 2")
    tables = game.state.world.tables
    assert len(tables[FLEET]) == len(tables[DEBRIS]) == len(tables[REPORT]) == 1
    game.save_player_data()
    return game


def _send_a_fleet(game: GameWorld) -> None:
    """Have something under way that is not there before the end, debris in space, and a moon."""
    planets = game.state.world.tables[PLANET]
    names = ("galaxy", "system", "position")
    galaxy, system, position = (planets.get(1, f"Position.{name}") for name in names)
    order = DispatchFleet(2, "transport", (galaxy, system, position), {"small_cargo": 2}, {})
    carry_out(game, replace(order, cargo={"metal": 7, "crystal": 5}, speed_tenths=1))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        create_moon(game.state, 2, 8_366, game.time)
        game.state.world.create_entity(DEBRIS, Debris(1, 2, 3, left=(4, 7, 0)))
        wreckage = game.state.world.component_for_entity(PLAYER, 3, Wreckage)
        wreckage.debris_made, wreckage.cargo_lost = (7, 5, 0), (3, 0, 2)
        finds = game.state.world.component_for_entity(PLAYER, 3, Finds)
        finds.resources_found = (1, 0, 2)
        write_report(game.state, 3, "battle", {"name": "Zoë-ñ", "rounds": []}, game.time)
    game.writer.note_urgent()


def _give_a_planet_up(game: GameWorld) -> None:
    """Have player 3 have had a colony, on which something was spent and to which it was brought."""
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        colony = create_planet(game.state, 3, "Colony", (1, 1, 1), Nature(100, 20), game.time)
        stockpiles.take_away(game.state, 3, (4, 0, 0), game.time)
        stockpiles.bring(game.state, colony, (4, 0, 0), game.time)
        stockpiles.pay(game.state, colony, (30, 20, 0), game.time)
    game.writer.note_urgent()
    carry_out(game, AbandonPlanet(3, colony))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.create_entity(DEPARTED, Departed(99, game.time, moved=(1.0, -2.0, 0.0)))
    game.writer.note_urgent()


def _let_a_reactor_run_dry(game: GameWorld) -> None:
    """Leave player 3 with a reactor that burns 212 an hour and has fuel for 17 seconds."""
    levels = {"fusion_reactor": 9, "deuterium_synthesizer": 1, "solar_plant": 2}
    set_up(game, 3, levels=levels, amounts=(500, 500, 1))


def trade(game: GameWorld) -> None:
    """Have an offer in each of its states, messages that are read and unread, and a friend."""
    carry_out(game, ChangeSettings({"market_fee_percent": 10.0}))
    for seconds in (None, None, None, 60.0):
        carry_out(game, CreateOffer(2, "metal", 33, "crystal", 22, expires_in_s=seconds))
    carry_out(game, AcceptOffer(3, 1))
    carry_out(game, CancelOffer(2, 2))
    carry_out(game, SendMessage(3, 2, "Ünd weiter? 李"))
    carry_out(game, SendMessage(3, 2, "Bye"))
    carry_out(game, ReadMessage(2, 2))
    carry_out(game, AcceptFriend(1, 3))


def loaded_bits(loaded: worlds.LoadedWorld) -> Bits:
    def plain(value: Any) -> Any:
        return tuple(value.tolist()) if isinstance(value, np.ndarray) else value

    return {
        kind.name: {
            entity_id: {
                key: plain(column[row]) if column.ndim > 1 else column.item(row)
                for key, column in table.columns.items()
            }
            for row, entity_id in enumerate(table.ids.tolist())
        }
        for kind, table in loaded.tables.items()
    }


async def test_that_a_world_comes_back_bit_for_bit(database_url: URL) -> None:
    store = ManualStore(at_once=True)
    game = lively_game(store)
    async with open_database(database_url):
        await register("ada", "bea", "cyd")
        await write_all(store)
        loaded = await worlds.load_world()
    assert loaded_bits(loaded) == bits_of(game.state.world)
    assert loaded.clock == store.clock


async def test_that_writing_a_save_twice_is_writing_it_once(database_url: URL) -> None:
    store = ManualStore(at_once=True)
    lively_game(store)
    async with open_database(database_url):
        await register("ada", "bea", "cyd")
        await write_all(store)
        once = await worlds.load_world()
        await write(store.committed[-1])
        twice = await worlds.load_world()
    assert loaded_bits(once) == loaded_bits(twice)


async def test_that_deleted_rows_are_gone_and_missing_ones_are_no_error(
    database_url: URL,
) -> None:
    store = ManualStore(at_once=True)
    lively_game(store)
    last = store.committed[-1]
    gone = replace(last, rows=(), deleted={"planet": (2, 3, 999), "player": (3,)})
    async with open_database(database_url):
        await register("ada", "bea", "cyd")
        await write_all(store)
        await write(gone)
        loaded = await worlds.load_world()
    assert loaded.tables[PLANET].ids.tolist() == [1, 4]
    assert loaded.tables[PLAYER].ids.tolist() == [1, 2]
    # With the player went his account.
    assert loaded.homeless == ()


def some_planets(count: int, amount: float = 5.0) -> TableRows:
    """Return planets of player 1 that differ in their place only."""
    store = ManualStore(at_once=True)
    lively_game(store)
    (template,) = (rows for rows in store.committed[-1].rows if rows.table == "planet")
    first = template.part(0, 1)
    columns = {key: np.repeat(values, count, axis=0) for key, values in first.columns.items()}
    columns["Position.system"] = np.arange(1, count + 1, dtype=np.int16)
    columns["Stocks.amount"] = np.full((count, 3), amount)
    return TableRows("planet", np.arange(1, count + 1, dtype=np.int64), columns)


def a_player() -> TableRows:
    store = ManualStore(at_once=True)
    lively_game(store)
    (rows,) = (rows for rows in store.committed[-1].rows if rows.table == "player")
    return rows.part(0, 1)


def batch_of(*rows: TableRows) -> SaveBatch:
    clock = WorldClock(1.5, 7, {kind.name: 1000 for kind in KINDS})
    return SaveBatch(1, SaveReason.URGENT, rows, {}, clock, 0.0)


@pytest.mark.parametrize("counts", [range(1, 10), (127, 128, 129), (255, 256, 257, 450)])
async def test_that_every_number_of_rows_is_written_once(
    tmp_path: Path, counts: Iterable[int]
) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        for count in counts:
            await write(batch_of(a_player(), some_planets(count, float(count))))
            loaded = await worlds.load_world()
            table = loaded.tables[PLANET]
            written = table.columns["Stocks.amount"][:, 0] == count
            assert written.sum() == count
            assert len(table.ids) == count


async def test_that_a_whole_slice_comes_back_in_few_statements(database_url: URL) -> None:
    count = 8192
    async with open_database(database_url):
        await register("ada")
        batch = batch_of(a_player(), some_planets(count))
        receipt = await worlds.write_batch(batch, time.perf_counter())
        loaded = await worlds.load_world()
    table = loaded.tables[PLANET]
    assert table.ids.tolist() == list(range(1, count + 1))
    sent = batch.rows[1].columns
    for key, column in table.columns.items():
        assert column.tolist() == sent[key].tolist(), key
    if database_url.get_backend_name() == "postgresql":
        # A thousand rows each, and one for the player and the clock.
        assert receipt.statements == count // 1024 + 2


@pytest.mark.sqlite_file
async def test_that_waiting_for_whoever_else_writes_is_no_part_of_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = asyncio.Event()
    monkeypatch.setattr(ClockTrail, "note_sent", lambda _trail, _clock: sent.set())
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        with locked_world(tmp_path):
            start = time.perf_counter()
            saving = asyncio.create_task(worlds.write_batch(batch_of(a_player()), start))
            await sent.wait()
            locked_s = time.perf_counter() - start
        receipt = await saving
        all_s = time.perf_counter() - start
    assert locked_s <= receipt.queue_wait_s
    assert receipt.queue_wait_s + receipt.execute_s + receipt.commit_s <= all_s


@pytest.mark.sqlite_file
async def test_that_a_connection_that_has_been_closed_commits_nothing_in_silence(
    tmp_path: Path,
) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        await write(batch_of(a_player()))
        async with SessionLocal() as session:
            raw = await (await session.connection()).get_raw_connection()
            driver: Any = raw.driver_connection
        await driver.close()
        with pytest.raises(StorageError, match="nothing was committed"):
            await write(batch_of(some_planets(2)))
        # With a connection of its own the next attempt succeeds.
        await write(batch_of(some_planets(2)))
        assert (await worlds.load_world()).tables[PLANET].ids.tolist() == [1, 2]


@pytest.mark.sqlite_file
async def test_that_integers_are_stored_as_integers(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        await write(batch_of(a_player(), some_planets(3)))
        async with ReadSession() as session:
            columns = "typeof(id), typeof(owner_id), typeof(metal_amount)"
            types = await session.execute(text(f"SELECT DISTINCT {columns} FROM planets"))
    assert types.all() == [("integer", "integer", "real")]


@pytest.mark.parametrize("poison", [float("nan"), float("-inf")])
async def test_that_a_number_no_database_gives_back_is_refused(
    tmp_path: Path, poison: float
) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        with pytest.raises(StorageError, match="finite"):
            await write(batch_of(a_player(), some_planets(3, poison)))
        assert not len((await worlds.load_world()).tables[PLAYER].ids)


async def test_that_a_refused_row_takes_the_whole_batch_back(database_url: URL) -> None:
    async with open_database(database_url):
        await register("ada")
        with pytest.raises(IntegrityError):
            await write(batch_of(a_player(), some_planets(300, -1.0)))
        loaded = await worlds.load_world()
    assert loaded.clock is None
    assert not len(loaded.tables[PLAYER].ids)


async def test_that_a_building_the_rules_do_not_know_is_named(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        await write(batch_of(a_player(), some_planets(1)))
        from core.database import SessionLocal

        async with SessionLocal() as session, session.begin():
            await session.execute(text("UPDATE planets SET queued_1 = 'palace'"))
        with pytest.raises(DatabaseError, match="palace"):
            await worlds.load_world()


async def test_that_an_order_of_units_that_is_none_is_named(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        await write(batch_of(a_player(), some_planets(1)))
        from core.database import SessionLocal

        async with SessionLocal() as session, session.begin():
            await session.execute(text("UPDATE planets SET units_waiting = 'palace 3'"))
        with pytest.raises(DatabaseError, match="units_waiting holds 'palace 3': there is no unit"):
            await worlds.load_world()


async def test_that_loading_tells_how_far_it_is(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    async with open_database(tmp_path / "world.db"):
        await register("ada")
        await write(batch_of(a_player(), some_planets(450)))
        await worlds.load_world(lambda *progress: seen.append(progress))
    assert seen[-1] == ("planet", 450, 450)
