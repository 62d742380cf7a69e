"""Connections as uvicorn serves them, with limits on what a stranger may hold open.

uvicorn limits neither the head of a request nor the time in which it arrives, nor how many requests
or frames come at once, and waits for ever for a client that does not read. Open files are few:
without these limits some hundred half requests would keep the database from being opened. And all
of it is parsed on the one network thread: what a stranger sends must not keep it from the others.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, NoReturn

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from core.api.addresses import is_loopback, neighbourhood, plain
from core.api.limits import ConnectionLimits

# Is told why a connection was ended that its client did not end: a word of few.
NoteRefusal = Callable[[str], None]

CLOSE_GOING_AWAY = 1001
CLOSE_TOO_BIG = 1009
CLOSE_TRY_LATER = 1013
# The websockets library reads no longer lines in a handshake, and uvicorn does not expect it to
# stop.
_HANDSHAKE_LINE_BYTES_MAX = 8_000
_WORDS_OF_CLOSES = {CLOSE_TOO_BIG: "too_large", CLOSE_TRY_LATER: "too_many"}
# A socket gives up to 256 KiB at once. After so much of it the limits are looked at.
_HTTP_SLICE_BYTES = 16 * 1024
_WEBSOCKET_SLICE_BYTES = 1024
# What a header costs beside its letters: a colon, a blank and the end of the line.
_HEADER_MARKS = 4


class _Phase(Enum):
    """What a connection receives next."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


class HttpConnection(HttpToolsProtocol):
    """A connection whose requests must arrive whole, in bounded number, size and time."""

    def __init__(
        self, *args: Any, limits: ConnectionLimits, note_refusal: NoteRefusal, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asker = ""
        self._limits = limits
        self._note_refusal = note_refusal
        self._phase = _Phase.NOTHING
        self._head_lines = 0
        self._head_bytes = 0
        self._body_pieces = 0
        self._message_bytes = 0
        # Since something was complete, be it only a piece of a body.
        self._fruitless_bytes = 0
        # The request whose body is arriving; there is none for an upgrade.
        self._half: RequestResponseCycle | None = None
        # The request that is being answered, or was the last one to be; newer ones wait.
        self._answering: RequestResponseCycle | None = None
        # What still comes is thrown away.
        self._takes_no_more = False
        self._request_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    # A request arrives -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.client = _plain_client(self.client)
        self.asker = _asker(self.client)
        too_many = self._too_many()
        if too_many > self._limits.turned_away_max:
            # To tell everybody would take as many open files as to serve them.
            self._note_refusal("dropped")
            transport.abort()
        elif too_many > 0:
            self._refuse(503, "busy", "There are too many connections; try again in a moment.")
        else:
            self._expect_request()

    def data_received(self, data: bytes) -> None:
        for slice_ in _slices(data, _HTTP_SLICE_BYTES):
            if self._takes_no_more:
                return
            self._expect_request()
            # Whatever is completed in it sets them to zero.
            self._message_bytes += len(slice_)
            self._fruitless_bytes += len(slice_)
            super().data_received(slice_)
            if self._fruitless_bytes > self._limits.head_bytes_max:
                # The beginning of a header, or of a trailer, that never ends.
                self._refuse(400, "malformed", "The head of the request is too large.")
            elif self._message_bytes > self._limits.message_bytes_max:
                self._refuse(413, "too_large", "The request is too large.")

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self._limits.pipeline_max:
            # What is left of the data may hold thousands: the parser must not go on.
            self._stop_parsing(429, "too_many", "Wait for answers before you ask for more.")
        self._phase = _Phase.HEAD
        self._head_lines = 0
        self._head_bytes = 0
        self._message_bytes = 0
        self._fruitless_bytes = 0
        self._expect_request()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_lines += 1
        self._count_head(len(name) + len(value) + _HEADER_MARKS)
        if self._phase is _Phase.HEAD:
            super().on_header(name, value)
        # After a body they mean nothing here; among the headers they would pass for some.

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if (
            self._head_bytes > self._limits.head_bytes_max
            or self._head_lines > self._limits.headers_max
        ):
            self._stop_parsing(400, "malformed", "The head of the request is too large.")

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        self._phase = _Phase.BODY
        self._half = None if self.cycle is before else self.cycle
        self._body_pieces = 0
        self._message_bytes = 0
        self._fruitless_bytes = 0

    def on_body(self, body: bytes) -> None:
        self._fruitless_bytes = 0
        self._body_pieces += 1
        if self._body_pieces > self._limits.body_pieces_max:
            # In chunks of one byte a few megabytes would take the network thread a second.
            self._stop_parsing(400, "malformed", "The request is in too many pieces.")
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = _Phase.NOTHING
        self._half = None
        self._message_bytes = 0
        self._fruitless_bytes = 0
        self._stop_request_timer()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        lines = [self.url, *(name + value for name, value in self.headers)]
        if max(map(len, lines)) > _HANDSHAKE_LINE_BYTES_MAX:
            self._refuse(400, "malformed", "The head of the request is too large.")
        elif not self._is_idle():
            # Answers that are due would be written into the socket.
            self._refuse(400, "malformed", "Wait for answers before you open a WebSocket.")
        else:
            self._takes_no_more = True
            self._stop_request_timer()
            self._stop_unread_timer()
            super().handle_websocket_upgrade()

    def _stop_parsing(self, status: int, code: str, detail: str) -> NoReturn:
        """Refuse what is being parsed, in a callback of the parser."""
        self._refuse(status, code, detail)
        raise ValueError(detail)  # the parser ends with it, wherever in the data it is

    def _expect_request(self) -> None:
        if self._request_timer is None:
            self._request_timer = self.loop.call_later(
                self._limits.request_s_max, self._give_up_on_request
            )

    def _stop_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _give_up_on_request(self) -> None:
        self._request_timer = None
        if self.flow.read_paused and not self._is_idle():
            # It is not the client who is slow: nothing is read until what came before is answered.
            self._expect_request()
        elif self._phase is not _Phase.NOTHING:
            self._refuse(408, "too_slow", "The request took too long to arrive.")
        elif self._is_idle():
            self._take_no_more()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _is_idle(self) -> bool:
        """Return whether no answer is due to a request that came whole."""
        cycle = self._answering
        return cycle is None or cycle.response_complete or cycle.disconnected

    def shutdown(self) -> None:
        super().shutdown()
        if self._phase is not _Phase.NOTHING:
            # Half a request: nobody waits for the other half now.
            self._take_no_more()
            if self._is_idle():
                self.transport.close()
        if self.transport.is_closing():
            _abort_later(self.transport, self.loop, self._limits)

    def _too_many(self) -> int:
        """Return by how many there are too many connections, this one included."""
        too_many = len(self.connections) - self._limits.connections_max
        if self.client is None or is_loopback(self.client[0]):
            return too_many
        from_there = sum(known.asker == self.asker for known in self.connections)  # type: ignore[union-attr]
        return max(too_many, from_there - self._limits.connections_per_address_max)

    # What goes out -----------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "malformed", "This is not HTTP as it is understood here.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer, unless an answer is under way, and end the connection."""
        if self._takes_no_more:
            return
        self._note_refusal(code)
        if self._nobody_answers():
            self.transport.write(_refusal(status, code, detail))
        self._take_no_more()

    def _nobody_answers(self) -> bool:
        """Return whether what is written now is the answer to what is being refused."""
        if self._half is not None and self._half is self._answering:
            # It may have been answered before its end.
            return not self._half.response_started
        return self._is_idle()

    def _take_no_more(self) -> None:
        """End the connection as soon as the requests that came whole are answered."""
        self._takes_no_more = True
        self._stop_request_timer()
        half, self._half = self._half, None
        if half is not None:
            # Whoever reads it learns that nobody waits, and must not ask for the rest.
            half.disconnected = True
            half.waiting_for_100_continue = False
            half.message_event.set()
            if half is not self._answering:
                self.pipeline.popleft()
        if self._is_idle():
            _end(self.transport, self.loop, self._limits)
        else:
            self.flow.pause_reading()

    def on_response_complete(self) -> None:
        super().on_response_complete()  # begins with the next one
        if self.transport.is_closing():
            _abort_later(self.transport, self.loop, self._limits)
        elif self._takes_no_more and self._is_idle():
            _end(self.transport, self.loop, self._limits)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        _abort_later(self.transport, self.loop, self._limits)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self._limits.unread_s_max, self._drop_unread)

    def _drop_unread(self) -> None:
        self._note_refusal("unread")
        self.transport.abort()

    def resume_writing(self) -> None:
        self._stop_unread_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_request_timer()
        self._stop_unread_timer()
        if self._answering is not None:
            # uvicorn tells the newest one only.
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket that takes frames as fast as they are used, and can be ended in any case.

    What it receives is parsed a little at a time, until there is a message for the application.
    The rest waits, and no more is read, until the application has taken that.
    """

    def __init__(
        self, *args: Any, limits: ConnectionLimits, note_refusal: NoteRefusal, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asker = ""
        self._limits = limits
        self._note_refusal = note_refusal
        self._unparsed = bytearray()
        # Frames that have not made up a message, since the last one and since our last ping.
        self._fruitless_frames = 0
        # What still comes is thrown away.
        self._takes_no_more = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.client = _plain_client(self.client)
        self.asker = _asker(self.client)

    def data_received(self, data: bytes) -> None:
        if not self._takes_no_more:
            self._unparsed += data
            self._parse()

    def _parse(self) -> None:
        """Parse what has come, until there is something for the application to do."""
        while self._unparsed and not self.read_paused:
            if self.handshake_initiated and not self.handshake_complete:
                # Refusing a frame takes what an accepted socket has.
                self.read_paused = True
                self.transport.pause_reading()
                return
            slice_ = bytes(self._unparsed[:_WEBSOCKET_SLICE_BYTES])
            del self._unparsed[:_WEBSOCKET_SLICE_BYTES]
            super().data_received(slice_)
            self._look_after_the_limits()

    def _look_after_the_limits(self) -> None:
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # A handshake with a body, say: uvicorn would wait for another one, for ever.
            refusal = _refusal(400, "malformed", "This is no handshake of a WebSocket.")
            self._note_refusal("malformed")
            self.transport.write(refusal)
            self.handshake_complete = self.close_sent = True
            self._take_no_more()
            _end(self.transport, self.loop, self._limits)
        elif self.transport.is_closing():
            self._take_no_more()
            _abort_later(self.transport, self.loop, self._limits)
        elif self.transport.get_write_buffer_size() > self._limits.unsent_bytes_max:
            # Answers to pings, which nobody reads.
            self._note_refusal("unread")
            self._take_no_more()
            self.transport.abort()
        elif self._fruitless_frames > self._limits.fruitless_frames_max:
            if self.conn.current_size is None:
                self.conn.fail(CLOSE_TRY_LATER, "too many frames without a message")
            else:
                self.conn.fail(CLOSE_TOO_BIG, "a message in too many fragments")
            self.handle_parser_exception()

    def handle_events(self) -> None:
        self._fruitless_frames += len(self.conn.events)
        super().handle_events()

    def send_receive_event_to_app(self) -> None:
        if not self.close_sent:
            self._fruitless_frames = 0
        super().send_receive_event_to_app()

    def send_keepalive_ping(self) -> None:
        self._fruitless_frames = 0
        super().send_keepalive_ping()

    def handle_parser_exception(self) -> None:
        self._take_no_more()
        if self.close_sent:
            # What still comes is thrown away, until the client has read why.
            return
        sent = self.conn.close_sent
        self._note_refusal(_WORDS_OF_CLOSES.get(sent.code if sent else 0, "malformed"))
        if sent is not None:
            disconnect = {"type": "websocket.disconnect", "code": sent.code, "reason": sent.reason}
            self.queue.put_nowait(disconnect)  # type: ignore[arg-type]
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        # With a timer uvicorn leaves the connection to it.
        self.close_timer = self.loop.call_later(self._limits.lingering_s_max, self.transport.abort)
        _end(self.transport, self.loop, self._limits)

    def _take_no_more(self) -> None:
        self._takes_no_more = True
        self._unparsed.clear()

    def eof_received(self) -> None:
        # What is left to send may never be read, and nobody would notice.
        _abort_later(self.transport, self.loop, self._limits)

    async def receive(self) -> Any:
        message = await super().receive()
        self._parse()
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            # It must not wait for a reader who has stopped reading.
            self.writable.set()
            _abort_later(self.transport, self.loop, self._limits)
            if self._unparsed:
                # Who sends so much at once is not waited for until he says that he is closing, too.
                self._take_no_more()
        await super().send(message)
        if message["type"] == "websocket.accept" and self._unparsed:
            self.read_paused = False
            self.transport.resume_reading()
            self._parse()

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        _abort_later(self.transport, self.loop, self._limits)

    def shutdown(self) -> None:
        if self.handshake_complete and not self.close_sent:
            self.conn.send_close(CLOSE_GOING_AWAY)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()
        _abort_later(self.transport, self.loop, self._limits)


def _plain_client(client: tuple[str, int] | None) -> tuple[str, int] | None:
    return None if client is None else (plain(client[0]), client[1])


def _asker(client: tuple[str, int] | None) -> str:
    return "" if client is None else neighbourhood(client[0])


def _slices(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _refusal(status: int, code: str, detail: str) -> bytes:
    body = json.dumps({"detail": detail, "code": code}).encode()
    return (
        STATUS_LINE[status]
        + b"content-type: application/json\r\n"
        + b"content-length: %d\r\n" % len(body)
        + (b"retry-after: 5\r\n" if status == 503 else b"")
        + b"connection: close\r\n\r\n"
        + body
    )


def _end(
    transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, limits: ConnectionLimits
) -> None:
    """Send what is written and no more, but go on reading for a while.

    A socket that is closed with something unread in it takes back what was written last.
    """
    if transport.can_write_eof() and not transport.is_closing():
        transport.write_eof()
    else:
        transport.close()
    _abort_later(transport, loop, limits)


def _abort_later(
    transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, limits: ConnectionLimits
) -> None:
    """Give a connection that was ended a moment to go; a client that does not read ends there."""
    loop.call_later(limits.lingering_s_max, transport.abort)
