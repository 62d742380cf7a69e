"""PostgreSQL in trouble: what players see, what ticks do, and what is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from core import simulation as simulation_module
from core import sync
from core.database import SessionLocal
from core.errors import StorageError
from core.persistence import accounts, advisory_lock, retry
from core.persistence.accounts import Account
from core.persistence.single_session import NewAccount, _ensure_user_and_planet_in_session
from desktop_app.application import Host
from tests.api.hosting import (
    PASSWORD,
    Player,
    client_of,
    enter,
    game_of,
    hosting,
    registration,
    until,
)
from tests.databases import Databases, execute_in, locked_world, open_database, worlds_on
from tests.hosts import make_host
from tests.postgres import PrivateServer

GRACE_S = 0.3
ADA = NewAccount("Ada", "ada@example.org", "hash")

# Fails a statement on a table as a database does that wants the transaction again, the first
# times; a sequence goes on counting when the transaction is taken back.
REFUSING_TRIGGER = (
    "CREATE SEQUENCE tries",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF nextval('tries') <= {times} THEN"
    " RAISE EXCEPTION 'meet again' USING ERRCODE = '{state}'; END IF; RETURN NULL; END $$",
    "CREATE CONSTRAINT TRIGGER refusing AFTER INSERT OR UPDATE ON {table}"
    " {when} FOR EACH ROW EXECUTE FUNCTION refuse()",
)
AT_COMMIT = "DEFERRABLE INITIALLY DEFERRED"


@pytest.fixture(autouse=True)
def _on_postgres(postgres: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have worlds lie on the server, however the tests were started."""
    monkeypatch.setattr(simulation_module, "STATUS_INTERVAL_S", 0.02)
    monkeypatch.setattr(advisory_lock, "PATIENCE_S", 0.3)
    with worlds_on(postgres):
        yield


@pytest.fixture
def server(postgres: Databases) -> PrivateServer:
    return postgres.server


@pytest.fixture
def name(postgres: Databases, tmp_path: Path) -> str:
    """The database of the world in tmp_path."""
    return postgres.name_of(tmp_path)


def refuse(folder: Path, table: str, *, times: int, state: str = "40001", when: str = "") -> None:
    execute_in(
        folder,
        *(
            line.format(table=table, times=times, state=state, when=when)
            for line in REFUSING_TRIGGER
        ),
    )


async def ticks_go_on(host: Host) -> None:
    """Return after ten ticks. Raise TimeoutError if they do not come."""
    before = host.metrics.ticks.count
    await until(lambda: host.metrics.ticks.count >= before + 10)


def queue_of(planet: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["type"] for item in planet["build_queue"]]


async def log_in(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post("/auth/login", json={"username": name, "password": PASSWORD})


# Connections that are cut -------------------------------------------------------------------------


async def test_that_a_connection_cut_in_a_transaction_takes_only_that_with_it(
    tmp_path: Path, server: PrivateServer, name: str
) -> None:
    async def insert_and_be_cut() -> None:
        async with SessionLocal() as session, session.begin():
            await _ensure_user_and_planet_in_session(session, NewAccount("half", "", ""))
            server.cut_connections(name)

    async with open_database(tmp_path / "world.db"):
        with pytest.raises(DBAPIError):
            await insert_and_be_cut()
        assert isinstance(await accounts.register_account(ADA), Account)
        assert await accounts.find_credentials("half") is None


async def test_that_an_operation_whose_connection_is_cut_is_repeated(
    tmp_path: Path, server: PrivateServer, name: str
) -> None:
    async with open_database(tmp_path / "world.db"):
        assert isinstance(await accounts.register_account(ADA), Account)
        with locked_world(tmp_path):
            waiting = asyncio.create_task(accounts.change_password(1, "other"))
            await _until_somebody_waits(server, name)
            # The one who holds the lock goes too.
            server.cut_connections(name)
        changed = await waiting
    assert isinstance(changed, Account)
    assert changed.token_epoch == 1


async def test_that_a_save_whose_connection_is_cut_is_made_again(
    tmp_path: Path, server: PrivateServer, name: str
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        failed = host.metrics.save_failures._value.get()
        with locked_world(tmp_path):
            order = asyncio.create_task(mira.build("metal_mine"))
            await _until_somebody_waits(server, name)
            server.cut_connections(name)
        assert (await order).status_code == 200
        assert host.metrics.save_failures._value.get() == failed + 1
    assert await _kept_queue(tmp_path, mira) == ["metal_mine"]


async def test_that_nothing_is_lost_or_doubled_however_often_connections_are_cut(
    tmp_path: Path, server: PrivateServer, name: str
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        players = [await enter(client, f"player{number}") for number in range(4)]
        orders = [
            asyncio.create_task(_build_some(player, ("metal_mine", "solar_plant", "crystal_mine")))
            for player in players
        ]
        saves = host.metrics.saves
        while not _all_done(orders):
            server.cut_connections(name)
            before = saves.count
            await until(lambda before=before: saves.count > before or _all_done(orders))  # type: ignore[misc]
        accepted = await asyncio.gather(*orders)
    for player, queue in zip(players, accepted, strict=True):
        assert await _kept_queue(tmp_path, player) == queue


def _all_done(tasks: list[asyncio.Task[list[str]]]) -> bool:
    return all(task.done() for task in tasks)


async def _build_some(player: Player, buildings: tuple[str, ...]) -> list[str]:
    """Order one building after the other and return those that are done, or will be."""
    accepted = []
    for building in buildings:
        if (await player.build(building)).status_code in (200, 504):
            accepted.append(building)
    return accepted


async def _until_somebody_waits(server: PrivateServer, name: str) -> None:
    """Return when a statement waits for a lock."""
    sql = (
        "SELECT 1 FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND wait_event_type = 'Lock' AND state = 'active'"
    )
    await until(lambda: server.execute(sql))


async def _kept_queue(folder: Path, player: Player) -> list[str]:
    """Return what a player's planet builds after a restart."""
    async with hosting(folder) as host, client_of(host) as client:
        again = Player(client, player.id, player.name, player.token)
        return queue_of(await again.planet())


# A server that goes away --------------------------------------------------------------------------


async def test_that_a_server_that_is_restarted_costs_nothing_but_time(
    tmp_path: Path, server: PrivateServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        hosting(tmp_path, storage_grace_seconds=GRACE_S) as host,
        client_of(host) as client,
    ):
        mira = await enter(client)
        await mira.planet()  # now her account is known
        server.stop()
        try:
            pending = await mira.build("metal_mine")
            assert (pending.status_code, pending.json()["code"]) == (504, "commit_pending")
            await until(lambda: game_of(host).writer.stalled)
            for refusal in (
                await mira.build("solar_plant"),
                await log_in(client, "mira"),
                await client.post("/auth/register", json=registration("jonas")),
            ):
                assert (refusal.status_code, refusal.json()["code"]) == (503, "storage_unavailable")
            await ticks_go_on(host)
            health = (await client.get("/healthz")).text
            assert str(server.folder) not in health
        finally:
            server.start()
        await until(lambda: not game_of(host).writer.stalled)
        assert (await mira.build("solar_plant")).status_code == 200
        assert (await log_in(client, "mira")).status_code == 200
        await enter(client, "jonas")
    assert await _kept_queue(tmp_path, mira) == ["metal_mine", "solar_plant"]
    assert not [record for record in caplog.records if record.exc_info]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_that_a_server_that_is_frozen_keeps_no_tick(
    tmp_path: Path, server: PrivateServer
) -> None:
    async with (
        hosting(tmp_path, storage_grace_seconds=GRACE_S) as host,
        client_of(host) as client,
    ):
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        await asyncio.gather(mira.planet(), jonas.planet())  # now their accounts are known
        with server.frozen():
            pending = await mira.build("metal_mine")
            assert (pending.status_code, pending.json()["code"]) == (504, "commit_pending")
            await until(lambda: game_of(host).writer.stalled)
            refusal = await jonas.build("metal_mine")
            assert (refusal.status_code, refusal.json()["code"]) == (503, "storage_unavailable")
            await ticks_go_on(host)
            assert queue_of(await mira.planet()) == ["metal_mine"]
        await until(lambda: not game_of(host).writer.stalled)
        assert (await jonas.build("metal_mine")).status_code == 200
    assert await _kept_queue(tmp_path, mira) == ["metal_mine"]
    assert await _kept_queue(tmp_path, jonas) == ["metal_mine"]


# Transactions that are asked for again ------------------------------------------------------------


@pytest.mark.parametrize("when", ["", AT_COMMIT])
@pytest.mark.parametrize("state", ["40001", "40P01"])
async def test_that_an_account_is_made_when_the_transaction_is_asked_for_again(
    tmp_path: Path, state: str, when: str
) -> None:
    refuse(tmp_path, "users", times=3, state=state, when=when)
    async with open_database(tmp_path / "world.db"):
        account = await accounts.register_account(ADA)
        assert isinstance(account, Account)
        credentials = await accounts.find_credentials("ada")
    assert credentials is not None
    assert credentials.account == account


async def test_that_a_transaction_is_not_repeated_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "DELAYS_S", (0.001,) * 3)
    refuse(tmp_path, "users", times=1000)
    async with open_database(tmp_path / "world.db"):
        with pytest.raises(StorageError):
            await sync.register_account(ADA)
    # Once, and three times again.
    execute_in(tmp_path, "SELECT 1 / (nextval('tries') = 5)::int")


@pytest.mark.parametrize("when", ["", AT_COMMIT])
async def test_that_a_save_is_made_when_the_transaction_is_asked_for_again(
    tmp_path: Path, when: str
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        refuse(tmp_path, "planets", times=2, when=when)
        assert (await mira.build("metal_mine")).status_code == 200
    assert await _kept_queue(tmp_path, mira) == ["metal_mine"]


# One process owns a world -------------------------------------------------------------------------


@asynccontextmanager
async def another_process(server: PrivateServer, name: str) -> AsyncIterator[asyncpg.Connection]:
    """Take a world away from the host that has it, by cutting its connections."""
    connection = await asyncpg.connect(server.url_of(name))
    try:
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
            f" datname = '{name}' AND pid <> {connection.get_server_pid()}"
        )
        # The host asks for it only when it next writes.
        await connection.execute(
            f"SELECT pg_advisory_lock({advisory_lock._key_of(name, 'public')})"
        )
        yield connection
    finally:
        await connection.close()


async def test_that_a_lock_that_was_lost_stops_saves_until_it_is_free_again(
    tmp_path: Path, server: PrivateServer, name: str
) -> None:
    async with (
        hosting(tmp_path, storage_grace_seconds=GRACE_S) as host,
        client_of(host) as client,
    ):
        mira = await enter(client)
        async with another_process(server, name):
            assert (await mira.build("metal_mine")).status_code == 504
            await until(lambda: game_of(host).writer.last_error == "open in another process")
            assert (await mira.build("solar_plant")).status_code == 503
            await ticks_go_on(host)
        await until(lambda: not game_of(host).writer.stalled)
    assert await _kept_queue(tmp_path, mira) == ["metal_mine"]


async def test_that_a_world_that_was_carried_on_elsewhere_is_not_overwritten(
    tmp_path: Path, server: PrivateServer, name: str
) -> None:
    host = make_host(tmp_path, storage_grace_seconds=GRACE_S, final_save_timeout_seconds=1.0)
    await host.start()
    async with client_of(host) as client:
        mira = await enter(client)
        async with another_process(server, name) as other:
            await other.execute("UPDATE world_clock SET tick = tick + 1000")
        assert (await mira.build("metal_mine")).status_code == 504
        await until(lambda: game_of(host).writer.last_error == "open in another process")
    with pytest.raises(StorageError, match="final save"):
        await host.stop()
    assert await _kept_queue(tmp_path, mira) == []
