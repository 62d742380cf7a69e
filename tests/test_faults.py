"""Storage in trouble, injected at the driver's edge: what players see, what the host sees and what
is kept. Whatever happens, the world ticks on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from core import database, sync, write_behind
from core import simulation as simulation_module
from core.commands import Accepted, FoundHome, StartBuilding, Unavailable
from core.components import PLANET
from core.database import SessionLocal
from core.errors import StorageError
from core.paths import DataFolder
from core.persistence.worlds import load_world
from core.sync import Account, NewAccount
from desktop_app.application import Host
from tests import faults
from tests.api.hosting import Player, client_of, enter, game_of, hosting, simulation_of, until
from tests.api.routers.test_admin import host_headers
from tests.persistence.test_worlds import loaded_bits
from tests.worlds import bits_of

# The faults are those of SQLite's driver; tests/test_postgres_faults.py has the other one's.
pytestmark = pytest.mark.sqlite_file

TICK_RATE = 50.0
GRACE_S = 0.4
WRITER = "core.write_behind"
POISONED = "this planet is cursed"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_module, "STATUS_INTERVAL_S", 0.02)
    monkeypatch.setattr(write_behind, "RETRY_DELAYS_S", (0.01, 0.02, 0.05))
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)


@asynccontextmanager
async def troubled(
    folder: Path, *, grace_s: float = GRACE_S
) -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    """Host a world; at the end its ticks must have gone on and all of it must be on disk."""
    async with hosting(folder, tick_rate=TICK_RATE, storage_grace_seconds=grace_s) as host:
        async with client_of(host) as client:
            yield host, client
            await ticks_go_on(host)
            await everything_is_kept(host)
        work_s = host.metrics.ticks.latest()["work_s"]
        # Ticks do not wait for the database: one that did would lose a slot or more. On a busy
        # computer one of ten does, whatever it is waiting for.
        assert (work_s < 1 / TICK_RATE).mean() > 0.75


async def ticks_go_on(host: Host) -> None:
    before = host.metrics.ticks.count
    await until(lambda: host.metrics.ticks.count > before + 5)


async def everything_is_kept(host: Host) -> None:
    """Save all, and compare every bit with the file."""
    await asyncio.wrap_future(game_of(host).save_player_data())
    on_disk = loaded_bits(await load_world())
    in_memory = bits_of(game_of(host).state.world)
    for kind, rows in in_memory.items():
        assert on_disk[kind] == rows


async def health(client: httpx.AsyncClient) -> str:
    return str((await client.get("/healthz")).json()["status"])


async def until_healthy(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while await health(client) != "ok":
            await asyncio.sleep(0.01)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def queue_of(player: Player) -> list[str]:
    return [item["type"] for item in (await player.planet())["build_queue"]]


# The whole database is out of reach ---------------------------------------------------------------


def locked(host: Host) -> AbstractContextManager[Any]:
    return faults.locked_by_another_process(host.folder.database)


def failing(_host: Host) -> AbstractContextManager[Any]:
    return faults.failing_commits()


def failing_though_made(_host: Host) -> AbstractContextManager[Any]:
    return faults.failing_commits(though_made=True)


def slow(_host: Host) -> AbstractContextManager[Any]:
    # So slow that the world can be looked at before it is through, also on a busy computer.
    return faults.slow_saves(8 * GRACE_S)


@pytest.mark.parametrize("trouble", [locked, failing, failing_though_made, slow])
async def test_that_long_trouble_is_told_to_everybody_and_loses_nothing(
    tmp_path: Path,
    trouble: Callable[[Host], AbstractContextManager[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with troubled(tmp_path) as (host, client):
        mira, jonas = await enter(client), await enter(client, "jonas")
        with trouble(host):
            assert code(await mira.build("metal_mine")) == (504, "commit_pending")
            await until(lambda: game_of(host).writer.stalled)
            before = await queue_of(jonas)
            assert code(await jonas.build("metal_mine")) == (503, "storage_unavailable")
            assert await queue_of(jonas) == before == []
            # The status is noted a tick or two later.
            await until(lambda: simulation_of(host).status.stalled)
            assert await health(client) == "failing"
            assert simulation_of(host).status.waiting_for_commit == 1
            await ticks_go_on(host)
            # The world can be looked at, and says what is not kept.
            planet = await mira.planet()
            assert planet["kept"] is False
            assert [item["type"] for item in planet["build_queue"]] == ["metal_mine"]
        await until_healthy(client)
        assert (await mira.planet())["kept"] is True
        assert await queue_of(mira) == ["metal_mine"]
        assert (await jonas.build("solar_plant")).status_code == 200
        assert not game_of(host).quarantine
    warnings = [
        r for r in caplog.records if r.name == "core.write_behind" and r.levelname != "DEBUG"
    ]
    assert 1 <= len(warnings) <= 3
    assert all("cannot be saved" in record.message for record in warnings)


@pytest.mark.parametrize("times", [1, 10])
@pytest.mark.parametrize("though_made", [False, True])
async def test_that_a_commit_that_fails_a_few_times_is_not_noticed_by_players(
    tmp_path: Path, times: int, though_made: bool
) -> None:
    async with troubled(tmp_path, grace_s=20.0) as (host, client):
        mira = await enter(client)
        with faults.failing_commits(times, though_made=though_made) as count:
            answer = await mira.build("metal_mine")
        assert answer.status_code == 200
        assert count.struck == times
        assert await queue_of(mira) == ["metal_mine"]
        value = host.metrics.registry.get_sample_value
        assert value("save_failures_total") == times
        assert value("save_quarantined_total") == 0
        # Paid once, however often it was written.
        stock = (await mira.planet())["resources"]["metal"]
        assert 500 - 60 <= stock < 500


async def test_that_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    async with troubled(tmp_path) as (host, client):
        accounts = [
            await sync.register_account(NewAccount(f"player{number}", "a@b.c", "x"))
            for number in range(40)
        ]
        async with SessionLocal() as session:
            await session.execute(text("CREATE TABLE filler (bytes BLOB)"))
            for _ in range(await session.scalar(text("PRAGMA freelist_count")) or 0):
                await session.execute(text("INSERT INTO filler VALUES (zeroblob(4000))"))
            pages = await session.scalar(text("PRAGMA page_count"))
            await session.execute(text(f"PRAGMA max_page_count={pages}"))
            await session.commit()
        orders = [
            simulation_of(host).submit(FoundHome(account.id, account.username))
            for account in accounts
            if isinstance(account, Account)
        ]
        await until(lambda: simulation_of(host).status.stalled)
        error = simulation_of(host).status.last_error
        assert error is not None
        assert "full" in error
        assert not all(order.done() for order in orders)
        assert await health(client) == "failing"
        assert not game_of(host).quarantine
        await ticks_go_on(host)
        async with SessionLocal() as session:
            await session.execute(text("PRAGMA max_page_count=1000000"))
        outcomes = await asyncio.gather(*map(asyncio.wrap_future, orders))
        refused = [o for o in outcomes if isinstance(o, Unavailable)]
        assert {outcome.code for outcome in refused} <= {"storage_unavailable"}
        assert sum(isinstance(o, Accepted) for o in outcomes) == len(
            game_of(host).state.world.tables[PLANET]
        )
        await until_healthy(client)


@pytest.mark.parametrize("though_made", [False, True])
async def test_that_a_save_cancelled_in_its_commit_is_made_again(
    tmp_path: Path, though_made: bool
) -> None:
    async with troubled(tmp_path, grace_s=20.0) as (host, client):
        mira = await enter(client)
        with faults.hanging_commit(though_made=though_made) as caught:
            order = asyncio.create_task(mira.build("metal_mine"))
            save = await caught
            await ticks_go_on(host)
            assert not order.done()
            save.cancel()
            assert (await order).status_code == 200
        assert await queue_of(mira) == ["metal_mine"]


# One row is refused -------------------------------------------------------------------------------


async def tell_database(host: Host, statement: str) -> None:
    """Run a statement beside the program, which may be in a transaction of its own."""
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(thread, faults.sql, host.folder.database, statement)


async def curse(host: Host, planet_id: int) -> None:
    """Have the database refuse one planet, for good."""
    await tell_database(
        host,
        f"CREATE TRIGGER curse BEFORE UPDATE ON planets WHEN NEW.id = {planet_id}"
        f" BEGIN SELECT RAISE(ABORT, '{POISONED}'); END",
    )


async def lift_the_curse(host: Host) -> None:
    await tell_database(host, "DROP TRIGGER curse")


async def set_aside(client: httpx.AsyncClient, folder: Path) -> list[dict[str, Any]]:
    answer = await client.get("/admin/set-aside", headers=host_headers(folder))
    groups: list[dict[str, Any]] = answer.raise_for_status().json()["groups"]
    return groups


async def decide(client: httpx.AsyncClient, folder: Path, group_id: int, verb: str) -> Any:
    path = f"/admin/set-aside/{group_id}/{verb}"
    return await client.post(path, headers=host_headers(folder))


async def test_that_a_refused_row_is_set_aside_and_everybody_else_is_saved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with troubled(tmp_path, grace_s=20.0) as (host, client):
        mira, jonas = await enter(client), await enter(client, "jonas")
        await curse(host, 1)
        first, second = await asyncio.gather(mira.build("metal_mine"), jonas.build("metal_mine"))
        # Hers may be saved later or taken back: its outcome is open.
        assert code(first) == (504, "commit_pending")
        assert second.status_code == 200
        # What builds on it is refused at once and changes nothing.
        assert code(await mira.build("solar_plant")) == (503, "storage_unavailable")
        assert await queue_of(mira) == ["metal_mine"]
        assert (await mira.planet())["kept"] is False
        assert (await jonas.build("solar_plant")).status_code == 200
        await until(lambda: simulation_of(host).status.quarantined == 1)
        assert await health(client) == "degraded"
        (group,) = await set_aside(client, tmp_path)
        assert group["rows"] == [{"table": "planet", "id": 1}]
        assert group["owners"] == ["mira"]
        assert group["reason"] == POISONED
        assert not simulation_of(host).status.stalled
        # The status is noted a tick or two after the answer that was held for the save.
        await until(lambda: simulation_of(host).status.at_risk == 0)
        value = host.metrics.registry.get_sample_value
        assert value("save_quarantined_total") == 1
        warnings = [r.message for r in caplog.records if "set aside" in r.message]
        assert len(warnings) == 1
        made = await client.post("/admin/save", headers=host_headers(tmp_path))
        assert made.json()["set_aside"] == 1
        # Released too early it is refused again.
        assert (await decide(client, tmp_path, group["id"], "release")).status_code == 200
        await until(lambda: value("save_quarantined_total") == 2)
        (again,) = await set_aside(client, tmp_path)
        assert again["id"] != group["id"]
        assert (await decide(client, tmp_path, group["id"], "release")).status_code == 404
        await lift_the_curse(host)
        released = await decide(client, tmp_path, again["id"], "release")
        assert released.json() == {"id": again["id"], "aggregates": 1}
        await until_healthy(client)
        assert await set_aside(client, tmp_path) == []
        assert await queue_of(mira) == ["metal_mine"]
        assert (await mira.planet())["kept"] is True
        assert (await mira.build("solar_plant")).status_code == 200


async def test_that_a_refused_row_can_be_taken_back(tmp_path: Path) -> None:
    async with troubled(tmp_path, grace_s=20.0) as (host, client):
        mira = await enter(client)
        await curse(host, 1)
        assert code(await mira.build("metal_mine")) == (504, "commit_pending")
        (group,) = await set_aside(client, tmp_path)
        dropped = await decide(client, tmp_path, group["id"], "drop")
        assert dropped.json() == {"id": group["id"], "aggregates": 1}
        # As it was, with all that production has brought since.
        planet = await mira.planet()
        assert planet["build_queue"] == []
        assert planet["resources"]["metal"] >= 500
        assert planet["kept"] is True
        await until_healthy(client)
        assert (await decide(client, tmp_path, group["id"], "drop")).status_code == 404
        await lift_the_curse(host)
        assert (await mira.build("solar_plant")).status_code == 200


async def test_that_a_home_that_was_never_saved_goes_when_it_is_dropped(tmp_path: Path) -> None:
    async with troubled(tmp_path, grace_s=20.0) as (host, client):
        await tell_database(
            host,
            "CREATE TRIGGER curse BEFORE INSERT ON planets"
            f" BEGIN SELECT RAISE(ABORT, '{POISONED}'); END",
        )
        body = {"username": "mira", "email": "a@b.c", "password": "correct horse"}
        assert code(await client.post("/auth/register", json=body))[0] == 504
        (group,) = await set_aside(client, tmp_path)
        assert [row["table"] for row in group["rows"]] == ["planet", "player"]
        assert len(game_of(host).state.world.tables[PLANET]) == 1
        await decide(client, tmp_path, group["id"], "drop")
        assert len(game_of(host).state.world.tables[PLANET]) == 0
        await lift_the_curse(host)
        # His account is there: at his next login the home is founded anew.
        login = await client.post("/auth/login", json=body)
        assert login.status_code == 200
        assert len(game_of(host).state.world.tables[PLANET]) == 1


async def test_that_a_row_that_somebody_has_deleted_is_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with troubled(tmp_path, grace_s=20.0) as (host, client):
        mira, jonas = await enter(client), await enter(client, "jonas")
        await tell_database(host, "DELETE FROM planets WHERE id = 1")
        first, second = await asyncio.gather(mira.build("metal_mine"), jonas.build("metal_mine"))
        assert (first.status_code, second.status_code) == (200, 200)
        await until_healthy(client)
        value = host.metrics.registry.get_sample_value
        assert value("save_failures_total") == 1
        (warning,) = (r.message for r in caplog.records if "cannot be saved" in r.message)
        assert "rows that were saved before are missing" in warning
        assert await queue_of(mira) == ["metal_mine"]
    async with troubled(tmp_path, grace_s=20.0) as (host, _):
        assert len(game_of(host).state.world.tables[PLANET]) == 2


async def test_that_what_is_still_refused_at_the_end_is_owned_up_to(tmp_path: Path) -> None:
    host = Host(DataFolder(tmp_path), {"port": 0})
    await host.start()
    try:
        account = await sync.register_account(NewAccount("ada", "a@b.c", "x"))
        assert isinstance(account, Account)
        door = simulation_of(host)
        await asyncio.wrap_future(door.submit(FoundHome(account.id, "ada")))
        await curse(host, 1)
        outcome = await asyncio.wrap_future(door.submit(StartBuilding(account.id, "metal_mine")))
        assert isinstance(outcome, Unavailable)
    finally:
        with pytest.raises(StorageError, match="one change that the database refuses"):
            await host.stop()
