"""What connections may hold open, with limits small enough to meet."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from core.api import connections
from core.api.limits import ConnectionLimits, WholeBody
from core.api.problems import NeverAnError
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
        self.heard: list[str] = []
        self.ended = 0
        self.refused: list[str] = []
        self.waiting = 0
        self.bodies: list[bytes] = []
        self.heads: list[dict[str, str]] = []
        self.gate = asyncio.Event()
        self.app = FastAPI()
        self.app.add_middleware(WholeBody)
        self.app.add_middleware(NeverAnError)
        self.app.get("/")(self._answer)
        self.app.post("/")(self._take)
        self.app.get("/big")(self._answer_big)
        self.app.get("/huge")(self._answer_huge)
        self.app.post("/slow")(self._take_slowly)
        self.app.get("/slow")(self._answer_slowly)
        self.app.websocket("/ws")(self._converse)
        self.app.websocket("/listen")(self._listen)
        self.app.websocket("/late")(self._listen_late)
        self.listening = bind("127.0.0.1", 0)
        self.address: tuple[str, int] = self.listening.getsockname()
        self.server = ApiServer(self.app, self.listening, limits, self.refused.append)

    async def _answer(self) -> dict[str, str]:
        return {"status": "fine"}

    async def _take(self, request: Request) -> dict[str, int]:
        self.heads.append(dict(request.headers))
        self.bodies.append(await request.body())
        return {"bytes": len(self.bodies[-1])}

    async def _take_slowly(self, request: Request) -> dict[str, int]:
        answer = await self._take(request)
        await self.gate.wait()
        return answer

    async def _answer_slowly(self) -> dict[str, int]:
        self.waiting += 1
        await self.gate.wait()
        return {"waiting": self.waiting}

    def open_gate(self) -> None:
        """Let what is slow be answered."""
        loop = self.server._loop
        assert loop is not None
        loop.call_soon_threadsafe(self.gate.set)

    async def _answer_big(self) -> dict[str, str]:
        return {"text": BIG.decode()}

    async def _answer_huge(self) -> dict[str, str]:
        return {"text": 500 * BIG.decode()}

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

    async def _listen(self, socket: WebSocket) -> None:
        await socket.accept()
        with suppress(WebSocketDisconnect):
            while True:
                self.heard.append(await socket.receive_text())
                await self.gate.wait()

    async def _listen_late(self, socket: WebSocket) -> None:
        self.waiting += 1
        await self.gate.wait()
        await self._listen(socket)

    async def _talk(self, socket: WebSocket) -> None:
        while True:
            await socket.send_text(BIG.decode())
            self.said += 1

    @property
    def open_count(self) -> int:
        return len(self.server._server.server_state.connections)

    @property
    def connection(self) -> Any:
        """The only one, as the server has it."""
        (connection,) = self.server._server.server_state.connections
        return connection


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
        assert world.refused == ["too_slow"] * (len(HALVES) + 1)


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
    assert world.refused == ["malformed"] * len(heads)


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
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Content-Length: 4\r\n\r\nhalf",
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n",
    b"GET /ws\xff HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
]


async def test_that_what_is_no_http_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as world:
        for nonsense in NONSENSE:
            async with line_to(world) as line:
                line.say(nonsense)
                assert await line.status() == 400, nonsense[:80]
                assert await line.is_over()
        await until(lambda: world.open_count == 0)
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
        line.say(b"GET /huge HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: world.open_count == 1)
        await until(lambda: world.open_count == 0)
        assert world.refused == ["unread"]


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


# Too much at once --------------------------------------------------------------------------------

SLOW = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nslow"


async def answer_count(line: Line) -> int:
    """Return how many answers are still to be read until the other side has closed."""
    async with asyncio.timeout(PATIENCE_S):
        return (await line.reader.read()).count(b"HTTP/1.1 200")


async def test_that_requests_that_wait_are_few() -> None:
    async with serving(pipeline_max=3) as world, line_to(world) as line:
        # In one piece: the parser finds them all at once.
        line.say(SLOW + REQUEST * 5_000)
        await until(lambda: world.bodies == [b"slow"])
        world.open_gate()
        assert await answer_count(line) == 1 + 3


async def test_that_what_came_whole_is_answered_before_half_a_request_is_given_up() -> None:
    async with serving(request_s_max=0.05) as world, line_to(world) as line:
        line.say(SLOW + REQUEST + HALVES[1])
        await until(lambda: world.bodies == [b"slow"] and world.connection._request_timer is None)
        world.open_gate()
        # Not 408, which it was: an order that is carried out is not one that came too slowly.
        assert [await line.status(), await line.status()] == [200, 200]
        assert await line.is_over()


async def test_that_a_request_that_is_not_read_is_not_too_slow() -> None:
    async with serving(request_s_max=0.05) as world, line_to(world) as line:
        line.say(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + HALVES[2])
        await until(lambda: world.waiting == 1)
        timer = world.connection._request_timer
        await until(lambda: world.connection._request_timer is not timer)
        world.open_gate()
        assert [await line.status(), await line.status()] == [200, 408]
        assert await line.is_over()
        assert world.bodies == []


async def test_that_half_a_request_after_a_slow_answer_is_not_kept() -> None:
    async with serving(request_s_max=0.05) as world, line_to(world) as line:
        line.say(SLOW)
        await until(lambda: world.bodies == [b"slow"])
        line.say(b"\r\n")  # may come before a request, and begins to wait for one
        await until(lambda: world.connection._fruitless_bytes == 2)
        await until(lambda: world.connection._request_timer is None)
        world.open_gate()
        assert await line.status() == 200
        line.say(HALVES[1])
        assert await line.status() == 408
        assert await line.is_over()


async def test_that_a_request_that_comes_too_late_is_thrown_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        serving(request_s_max=0.05, lingering_s_max=ENOUGH_S) as world,
        line_to(world) as line,
    ):
        assert await line.is_over()
        line.say(REQUEST)
        line.writer.write_eof()
        await until(lambda: world.open_count == 0)
    assert caplog.text == ""


async def test_that_a_server_that_stops_answers_what_came_whole() -> None:
    async with serving() as world, line_to(world) as line:
        line.say(SLOW + HALVES[1])
        await until(lambda: world.bodies == [b"slow"])
        world.server.begin_to_stop()
        await until(lambda: world.connection._takes_no_more)
        world.open_gate()
        assert await line.status() == 200


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"
TRAILERS = {
    "many": CHUNKED + b"0\r\n" + b"a:\r\n" * 200 + b"\r\n",
    "long": CHUNKED + b"0\r\nA: " + b"a" * 17_000 + b"\r\n\r\n",
    "unfinished": CHUNKED + b"0\r\nA: " + b"a" * 50_000,
    "unfinished chunk": CHUNKED + b"2;" + b"a" * 50_000,
    "of a request": b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("trailers", TRAILERS)
async def test_that_headers_have_a_limit_wherever_they_come(trailers: str) -> None:
    async with serving() as world, line_to(world) as line:
        line.say(TRAILERS[trailers])
        assert await line.status() == 400
        assert await line.is_over()
        assert world.bodies == []


async def test_that_a_body_is_in_few_pieces() -> None:
    chunk = b"1\r\na\r\n"
    async with serving(body_pieces_max=10) as world, line_to(world) as line:
        line.say((CHUNKED + chunk * 9 + b"0\r\n\r\n") * 3)
        assert [await line.status() for _ in range(3)] == [200] * 3
        line.say(CHUNKED + chunk * 10_000)
        assert await line.status() == 400
        assert await line.is_over()
        assert world.bodies == [b"{}" + b"a" * 9] * 3


async def test_that_a_trailer_is_no_header() -> None:
    async with serving() as world, line_to(world) as line:
        line.say(CHUNKED + b"0\r\nX-Late: yes\r\n\r\n")
        assert await line.status() == 200
        assert world.bodies == [b"{}"]
        assert set(world.heads[0]) == {"host", "transfer-encoding", "content-type"}


UPGRADE = b"GET /listen HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


async def test_that_what_is_refused_is_not_asked_for_the_rest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as world, line_to(world) as line:
        line.say(
            b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nnonsense"
        )
        assert await line.status() == 400
        assert await line.is_over()
        await until(lambda: not world.server._server.server_state.tasks)
    assert caplog.text == ""


async def test_that_no_socket_begins_among_answers() -> None:
    async with serving() as world, line_to(world) as line:
        line.say(SLOW + UPGRADE + KEY + b"\r\n")
        await until(lambda: world.bodies == [b"slow"])
        world.open_gate()
        assert await line.status() == 200
        assert await line.is_over()


async def test_that_who_is_turned_away_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "is_loopback", lambda _address: False)
    limits = {"connections_per_address_max": 1, "turned_away_max": 2, "lingering_s_max": ENOUGH_S}
    async with serving(**limits) as world, AsyncExitStack() as lines:
        come = partial(lines.enter_async_context, line_to(world))
        first, *told = [await lines.enter_async_context(line_to(world)) for _ in range(3)]
        for line in told:
            assert await line.status() == 503
        dropped = await come()
        assert await dropped.is_over()
        await until(lambda: world.open_count == 3)
        first.say(REQUEST)
        assert await first.status() == 200
        assert world.refused == ["busy", "busy", "dropped"]


# Sockets -----------------------------------------------------------------------------------------


def frame(opcode: int, data: bytes = b"", *, last: bool = True) -> bytes:
    """Return what a client sends, masked with zeros."""
    assert len(data) < 126
    return bytes([0x80 * last | opcode, 0x80 | len(data)]) + bytes(4) + data


CONT, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
BEGINNING = frame(TEXT, b"a", last=False)


@asynccontextmanager
async def socket_to(world: World, path: bytes = b"/listen") -> AsyncIterator[Line]:
    """Open a WebSocket on which a test sends the frames itself."""
    async with line_to(world) as line:
        line.say(UPGRADE.replace(b"/listen", path) + KEY + b"\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert b" 101 " in await line.reader.readuntil(b"\r\n\r\n")
        yield line


async def closing(line: Line) -> int:
    """Return the code with which the other side closes, whatever it says before."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            head, length = await line.reader.readexactly(2)
            data = await line.reader.readexactly(length)
            if head == 0x80 | CLOSE:
                return int.from_bytes(data[:2], "big")


@pytest.mark.parametrize(
    ("flood", "code"),
    [
        (frame(PING, b"x" * 125), 1013),
        (frame(PONG), 1013),
        (BEGINNING + frame(CONT, last=False) * 20_000, 1009),
        (BEGINNING + frame(PING) * 20_000, 1009),
    ],
)
async def test_that_frames_without_a_message_are_few(flood: bytes, code: int) -> None:
    async with serving(lingering_s_max=MOMENT_S) as world, socket_to(world) as line:
        line.say(flood * (200_000 // len(flood)) if len(flood) < 1_000 else flood)
        assert await closing(line) == code
        # What has come with it is not kept, and not looked at.
        await until(lambda: not world.connection._unparsed)
        assert world.connection.conn.reader.buffer == b""
    assert world.heard == []
    assert world.refused == [{1013: "too_many", 1009: "too_large"}[code]]


async def test_that_messages_wait_unparsed_until_there_is_time_for_them() -> None:
    async with serving() as world, socket_to(world) as line:
        line.say(frame(TEXT, b"a") * 5_000)
        await until(lambda: len(world.heard) == 1)
        assert world.connection.queue.qsize() < 200
        world.open_gate()
        # All of them come, in order, although it were too many frames without a message.
        line.say(frame(TEXT, b"b") + frame(CLOSE, b"\x03\xe8"))
        assert await closing(line) == 1000
        await until(lambda: world.open_count == 0)
        assert "".join(world.heard) == "a" * 5_000 + "b"


async def test_that_a_message_may_come_in_pieces() -> None:
    async with serving() as world, socket_to(world) as line:
        world.open_gate()
        pieces = frame(PING) + frame(CONT, b"b", last=False)
        line.say((BEGINNING + pieces * 20 + frame(CONT, b"c")) * 10)
        await until(lambda: world.heard == ["a" + "b" * 20 + "c"] * 10)


async def test_that_our_ping_begins_a_new_count() -> None:
    async with serving(fruitless_frames_max=50) as world, socket_to(world) as line:
        loop = world.server._loop
        assert loop is not None
        for _ in range(3):
            line.say(frame(PING, b"!") * 40)
            async with asyncio.timeout(PATIENCE_S):
                assert await line.reader.readexactly(40 * 3) == b"\x8a\x01!" * 40
            loop.call_soon_threadsafe(world.connection.send_keepalive_ping)
            async with asyncio.timeout(PATIENCE_S):
                assert (await line.reader.readexactly(6))[0] == 0x80 | PING


async def ping_without_reading(line: Line) -> None:
    line.writer.transport.pause_reading()  # type: ignore[attr-defined]
    pings = (frame(PING, b"x" * 125) * 6 + frame(TEXT)) * 1_000
    # More than the system keeps for both of them.
    for _ in range(100):
        line.say(pings)
        await line.writer.drain()


async def test_that_pongs_that_nobody_reads_are_not_kept() -> None:
    async with serving(unsent_bytes_max=100_000) as world, socket_to(world) as line:
        world.open_gate()
        with pytest.raises(ConnectionError):
            await ping_without_reading(line)
        assert world.refused == ["unread"]


async def test_that_who_floods_can_be_closed_and_read_why() -> None:
    async with serving(lingering_s_max=MOMENT_S) as world, socket_to(world, b"/ws") as line:
        line.say(frame(TEXT, b"end") + frame(TEXT, b"more") * 20_000)
        await until(lambda: world.ended == 1)
        await until(lambda: world.connection._takes_no_more)
        assert world.connection._unparsed == b""


async def test_that_a_socket_that_is_half_closed_and_not_read_is_not_kept() -> None:
    async with serving() as world, unread_socket_of(world) as socket:
        socket.transport.write_eof()
        await until(lambda: world.ended == 1 and world.open_count == 0)


async def test_that_frames_wait_until_the_socket_is_accepted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as world, line_to(world) as line:
        line.say(UPGRADE.replace(b"/listen", b"/late") + KEY + b"\r\n")
        await until(lambda: world.waiting == 1)
        line.say(b"\xff" * 50)
        await until(lambda: world.connection.read_paused)
        world.open_gate()
        async with asyncio.timeout(PATIENCE_S):
            assert b" 101 " in await line.reader.readuntil(b"\r\n\r\n")
        assert await closing(line) == 1002
        await until(lambda: world.open_count == 0)
    assert caplog.text == ""
