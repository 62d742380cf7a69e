"""Answers that are no success: a sentence for a person and a stable word for a program."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.commands import Accepted, Outcome, Rejected, Unavailable
from core.errors import PersistenceClosed, StorageError

log = logging.getLogger(__name__)

# The rules say no: 409, unless the word says something else.
_STATUS_OF_REJECTION = {
    "no_in_flight_fleet": 400,
    "not_yours": 403,
    "unknown_type": 404,
    "no_such_item": 404,
    "no_such_player": 404,
    "outside_universe": 422,
    "not_habitable": 422,
    "unknown_setting": 404,
    "bad_value": 422,
    "idempotency_key_reused": 422,
}
_STATUS_OF_UNAVAILABLE = {"commit_pending": 504}
# What the framework answers by itself: a word, and a sentence instead of its own two words.
_WORDS_OF_STATUS = {
    400: ("malformed", "The body is not JSON."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not answer to this method."),
}


class Problem(Exception):
    """An answer that is not a success."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        facts: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.facts = facts or {}
        self.retry_after_s = retry_after_s

    def response(self) -> JSONResponse:
        headers = {}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after_s)))
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        body = {**self.facts, "detail": self.detail, "code": self.code}
        return JSONResponse(body, self.status, headers)


STORAGE_UNAVAILABLE = Problem(
    503, "storage_unavailable", "The database cannot be reached; nothing was done.", retry_after_s=5
)


def stopping() -> Problem:
    return Problem(503, "stopping", "The world is being stopped.", retry_after_s=30)


class CutOff(asyncio.CancelledError):
    """A request was cancelled at a point where more can be said than that nothing was done."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def value_of(outcome: Outcome) -> Any:
    """Return an accepted command's value. Raise Problem for anything else."""
    match outcome:
        case Accepted():
            return outcome.value
        case Rejected():
            raise rejection(outcome)
        case Unavailable():
            raise unavailable(outcome)


def rejection(rejected: Rejected) -> Problem:
    status = _STATUS_OF_REJECTION.get(rejected.code, 409)
    return Problem(status, rejected.code, rejected.detail, rejected.facts)


def unavailable(reason: Unavailable) -> Problem:
    status = _STATUS_OF_UNAVAILABLE.get(reason.code, 503)
    return Problem(status, reason.code, reason.detail, retry_after_s=reason.retry_after_s)


def install(app: FastAPI) -> None:
    """Make every failure of an application answer in this form."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(StorageError, _on_storage_error)
    app.add_exception_handler(PersistenceClosed, _on_storage_error)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for this type alone
    return error.response()


async def _on_invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this type alone
    first = error.errors()[0]
    nothing_sent = first["type"] == "missing" and tuple(first["loc"]) == ("body",)
    if first["type"] == "json_invalid" or nothing_sent:
        return Problem(400, *_WORDS_OF_STATUS[400]).response()
    where = ".".join(
        str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")
    )
    reason = str(first["msg"]).removeprefix("Value error, ")
    detail = f"{where or 'The body'}: {reason}"
    return Problem(422, "invalid", detail, {"field": where}).response()


async def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this type alone
    code, detail = _WORDS_OF_STATUS.get(error.status_code, ("refused", str(error.detail)))
    response = Problem(error.status_code, code, detail).response()
    response.headers.update(error.headers or {})
    return response


async def _on_storage_error(request: Request, error: Exception) -> Response:
    log.warning("%s %r could not be answered: %s", request.method, request.url.path, error)
    return STORAGE_UNAVAILABLE.response()


class NeverAnError:
    """Turns whatever ends a request into an answer.

    An exception of ours is logged, and no stack trace is shown. A request that is cancelled when
    the server stops is told so: else the server would call that an error of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception:
            # Quoted: an address may hold a line's end, and forge a line of the log.
            log.exception("%s %r failed", scope["method"], scope["path"])
            if begun:
                raise
            problem = Problem(503, "failed", "Something went wrong here.", retry_after_s=5)
            await problem.response()(scope, receive, send)
        except asyncio.CancelledError as cancelled:
            if not begun:
                problem = cancelled.problem if isinstance(cancelled, CutOff) else stopping()
                await problem.response()(scope, receive, send)
            raise
