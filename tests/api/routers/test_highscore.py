"""The highscore, against a real world."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from core import highscore
from core.api import highscores
from core.highscore import Ranking, ReadSpending
from core.queries import Query
from tests.api.hosting import client_of, enter, hosting, simulation_of

RICH = {"starter_metal": 9000.0, "starter_crystal": 9000.0, "starter_deuterium": 9000.0}


async def test_that_players_are_ranked_by_what_they_spent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        # 1000 metal and 500 crystal
        assert (await jonas.build("crystal_storage")).status_code == 200
        first = (await mira.get("/highscore")).json()
        assert first["players"] == [
            {"rank": 1, "player": "jonas", "player_id": jonas.id, "points": 1},
            {"rank": 2, "player": "mira", "player_id": mira.id, "points": 0},
        ]
        assert (first["kind"], first["total"]) == ("total", 2)
        page = (await mira.get("/highscore?kind=military&limit=1&offset=1")).json()
        assert [(each["rank"], each["points"]) for each in page["players"]] == [(2, 0)]
        # It is not worked out again for everybody who asks.
        assert (await mira.build("crystal_storage")).status_code == 200
        assert (await mira.get("/highscore")).json() == first
        monkeypatch.setattr(highscores, "RANKING_INTERVAL_S", 0.0)
        again = (await mira.get("/highscore")).json()
        assert [each["points"] for each in again["players"]] == [1, 1]
        assert again["computed_at"] > first["computed_at"]
        assert (await mira.get("/highscore?kind=fame")).status_code == 422
        assert (await client.get("/highscore")).status_code == 401


async def test_that_many_who_ask_at_once_have_it_worked_out_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        game = simulation_of(host).game
        asked: list[Query] = []
        ask = game.ask

        def note(query: Query) -> Any:
            asked.append(query)
            return ask(query)

        threads: list[str] = []

        def rank(*arguments: Any) -> Ranking:
            threads.append(threading.current_thread().name)
            return highscore.rank(*arguments)

        monkeypatch.setattr(game, "ask", note)
        monkeypatch.setattr(highscores, "rank", rank)
        answers = await asyncio.gather(*(mira.get("/highscore") for _ in range(8)))
        assert len({answer.text for answer in answers}) == 1
        # Meanwhile others are served.
        assert len(threads) == 1
        assert "network" not in threads
        assert sum(isinstance(query, ReadSpending) for query in asked) == 1
