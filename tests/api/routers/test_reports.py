"""Reports over real sockets: battles and espionage, as both sides are told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.api.report_answers import PART_CHARACTERS, BattleReportAnswer
from core.components import PLANET
from core.reports import write_report
from core.state import GameState
from tests.api.hosting import (
    client_of,
    clock_of,
    enter,
    game_of,
    give_ships,
    hosting,
    in_next_tick,
    socket_of,
)
from tests.api.test_websocket import receive_kind, welcomed

# Whatever flies at war is there within a minute.
AT_WAR: dict[str, Any] = {"starter_deuterium": 500.0, "fleet_speed_war": 1000.0}


def next_door(host: Any) -> dict[str, int]:
    """Return the place of planet 2."""
    table = game_of(host).state.world.tables[PLANET]
    names = ("galaxy", "system", "position")
    return {name: int(table.get(2, f"Position.{name}")) for name in names}


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_both_sides_hear_and_read_of_a_battle(tmp_path: Path) -> None:
    async with hosting(tmp_path, **AT_WAR) as host, client_of(host) as client:
        mira, jonas = await enter(client), await enter(client, "jonas")
        give_ships(host, {"large_cargo": 3})
        place = next_door(host)
        async with socket_of(host) as ours, socket_of(host) as theirs:
            await welcomed(ours, mira)
            await welcomed(theirs, jonas)
            order = {**place, "mission": "attack", "ships": {"large_cargo": 3}}
            sent = await mira.post("/player/{id}/fleet/dispatch", order)
            mission = sent.raise_for_status().json()["mission"]
            warning = await receive_kind(theirs, "incoming_attack")
            assert warning["mission_id"] == mission["id"]
            assert warning["target"] == mission["target"]
            assert warning["arrival_time"] == mission["arrival_time"]
            clock_of(host).jump(60)
            told = await receive_kind(theirs, "battle_report")
            assert {name: told[name] for name in place} == place
            assert (told["result"], told["attacked"]) == ("lost", False)
            won = await receive_kind(ours, "battle_report")
            assert (won["result"], won["attacked"]) == ("won", True)
        page = (await jonas.get("/player/{id}/battle-reports")).json()
        assert page["total"] == 1
        (report,) = page["reports"]
        assert (report["id"], report["outcome"], report["mission_id"]) == (
            told["id"],
            "attackers",
            mission["id"],
        )
        assert report["attackers"][0]["units"] == {"large_cargo": 3}
        assert report["loot"]["metal"] >= 250
        one = await jonas.get(f"/player/{{id}}/battle-reports/{told['id']}")
        assert one.json() == report
        # It goes out as it was written, and that is as it is documented.
        assert set(report) == set(BattleReportAnswer.model_fields)
        BattleReportAnswer.model_validate(report)
        # It is his own: she has another.
        for path in (f"battle-reports/{told['id']}", f"espionage-reports/{won['id']}"):
            none = await mira.get(f"/player/{{id}}/{path}")
            assert (none.status_code, none.json()["code"]) == (404, "no_such_item")
        messages = (await jonas.get("/player/{id}/messages?category=battle")).json()
        assert [message["text"].split(" was ")[1][:4] for message in messages["messages"]] == [
            "lost"
        ]


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_report_of_probes_says_what_they_did_not_see(tmp_path: Path) -> None:
    async with hosting(tmp_path, **AT_WAR) as host, client_of(host) as client:
        mira, jonas = await enter(client), await enter(client, "jonas")
        give_ships(host, {"espionage_probe": 2})
        async with socket_of(host) as socket:
            await welcomed(socket, mira)
            order = {**next_door(host), "mission": "espionage", "ships": {"espionage_probe": 2}}
            (await mira.post("/player/{id}/fleet/dispatch", order)).raise_for_status()
            assert (await jonas.get("/player/{id}/fleet")).json()["incoming"] == []
            clock_of(host).jump(60)
            told = await receive_kind(socket, "espionage_report")
        report = (await mira.get(f"/player/{{id}}/espionage-reports/{told['id']}")).json()
        assert report["resources"]["deuterium"] == 500
        assert (report["fleet"], report["defence"]) == ({}, None)
        assert (report["player"], report["noticed"]) == (jonas.id, False)
        page = (await mira.get("/player/{id}/espionage-reports?limit=1&offset=0")).json()
        assert page == {"reports": [report], "total": 1}
        assert (await jonas.get("/player/{id}/espionage-reports")).json()["total"] == 0
        much = await mira.get("/player/{id}/espionage-reports?limit=201")
        assert much.status_code == 422
        assert (await mira.get(f"/player/{jonas.id}/battle-reports")).status_code == 403


async def test_that_a_page_of_long_reports_is_whole(tmp_path: Path) -> None:
    """It is sent in parts, and its length is known before."""
    rounds = ["ship" * (PART_CHARACTERS // 8)] * 6

    def write(state: GameState, at: float) -> None:
        for number in range(3):
            content = {"name": "Ödön", "number": number, "rounds": rounds[number:]}
            write_report(state, 1, "battle", content, at)

    async with hosting(tmp_path) as host, client_of(host) as client:
        player = await enter(client)
        none = (await player.get("/player/{id}/battle-reports")).json()
        await in_next_tick(host, write)
        answer = await player.get("/player/{id}/battle-reports?limit=2")
        assert answer.headers["content-type"] == "application/json"
        assert int(answer.headers["content-length"]) == len(answer.content) > 4 * PART_CHARACTERS
        page = answer.json()
        single = [
            (await player.get(f"/player/{{id}}/battle-reports/{report['id']}")).json()
            for report in page["reports"]
        ]
    assert none == {"reports": [], "total": 0}
    assert page == {"reports": single, "total": 3}
    assert [report["number"] for report in single] == [2, 1]
    assert {report["name"] for report in single} == {"Ödön"}
