"""Players from afar, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from core import sync
from core.components import PLAYER
from tests.api.hosting import (
    PASSWORD,
    client_of,
    enter,
    game_of,
    hosting,
    log_in,
    simulation_of,
    socket_of,
    until,
)
from tests.api.routers.test_admin import host_headers
from tests.api.routers.test_trade import code_of

URL = "/admin/players"


async def listed(client: httpx.AsyncClient, folder: Path, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(URL + query, headers=host_headers(folder))
    return list(answer.raise_for_status().json()["players"])


async def test_that_the_host_sees_who_plays(tmp_path: Path) -> None:
    async with hosting(tmp_path, bots=1) as host, client_of(host) as client:
        mira, _ = await enter(client, "Mira"), await enter(client, "jonas")
        found = await listed(client, tmp_path)
        assert {each["username"]: each["is_bot"] for each in found} == {
            "bot-1": True,
            "Mira": False,
            "jonas": False,
        }
        (only,) = await listed(client, tmp_path, "?search=MIR")
        assert only.pop("created_at") <= only.pop("last_login")
        assert only == {
            "id": mira.id,
            "username": "Mira",
            "email": "Mira@example.org",
            "is_active": True,
            "is_admin": False,
            "is_bot": False,
        }
        # A sign of the database's patterns is a letter like any other, and there is none of it.
        assert await listed(client, tmp_path, "?search=%25") == []
        page = await client.get(f"{URL}?limit=1&offset=1", headers=host_headers(tmp_path))
        assert page.json()["total"] == 3
        assert [each["username"] for each in page.json()["players"]] == [found[1]["username"]]
        assert code_of(await mira.get(URL)) == (403, "host_only")


async def test_that_who_is_banned_is_out_at_once_until_he_is_let_in(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, headers = await enter(client), host_headers(tmp_path)
        async with socket_of(host, f"?token={mira.token}") as socket:
            await socket.recv()
            done = await client.post(f"{URL}/{mira.id}/ban", headers=headers)
            assert done.json() == {"message": "The account is closed.", "id": mira.id}
            assert code_of(await mira.get("/player/{id}")) == (403, "banned")
            body = {"username": "mira", "password": PASSWORD}
            assert code_of(await client.post("/auth/login", json=body)) == (403, "banned")
            await socket.wait_closed()
            assert socket.close_code == 1008
        assert (await listed(client, tmp_path))[0]["is_active"] is False
        assert game_of(host).state.world.exists(PLAYER, mira.id)
        await client.post(f"{URL}/{mira.id}/unban", headers=headers)
        assert (await mira.planet())["player"]["name"] == "mira"
        nobody = await client.post(f"{URL}/77/ban", headers=headers)
        assert code_of(nobody) == (404, "no_such_player")


async def test_that_an_administrator_is_made_and_unmade_but_not_by_himself(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        path, on, off = f"{URL}/{mira.id}/grant", {"on": True}, {"on": False}
        assert (await client.post(path, json=on, headers=host_headers(tmp_path))).is_success
        assert (await mira.get("/auth/me")).json()["is_admin"] is True
        assert (await mira.post(f"{URL}/{jonas.id}/grant", on)).status_code == 200
        assert (await jonas.post(path, off)).status_code == 200
        assert code_of(await mira.get(URL)) == (403, "host_only")
        own = f"{URL}/{jonas.id}"
        assert code_of(await jonas.post(f"{own}/grant", off)) == (409, "own_account")
        assert code_of(await jonas.post(f"{own}/ban")) == (409, "own_account")


async def test_that_a_player_has_his_new_name_everywhere(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, headers = await enter(client, "mira"), host_headers(tmp_path)
        await enter(client, "jonas")
        path = f"{URL}/{mira.id}/rename"

        async def rename(name: str) -> httpx.Response:
            return await client.post(path, json={"username": name}, headers=headers)

        assert code_of(await rename("JONAS")) == (400, "username_taken")
        assert code_of(await rename("a b")) == (400, "bad_username")
        assert (await rename("Miranda")).status_code == 200
        # His own name in other letters is not somebody else's.
        assert (await rename("miranda")).status_code == 200
        assert (await mira.planet())["player"]["name"] == "miranda"
        assert (await mira.get("/auth/me")).json()["username"] == "miranda"
        assert await log_in(client, "MIRANDA")
        assert await sync.find_credentials("mira") is None
        # Who is not in the world yet has an account all the same.
        await sync.register_account(sync.NewAccount("eve", "eve@example.org", "?"))
        eve = (await listed(client, tmp_path, "?search=eve"))[0]["id"]
        body = {"username": "adam"}
        assert (await client.post(f"{URL}/{eve}/rename", json=body, headers=headers)).is_success


async def test_that_a_new_password_ends_all_logins(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, headers = await enter(client), host_headers(tmp_path)
        path = f"{URL}/{mira.id}/reset-password"
        password = (await client.post(path, headers=headers)).json()["password"]
        assert (await mira.get("/player/{id}")).status_code == 401
        body = {"username": "mira", "password": PASSWORD}
        assert (await client.post("/auth/login", json=body)).status_code == 401
        assert (await client.post("/auth/login", json=body | {"password": password})).is_success
        nobody = await client.post(f"{URL}/77/reset-password", headers=headers)
        assert code_of(nobody) == (404, "no_such_player")


async def test_that_a_computer_player_who_is_banned_has_no_turns(tmp_path: Path) -> None:
    async with hosting(tmp_path, bots=2) as host, client_of(host) as client:
        headers, driver = host_headers(tmp_path), simulation_of(host).bots
        first = min(driver.bots)
        await client.post(f"{URL}/{first}/ban", headers=headers)
        await until(lambda: first not in driver.bots)
        assert len(driver.bots) == driver.figures.total == 1
        assert (await client.post(f"{URL}/{first}/unban", headers=headers)).is_success
        await until(lambda: first in driver.bots)
        # A password makes him a person's.
        assert (await client.post(f"{URL}/{first}/reset-password", headers=headers)).is_success
        await until(lambda: first not in driver.bots)
