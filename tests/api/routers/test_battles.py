"""Battles that are not fought, over real sockets."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from core import forecast_worker
from core.combat import Forecast
from core.forecast_worker import ForecastOrder, ForecastsBusy, ForecastWorker
from tests.api.hosting import client_of, enter, hosting, world_of

PATH = "/simulate-battle"
# Nobody shoots at the fighters but the launcher, which they outnumber.
SURE: dict[str, Any] = {
    "attacker": {"ships": {"deathstar": 1, "small_cargo": 2}, "technologies": {"hyperspace": 2}},
    "defender": {
        "ships": {"light_fighter": 10},
        "resources": {"metal": 90_000, "crystal": 600},
    },
    "seeds": 3,
}


async def test_that_a_battle_is_forecast_and_nothing_changes(tmp_path: Path) -> None:
    settings = {"debris_from_ships_percent": 50.0, "loot_share_percent": 10.0}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        mira = await enter(client)
        before = world_of(host)
        answer = await mira.post(PATH, SURE)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["runs"], told["wins"], told["draws"], told["losses"]) == (3, 3, 0, 0)
        # A tenth of each stock; half of 10 fighters of 3000 and 1000, and of lost cargo ships.
        assert told["loot"] == {"metal": 9_000, "crystal": 60, "deuterium": 0}
        assert told["defender_lost"] == {"light_fighter": 10}
        lost = told["attacker_lost"].get("small_cargo", 0)
        assert told["debris"]["metal"] == pytest.approx(15_000 + 1_000 * lost)
        assert told["attacker_lost"].keys() <= {"small_cargo"}
        assert told["defender_restored"] == {}
        # The same question is the same answer, and one seed is named by itself.
        assert (await client.post(PATH, json=SURE)).json() == told
        named = (await client.post(PATH, json=SURE | {"seeds": [0, 1, 2]})).json()
        assert named == told
        assert world_of(host) == before


async def test_that_what_is_no_battle_is_refused_in_words(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:

        async def refused(body: Any) -> tuple[int, str]:
            answer = await client.post(PATH, json=body)
            return answer.status_code, answer.json()["code"]

        attacker, defender = {"ships": {"cruiser": 1}}, {"ships": {"cruiser": 1}}
        sides: dict[str, Any] = {"attacker": attacker, "defender": defender}
        canoe: dict[str, Any] = {"ships": {"canoe": 1}}
        assert await refused(sides | {"attacker": canoe}) == (404, "unknown_type")
        assert await refused(sides | {"defender": canoe}) == (404, "unknown_type")
        bad: dict[str, Any]
        for bad in (
            {"attacker": {"ships": {"solar_satellite": 1}}},
            {"defender": {"defence": {"cruiser": 1}}},
            {"defender": {"resources": {"spice": 1}}},
            {"attacker": attacker | {"technologies": {"alchemy": 1}}},
        ):
            assert await refused(sides | bad) == (404, "unknown_type")
        assert await refused(sides | {"attacker": {"ships": {}}}) == (422, "bad_value")
        large = ("cruiser", "bomber", "destroyer", "deathstar", "battleship")
        crowd = dict.fromkeys(large, 2**31 - 1)
        assert await refused(sides | {"defender": {"ships": crowd}}) == (422, "bad_value")
        for bad in (
            {"seeds": 0},
            {"seeds": 101},
            {"seeds": []},
            {"seeds": [-1]},
            {"defender": {"technologies": {"weapons": 101}}},
            {"attacker": {"ships": {"cruiser": -1}}},
        ):
            assert await refused(sides | bad) == (422, "invalid")
        assert await refused({"attacker": attacker}) == (422, "invalid")


async def test_that_whoever_asks_too_much_is_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_worker: ForecastWorker, _wanted: ForecastOrder) -> Future[Forecast]:
        raise ForecastsBusy

    async with hosting(tmp_path) as host, client_of(host) as client:
        monkeypatch.setattr(forecast_worker.ForecastWorker, "begin", busy)
        answer = await client.post(PATH, json=SURE)
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert int(answer.headers["retry-after"]) >= 1
