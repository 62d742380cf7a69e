"""Saving from everywhere at once: save_player_data() on a running world and a real database."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from core import sync
from core.commands import Accepted, CancelBuilding, FoundHome, SelectPlanet, StartBuilding
from core.components import PLANET
from core.persistence import worlds
from core.save_batch import SaveReason, SaveResult
from core.sync import Account, NewAccount
from desktop_app.application import Host
from tests.databases import open_database
from tests.hosts import order, running_host
from tests.worlds import bits_of

PLAYERS = 8
THREADS = 6
CALLS = 15


async def settle_players(host: Host) -> list[int]:
    ids = []
    for number in range(PLAYERS):
        account = await sync.register_account(NewAccount(f"player{number}", "a@b.c", "x"))
        assert isinstance(account, Account)
        assert isinstance(await order(host, FoundHome(account.id, account.username)), Accepted)
        ids.append(account.id)
    return ids


async def from_threads(host: Host, player_ids: list[int]) -> list[SaveResult]:
    """Order and save from several threads at once; return what the saves came to."""
    loop = asyncio.get_running_loop()
    saves: list[Future[SaveResult]] = []
    ended = asyncio.Semaphore(0)

    def work(number: int) -> None:
        simulation, game = host.simulation, host.game
        assert simulation is not None
        assert game is not None
        player_id = player_ids[number % len(player_ids)]
        for _ in range(CALLS):
            simulation.submit(StartBuilding(player_id, "metal_mine"))
            saves.append(game.save_player_data())
            simulation.submit(CancelBuilding(player_id, 0))
        loop.call_soon_threadsafe(ended.release)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for _ in threads:
        await ended.acquire()
    for thread in threads:
        thread.join()
    return await asyncio.gather(*map(asyncio.wrap_future, saves))


async def test_that_overlapping_saves_are_all_done_and_lose_nothing(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        results = await from_threads(host, await settle_players(host))
        assert len(results) == THREADS * CALLS
        assert host.game is not None
        world = host.game.state.world
    # The world has stopped: what is on disk is what was in memory.
    async with open_database(tmp_path / "world.db"):
        loaded = await worlds.load_world()
    table = loaded.tables[PLANET]
    in_memory = bits_of(world)["planet"]
    assert table.ids.tolist() == list(in_memory)
    for key in ("Stocks.amount", "Stocks.settled_at", "BuildQueue.finish_at"):
        column = table.columns[key]
        for row, planet_id in enumerate(table.ids.tolist()):
            value = column[row].tolist()
            expected = in_memory[planet_id][key]
            assert (tuple(value) if isinstance(value, list) else value) == expected


async def test_that_calls_made_meanwhile_share_a_save(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        await settle_players(host)
        before = host.metrics.saves.count
        results = await from_threads(host, [1])
        # Every call was answered, by far fewer commits than there were calls and orders.
        assert len(results) == THREADS * CALLS
        assert host.metrics.saves.count - before < THREADS * CALLS * 3


async def test_that_a_save_contains_what_was_changed_before_the_call(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        (player_id, *_) = await settle_players(host)
        assert host.game is not None
        assert host.simulation is not None
        host.simulation.submit(StartBuilding(player_id, "solar_plant"))
        result = await asyncio.wrap_future(host.game.save_player_data())
        assert result.reason is SaveReason.MANUAL
        loaded = await worlds.load_world()
    queued = loaded.tables[PLANET].columns["BuildQueue.queued"]
    assert queued[0, 0] != 0


async def test_that_a_save_before_the_start_and_after_the_stop_is_made_at_once(
    tmp_path: Path,
) -> None:
    async with running_host(tmp_path) as host:
        await settle_players(host)
        game = host.game
        assert game is not None
    # Stopped, the world belongs to whoever asks; the database is closed, and says so.
    assert isinstance(game.save_player_data().exception(timeout=10), Exception), (
        "there is no database to save to"
    )
    async with open_database(tmp_path / "world.db"):
        result = await asyncio.wrap_future(game.save_player_data())
    assert result.batches == 1


async def test_that_a_query_between_two_saves_does_not_dirty_the_world(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        (player_id, *_) = await settle_players(host)
        assert host.game is not None
        await asyncio.wrap_future(host.game.save_player_data())
        await order(host, SelectPlanet(player_id, 1))
        result = await asyncio.wrap_future(host.game.save_player_data())
    assert result.aggregates == 0


@pytest.mark.parametrize("tick_rate", [1.0, 50.0])
async def test_that_an_order_is_on_disk_when_it_is_answered(
    tmp_path: Path, tick_rate: float
) -> None:
    async with running_host(tmp_path, tick_rate=tick_rate) as host:
        (player_id, *_) = await settle_players(host)
        for _ in range(5):
            await order(host, StartBuilding(player_id, "metal_mine"))
        loaded = await worlds.load_world()
        queued = loaded.tables[PLANET].columns["BuildQueue.queued"][0]
    assert (queued != 0).all()
