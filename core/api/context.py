"""What the handlers work with, and who is asking."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from secrets import compare_digest
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection
from starlette.types import Scope

from core.api.addresses import is_loopback, neighbourhood
from core.api.door import WorldDoor
from core.api.highscores import Highscores
from core.api.host_door import HostDoor
from core.api.limits import RateLimit
from core.api.passwords import Passwords
from core.api.problems import Problem
from core.api.tokens import Login, Tokens
from core.api.turns import Turns
from core.commands import HOST_ACCOUNT_ID
from core.config import Settings
from core.forecast_worker import ForecastWorker
from core.metrics import Metrics

ID_MAX = 2**63 - 1
HOST_ONLY = Problem(403, "host_only", "Only the host may do this.")
# Wrong passwords a minute, for one name from one address.
LOGIN_FAILURES_PER_MINUTE = 10
# A tenth of what may be asked in a minute, but not fewer than these: accounts made in an hour from
# one address. They stay, and each takes a place in the galaxy.
REGISTRATIONS_PER_HOUR_LEAST = 10
_COUNTED = "starkeep.counted"


@dataclass(slots=True)
class Context:
    """Everything behind the handlers of one running world."""

    door: WorldDoor
    tokens: Tokens
    passwords: Passwords
    settings: Settings
    metrics: Metrics
    host_token: str
    host_door: HostDoor
    user_rate: RateLimit
    address_rate: RateLimit
    failure_rate: RateLimit
    registration_rate: RateLimit
    # Names, without regard to case, of those whose registration is not answered yet.
    registering: set[str] = field(default_factory=set)
    turns: Turns = field(default_factory=Turns)
    forecasts: ForecastWorker = field(default_factory=ForecastWorker)
    highscores: Highscores = field(init=False)

    def __post_init__(self) -> None:
        self.highscores = Highscores(self.door)


async def context_of(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


InContext = Annotated[Context, Depends(context_of)]

_bearer = HTTPBearer(auto_error=False, description="the access_token of POST /auth/login")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def address_of(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else "unknown"


def neighbourhood_of(connection: HTTPConnection) -> str:
    """Return what is counted as one asker."""
    return neighbourhood(address_of(connection))


def is_counted(scope: Scope) -> bool:
    """Return whether a request has been counted, so that it need not be again."""
    return _COUNTED in scope


def _count(request: Request, rate: RateLimit, asker: Hashable) -> None:
    request.scope[_COUNTED] = True
    rate.take(asker)


async def limited_by_address(request: Request, context: InContext) -> None:
    """Limit what somebody who is not logged in may ask."""
    _count(request, context.address_rate, neighbourhood_of(request))


async def logged_in(request: Request, context: InContext, bearer: Bearer) -> Login:
    """Return who is asking. Raise Problem 401, or 429 if he asks too often."""
    try:
        if bearer is None:
            raise Problem(401, "not_logged_in", "Log in first.")
        login = await context.tokens.check(bearer.credentials)
    except Problem:
        _count(request, context.address_rate, neighbourhood_of(request))
        raise
    _count(request, context.user_rate, login.account.id)
    return login


InLogin = Annotated[Login, Depends(logged_in)]


async def own_player(
    player_id: Annotated[
        int, Path(alias="id", ge=1, le=ID_MAX, description="the id that /auth/register returned")
    ],
    login: InLogin,
) -> int:
    """Return the id in the path. Raise Problem 403 if it is not the asker's."""
    if player_id != login.account.id:
        raise Problem(403, "not_yours", "This is not yours.")
    return player_id


OwnPlayer = Annotated[int, Depends(own_player)]


async def host_or_loopback(request: Request, context: InContext, bearer: Bearer) -> None:
    """Let the host's token pass from anywhere, and this computer without one."""
    if not is_loopback(address_of(request)) and not _is_host(context, bearer):
        raise HOST_ONLY


async def host_or_admin(request: Request, context: InContext, bearer: Bearer) -> int:
    """Let the host's token pass, and accounts to which the host has given his rights.

    Return the account, HOST_ACCOUNT_ID for the token. Raise Problem 401 for nobody, 403 for anybody
    else.
    """
    if _is_host(context, bearer):
        return HOST_ACCOUNT_ID
    login = await logged_in(request, context, bearer)
    if not login.account.is_admin:
        raise HOST_ONLY
    return login.account.id


def _is_host(context: Context, bearer: HTTPAuthorizationCredentials | None) -> bool:
    return is_host_token(context, "" if bearer is None else bearer.credentials)


def is_host_token(context: Context, token: str) -> bool:
    return compare_digest(token.encode(), context.host_token.encode())
