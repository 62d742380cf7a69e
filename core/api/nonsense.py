"""Requests that are refused before a route can count them: bad JSON, addresses that do not exist.

A body is read before a route knows who is asking. So whoever has used up what he may ask is told so
before a long one is read, and what was refused uncounted is counted afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api.context import Context, is_counted, is_host_token, neighbourhood_of
from core.api.limits import RateLimit, announced_bytes, has_body
from core.api.problems import Problem

# To read a shorter one costs less than to look at a token.
_SHORT_BYTES = 2_048


class NonsenseCounts:
    """Counts what no route has counted, for the player or the address it came from."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if has_body(scope) and not 0 < announced_bytes(scope) <= _SHORT_BYTES:
            try:
                self._ask(scope, lambda rate, asker: rate.check(asker))
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        too_many = False

        async def watch(message: Message) -> None:
            nonlocal too_many
            if message["type"] == "http.response.start" and _is_nonsense(scope, message):
                try:
                    self._ask(scope, lambda rate, asker: rate.take(asker))
                except Problem as problem:
                    too_many = True
                    await problem.response()(scope, receive, send)
            if not too_many:
                await send(message)

        await self._app(scope, receive, watch)

    def _ask(self, scope: Scope, count: Callable[[RateLimit, Hashable], object]) -> None:
        """Have an asker counted, or looked up. Raise Problem 429."""
        connection = HTTPConnection(scope)
        kind, _, token = connection.headers.get("authorization", "").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else ""
        if is_host_token(self._context, token):
            return
        try:
            player_id = self._context.tokens.holder_of(token).account_id
        except Problem:
            count(self._context.address_rate, neighbourhood_of(connection))
        else:
            count(self._context.user_rate, player_id)


def _is_nonsense(scope: Scope, message: Message) -> bool:
    return 400 <= message["status"] < 500 and not is_counted(scope)
