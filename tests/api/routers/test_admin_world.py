"""The world's settings and a message to everybody, from afar."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.systems import messages
from tests.api.hosting import client_of, enter, game_of, hosting, socket_of
from tests.api.routers.test_admin import host_headers
from tests.api.routers.test_trade import code_of

SETTINGS = "/admin/settings"


async def test_that_settings_are_read_and_changed_while_the_world_runs(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, headers = await enter(client), host_headers(tmp_path)
        known = (await client.get(SETTINGS, headers=headers)).json()["settings"]
        assert known["economy_speed"] == {
            "value": 1.0,
            "default": 1.0,
            "least": 0.01,
            "most": 1000.0,
            "can_change": True,
        }
        assert known["registration_open"]["least"] is None
        assert known["systems"]["can_change"] is False
        assert "random_seed" not in known
        rate = (await mira.planet())["production"]["metal_rate"]
        change = {"economy_speed": 2, "newbie_protection": True, "registration_open": False}
        done = await client.patch(SETTINGS, json={"settings": change}, headers=headers)
        assert sorted(done.json()["changed"]) == ["economy_speed", "registration_open"]
        assert (await mira.planet())["production"]["metal_rate"] == 2 * rate
        for body, answer in (
            ({"gravity": 1}, (404, "unknown_setting")),
            ({"systems": 3}, (404, "unknown_setting")),
            ({"economy_speed": 0}, (422, "bad_value")),
            ({"galaxies": 9.5}, (422, "bad_value")),
            ({"newbie_protection": 1}, (422, "bad_value")),
            ({"galaxies": 8}, (409, "cannot_shrink")),
            ({"economy_speed": "fast"}, (422, "invalid")),
            ({}, (422, "invalid")),
        ):
            refusal = await client.patch(SETTINGS, json={"settings": body}, headers=headers)
            assert code_of(refusal) == answer, body
        assert code_of(await mira.get(SETTINGS)) == (403, "host_only")
    async with hosting(tmp_path) as host:
        assert game_of(host).state.universe.economy_speed == 2


async def test_that_everybody_gets_what_the_host_writes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "PORTION", 2)
    monkeypatch.setattr("core.api.routers.admin_world.PORTION", 2)
    async with hosting(tmp_path) as host, client_of(host) as client:
        players = [await enter(client, name) for name in ("mira", "jonas", "eve")]
        keyed = host_headers(tmp_path) | {"Idempotency-Key": "noon"}
        async with socket_of(host, f"?token={players[0].token}") as socket:
            assert json.loads(await socket.recv())["type"] == "welcome"
            body = {"text": "Back at noon."}
            for _ in range(2):
                sent = await client.post("/admin/message", json=body, headers=keyed)
                assert sent.json() == {"message": "Sent.", "recipients": 3}
            await socket.send("ping")
            told = [json.loads(await socket.recv()) for _ in range(3)]
            assert [each["type"] for each in told] == ["message", "server_notice", "pong"]
            assert told[1]["text"] == "Back at noon."
        for player in players:
            (message,) = (await player.get("/player/{id}/messages")).json()["messages"]
            assert (message["category"], message["text"]) == ("system", "Back at noon.")
        other = await client.post("/admin/message", json={"text": "No."}, headers=keyed)
        assert code_of(other) == (422, "idempotency_key_reused")
        for text in ("", " ", "\0", 7, "x" * 2_001):
            bad = await client.post("/admin/message", json={"text": text}, headers=keyed)
            assert code_of(bad) == (422, "invalid"), text
        assert code_of(await players[0].post("/admin/message", body)) == (403, "host_only")
