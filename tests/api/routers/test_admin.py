"""What the host may do from afar, against a real world."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from core import sync
from tests.api.hosting import client_of, enter, game_of, hosting


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
        with closing(sqlite3.connect(tmp_path / "world.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refusal = await client.post("/admin/save", headers=host_headers(tmp_path))
            assert refusal.json()["code"] == "storage_unavailable"
            other.execute("ROLLBACK")
