"""Whatever is asked is counted, also where no route is reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.api import limits, nonsense
from tests.api.hosting import PASSWORD, client_of, enter, hosting

RATE = 5
LONG_NONSENSE = b"[" + b"{}," * nonsense._SHORT_BYTES


REQUESTS: list[tuple[str, str, bytes | None, int]] = [
    ("GET", "/openapi.json", None, 200),
    ("GET", "/nowhere", None, 404),
    ("PUT", "/rules", None, 405),
    ("POST", "/auth/login", b"{", 400),
    ("POST", "/auth/login", LONG_NONSENSE, 400),
    ("POST", "/auth/login", b" " * (limits.BODY_BYTES_MAX + 1), 413),
    # Counted by the route itself, and not twice.
    ("POST", "/auth/login", b"{}", 422),
    ("GET", "/building-costs/castle", None, 404),
]


async def test_that_strangers_are_limited_whatever_they_send(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=RATE) as host, client_of(host) as client:
        for number, (method, path, body, status) in enumerate(REQUESTS):
            headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            for forged in ({}, {"Authorization": "Bearer nonsense"}):
                headers |= forged
                answers = [
                    await client.request(method, path, content=body, headers=headers)
                    for _ in range(RATE + 1)
                ]
                expected = [status] * RATE if not forged else [429] * RATE
                assert [answer.status_code for answer in answers] == [*expected, 429], path
                assert answers[-1].json()["code"] == "too_many"
                assert int(answers[-1].headers["retry-after"]) >= 1


async def test_that_nonsense_of_a_player_is_counted_for_him_alone(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=RATE) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        path = f"/player/{mira.id}/build"
        for status in (400,) * RATE + (429,):
            answer = await client.post(path, content=LONG_NONSENSE, headers=mira.headers)
            assert answer.status_code == status
        assert (await jonas.get("/auth/me")).status_code == 200
        # What was used up to enter is all that strangers have used up here.
        login = {"username": "mira", "password": PASSWORD}
        assert (await client.post("/auth/login", json=login)).status_code == 200


async def test_that_the_host_is_not_counted(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=RATE) as host, client_of(host) as client:
        headers = {"Authorization": f"Bearer {host.folder.host_token.read_text().strip()}"}
        for _ in range(2 * RATE):
            answer = await client.post("/admin/message", content=LONG_NONSENSE, headers=headers)
            assert answer.status_code == 400


async def test_that_who_has_used_up_what_he_may_ask_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    replay = limits._replay

    def note(body: bytes, receive: object) -> object:
        read.append(len(body))
        return replay(body, receive)  # type: ignore[arg-type]

    monkeypatch.setattr(limits, "_replay", note)
    async with hosting(tmp_path, rate_limit_per_minute=RATE) as host, client_of(host) as client:
        for _ in range(2 * RATE):
            await client.post("/auth/login", content=LONG_NONSENSE)
    assert read == [len(LONG_NONSENSE)] * RATE
