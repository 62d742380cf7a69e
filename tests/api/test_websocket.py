"""The WebSocket, against a real world."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from core.api import hub, websocket
from core.api.answers import resource_update
from core.queries import PlanetStocks
from tests.api.hosting import (
    PASSWORD,
    PATIENCE_S,
    Player,
    client_of,
    clock_of,
    enter,
    hosting,
    socket_of,
    until,
)

NEVER_S = 1_000_000.0


async def receive(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        return dict(json.loads(await socket.recv()))


async def receive_kind(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next message of a kind."""
    while (message := await receive(socket))["type"] != kind:
        pass
    return message


async def send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def close_code(socket: ClientConnection) -> int | None:
    """Return the code with which the other side closes."""
    async with asyncio.timeout(PATIENCE_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else None


async def welcomed(socket: ClientConnection, player: Player) -> ClientConnection:
    """Log in by the first message."""
    await send(socket, type="auth", token=player.token)
    welcome = await receive(socket)
    assert (welcome["type"], welcome["user_id"]) == ("welcome", player.id)
    assert welcome["server_time"].endswith("Z")
    return socket


# Coming in ----------------------------------------------------------------------------------------


async def test_that_a_token_opens_it_as_message_or_in_the_query(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        async with socket_of(host) as socket:
            await welcomed(socket, mira)
            await socket.send("ping")
            pong = await receive(socket)
            assert pong.keys() == {"type", "ts", "server_time"}
            await send(socket, type="ping")
            assert (await receive(socket))["type"] == "pong"
        async with socket_of(host, f"?token={mira.token}") as socket:
            assert (await receive(socket))["type"] == "welcome"


async def test_that_no_token_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        caplog.set_level(logging.INFO)
        async with socket_of(host, f"?token={mira.token}") as socket:
            await receive_kind(socket, "welcome")
        assert (await mira.get("/auth/me")).status_code == 200
    assert mira.token not in caplog.text


async def test_that_a_wrong_first_message_closes_it(tmp_path: Path) -> None:
    wrong: list[str | bytes] = [
        "",
        "ping",
        "nonsense",
        "[]",
        "null",
        "[" * 3000,
        '{"type": "auth"}',
        '{"type": "auth", "token": 7}',
        '{"type": "auth", "token": "nonsense"}',
        '{"type": "auth", "token": "\\ud800"}',
        '{"type": "hello", "token": "nonsense"}',
        b"\x00\xff",
    ]
    async with hosting(tmp_path) as host:
        for first in wrong:
            async with socket_of(host) as socket:
                await socket.send(first)
                assert await close_code(socket) == 1008, first


async def test_that_a_worthless_token_closes_it(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        await mira.post("/auth/logout")
        for query in (f"?token={mira.token}", "?token=nonsense", "?token=", "?token=%00%ff"):
            async with socket_of(host, query) as socket:
                assert await close_code(socket) == 1008


async def test_that_who_says_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "AUTH_TIMEOUT_S", 0.01)
    async with hosting(tmp_path) as host, socket_of(host) as socket:
        assert await close_code(socket) == 1008


async def test_that_nobody_has_more_connections_than_he_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "CONNECTIONS_PER_PLAYER_MAX", 1)
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        async with socket_of(host) as first, socket_of(host) as second, socket_of(host) as third:
            await welcomed(first, mira)
            await send(second, type="auth", token=mira.token)
            assert await close_code(second) == 1013
            await welcomed(third, jonas)


# What is told -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_subscriber_is_told_of_every_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", NEVER_S)
    async with hosting(tmp_path) as host, client_of(host) as client, socket_of(host) as socket:
        mira = await enter(client)
        planet = (await mira.planet())["planet"]["id"]
        await welcomed(socket, mira)
        await send(socket, type="subscribe", planets=[planet])
        assert (await receive(socket))["planets"] == [planet]
        first = await receive(socket)
        assert first["type"] == "resource_update"
        assert first["planet"] == planet
        assert first["totals"] == {"metal": 500, "crystal": 500, "deuterium": 0}
        assert first["rates"].keys() == {"metal_rate", "crystal_rate", "deuterium_rate"}
        assert (first["kept"], first["full"]) == (True, [])
        assert first["ts"].endswith("Z")

        await mira.build("metal_mine")
        paid = await receive_kind(socket, "resource_update")
        assert paid["totals"]["metal"] == 440

        clock_of(host).jump(3600)
        complete = await receive_kind(socket, "building_complete")
        assert (complete["planet"], complete["building_type"]) == (planet, "metal_mine")
        assert (complete["new_level"], complete["demolished"]) == (1, False)
        assert (await receive_kind(socket, "resource_update"))["planet"] == planet

        clock_of(host).jump(3600 * 24 * 365)
        full = await receive_kind(socket, "resource_update")
        while full["full"] != ["metal", "crystal"]:
            full = await receive_kind(socket, "resource_update")
        assert full["totals"]["metal"] == full["storage"]["metal"]


async def test_that_a_subscriber_is_told_regularly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", 0.02)
    async with hosting(tmp_path) as host, client_of(host) as client, socket_of(host) as socket:
        mira = await enter(client)
        planet = (await mira.planet())["planet"]["id"]
        await welcomed(socket, mira)
        for planets in ([planet], "all"):
            await send(socket, type="subscribe", planets=planets)
            await receive_kind(socket, "subscribed")
            for _ in range(4):
                assert (await receive(socket))["planet"] == planet
            await send(socket, type="unsubscribe", planets=planets)
            await receive_kind(socket, "unsubscribed")
            # Nothing is on its way any more when the answer to a later question is here.
            await mira.planet()
            await socket.send("ping")
            late = await receive(socket)
            assert late["type"] in ("pong", "resource_update")
            if late["type"] == "resource_update":
                assert (await receive(socket))["type"] == "pong"


async def test_that_of_all_planets_some_can_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", NEVER_S)
    async with hosting(tmp_path) as host, client_of(host) as client, socket_of(host) as socket:
        mira = await enter(client)
        planet = (await mira.planet())["planet"]["id"]
        await welcomed(socket, mira)
        await send(socket, type="subscribe", planets="all")
        await receive_kind(socket, "resource_update")
        await send(socket, type="unsubscribe", planets=[planet])
        assert (await receive(socket))["type"] == "unsubscribed"
        await mira.build("metal_mine")
        await mira.planet()
        # There is an end to what is remembered.
        await send(
            socket, type="unsubscribe", planets=list(range(1, websocket.SUBSCRIPTIONS_MAX + 1))
        )
        assert (await receive(socket))["type"] == "unsubscribed"
        await send(socket, type="unsubscribe", planets=[websocket.SUBSCRIPTIONS_MAX + 1])
        assert (await receive(socket))["code"] == "too_many"
        for planets in ([planet], "all"):
            await send(socket, type="subscribe", planets=planets)
            assert (await receive(socket))["type"] == "subscribed"
            assert (await receive(socket))["planet"] == planet


async def test_that_nobody_hears_of_anothers_planets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", NEVER_S)
    async with hosting(tmp_path) as host, client_of(host) as client, socket_of(host) as socket:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        his = (await jonas.planet())["planet"]["id"]
        own = (await mira.planet())["planet"]["id"]
        await welcomed(socket, mira)
        await send(socket, type="subscribe", planets=[own, his])
        refusal = await receive(socket)
        assert (refusal["type"], refusal["code"]) == ("error", "not_yours")
        await send(socket, type="subscribe", planets="all")
        assert (await receive(socket))["type"] == "subscribed"
        assert (await receive(socket))["planet"] == own
        await jonas.build("metal_mine")
        await mira.build("metal_mine")
        # Hers comes, though his was ordered before.
        update = await receive(socket)
        assert (update["type"], update["planet"]) == ("resource_update", own)


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_all_of_a_players_clients_hear_of_a_finished_building(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        async with socket_of(host) as first, socket_of(host) as second:
            await welcomed(first, mira)
            await welcomed(second, mira)
            await mira.build("metal_mine")
            clock_of(host).jump(3600)
            for socket in (first, second):
                complete = await receive_kind(socket, "building_complete")
                assert complete["building_type"] == "metal_mine"


async def test_that_nonsense_is_answered_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", NEVER_S)
    async with hosting(tmp_path) as host, client_of(host) as client, socket_of(host) as socket:
        await welcomed(socket, await enter(client))
        nonsense: list[str | bytes] = [
            "",
            "null",
            "[" * 4000,
            '{"type": []}',
            '{"type": "auth", "token": "again"}',
            '{"type": "subscribe"}',
            '{"type": "subscribe", "planets": "some"}',
            '{"type": "subscribe", "planets": [true]}',
            '{"type": "subscribe", "planets": [1.0]}',
            '{"type": "subscribe", "planets": [-1, 0]}',
            '{"type": "subscribe", "planets": [1e999]}',
            '{"type": "subscribe", "planets": [99999999999999999999]}',
            '{"type": "subscribe", "planets": [[[]]]}',
            '{"type": "unsubscribe", "planets": {"a": 1}}',
            '{"type": "subscribe", "planets": [' + ",".join(["1"] * 101) + "]}",
            b"\xff\xfe",
        ]
        for message in nonsense:
            await socket.send(message)
            answer = await receive(socket)
            assert answer["type"] == "error", message
            assert answer["code"] in ("unknown_message", "invalid")
        await socket.send("ping")
        assert (await receive(socket))["type"] == "pong"


async def test_that_a_connected_player_is_online(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", 0.01)
    async with hosting(tmp_path) as host, client_of(host) as client, socket_of(host) as socket:
        mira = await enter(client)
        await welcomed(socket, mira)
        assert (await client.get("/game-status")).json()["players_online"] == 1


# Going --------------------------------------------------------------------------------------------


async def test_that_a_message_that_is_too_big_closes_it(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        async with socket_of(host) as socket:
            await welcomed(socket, mira)
            await socket.send(" " * 4094 + "[]")
            assert (await receive(socket))["code"] == "unknown_message"
        for size in (4097, 5_000, 3_000_000):
            async with socket_of(host) as socket:
                await welcomed(socket, mira)
                await socket.send("x" * size)
                assert await close_code(socket) == 1009
        async with socket_of(host) as stranger:
            await stranger.send("x" * 5_000)
            assert await close_code(stranger) == 1009


async def test_that_the_end_of_the_world_is_told(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        async with socket_of(host) as known, socket_of(host) as stranger:
            await welcomed(known, mira)
            _, code, strangers_code = await asyncio.gather(
                host.stop(), close_code(known), close_code(stranger)
            )
            assert (code, strangers_code) == (1001, 1001)


async def test_that_a_login_that_ends_closes_its_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", 0.01)
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        kim = await enter(client, "kim")
        sockets = socket_of(host), socket_of(host), socket_of(host)
        async with sockets[0] as hers, sockets[1] as his, sockets[2] as kims:
            for socket, player in ((hers, mira), (his, jonas), (kims, kim)):
                await welcomed(socket, player)
            await mira.post("/auth/logout")
            assert await close_code(hers) == 1008
            await jonas.post("/auth/password", {"old": PASSWORD, "new": "battery staple"})
            assert await close_code(his) == 1008
            await kims.send("ping")
            assert (await receive(kims))["type"] == "pong"


async def test_that_a_reader_who_is_too_slow_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "UPDATE_INTERVAL_S", 0.001)
    monkeypatch.setattr(hub, "BACKLOG_MAX", 16)

    def padded(stocks: PlanetStocks, *, kept: bool) -> dict[str, Any]:
        return resource_update(stocks, kept=kept) | {"padding": "x" * 200_000}

    monkeypatch.setattr(hub, "resource_update", padded)
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        metrics = host.metrics
        # It takes nothing off the wire until it is asked for more.
        async with socket_of(host, max_queue=1, max_size=None) as slow, socket_of(host) as other:
            await welcomed(slow, mira)
            await welcomed(other, mira)
            await send(slow, type="subscribe", planets="all")
            await until(lambda: metrics.websocket_dropped._value.get() == 1)
            # What was sent before is still read, and then why it ends.
            assert await close_code(slow) == 1013
            await other.send("ping")
            assert (await receive(other))["type"] == "pong"


async def test_that_a_flood_is_held_up_and_ended(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=1_200) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        async with socket_of(host) as flooding, socket_of(host) as other:
            await welcomed(flooding, mira)
            await welcomed(other, jonas)
            for _ in range(1_400):
                flooding.protocol.send_text(b"ping")
            # In one piece, so that the server finds them all at once.
            flooding.transport.write(b"".join(flooding.protocol.data_to_send()))
            # A burst is answered in full: its answers do not make the reader too slow.
            for _ in range(1_000):
                assert (await receive(flooding))["type"] == "pong"
            assert (await receive_kind(flooding, "error"))["code"] == "too_many"
            await other.send("ping")
            assert (await receive(other))["type"] == "pong"
            assert await close_code(flooding) == 1013


async def test_that_clients_that_vanish_leave_nothing_behind(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        clients = host.metrics.websocket_clients
        for _ in range(5):
            async with socket_of(host) as socket:
                await welcomed(socket, mira)
                await send(socket, type="subscribe", planets="all")
                assert clients._value.get() >= 1
                socket.transport.abort()
        await until(lambda: clients._value.get() == 0)
        await mira.build("metal_mine")
