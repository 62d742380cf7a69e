"""What players are told while the database cannot be written: real locks, real clients."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from core import database, sync
from core import simulation as simulation_module
from core.api import hub
from core.api.door import WorldDoor
from core.api.problems import Problem
from core.api.routers import auth
from core.commands import Command
from tests.api.hosting import (
    PASSWORD,
    PATIENCE_S,
    Player,
    client_of,
    enter,
    game_of,
    hosting,
    locked_database,
    log_in,
    register,
    registration,
    simulation_of,
    socket_of,
    until,
    world_of,
)

GRACE_S = 0.3


@pytest.fixture(autouse=True)
def _quick_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_module, "STATUS_INTERVAL_S", 0.02)


def hurry(monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """Have an operation given up soon; whatever else the request needs may take its time."""
    run = sync.run

    def run_hastily(
        wanted: sync.Operation[Any], timeout_s: float = sync.OPERATION_TIMEOUT_S, **options: Any
    ) -> sync.Operation[Any]:
        hurried = getattr(wanted, "__name__", "") == operation
        return run(wanted, 0.1 if hurried else timeout_s, **options)

    monkeypatch.setattr(sync, "run", run_hastily)


async def test_that_an_answer_waits_for_its_commit(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        with locked_database(host):
            order = asyncio.create_task(mira.build("metal_mine"))
            await until(lambda: game_of(host).writer.busy)
            look = asyncio.create_task(mira.planet())
            await until(lambda: game_of(host).writer.held_count == 3)  # and the event
            # Others, who do not see what is not kept, are not held up.
            assert (await client.get("/rules")).status_code == 200
            assert not order.done()
            assert not look.done()
        assert (await order).status_code == 200
        planet = await look
        assert planet["kept"] is True
        assert [item["type"] for item in planet["build_queue"]] == ["metal_mine"]


async def test_that_stalled_storage_refuses_orders_and_still_shows_the_world(
    tmp_path: Path,
) -> None:
    async with (
        hosting(tmp_path, storage_grace_seconds=GRACE_S) as host,
        client_of(host) as client,
    ):
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        skipped = host.metrics.ticks_skipped._value.get()
        with locked_database(host):
            pending = await mira.build("metal_mine")
            assert (pending.status_code, pending.json()["code"]) == (504, "commit_pending")
            assert "retry-after" in pending.headers
            await until(lambda: game_of(host).writer.stalled)

            before = world_of(host)
            for refusal in (
                await mira.build("solar_plant"),
                await jonas.build("metal_mine"),
                await mira.delete("/player/{id}/build-queue/0"),
                await client.post("/auth/register", json=registration("kim")),
            ):
                assert refusal.status_code == 503
                assert refusal.json()["code"] == "storage_unavailable"
                assert int(refusal.headers["retry-after"]) >= 1
            assert world_of(host) == before

            hers = await mira.planet()
            assert hers["kept"] is False
            assert hers["build_queue"][0]["type"] == "metal_mine"
            assert (await mira.get("/player/{id}/planets")).json()["kept"] is False
            assert (await jonas.planet())["kept"] is True
            await until(lambda: simulation_of(host).status.stalled)
            health = await client.get("/healthz")
            assert (health.status_code, health.json()["status"]) == (503, "failing")
            assert health.json()["database"] == {"status": "unavailable"}
            assert health.json()["unsaved_seconds"] > 0
            assert (await client.get("/game-status")).json()["database"] == {
                "status": "unavailable"
            }
        await until(lambda: not game_of(host).writer.stalled)
        # What was pending has been done, once.
        planet = await mira.planet()
        assert planet["kept"] is True
        assert [item["type"] for item in planet["build_queue"]] == ["metal_mine"]
        assert (await mira.build("solar_plant")).status_code == 200
        # A tick that waited for the database would have cost three; others may cost us one.
        assert host.metrics.ticks_skipped._value.get() <= skipped + 1
    async with hosting(tmp_path) as host, client_of(host) as client:
        again = Player(client, mira.id, "mira", mira.token)
        queue = (await again.planet())["build_queue"]
        assert [item["type"] for item in queue] == ["metal_mine", "solar_plant"]


async def test_that_who_is_known_gets_in_although_nothing_can_be_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_NOTE_LOGIN_S", 0.01)
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        with locked_database(host):
            assert await log_in(client, "mira")


async def test_that_health_tells_everybody_the_kind_of_trouble_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        with locked_database(host):
            order = asyncio.create_task(mira.build("metal_mine"))
            await until(lambda: simulation_of(host).status.last_error)
            findings = (await client.get("/healthz")).json()["findings"]
            assert findings == ["the last save failed and is tried again: locked"]
        assert (await order).status_code == 200


async def test_that_accounts_are_changed_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        with locked_database(host):
            for answer in (
                await client.post("/auth/register", json=registration("jonas")),
                await mira.post("/auth/logout"),
                await mira.post("/auth/password", {"old": PASSWORD, "new": "battery staple"}),
            ):
                assert answer.status_code == 503
                assert answer.json()["code"] == "storage_unavailable"
                assert "retry-after" in answer.headers
        assert (await mira.get("/auth/me")).status_code == 200
        await log_in(client, "mira")
        assert (await enter(client, "jonas")).id == 2


async def test_that_a_change_of_an_account_that_may_follow_is_not_called_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        with locked_database(host), monkeypatch.context() as hasty:
            hurry(hasty, "register_account")
            pending = await client.post("/auth/register", json=registration("jonas"))
            assert (pending.status_code, pending.json()["code"]) == (504, "commit_pending")
        # It is there later, and gets its home when it is first used.
        async with asyncio.timeout(PATIENCE_S):
            while (await client.post("/auth/login", json=registration("jonas"))).is_error:
                pass
        jonas = Player(client, 2, "jonas", await log_in(client, "jonas"))
        assert (await jonas.planet())["player"]["name"] == "jonas"


async def test_that_a_password_change_that_follows_later_counts_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = "battery staple"
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        with locked_database(host), monkeypatch.context() as hasty:
            hurry(hasty, "change_password")
            pending = await mira.post("/auth/password", {"old": PASSWORD, "new": new})
            assert (pending.status_code, pending.json()["code"]) == (504, "commit_pending")
            # Nothing has changed yet, and whoever looks remembers that.
            assert (await mira.get("/auth/me")).status_code == 200
        async with asyncio.timeout(PATIENCE_S):
            body = {"username": "mira", "password": new}
            while (answer := await client.post("/auth/login", json=body)).is_error:
                pass
        anew = Player(client, mira.id, "mira", answer.json()["access_token"])
        assert (await anew.get("/auth/me")).status_code == 200
        assert (await mira.get("/auth/me")).status_code == 401


async def test_that_an_account_whose_home_must_wait_is_not_called_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = WorldDoor.order

    async def refuse(self: WorldDoor, command: Command) -> Any:
        raise Problem(503, "busy", "…", retry_after_s=1)

    async with hosting(tmp_path) as host, client_of(host) as client:
        monkeypatch.setattr(WorldDoor, "order", refuse)
        pending = await client.post("/auth/register", json=registration("mira"))
        assert (pending.status_code, pending.json()["code"]) == (504, "commit_pending")
        monkeypatch.setattr(WorldDoor, "order", order)
        mira = Player(client, 1, "mira", await log_in(client, "mira"))
        assert (await mira.planet())["player"]["name"] == "mira"


async def test_that_pushes_wait_for_the_commit_and_go_on_when_storage_stalls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", 0.02)
    async with (
        hosting(tmp_path, storage_grace_seconds=GRACE_S) as host,
        client_of(host) as client,
    ):
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        queries = [f"?token={player.token}" for player in (mira, jonas)]
        async with socket_of(host, queries[0]) as hers, socket_of(host, queries[1]) as his:
            for socket in (hers, his):
                await socket.send('{"type": "subscribe", "planets": "all"}')
            while json.loads(await his.recv())["type"] != "resource_update":
                pass
            with locked_database(host):
                order = asyncio.create_task(mira.build("metal_mine"))
                await until(lambda: game_of(host).writer.busy)
                # His planet is as it was: nothing of hers holds it up.
                for _ in range(5):
                    assert json.loads(await his.recv())["kept"] is True
                seen = json.loads(await hers.recv())
                while seen.get("kept", True):
                    assert seen.get("totals", {"metal": 500})["metal"] == 500
                    seen = json.loads(await hers.recv())
                # Nothing of the order was shown before the grace was over.
                assert game_of(host).writer.stalled
                assert seen["totals"]["metal"] == 440
                assert (await order).status_code == 504


async def test_that_a_client_that_has_gone_loses_nothing(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        async with client_of(host) as impatient:
            hasty = Player(impatient, mira.id, mira.name, mira.token)
            with locked_database(host):
                order = asyncio.create_task(hasty.build("metal_mine"))
                await until(lambda: game_of(host).writer.busy)
                order.cancel()
                await asyncio.wait((order,))
        await until(lambda: simulation_of(host).pending_count == 0)
        assert [item["type"] for item in (await mira.planet())["build_queue"]] == ["metal_mine"]
        assert (await mira.build("solar_plant")).status_code == 200


async def test_that_too_many_orders_at_once_are_refused_untouched(tmp_path: Path) -> None:
    settings = {"pending_max": 4, "rate_limit_per_minute": 100_000}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        players = [await enter(client, f"player{number}") for number in range(8)]
        with locked_database(host):
            orders = [asyncio.create_task(player.build("metal_mine")) for player in players]
            await until(lambda: sum(order.done() for order in orders) == 4)
            refused = [order.result() for order in orders if order.done()]
            assert {answer.status_code for answer in refused} == {503}
            assert {answer.json()["code"] for answer in refused} == {"busy"}
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*orders))
        assert statuses == [200] * 4 + [503] * 4
        queues = [(await player.planet())["build_queue"] for player in players]
        assert sum(map(len, queues)) == 4
