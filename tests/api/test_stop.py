"""What players are told whose requests are in hand when the host stops."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from core.api import passwords, server
from core.persistence import accounts
from tests.api.hosting import (
    PASSWORD,
    PATIENCE_S,
    client_of,
    enter,
    hosting,
    registration,
    until,
)


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_GRACEFUL_S", 0.3)


async def test_that_a_crowd_at_the_door_is_told_that_the_world_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = threading.Event()
    at_work: list[str] = []

    def slow(password: str, _password_hash: str) -> bool:
        at_work.append(password)
        opened.wait(PATIENCE_S)
        return False

    monkeypatch.setattr(passwords, "_matches", slow)
    async with hosting(tmp_path) as host, client_of(host) as client:
        logins = [
            asyncio.create_task(
                client.post("/auth/login", json={"username": f"p{i}", "password": PASSWORD})
            )
            for i in range(40)
        ]
        pool = host._server._app.state.context.passwords  # type: ignore[union-attr]
        await until(lambda: at_work and pool.waiting_count() == len(logins))
        stop = asyncio.create_task(host.stop())
        await until(lambda: pool._stopping)
        opened.set()
        answers = await asyncio.gather(*logins)
        await stop
    told = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert set(told) <= {(401, "wrong_credentials"), (503, "stopping")}
    # Who was at work may have come to an end; nobody else has begun.
    assert told.count((503, "stopping")) >= len(logins) - len(at_work)
    assert len(at_work) < len(logins)


async def test_that_a_change_of_an_account_in_hand_at_the_stop_is_not_called_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    may_go_on = asyncio.Event()

    async def slow(payload: object, _request: object = None) -> None:
        begun.append(payload)
        await may_go_on.wait()

    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        monkeypatch.setattr(accounts, "revoke_token", slow)
        monkeypatch.setattr(accounts, "register_account", slow)
        changes = [
            asyncio.create_task(mira.post("/auth/logout")),
            asyncio.create_task(client.post("/auth/register", json=registration("jonas"))),
        ]
        await until(lambda: len(begun) == len(changes))
        await host.stop()
        may_go_on.set()
        for change in changes:
            answer = await change
            assert (answer.status_code, answer.json()["code"]) == (504, "commit_pending")
