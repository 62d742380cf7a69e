"""Backups from afar, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from desktop_app.application import HostState
from tests.api.hosting import Player, client_of, enter, hosting, log_in, until
from tests.api.routers.test_admin import host_headers

URL = "/admin/backups"


async def made_in(client: Any, folder: Path) -> dict[str, Any]:
    answer = await client.post(URL, headers=host_headers(folder))
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def listed(client: Any, folder: Path) -> list[dict[str, Any]]:
    answer = (await client.get(URL, headers=host_headers(folder))).raise_for_status()
    backups: list[dict[str, Any]] = answer.json()["backups"]
    return backups


async def test_that_only_the_host_gets_in(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        for answer in (
            await mira.get(URL),
            await mira.post(URL),
            await mira.post(f"{URL}/x.db/restore"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "host_only")
        assert (await client.get(URL)).status_code == 401


async def test_that_a_backup_is_answered_when_it_is_complete_and_verified_later(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await enter(client)
        assert await listed(client, tmp_path) == []
        made = await made_in(client, tmp_path)
        assert (tmp_path / "backups" / made["name"]).exists()
        assert made["reason"] == "manual"
        assert made["rows"]["players"] == 1
        assert made["verified"] is None
        assert made["world_time"].endswith("Z")
        await until(lambda: host.backups.last and host.backups.last.verified is not None)
        (seen,) = await listed(client, tmp_path)
        assert seen == {**made, "verified": True}


async def test_that_a_restore_only_says_what_would_change(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await enter(client, "mira")
        made = await made_in(client, tmp_path)
        await enter(client, "noor")
        for body in (None, {}, {"confirm": False}):
            answer = await client.post(
                f"{URL}/{made['name']}/restore", json=body, headers=host_headers(tmp_path)
            )
            said = answer.raise_for_status().json()
            assert said["restoring"] is False
            assert said["report"]["now"]["players"] == 2
            assert said["report"]["then"]["players"] == 1
            assert said["report"]["vanishing"] == ["noor"]
        assert host.state is HostState.RUNNING


async def test_that_a_confirmed_restore_brings_the_world_back(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client, "mira")
        made = await made_in(client, tmp_path)
        await mira.build("metal_mine")
        noor = await enter(client, "noor")
        answer = await client.post(
            f"{URL}/{made['name']}/restore", json={"confirm": True}, headers=host_headers(tmp_path)
        )
        said = answer.raise_for_status().json()
        assert said["restoring"] is True
        assert said["report"]["vanishing"] == ["noor"]
        await until(lambda: host._restoring is None)
        assert host.state is HostState.RUNNING
        # At the same address, but everybody logs in again: jonas gets the id that noor had.
        jonas = await enter(client, "jonas")
        assert jonas.id == noor.id
        for player in (mira, noor):
            assert (await player.get("/player/{id}")).status_code == 401
        mira = Player(client, mira.id, mira.name, await log_in(client, "mira"))
        assert (await mira.planet())["build_queue"] == []
        reasons = [backup["reason"] for backup in await listed(client, tmp_path)]
        assert reasons == ["before-restore", "manual"]


@pytest.mark.parametrize(
    "name",
    ["no.db", "..%2Fworld.db", "..%2F..%2Fetc%2Fpasswd", "20260101T000000Z-manual.db", "%00"],
)
@pytest.mark.parametrize("confirm", [False, True])
async def test_that_no_other_file_can_be_restored(tmp_path: Path, name: str, confirm: bool) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        answer = await client.post(
            f"{URL}/{name}/restore", json={"confirm": confirm}, headers=host_headers(tmp_path)
        )
        assert answer.status_code == 404
        assert host.state is HostState.RUNNING


@pytest.mark.parametrize("body", [{"confirm": "yes"}, {"confirm": 1}, {"sure": True}, []])
async def test_that_a_confirmation_is_true_and_nothing_else(tmp_path: Path, body: Any) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        made = await made_in(client, tmp_path)
        answer = await client.post(
            f"{URL}/{made['name']}/restore", json=body, headers=host_headers(tmp_path)
        )
        assert answer.status_code == 422


async def test_that_a_backup_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "backups").write_text("a file in the way")
    async with hosting(tmp_path) as host, client_of(host) as client:
        refusal = await client.post(URL, headers=host_headers(tmp_path))
        assert (refusal.status_code, refusal.json()["code"]) == (409, "backup_failed")
