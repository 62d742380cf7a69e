"""The host: the order of start and stop, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.engine import URL

from core import database, sync
from core.commands import Accepted, Command, FoundHome, StartBuilding, Unavailable
from core.components import KINDS, PLANET
from core.errors import (
    AddressInUseError,
    DatabaseError,
    SettingsError,
    StorageError,
    WorldInUseError,
)
from core.game import GameWorld
from core.paths import sqlite_url
from core.queries import PlanetReport, ReportPlanet
from core.sync import Account, NewAccount
from desktop_app import application, logs
from desktop_app.application import KINDS_IN_WORDS, Host, HostState
from desktop_app.session import _stopped
from desktop_app.tick_thread import TickThread
from tests.databases import execute_in, locked_world, put_empty_world, url_of_world
from tests.hosts import ask, make_host, order, running_host
from tests.worlds import bits_of

WEEK_S = 7 * 86_400


async def settle(host: Host, name: str = "ada") -> int:
    account = await sync.register_account(NewAccount(name, "a@b.c", "x"))
    assert isinstance(account, Account)
    assert isinstance(await order(host, FoundHome(account.id, name)), Accepted)
    return account.id


async def accepted(host: Host, command: Command) -> Any:
    """Have a command carried out that must be, and return its value."""
    outcome = await order(host, command)
    assert isinstance(outcome, Accepted)
    return outcome.value


def make_it_a_week_ago(folder: Path) -> None:
    """Move a stopped world back in time, as if it had been off for a week."""
    columns = {
        "planets": ("founded_at", "settled_at", "boundary_at", "started_at", "finish_at"),
        "players": ("joined_at",),
        "world_clock": ("world_time",),
    }
    execute_in(
        folder,
        *(
            f"UPDATE {table} SET {name} = {name} - {WEEK_S}"
            for table, names in columns.items()
            for name in names
        ),
    )


async def test_that_it_starts_serves_and_stops(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    seen: list[HostState] = []
    host.changed.connect(lambda: seen.append(host.state))
    await host.start()
    assert host.url is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = (await client.get(f"{host.url}/healthz")).json()
    assert answer["status"] == "ok"
    await host.stop()
    assert seen == [HostState.STARTING, HostState.RUNNING, HostState.STOPPING, HostState.STOPPED]
    assert host.address is None


def test_that_there_are_words_for_all_that_is_loaded() -> None:
    assert set(KINDS_IN_WORDS) == {kind.name for kind in KINDS}


async def test_that_ticks_wait_neither_for_other_threads_nor_for_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def freeze() -> None:
        alive = {type(thing) for thing in gc.get_objects()}
        seen.append(("frozen", GameWorld in alive, TickThread in alive))

    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr(gc, "freeze", freeze)
    monkeypatch.setattr(gc, "unfreeze", lambda: seen.append(("let go",)))
    sys.setswitchinterval(0.005)  # as Python has it at first
    async with running_host(tmp_path):
        assert sys.getswitchinterval() == pytest.approx(0.001)
        # With all that was loaded, and before the first tick.
        assert seen == [("frozen", True, False)]
    assert seen[1:] == [("let go",)]


async def test_that_it_can_be_started_again_in_the_same_process(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    await host.start()
    player_id = await settle(host)
    await host.stop()
    await host.start()
    report = await ask(host, ReportPlanet(player_id))
    assert isinstance(report, PlanetReport)
    await host.stop()


async def test_that_starting_and_stopping_twice_is_no_different(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    await asyncio.gather(host.start(), host.start())
    await asyncio.gather(host.stop(), host.stop())
    assert host.state is HostState.STOPPED


async def test_that_a_stop_saves_what_was_allowed_to_wait(tmp_path: Path) -> None:
    async with running_host(tmp_path, economy_speed=1000.0) as host:
        player_id = await settle(host)
        item = await accepted(host, StartBuilding(player_id, "solar_plant"))
        assert host.simulation is not None
        await wait_for_world_time(host, item.due_at)
        assert host.game is not None
        bits = None
        world = host.game.state.world
    bits = bits_of(world)
    async with running_host(tmp_path) as host:
        assert host.game is not None
        again = bits_of(host.game.state.world)
    assert again["planet"][1]["Buildings.level"] == bits["planet"][1]["Buildings.level"]
    assert again["planet"][1]["Stocks.amount"] == bits["planet"][1]["Stocks.amount"]


async def wait_for_world_time(host: Host, world_time: float) -> None:
    """Ask the simulation until its time has come so far."""
    async with asyncio.timeout(20):
        while (await ask(host, ReportPlanet(1))).at <= world_time:
            await asyncio.sleep(0.01)


async def test_that_the_time_off_is_made_up_before_the_first_tick(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        player_id = await settle(host)
        item = await accepted(host, StartBuilding(player_id, "metal_mine"))
    make_it_a_week_ago(tmp_path)
    async with running_host(tmp_path) as host:
        assert host.game is not None
        assert host.simulation is not None
        assert host.simulation.ready.done()
        report = await ask(host, ReportPlanet(player_id))
        assert report.levels["metal_mine"] == 1
        # Crystal at 15 an hour for a week, and the price of the mine.
        rate = report.production[1]
        expected = 500 - item.cost[1] + rate * WEEK_S / 3600
        assert report.summary.amounts[1] == pytest.approx(expected, rel=1e-3)


async def test_that_a_registration_a_crash_cut_off_is_mended_at_the_start(tmp_path: Path) -> None:
    async with running_host(tmp_path):
        account = await sync.register_account(NewAccount("ada", "a@b.c", "x"))
        assert isinstance(account, Account)
    async with running_host(tmp_path) as host:
        report = await ask(host, ReportPlanet(account.id))
        assert report.player_name == "ada"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.socket()) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


async def test_that_a_start_that_fails_leaves_nothing_behind(
    tmp_path: Path, taken_port: int
) -> None:
    host = make_host(tmp_path, port=taken_port)
    with pytest.raises(AddressInUseError):
        await host.start()
    assert host.state is HostState.STOPPED
    host.overrides["port"] = 0
    await host.start()
    await host.stop()


@pytest.mark.sqlite_file
async def test_that_a_database_in_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "world.db").write_text("this is a diary")
    host = make_host(tmp_path)
    with pytest.raises(DatabaseError):
        await host.start()
    (tmp_path / "world.db").unlink()
    await host.start()
    await host.stop()


@pytest.mark.parametrize("turns", [1, 2, 5, 10, 20, 40, 80, 160, 320])
async def test_that_a_start_can_be_broken_off_anywhere(tmp_path: Path, turns: int) -> None:
    host = make_host(tmp_path)
    starting = asyncio.ensure_future(host.start())
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await host.stop()
        await starting
    assert host.state is HostState.STOPPED
    assert host.error is None
    assert not database.is_open()
    await host.start()
    await host.stop()


async def test_that_catching_up_is_broken_off_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        player_id = await settle(host)
        await accepted(host, StartBuilding(player_id, "metal_mine"))
    make_it_a_week_ago(tmp_path)
    host = make_host(tmp_path)
    wanted = threading.Event()

    def stop_there(text: str, _done: int, _total: int) -> None:
        if text == "Catching up":
            wanted.set()
            loop.call_soon(lambda: stopping.append(asyncio.ensure_future(host.stop())))

    def slow_to_catch_up(*arguments: Any) -> int:
        # As long as it takes until somebody wants to stop.
        assert host.game is not None
        progress, stop = arguments[1:]
        progress(0, 1)
        assert wanted.wait(20)
        while not stop():
            time.sleep(0.001)
        return 0

    loop = asyncio.get_running_loop()
    stopping: list[asyncio.Future[None]] = []
    host.progressed.connect(stop_there)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GameWorld, "catch_up", lambda _game, *rest: slow_to_catch_up(*rest))
        async with asyncio.timeout(20):
            await host.start()
    await asyncio.gather(*stopping)
    assert host.state is HostState.STOPPED
    async with running_host(tmp_path) as host:
        report = await ask(host, ReportPlanet(player_id))
        assert report.levels["metal_mine"] == 1


async def test_that_a_failed_start_that_cannot_be_undone_can_be_repeated(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    stop_simulation = host._stop_simulation

    async def broken_server(*_: Any) -> None:
        raise ValueError("no server")

    async def broken_stop(*arguments: Any) -> None:
        await stop_simulation(*arguments)
        raise ValueError("no end")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "_start_server", broken_server)
        patch.setattr(host, "_stop_simulation", broken_stop)
        with pytest.raises(ValueError, match="no server"):
            await host.start()
    assert host.state is HostState.STOPPED
    assert host.error == "no server"
    await host.start()
    await host.stop()


async def test_that_a_world_is_opened_once(tmp_path: Path) -> None:
    async with running_host(tmp_path):
        with pytest.raises(WorldInUseError):
            await make_host(tmp_path).start()


async def test_that_a_world_that_is_held_stays_held_between_stop_and_start(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    host.acquire()
    await host.start()
    await host.stop()
    with pytest.raises(WorldInUseError):
        make_host(tmp_path).acquire()
    await host.start()
    await host.stop()
    host.release()
    async with running_host(tmp_path):
        pass


async def test_that_a_database_is_opened_once_whatever_the_data_folder(tmp_path: Path) -> None:
    url = url_of_world(tmp_path).render_as_string(hide_password=False)
    elsewhere = make_host(tmp_path / "elsewhere", database_url=url)
    async with running_host(tmp_path):
        with pytest.raises(WorldInUseError, match="open in another process"):
            await elsewhere.start()
    await elsewhere.start()
    await elsewhere.stop()


@pytest.mark.sqlite_file
async def test_that_a_database_is_opened_once_whatever_leads_to_it(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "world.db")
    async with running_host(tmp_path):
        with pytest.raises(WorldInUseError):
            await make_host(tmp_path / "elsewhere", database_url=f"sqlite:///{link}").start()


async def test_that_a_final_save_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 500)
    host = make_host(tmp_path, final_save_timeout_seconds=1.0, storage_grace_seconds=0.5)
    await host.start()
    player_id = await settle(host)
    with locked_world(tmp_path):
        assert host.simulation is not None
        pending = host.simulation.submit(StartBuilding(player_id, "metal_mine"))
        with pytest.raises(StorageError, match="final save"):
            await host.stop()
        outcome = pending.result(timeout=0)
    assert isinstance(outcome, Unavailable)
    assert outcome.code == "commit_pending"
    assert host.state is HostState.STOPPED
    assert not database.is_open()
    # Stopped by its button: when the window is closed the program still ends with an error.
    assert host.not_saved is not None
    assert "one change may be lost" in host.not_saved
    assert not await _stopped(host)
    assert host.not_saved in capsys.readouterr().err
    await host.start()
    assert host.not_saved is None
    assert await _stopped(host)


async def test_that_a_simulation_that_does_not_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(application, "THREAD_END_TIMEOUT_S", 0.2)
    monkeypatch.setattr(application, "LAST_RESORT_S", 0.1)
    host = make_host(tmp_path, final_save_timeout_seconds=1.0)
    await host.start()
    thread, stuck, released = host._thread, threading.Event(), threading.Event()
    assert host.game is not None
    assert thread is not None

    def never_ends(*_: Any) -> None:
        stuck.set()
        released.wait()

    host.game.process = never_ends  # type: ignore[method-assign, assignment]
    async with asyncio.timeout(20):
        while not stuck.is_set():
            await asyncio.sleep(0.01)
        with pytest.raises(StorageError, match="did not end within 1 s"):
            await host.stop()
    assert host.state is HostState.STOPPED
    assert not database.is_open()
    assert host.not_saved is not None
    with pytest.raises(StorageError, match="start the program anew"):
        await host.start()
    assert not host.end_threads()
    assert [r.levelname for r in caplog.records if "did not end within" in r.message] == [
        "CRITICAL"
    ]
    released.set()
    await thread.ended()
    assert host.end_threads()


async def test_that_a_stop_that_breaks_leaves_no_thread_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_host(tmp_path)
    await host.start()
    thread, server = host._thread, host._server
    assert thread is not None
    assert server is not None

    async def broken() -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(host, "_unwind", broken)
    with pytest.raises(ValueError, match="a bug"):
        await host.stop()
    assert thread.isRunning()
    host.end_threads()
    assert thread.isFinished()
    await server.stop()
    host.end_threads()
    # What is left are no threads, and goes with the process.
    await host._cancel_tasks()
    await database.shutdown_db()
    host._lock.release()


async def test_that_a_world_whose_loop_breaks_is_saved_all_the_same(tmp_path: Path) -> None:
    host = make_host(tmp_path)
    await host.start()
    player_id = await settle(host)
    assert host.game is not None
    assert host.simulation is not None
    failed = asyncio.Event()
    host.changed.connect(lambda: failed.set() if host.state is HostState.FAILED else None)
    await order(host, StartBuilding(player_id, "metal_mine"))

    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("a bug")

    host.game.process = broken  # type: ignore[method-assign]
    async with asyncio.timeout(20):
        await failed.wait()
    assert host.error is not None
    assert "a bug" in host.error
    await host.stop()
    async with running_host(tmp_path) as again:
        report = await ask(again, ReportPlanet(player_id))
        assert len(report.queue) == 1


async def test_that_settings_given_later_change_the_world_from_then_on(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        player_id = await settle(host)
        slow = (await ask(host, ReportPlanet(player_id))).production
    async with running_host(tmp_path, economy_speed=2.0) as host:
        fast = (await ask(host, ReportPlanet(player_id))).production
    async with running_host(tmp_path) as host:
        kept = (await ask(host, ReportPlanet(player_id))).production
    assert fast == tuple(2 * rate for rate in slow)
    assert kept == fast


@pytest.mark.parametrize(
    ("name", "value", "permitted"),
    [
        ("galaxies", 1, "it may only grow; permitted is 2 to 1000"),
        ("systems", 7, "it was made with 6; permitted is 6"),
    ],
)
async def test_that_a_setting_a_world_cannot_take_on_refuses_the_start(
    tmp_path: Path, name: str, value: int, permitted: str
) -> None:
    async with running_host(tmp_path, galaxies=2, systems=6):
        pass
    host = make_host(tmp_path, economy_speed=2.0, **{name: value})
    text = f"{name.upper()} is {value}, which this world cannot take on: {permitted}"
    with pytest.raises(SettingsError, match=text):
        await host.start()
    assert not database.is_open()
    # Named as they are, or left out, the others are taken on.
    async with running_host(tmp_path, galaxies=2, systems=6, economy_speed=2.0) as host:
        assert host.game is not None
        assert host.game.state.universe.economy_speed == 2.0


@pytest.mark.sqlite_file
async def test_that_the_disk_with_the_world_is_looked_at_wherever_the_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "SUPERVISION_INTERVAL_S", 0.01)
    looked_at: list[Path] = []
    disk_usage = shutil.disk_usage

    def note(path: Path) -> Any:
        looked_at.append(path)
        return disk_usage(path)

    monkeypatch.setattr(shutil, "disk_usage", note)
    link, real = tmp_path / "link.db", tmp_path / "real" / "world.db"
    await put_empty_world(url_of_world(real.parent))
    link.symlink_to(real)
    url = sqlite_url(link)
    async with running_host(tmp_path / "folder", database_url=url) as host, asyncio.timeout(20):
        await settle(host)
        while not host.metrics.wal_pending_frames._value.get():
            await asyncio.sleep(0.01)
    assert set(looked_at) == {real.parent}


@pytest.mark.sqlite_file
async def test_that_the_disk_is_looked_at_and_if_it_cannot_be_that_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(application, "SUPERVISION_INTERVAL_S", 0.01)
    looks = 0

    def broken(_path: Path) -> None:
        nonlocal looks
        looks += 1
        raise OSError("the disk has gone")

    async with running_host(tmp_path) as host, asyncio.timeout(20):
        metrics = host.metrics
        await settle(host)
        while not metrics.wal_pending_frames._value.get():
            await asyncio.sleep(0.01)
        assert metrics.wal_bytes._value.get() > 4096
        assert metrics.disk_free._value.get() > 0
        monkeypatch.setattr(shutil, "disk_usage", broken)
        while looks < 3:
            await asyncio.sleep(0.01)
        failures = metrics.background_failures.labels("looking at the disk")._value.get()
    assert failures >= 2
    told = [r.message for r in caplog.records if r.message.startswith("the disk")]
    assert told == ["the disk cannot be looked at: the disk has gone"]


async def test_that_lost_lines_of_the_log_are_counted_once_in_all_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "SUPERVISION_INTERVAL_S", 0.01)
    host = make_host(tmp_path)
    for lost, new in ((3, 3), (5, 2)):
        monkeypatch.setattr(logs, "lines_lost", lambda lost=lost: lost)
        async with asyncio.timeout(20):
            await host.start()
            while not (counted := host.metrics.log_lines_lost._value.get()):
                await asyncio.sleep(0.01)
            await host.stop()
        assert counted == new


async def test_that_a_world_lives_on_postgresql_as_well(tmp_path: Path, postgres_url: URL) -> None:
    url = postgres_url.set(drivername="postgresql").render_as_string(hide_password=False)
    async with running_host(tmp_path, database_url=url) as host:
        player_id = await settle(host)
        await accepted(host, StartBuilding(player_id, "metal_mine"))
        assert host.game is not None
        world = host.game.state.world
    before = bits_of(world)
    async with running_host(tmp_path, database_url=url) as host:
        assert host.game is not None
        assert bits_of(host.game.state.world) == before
    assert not (tmp_path / "world.db").exists()


async def test_that_save_now_needs_a_running_world(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        make_host(tmp_path).save_now()


async def test_that_a_locked_database_makes_no_tick_late(tmp_path: Path) -> None:
    async with running_host(tmp_path, tick_rate=50.0) as host:
        player_id = await settle(host)
        assert host.simulation is not None
        with locked_world(tmp_path):
            pending = host.simulation.submit(StartBuilding(player_id, "metal_mine"))
            before = host.metrics.ticks.count
            async with asyncio.timeout(20):
                while host.metrics.ticks.count < before + 50:
                    await asyncio.sleep(0.01)
            assert not pending.done()
        outcome = await asyncio.wrap_future(pending)
        ticks = host.metrics.ticks.latest(50)
    assert isinstance(outcome, Accepted)
    # No tick waited for the database: one that did would have lost a slot or more.
    assert (ticks["work_s"] < 1 / 50).mean() > 0.9


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


async def test_that_a_restart_gives_back_the_same_bits_in_every_time_zone(
    tmp_path: Path, time_zone: str
) -> None:
    assert os.environ["TZ"] == time_zone
    async with running_host(tmp_path) as host:
        player_id = await settle(host)
        await order(host, StartBuilding(player_id, "crystal_mine"))
        await order(host, StartBuilding(player_id, "metal_mine"))
        assert host.game is not None
        world = host.game.state.world
    before = bits_of(world)
    async with running_host(tmp_path) as host:
        assert host.game is not None
        planets = host.game.state.world.tables[PLANET]
        after = bits_of(host.game.state.world)
        assert len(planets) == 1
    assert after == before
