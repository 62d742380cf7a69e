"""What outlives the end of the program, through both doors: sockets and FastAPI's TestClient."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from core.api.application import create_app
from core.secrets import load_or_create_secret
from desktop_app.application import Host
from tests.api.hosting import (
    PASSWORD,
    JumpingClock,
    Player,
    client_of,
    enter,
    hosting,
    log_in,
    registration,
    simulation_of,
    until,
    world_of,
)


async def test_that_a_token_outlives_a_restart_and_a_logged_out_one_does_not(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        out = await log_in(client, "mira")
        await Player(client, mira.id, "mira", out).post("/auth/logout")
        await mira.build("metal_mine")
        before = await mira.planet()
    async with hosting(tmp_path) as host, client_of(host) as client:
        again = Player(client, mira.id, "mira", mira.token)
        assert (await again.get("/auth/me")).json()["username"] == "mira"
        planet = await again.planet()
        assert planet["build_queue"] == before["build_queue"]
        logged_out = Player(client, mira.id, "mira", out)
        assert (await logged_out.get("/auth/me")).status_code == 401


async def test_that_a_new_key_makes_every_token_worthless(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
    host.folder.secret.unlink()
    async with hosting(tmp_path) as host, client_of(host) as client:
        again = Player(client, mira.id, "mira", mira.token)
        assert (await again.get("/auth/me")).status_code == 401
        await log_in(client, "mira")


async def test_that_a_host_can_be_stopped_and_started_again(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host:
        async with client_of(host) as client:
            mira = await enter(client)
        await host.stop()
        await host.start()
        async with client_of(host) as client:
            again = Player(client, mira.id, "mira", mira.token)
            assert (await again.planet())["player"]["name"] == "mira"


async def test_that_whoever_asks_while_the_world_stops_is_answered_or_cut_off(
    tmp_path: Path,
) -> None:
    accepted: dict[int, int] = {}
    unexpected: list[str] = []

    async def play(player: Player) -> None:
        while True:
            try:
                order = await player.build("metal_mine")
                if order.status_code == 200:
                    accepted[player.id] += 1
                elif order.status_code not in (409, 503):
                    unexpected.append(order.text)
                look = await player.get("/player/{id}")
            except httpx.TransportError:
                return
            if look.status_code not in (200, 503):
                unexpected.append(look.text)

    settings = {"rate_limit_per_minute": 1_000_000}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        players = [await enter(client, f"player{number}") for number in range(4)]
        accepted.update((player.id, 0) for player in players)
        playing = [asyncio.create_task(play(player)) for player in players]
        await until(lambda: all(accepted.values()))
        await host.stop()
        await asyncio.gather(*playing)
    assert unexpected == []
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        for player in players:
            again = Player(client, player.id, player.name, player.token)
            kept = len((await again.planet())["build_queue"])
            # The answer to one more may have been lost with the connection.
            assert accepted[player.id] <= kept <= accepted[player.id] + 1


# FastAPI's TestClient -----------------------------------------------------------------------------


def ask_through_test_client(host: Host, ask: Callable[[TestClient], Any]) -> Any:
    """Serve the host's world once more, for a TestClient on this thread."""
    app = create_app(
        simulation=simulation_of(host),
        settings=host.settings,
        metrics=host.metrics,
        token_secret=load_or_create_secret(host.folder.secret),
        host_token=load_or_create_secret(host.folder.host_token),
        host_door=host.host_door(),
    )
    with TestClient(app) as client:
        return ask(client)


async def in_thread(work: Callable[[], Any]) -> Any:
    """Run something that blocks beside the loop that it waits for."""
    done: Future[Any] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is awaited
            done.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        return await asyncio.wrap_future(done)
    finally:
        thread.join()


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_short_lived_client_sees_start_autoload_and_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(client: TestClient) -> dict[str, Any]:
        player_id = client.post("/auth/register", json=registration("mira")).json()["id"]
        answer = client.post("/auth/login", json={"username": "mira", "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        for building in ("metal_mine", "solar_plant"):
            order = client.post(f"/player/{player_id}/build", json={"building_type": building})
            assert order.status_code == 200
        with client.websocket_connect("/ws") as socket:
            socket.send_json({"type": "auth", "token": answer.json()["access_token"]})
            assert socket.receive_json()["type"] == "welcome"
        return dict(client.headers)

    async with hosting(tmp_path) as host:
        headers = await in_thread(lambda: ask_through_test_client(host, begin))
        before = world_of(host)

    # An hour later, on a world whose first tick is ten seconds away.
    monkeypatch.setattr(JumpingClock, "ahead_s", 3600.0)

    def look(client: TestClient) -> dict[str, Any]:
        return dict(client.get("/player/1", headers=headers).raise_for_status().json())

    async with hosting(tmp_path, tick_rate=0.1) as host:
        planet = await in_thread(lambda: ask_through_test_client(host, look))
        assert simulation_of(host).status.tick == 0
        assert planet["buildings"]["metal_mine"] == 1
        assert planet["buildings"]["solar_plant"] == 1
        assert planet["resources"]["metal"] > 500 - 60 - 75
        assert planet["production"]["metal_rate"] > 30
        assert world_of(host) != before
        after = world_of(host)
    async with hosting(tmp_path) as host:
        assert world_of(host) == after


async def test_that_a_test_client_may_come_and_go_many_times(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host:
        for _ in range(3):
            status = await in_thread(
                lambda: ask_through_test_client(host, lambda client: client.get("/game-status"))
            )
            assert status.json()["game_running"] is True
        assert simulation_of(host)._listeners != []
    assert host.simulation is None
