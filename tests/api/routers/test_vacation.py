"""Vacation, presence and giving planets up over real sockets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from core.components import PLAYER
from tests.api.hosting import (
    Player,
    client_of,
    clock_of,
    enter,
    game_of,
    hosting,
    log_in,
    until,
)

HOUR_S = 3_600


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_vacation_is_begun_and_ended(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        path = "/player/{id}/vacation"
        none = {"on": False, "since": None, "ends_earliest": None}
        assert (await mira.get(path)).json() == none
        begun = await mira.post(path, {"on": True})
        assert begun.status_code == 200, begun.text
        report = begun.json()
        assert report["on"] is True
        assert seconds_between(report["since"], report["ends_earliest"]) == 48 * HOUR_S
        assert (await mira.get(path)).json() == report
        production = (await mira.planet())["production"]
        assert {production[f"{name}_rate"] for name in ("metal", "crystal", "deuterium")} == {0}
        refused = await mira.build("metal_mine")
        assert (refused.status_code, refused.json()["code"]) == (409, "on_vacation")
        early = await mira.post(path, {"on": False})
        assert (early.status_code, early.json()["code"]) == (409, "vacation_too_short")
        clock_of(host).jump(48 * HOUR_S)
        mira = Player(client, mira.id, "mira", await log_in(client, "mira"))
        assert (await mira.post(path, {"on": False})).json() == none
        assert (await mira.build("metal_mine")).status_code == 200
        assert (await mira.post(path, {"on": "yes"})).status_code == 422


async def test_that_the_last_planet_is_not_given_up(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        refused = await mira.delete("/player/{id}/planets/1")
        assert (refused.status_code, refused.json()["code"]) == (409, "last_planet")
        strange = await mira.delete("/player/{id}/planets/7")
        assert (strange.status_code, strange.json()["code"]) == (403, "not_yours")


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_whoever_comes_back_is_inactive_no_longer(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        players = game_of(host).state.world.tables[PLAYER]
        seen_at = players.get(mira.id, "Presence.active_at")
    # The next time that she comes is after a restart: nobody has noted her yet.
    async with hosting(tmp_path) as host, client_of(host) as client:
        clock_of(host).jump(8 * 24 * HOUR_S)
        token = await log_in(client, "mira")
        mira = Player(client, mira.id, "mira", token)
        planet = await mira.planet()
        players = game_of(host).state.world.tables[PLAYER]
        await until(lambda: players.get(mira.id, "Presence.active_at") > seen_at + 8 * 24 * HOUR_S)
        position = planet["position"]
        view = (await mira.get(f"/galaxy/{position['galaxy']}/{position['system']}")).json()
        assert view["positions"][position["planet"] - 1]["flags"] == ["own"]
