"""Every failure has a status, a stable word and a sentence, and shows nothing of the inside."""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.api import problems
from core.api.problems import CutOff, NeverAnError, Problem, rejection, unavailable, value_of
from core.commands import Accepted, Rejected, Unavailable
from core.errors import PersistenceClosed, StorageError


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("insufficient_resources", 409),
        ("queue_full", 409),
        ("requirements_not_met", 409),
        ("taken", 409),
        ("not_yours", 403),
        ("unknown_type", 404),
        ("no_such_item", 404),
        ("outside_universe", 422),
    ],
)
def test_that_what_the_rules_refuse_has_the_right_status(code: str, status: int) -> None:
    problem = rejection(Rejected(code, "No.", {"missing": {"metal": 3}}))
    answer = problem.response()
    assert answer.status_code == status
    assert json.loads(bytes(answer.body)) == {
        "detail": "No.",
        "code": code,
        "missing": {"metal": 3},
    }


def test_that_what_is_unavailable_says_when_to_come_again() -> None:
    assert unavailable(Unavailable("busy", "…", 1.2)).response().headers["retry-after"] == "2"
    assert unavailable(Unavailable("busy", "…", 0.1)).response().headers["retry-after"] == "1"
    assert unavailable(Unavailable("storage_unavailable", "…", 5)).status == 503
    assert unavailable(Unavailable("commit_pending", "…", 5)).status == 504


def test_that_an_outcome_is_its_value_or_a_problem() -> None:
    assert value_of(Accepted(7)) == 7
    with pytest.raises(Problem):
        value_of(Rejected("queue_full", "No."))
    with pytest.raises(Problem):
        value_of(Unavailable("busy", "No.", 1))


def application() -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)
    app.add_middleware(NeverAnError)

    @app.get("/ours")
    async def ours() -> None:
        raise ValueError("the secret is 1234")

    @app.get("/storage")
    async def storage() -> None:
        raise StorageError("the database failed: OperationalError")

    @app.get("/closed")
    async def closed() -> None:
        raise PersistenceClosed("the database is not open")

    @app.post("/body")
    async def body(number: dict[str, int]) -> None:
        del number

    return app


async def ask(method: str, path: str, content: bytes = b"") -> httpx.Response:
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="http://world") as client:
        headers = {"content-type": "application/json"} if content else {}
        return await client.request(method, path, content=content, headers=headers)


async def test_that_an_error_of_ours_is_logged_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = await ask("GET", "/ours")
    assert answer.status_code == 503
    assert answer.json()["code"] == "failed"
    assert "1234" not in answer.text
    assert "1234" in caplog.text


async def sent_by(app: ASGIApp) -> list[Message]:
    """Return what is sent for a request that is cancelled; it has to end as cancelled."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(asyncio.CancelledError):
        await NeverAnError(app)({"type": "http"}, receive, send)
    return sent


@pytest.mark.parametrize(
    ("cancelled", "status", "code"),
    [
        (asyncio.CancelledError(), 503, "stopping"),
        # A change that was handed over is not called undone.
        (CutOff(Problem(504, "commit_pending", "It is done.")), 504, "commit_pending"),
    ],
)
async def test_that_a_request_that_is_cancelled_is_answered_and_stays_cancelled(
    cancelled: asyncio.CancelledError, status: int, code: str
) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise cancelled

    start, body = await sent_by(app)
    assert start["status"] == status
    assert json.loads(body["body"])["code"] == code


async def test_that_an_answer_that_has_begun_is_not_begun_again() -> None:
    begun = {"type": "http.response.start", "status": 200, "headers": []}

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(begun)
        raise asyncio.CancelledError

    assert await sent_by(app) == [begun]


@pytest.mark.parametrize("path", ["/storage", "/closed"])
async def test_that_a_database_out_of_reach_is_no_error_of_ours(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        answer = await ask("GET", path)
    assert answer.status_code == 503
    assert answer.json()["code"] == "storage_unavailable"
    assert answer.headers["retry-after"] == "5"
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/nothing", b"", 404, "not_found"),
        ("PUT", "/body", b"", 405, "method_not_allowed"),
        ("POST", "/body", b"", 400, "malformed"),
        ("POST", "/body", b"{", 400, "malformed"),
        ("POST", "/body", b'{"a": \xff}', 400, "malformed"),
        ("POST", "/body", b"[" * 10_000, 400, "malformed"),
        ("POST", "/body", b"9" * 10_000, 400, "malformed"),
        ("POST", "/body", b"[1]", 422, "invalid"),
        ("POST", "/body", b'{"a": "b"}', 422, "invalid"),
    ],
)
async def test_that_the_frameworks_refusals_have_our_form(
    method: str, path: str, content: bytes, status: int, code: str
) -> None:
    answer = await ask(method, path, content)
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["detail"].endswith(".") or status == 422
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)
