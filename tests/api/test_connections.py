"""What connections may hold open, with limits small enough to meet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.api import connections
from core.api.connections import is_loopback
from core.api.limits import ConnectionLimits, WholeBody
from core.api.server import ApiServer, bind
from tests.api.hosting import PATIENCE_S, until

ENOUGH_S = 60.0
# Less than the server grants to what is under way.
MOMENT_S = 3.0
BIG = b"x" * 60_000


class World:
    """A server with a few routes, and what has become of their requests."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.said = 0
        self.ended = 0
        self.bodies: list[bytes] = []
        self.app = FastAPI()
        self.app.add_middleware(WholeBody)
        self.app.get("/")(self._answer)
        self.app.post("/")(self._take)
        self.app.get("/big")(self._answer_big)
        self.app.websocket("/ws")(self._converse)
        self.listening = bind("127.0.0.1", 0)
        self.address: tuple[str, int] = self.listening.getsockname()
        self.server = ApiServer(self.app, self.listening, limits)

    async def _answer(self) -> dict[str, str]:
        return {"status": "fine"}

    async def _take(self, request: Request) -> dict[str, int]:
        self.bodies.append(await request.body())
        return {"bytes": len(self.bodies[-1])}

    async def _answer_big(self) -> dict[str, str]:
        return {"text": BIG.decode()}

    async def _converse(self, socket: WebSocket) -> None:
        await socket.accept()
        talking = asyncio.create_task(self._talk(socket))
        try:
            while await socket.receive_text() != "end":
                pass
            talking.cancel()
            await socket.close(1013)
        finally:
            talking.cancel()
            self.ended += 1

    async def _talk(self, socket: WebSocket) -> None:
        while True:
            await socket.send_text(BIG.decode())
            self.said += 1

    @property
    def open_count(self) -> int:
        return len(self.server._server.server_state.connections)


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[World]:
    every = {"request_s_max": ENOUGH_S, "unread_s_max": ENOUGH_S, "lingering_s_max": 0.05}
    world = World(ConnectionLimits(**(every | limits)))
    await world.server.start()
    try:
        yield world
    finally:
        await world.server.stop()


class Line:
    """A connection on which a test says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def status(self) -> int:
        """Return the status of the next answer."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line.partition(b":")[2])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length:")
            )
            body = await self.reader.readexactly(length)
        status = int(head.split()[1])
        assert status == 200 or json.loads(body)["code"], body
        return status

    async def is_over(self) -> bool:
        """Return when the other side has closed, with whether it did so silently."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read() == b""
            except ConnectionError:
                return True


@asynccontextmanager
async def line_to(world: World) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(*world.address)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_that_a_connection_serves_many_requests() -> None:
    async with serving(request_s_max=0.2) as world, line_to(world) as line:
        for _ in range(3):
            line.say(REQUEST)
            assert await line.status() == 200
        line.say(REQUEST * 5)  # without waiting for the answers
        for _ in range(5):
            assert await line.status() == 200


async def test_that_a_request_may_come_in_pieces() -> None:
    async with serving() as world, line_to(world) as line:
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
        for place in range(len(request)):
            line.say(request[place : place + 1])
            await asyncio.sleep(0)
        assert await line.status() == 200
        assert world.bodies == [b"abc"]


HALVES = [
    b"GET / HTT",
    b"GET / HTTP/1.1\r\nHost: x\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 80\r\n\r\nhalf",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
]


async def test_that_half_a_request_is_not_waited_for() -> None:
    async with serving(request_s_max=0.05) as world:
        for half in HALVES:
            async with line_to(world) as line:
                line.say(half)
                assert await line.status() == 408, half
                assert await line.is_over()
        async with line_to(world) as line:
            line.say(REQUEST + HALVES[0])
            assert await line.status() == 200
            assert await line.status() == 408
            assert await line.is_over()
        async with line_to(world) as silent:
            assert await silent.is_over()
        await until(lambda: world.open_count == 0)
        assert world.bodies == []


async def test_that_who_sends_drop_by_drop_is_not_waited_for_either() -> None:
    async with serving(request_s_max=0.1) as world, line_to(world) as line:
        line.say(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        status = asyncio.create_task(line.status())
        while not status.done():
            line.say(b"a")
            await asyncio.sleep(0.005)
        assert await status == 408


async def test_that_a_head_has_a_limit() -> None:
    heads = [
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 5_000_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: aaaa\r\n" * 500 + b"\r\n",
        b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    async with serving(head_bytes_max=2_000) as world:
        for head in heads:
            async with line_to(world) as line:
                line.say(head)
                assert await line.status() == 400, head[:80]
                assert await line.is_over()


async def test_that_a_request_has_a_limit_although_its_body_is_thrown_away() -> None:
    async with serving(message_bytes_max=500_000) as world, line_to(world) as line:
        line.say(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n")
        assert await line.status() == 413
        for _ in range(20):
            line.say(b"x" * 100_000)
            await asyncio.sleep(0)
        assert await line.is_over()
        await until(lambda: world.open_count == 0)


async def test_that_who_sends_too_much_can_read_why() -> None:
    async with serving() as world, line_to(world) as line:
        line.say(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000
        )
        assert await line.status() == 413
        line.say(REQUEST)
        assert await line.status() == 200


NONSENSE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a browser that tries https
    b"\x00" * 100,
    b"HELLO\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0",
    b"CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nX: "
    + b"a" * 9_000
    + b"\r\n\r\n",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    + b"X: a\r\n" * 200
    + b"\r\n",
]


async def test_that_what_is_no_http_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as world:
        for nonsense in NONSENSE:
            async with line_to(world) as line:
                line.say(nonsense)
                assert await line.status() == 400, nonsense[:80]
                assert await line.is_over()
    # A stranger does not write the host's log.
    assert caplog.text == ""


async def test_that_idle_connections_are_few() -> None:
    async with serving(connections_max=2) as world, line_to(world), line_to(world):
        async with line_to(world) as late:
            assert await late.status() == 503
            assert await late.is_over()
        await until(lambda: world.open_count == 2)


async def test_that_a_place_that_is_left_is_free_again() -> None:
    async with serving(connections_max=1) as world:
        for _ in range(3):
            async with line_to(world) as line:
                line.say(REQUEST)
                assert await line.status() == 200
            await until(lambda: world.open_count == 0)


async def test_that_one_address_does_not_take_every_place(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"connections_per_address_max": 1}
    async with serving(**limits) as world, line_to(world) as first, line_to(world) as second:
        # This computer is not counted: a proxy brings everybody's connections from there.
        for line in (first, second):
            line.say(REQUEST)
            assert await line.status() == 200
        monkeypatch.setattr(connections, "is_loopback", lambda _address: False)
        async with line_to(world) as late:
            assert await late.status() == 503


async def test_that_an_answer_that_is_not_read_is_not_kept_for_ever() -> None:
    async with serving(unread_s_max=0.05) as world, line_to(world) as line:
        line.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(500):
            line.say(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: world.open_count == 1)
        await until(lambda: world.open_count == 0)


async def test_that_the_server_does_not_wait_for_half_requests() -> None:
    async with serving(lingering_s_max=ENOUGH_S) as world, AsyncExitStack() as lines:
        for half in HALVES:
            line = await lines.enter_async_context(line_to(world))
            line.say(half)
        await until(lambda: world.open_count == len(HALVES))
        await asyncio.wait_for(world.server.stop(), MOMENT_S)
        assert world.bodies == []


@asynccontextmanager
async def unread_socket_of(world: World) -> AsyncIterator[ClientConnection]:
    """Connect, and read so little that the server cannot send any more."""
    url = "ws://{}:{}/ws".format(*world.address)
    async with connect(url, max_queue=1, max_size=None, close_timeout=0.1) as socket:
        said = -1
        while said != world.said or not said:
            said = world.said
            await asyncio.sleep(0.05)
        yield socket


async def test_that_a_socket_that_is_not_read_can_be_closed_and_says_why() -> None:
    async with serving(lingering_s_max=ENOUGH_S) as world, unread_socket_of(world) as socket:
        await socket.send("end")
        await until(lambda: world.ended == 1)
        # It is read to its end, and then why it ends.
        with pytest.raises(ConnectionClosed) as closed:
            await read_for_ever(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def read_for_ever(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


async def test_that_a_socket_that_is_never_read_is_not_kept() -> None:
    async with serving() as world, unread_socket_of(world) as socket:
        await socket.send("end")
        await until(lambda: world.ended == 1 and world.open_count == 0)


async def test_that_the_server_stops_although_somebody_does_not_read() -> None:
    async with serving() as world, unread_socket_of(world):
        await asyncio.wait_for(world.server.stop(), PATIENCE_S)
        assert world.ended == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("192.168.1.20", False),
        ("::ffff:192.168.1.20", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_that_loopback_is_this_computer(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected
