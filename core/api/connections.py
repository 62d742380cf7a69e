"""Connections as uvicorn serves them, with limits on what a stranger may hold open.

uvicorn limits neither the head of a request nor the time in which it arrives, and waits for ever
for a client that does not read. Open files are few: without these limits some hundred half requests
would keep the database from being opened.
"""

from __future__ import annotations

import asyncio
import json
from enum import Enum
from ipaddress import ip_address
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from core.api.limits import ConnectionLimits

CLOSE_GOING_AWAY = 1001
# The websockets library reads no more of a handshake, and uvicorn does not expect it to stop.
_HANDSHAKE_HEADERS_MAX = 100
_HANDSHAKE_LINE_BYTES_MAX = 8_000


class _Phase(Enum):
    """What a connection receives next."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"


class HttpConnection(HttpToolsProtocol):
    """A connection whose requests must arrive whole, in bounded size and time."""

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._phase = _Phase.NOTHING
        self._phase_bytes = 0
        self._refused = False
        self._request_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    # A request arrives -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_crowded():
            self._refuse(503, "busy", "There are too many connections; try again in a moment.")
        else:
            self._expect_request()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._expect_request()
        before = self._phase
        super().data_received(data)
        # The piece in which a phase begins is not counted: it holds the end of another one, too.
        self._phase_bytes = self._phase_bytes + len(data) if self._phase is before else 0
        if self._phase is _Phase.HEAD and self._phase_bytes > self._limits.head_bytes_max:
            self._refuse(400, "malformed", "The head of the request is too large.")
        elif self._phase is _Phase.BODY and self._phase_bytes > self._limits.message_bytes_max:
            self._refuse(413, "too_large", "The request is too large.")

    def on_message_begin(self) -> None:
        self._phase = _Phase.HEAD
        self._expect_request()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self._limits.head_bytes_max:
            raise ValueError("the head of the request is too large")  # answered with 400
        super().on_headers_complete()
        self._phase = _Phase.BODY

    def on_message_complete(self) -> None:
        self._phase = _Phase.NOTHING
        self._stop_request_timer()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._stop_request_timer()
        self._stop_unread_timer()
        lines = [self.url, *(name + value for name, value in self.headers)]
        if len(lines) > _HANDSHAKE_HEADERS_MAX or max(map(len, lines)) > _HANDSHAKE_LINE_BYTES_MAX:
            self._refuse(400, "malformed", "The head of the request is too large.")
        else:
            super().handle_websocket_upgrade()

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
        if self._phase is not _Phase.NOTHING:
            self._refuse(408, "too_slow", "The request took too long to arrive.")
        elif self._is_idle():
            self.transport.close()

    def _is_idle(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def shutdown(self) -> None:
        super().shutdown()
        if self._phase is not _Phase.NOTHING:
            # Half a request: nobody waits for the other half now.
            self.transport.close()
        if self.transport.is_closing():
            _abort_later(self.transport, self.loop, self._limits)

    def _is_crowded(self) -> bool:
        if len(self.connections) > self._limits.connections_max:
            return True
        address = _address_of(self)
        if is_loopback(address):
            return False
        from_there = sum(_address_of(known) == address for known in self.connections)
        return from_there > self._limits.connections_per_address_max

    # What goes out -----------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "malformed", "This is not HTTP as it is understood here.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer, unless an answer is under way, and end the connection."""
        self._refused = True
        self._stop_request_timer()
        if self._nobody_answers():
            body = json.dumps({"detail": detail, "code": code}).encode()
            self.transport.write(
                STATUS_LINE[status]
                + b"content-type: application/json\r\n"
                + b"content-length: %d\r\n" % len(body)
                + (b"retry-after: 5\r\n" if status == 503 else b"")
                + b"connection: close\r\n\r\n"
                + body
            )
        if self.cycle is not None:
            # Whoever reads this request, or answers the one before, learns that nobody waits.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        _end(self.transport, self.loop, self._limits)

    def _nobody_answers(self) -> bool:
        if self._phase is _Phase.BODY:
            # This request may have been answered before its end.
            return not self.cycle.response_started
        return self._is_idle()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            _abort_later(self.transport, self.loop, self._limits)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        _abort_later(self.transport, self.loop, self._limits)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread_timer = self.loop.call_later(self._limits.unread_s_max, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop_unread_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_request_timer()
        self._stop_unread_timer()
        super().connection_lost(exc)

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket that can be ended whether or not its reader reads."""

    def __init__(self, *args: Any, limits: ConnectionLimits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.is_closing():
            _abort_later(self.transport, self.loop, self._limits)

    def handle_parser_exception(self) -> None:
        if self.close_sent:
            # What still comes is thrown away, until the client has read why.
            return
        sent = self.conn.close_sent
        if sent is not None:
            disconnect = {"type": "websocket.disconnect", "code": sent.code, "reason": sent.reason}
            self.queue.put_nowait(disconnect)  # type: ignore[arg-type]
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        # With a timer uvicorn leaves the connection to it.
        self.close_timer = self.loop.call_later(self._limits.lingering_s_max, self.transport.abort)
        _end(self.transport, self.loop, self._limits)

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            # It must not wait for a reader who has stopped reading.
            self.writable.set()
            _abort_later(self.transport, self.loop, self._limits)
        await super().send(message)

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


def _address_of(connection: object) -> str:
    client = getattr(connection, "client", None)
    return client[0] if client else ""


def is_loopback(address: str) -> bool:
    """Return whether an address is this computer's own."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


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
