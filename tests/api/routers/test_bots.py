"""Computer players from afar, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.components import PLAYER
from tests.api.hosting import client_of, enter, game_of, hosting, until
from tests.api.routers.test_admin import host_headers

URL = "/admin/bots"


async def test_that_only_the_host_gets_in(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        for answer in (await mira.get(URL), await mira.post(URL, {"number": 3})):
            assert (answer.status_code, answer.json()["code"]) == (403, "host_only")
        assert (await client.get(URL)).status_code == 401
        assert len(game_of(host).state.world.tables[PLAYER]) == 1


async def test_that_more_come_and_are_listed(tmp_path: Path) -> None:
    async with hosting(tmp_path, bots=1) as host, client_of(host) as client:
        headers = host_headers(tmp_path)
        body = {"number": 3, "strength": "hard"}
        made = (await client.post(URL, json=body, headers=headers)).raise_for_status().json()
        assert (made["number"], made["paused"]) == (3, False)
        assert made["strengths"] == {"easy": 1, "medium": 0, "hard": 2}
        # The order is in the world; they have their turns from the next tick on.
        assert len(game_of(host).state.world.tables[PLAYER]) == 3
        assert host.simulation is not None
        bots = host.simulation.bots
        await until(lambda: len(bots.bots) == 3)
        page = (await client.get(f"{URL}?limit=1&offset=1", headers=headers)).json()
        assert page["number"] == 3
        assert page["bots"] == [{"id": 2, "name": "bot-2", "strength": "hard"}]


async def test_that_they_are_paused_and_go_on(tmp_path: Path) -> None:
    async with hosting(tmp_path, bots=1) as host, client_of(host) as client:
        headers = host_headers(tmp_path)
        for paused in (True, False):
            answer = await client.post(URL, json={"paused": paused}, headers=headers)
            assert answer.json()["paused"] is paused
            assert (await client.get(URL, headers=headers)).json()["paused"] is paused


async def test_that_nobody_logs_in_as_one(tmp_path: Path) -> None:
    async with hosting(tmp_path, bots=1) as host, client_of(host) as client:
        for password in ("bot:easy", "easy", "bot-1"):
            body = {"username": "bot-1", "password": password}
            assert (await client.post("/auth/login", json=body)).status_code == 401


async def test_that_nonsense_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    nonsense: tuple[Any, ...] = (
        {},
        {"number": -1},
        {"number": 10_001},
        {"number": "3"},
        {"number": 3, "strength": "brilliant"},
        {"strength": "hard"},
        {"paused": 1},
    )
    async with hosting(tmp_path) as host, client_of(host) as client:
        headers = host_headers(tmp_path)
        for body in nonsense:
            answer = await client.post(URL, json=body, headers=headers)
            assert answer.status_code == 422, body
        assert (await client.get(f"{URL}?limit=201", headers=headers)).status_code == 422
        assert (await client.get(URL, headers=headers)).json()["number"] == 0


async def test_that_a_full_universe_says_so(tmp_path: Path) -> None:
    async with hosting(tmp_path, galaxies=1, systems=1) as host, client_of(host) as client:
        answer = await client.post(URL, json={"number": 10}, headers=host_headers(tmp_path))
        assert (answer.status_code, answer.json()["code"]) == (409, "universe_full")
