"""The FastAPI application of one running world."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import core
from core.api import documentation, problems, websocket
from core.api.attendance import Attendance
from core.api.context import LOGIN_FAILURES_PER_MINUTE, REGISTRATIONS_PER_HOUR_LEAST, Context
from core.api.door import WorldDoor
from core.api.host_door import HostDoor
from core.api.hub import Hub
from core.api.limits import RateLimit, WholeBody
from core.api.nonsense import NonsenseCounts
from core.api.passwords import Passwords
from core.api.problems import NeverAnError
from core.api.routers import (
    admin,
    admin_players,
    admin_world,
    auth,
    backups,
    battles,
    bots,
    fleets,
    friends,
    galaxy,
    highscore,
    messages,
    moons,
    pages,
    players,
    reports,
    trade,
    vacation,
    world,
)
from core.api.tokens import Tokens
from core.commands import NotePresence
from core.config import Settings
from core.errors import StarkeepError
from core.metrics import Metrics
from core.simulation import Simulation

log = logging.getLogger(__name__)

ROUTERS = (
    auth,
    players,
    fleets,
    friends,
    vacation,
    moons,
    trade,
    messages,
    reports,
    battles,
    galaxy,
    highscore,
    world,
    admin,
    admin_players,
    admin_world,
    backups,
    bots,
    pages,
    websocket,
)


def create_app(
    *,
    simulation: Simulation,
    settings: Settings,
    metrics: Metrics,
    token_secret: str,
    host_token: str,
    host_door: HostDoor,
) -> FastAPI:
    """Build the application; it opens the door to the world when it is started."""
    context = Context(
        door=WorldDoor(simulation, settings.storage_grace_seconds),
        tokens=Tokens(token_secret, settings.access_token_expire_minutes),
        passwords=Passwords(),
        settings=settings,
        metrics=metrics,
        host_token=host_token,
        host_door=host_door,
        user_rate=RateLimit(settings.rate_limit_per_minute),
        address_rate=RateLimit(settings.rate_limit_per_minute),
        failure_rate=RateLimit(LOGIN_FAILURES_PER_MINUTE),
        registration_rate=RateLimit(
            max(REGISTRATIONS_PER_HOUR_LEAST, settings.rate_limit_per_minute // 10), period_s=3600
        ),
    )
    app = FastAPI(
        title="Starkeep",
        version=core.__version__,
        description=documentation.DESCRIPTION,
        openapi_tags=documentation.TAGS,
        lifespan=_lifespan,
        # Their pages load scripts from elsewhere; core.api.routers.pages has one that does not, and
        # sends what it shows as often as anybody may ask.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # The address to go to would be made from what the client says this host is called.
        redirect_slashes=False,
        # As they are: include_router() has each made anew, when the first players ask, for 0.4 s.
        routes=[route for module in ROUTERS for route in module.router.routes],
    )
    app.state.context = context
    problems.install(app)
    # The last one added is the outermost.
    app.add_middleware(WholeBody)
    app.add_middleware(NonsenseCounts, context=context)
    app.add_middleware(NeverAnError)
    app.add_middleware(_SecurityHeaders)
    app.add_middleware(_Measured, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    try:
        await context.tokens.load()
    except StarkeepError:
        log.exception("the tokens that were logged out could not be read")
        raise
    hub = app.state.hub = Hub(context)

    def begin_to_stop() -> None:
        hub.finish_all()
        context.passwords.begin_to_stop()
        context.forecasts.begin_to_stop()

    app.state.begin_to_stop = begin_to_stop
    context.door.open(hub.on_event, hub.on_resync)
    attendance = Attendance(lambda player_id: context.door.order(NotePresence(player_id)))
    context.tokens.on_seen = attendance.see
    updates = asyncio.create_task(hub.push_updates())
    telling = asyncio.create_task(attendance.tell_the_world())
    try:
        yield
    finally:
        for task in (updates, telling):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        context.door.close()
        context.passwords.close()
        context.forecasts.close()


class _Measured:
    """Counts and times requests by route, so that ids in paths do not make a series each.

    Nor may words that a client can make up: what a route does not answer to is "other".
    """

    _METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = time.perf_counter()
        try:
            await self._app(scope, receive, watch)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            method = scope["method"]
            if status == HTTPStatus.METHOD_NOT_ALLOWED or method not in self._METHODS:
                method = "other"
            self._metrics.http_requests.labels(method, route, status).inc()
            self._metrics.http_duration.labels(route).observe(time.perf_counter() - start)


class _SecurityHeaders:
    """Pages run our own scripts only, in nobody's frame; answers are what they say they are."""

    _HEADERS = (
        (
            b"content-security-policy",
            b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    )

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._HEADERS]
            await send(message)

        await self._app(scope, receive, send if scope["type"] != "http" else add)
