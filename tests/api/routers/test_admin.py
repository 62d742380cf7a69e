"""What the host may do from afar, against a real world."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from core import sync, throttle_trace
from core.api.routers import admin
from core.throttle_trace import Changes, Replay
from tests.api.hosting import client_of, enter, game_of, hosting, locked_database, until


def host_headers(folder: Path) -> dict[str, str]:
    return {"Authorization": f"Bearer {(folder / 'host.token').read_text().strip()}"}


async def test_that_only_the_host_and_administrators_get_in(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        assert (await client.post("/admin/save")).status_code == 401
        refusal = await mira.post("/admin/save")
        assert (refusal.status_code, refusal.json()["code"]) == (403, "host_only")
        wrong = await client.post("/admin/save", headers={"Authorization": "Bearer guessed"})
        assert wrong.status_code == 401
        assert (await client.post("/admin/save", headers=host_headers(tmp_path))).status_code == 200
    async with hosting(tmp_path) as host, client_of(host) as client:
        await sync.grant_admin(mira.id)
        again = await client.post("/admin/save", headers=mira.headers)
        assert again.status_code == 200


async def test_that_a_save_is_answered_when_it_is_committed(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await enter(client)
        game_of(host).writer.last_commit_at = None
        made = (await client.post("/admin/save", headers=host_headers(tmp_path))).json()
        assert made["batches"] >= 1
        assert made["durable_until"].endswith("Z")
        assert game_of(host).writer.last_commit_at is not None


async def test_that_a_save_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    async with (
        hosting(tmp_path, storage_grace_seconds=0.2) as host,
        client_of(host) as client,
    ):
        await enter(client)
        with locked_database(host):
            refusal = await client.post("/admin/save", headers=host_headers(tmp_path))
            assert refusal.json()["code"] == "storage_unavailable"


async def test_that_the_host_sees_what_is_at_risk(tmp_path: Path) -> None:
    async with hosting(tmp_path, storage_grace_seconds=30) as host, client_of(host) as client:
        mira = await enter(client)
        headers = host_headers(tmp_path)
        assert (await client.get("/admin/unsaved", headers=headers)).json()["at_risk"] == 0
        with locked_database(host):
            order = asyncio.create_task(mira.build("metal_mine"))
            await until(lambda: game_of(host).writer.at_risk_count())
            found = (await client.get("/admin/unsaved", headers=headers)).json()
        assert (await order).status_code == 200
    assert (found["at_risk"], found["players_at_risk"]) == (1, 1)
    (item,) = found["items"]
    assert (item["kind"], item["owner"], item["owner_name"]) == ("planet", mira.id, "mira")
    assert (item["cause"], item["at_risk"]) == ("StartBuilding", True)
    assert item["age_seconds"] >= 0


async def test_that_other_intervals_can_be_tried_on_the_last_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []

    def replay(changes: Changes, **intervals: float) -> Replay:
        threads.append(threading.current_thread().name)
        return throttle_trace.replay(changes, **intervals)

    monkeypatch.setattr(admin, "replay", replay)
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        await mira.build("metal_mine")
        headers = host_headers(tmp_path)
        path = "/admin/throttle-trace?save=10&save=60&persist=60&persist=300"
        trace = (await client.get(path, headers=headers)).json()
        assert trace["changes"] >= 2
        assert [
            (point["save_interval_seconds"], point["persist_interval_seconds"])
            for point in trace["points"]
        ] == [(10, 60), (10, 300), (60, 60), (60, 300)]
        assert all(point["urgent_rows"] >= 2 for point in trace["points"])
        # Meanwhile others are served.
        assert len(threads) == 4
        assert "network" not in threads
        for query in ("save=0", "save=nan", "persist=1e9", "save=1&" * 6, "save=x"):
            answer = await client.get(f"/admin/throttle-trace?{query}", headers=headers)
            assert answer.status_code == 422, query
