"""What a stranger may ask of this computer: how much, how often and for how long."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.problems import Problem

BODY_BYTES_MAX = 64 * 1024
WEBSOCKET_MESSAGE_BYTES_MAX = 4 * 1024
_BUCKETS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What connections may hold before anybody has looked at a request."""

    connections_max: int = 1_000
    # This computer is not counted: a reverse proxy brings everybody's connections.
    connections_per_address_max: int = 200
    # So many more are told that there is no room; the others are dropped.
    turned_away_max: int = 20
    # Requests of one connection that wait while the one before them is answered.
    pipeline_max: int = 8
    head_bytes_max: int = 16 * 1024
    # Each costs some ten times what the shortest one has letters.
    headers_max: int = 100
    # More than a body may have, so that whoever sends too much can still read why that is refused.
    message_bytes_max: int = 4 * 1024 * 1024
    # Chunks, as a body of unknown length comes: of 16 bytes on an average, if it is a whole one.
    body_pieces_max: int = 4 * 1024
    # From the first byte of a request, or from the connection, to the request's last byte.
    request_s_max: float = 20.0
    # How long an answer may wait for a client that does not read.
    unread_s_max: float = 20.0
    # Frames of a WebSocket without a whole message, between two of our pings (20 s).
    fruitless_frames_max: int = 100
    # Far more than what is pushed to a reader before he is found too slow.
    unsent_bytes_max: int = 1024 * 1024
    # How long a connection that we have ended may take to go; less than the server has to stop.
    lingering_s_max: float = 3.0


class RateLimit:
    """So many per period for each key, with bursts up to a whole period's worth."""

    def __init__(
        self,
        per_period: int,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        period_s: float = 60.0,
    ) -> None:
        self._burst = float(per_period)
        self._per_second = per_period / period_s
        self._monotonic = monotonic
        # key → (tokens left, at this time); the least recently used goes first.
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> None:
        """Count one. Raise Problem 429 if there were too many."""
        self._put(key, self.check(key) - 1)

    def check(self, key: Hashable) -> float:
        """Return how many are left. Raise Problem 429 if none is."""
        tokens = self._tokens(key)
        if tokens < 1:
            self._put(key, tokens)
            wait_s = (1 - tokens) / self._per_second
            raise Problem(429, "too_many", "Too many requests; slow down.", retry_after_s=wait_s)
        return tokens

    def give_back(self, key: Hashable) -> None:
        """Take back one that was counted and should not have been."""
        self._put(key, min(self._burst, self._tokens(key) + 1))

    def _tokens(self, key: Hashable) -> float:
        bucket = self._buckets.get(key)
        if bucket is None:
            return self._burst
        tokens, since = bucket
        return min(self._burst, tokens + (self._monotonic() - since) * self._per_second)

    def _put(self, key: Hashable, tokens: float) -> None:
        self._buckets[key] = (tokens, self._monotonic())
        self._buckets.move_to_end(key)
        if len(self._buckets) > _BUCKETS_MAX:
            self._buckets.popitem(last=False)


class WholeBody:
    """Reads a body to its end before anybody looks at it, and refuses one that is too large.

    Whatever a client says it sends is read as JSON: there is no other format, and no cookie that a
    page from elsewhere could make a browser send along.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not has_body(scope):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = announced_bytes(scope) <= BODY_BYTES_MAX
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                # What has come may look like an order, but is only the beginning of one.
                return
            body += message.get("body", b"")
            more = message.get("more_body", False) and len(body) <= BODY_BYTES_MAX
        if max(announced_bytes(scope), len(body)) > BODY_BYTES_MAX:
            await _TOO_LARGE.response()(scope, receive, send)
            return
        kept = [header for header in scope["headers"] if header[0] != b"content-type"]
        # In place: the route that is found is written into this same scope.
        scope["headers"] = [*kept, (b"content-type", b"application/json")]
        await self._app(scope, _replay(bytes(body), receive), send)


_TOO_LARGE = Problem(413, "too_large", f"A body may have {BODY_BYTES_MAX} bytes.")


def has_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    return b"transfer-encoding" in names or b"content-length" in names


def announced_bytes(scope: Scope) -> int:
    """Return how long a body says it is; 0 if it does not say so."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            # A number too long to be read is a body too long to be read.
            return int(value) if len(value) < 20 else BODY_BYTES_MAX + 1
    return 0


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body in one piece, and then what comes after it."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_whole() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_whole
