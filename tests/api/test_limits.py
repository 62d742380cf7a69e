"""How much, how often: rates and bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from core.api import limits
from core.api.limits import BODY_BYTES_MAX, RateLimit, WholeBody
from core.api.problems import Problem


class Time:
    """Monotonic time in the hands of a test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def refused_after(rate: RateLimit, key: str, tries: int = 1_000) -> int:
    """Return how many are let through."""
    for count in range(tries):
        try:
            rate.take(key)
        except Problem:
            return count
    return tries


def test_that_a_minutes_worth_may_come_at_once() -> None:
    rate = RateLimit(30, Time())
    assert refused_after(rate, "mira") == 30


def test_that_keys_do_not_share_their_rate() -> None:
    rate = RateLimit(3, Time())
    assert refused_after(rate, "mira") == 3
    assert refused_after(rate, "jonas") == 3


def test_that_time_makes_room_again_and_never_for_more_than_a_minute() -> None:
    time = Time()
    rate = RateLimit(30, time)
    refused_after(rate, "mira")
    time.now += 4  # two more
    assert refused_after(rate, "mira") == 2
    time.now += 3600
    assert refused_after(rate, "mira") == 30


def test_that_a_refusal_says_when_to_come_again() -> None:
    rate = RateLimit(6, Time())
    refused_after(rate, "mira")
    with pytest.raises(Problem) as refusal:
        rate.take("mira")
    assert refusal.value.status == 429
    assert refusal.value.response().headers["retry-after"] == "10"


def test_that_refusals_do_not_count() -> None:
    time = Time()
    rate = RateLimit(6, time)
    refused_after(rate, "mira")
    for _ in range(50):
        with pytest.raises(Problem):
            rate.take("mira")
    time.now += 10
    assert refused_after(rate, "mira") == 1


def test_that_what_is_given_back_can_be_taken_again_but_not_hoarded() -> None:
    rate = RateLimit(3, Time())
    refused_after(rate, "mira")
    rate.give_back("mira")
    assert refused_after(rate, "mira") == 1
    for _ in range(10):
        rate.give_back("mira")
    assert refused_after(rate, "mira") == 3


def test_that_the_longest_unseen_key_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_BUCKETS_MAX", 3)
    rate = RateLimit(1, Time())
    for key in ("a", "b", "c"):
        rate.take(key)
    with pytest.raises(Problem):
        rate.take("a")  # seen again: now b is the oldest
    rate.take("d")
    assert refused_after(rate, "b") == 1
    with pytest.raises(Problem):
        rate.take("d")


# Bodies -------------------------------------------------------------------------------------------


class Application:
    """Reads what comes and says so."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.content_type = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.body = b""
        self.content_type = dict(scope["headers"]).get(b"content-type", b"")
        more = True
        while more:
            message = await receive()
            self.body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def send_body(
    application: Application, pieces: list[bytes], *, announced: str | None, hang_up: bool = False
) -> tuple[int | None, Any]:
    """Send a body in pieces through WholeBody; return status and answer, None for silence."""
    messages: list[Message] = [
        {"type": "http.request", "body": piece, "more_body": hang_up or index < len(pieces) - 1}
        for index, piece in enumerate(pieces)
    ]
    if hang_up:
        messages.append({"type": "http.disconnect"})
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"text/plain"), (b"accept", b"a"), (b"accept", b"b")]
    if announced is None:
        headers.append((b"transfer-encoding", b"chunked"))
    else:
        headers.append((b"content-length", announced.encode()))
    scope: Scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
    await WholeBody(application)(scope, receive, send)
    if not sent:
        return None, None
    body = sent[1]["body"]
    return sent[0]["status"], json.loads(body) if body else None


@pytest.mark.parametrize("announced", ["65536", None])
async def test_that_a_body_of_64_kib_arrives_whole(announced: str | None) -> None:
    application = Application()
    pieces = [b"x" * 30_000, b"y" * (BODY_BYTES_MAX - 30_000)]
    assert await send_body(application, pieces, announced=announced) == (200, None)
    assert application.body == b"".join(pieces)


@pytest.mark.parametrize("announced", ["65537", None, "9" * 5000, "10"])
async def test_that_a_larger_one_is_refused_before_anybody_looks(announced: str | None) -> None:
    application = Application()
    pieces = [b"x" * 40_000, b"x" * 40_000]
    status, answer = await send_body(application, pieces, announced=announced)
    assert (status, answer["code"]) == (413, "too_large")
    assert application.body is None


async def test_that_the_beginning_of_a_body_is_not_taken_for_a_body() -> None:
    application = Application()
    status, _ = await send_body(application, [b'{"a": 1}'], announced="80", hang_up=True)
    assert status is None
    assert application.body is None


async def test_that_whatever_is_sent_is_read_as_json() -> None:
    application = Application()
    await send_body(application, [b"{}"], announced="2")
    assert application.content_type == b"application/json"
