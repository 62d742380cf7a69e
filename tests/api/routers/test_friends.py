"""Friends over real sockets: accepted, listed, revoked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.api.hosting import Player, client_of, enter, hosting


async def revoke(player: Player, body: Any) -> httpx.Response:
    path = f"/player/{player.id}/friends"
    return await player.client.request("DELETE", path, json=body, headers=player.headers)


async def test_that_friends_are_accepted_listed_and_revoked(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client), await enter(client, "jonas")
        made = await mira.post("/player/{id}/friends", {"user": "Jonas"})
        assert made.status_code == 200, made.text
        friend = made.json()["friend"]
        assert (friend["id"], friend["user"]) == (jonas.id, "jonas")
        seen = (await mira.get("/player/{id}/friends")).json()
        assert seen == {"friends": [friend], "accepted_by": []}
        seen = (await jonas.get("/player/{id}/friends")).json()
        assert seen["accepted_by"] == [{**friend, "id": mira.id, "user": "mira"}]
        gone = await revoke(mira, {"user": jonas.id})
        assert (gone.status_code, gone.json()["friend"]) == (200, friend)
        seen = (await mira.get("/player/{id}/friends")).json()
        assert seen == {"friends": [], "accepted_by": []}


async def test_that_what_is_refused_is_told_in_words(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client), await enter(client, "jonas")
        path = "/player/{id}/friends"
        for user, status, code in (
            ("nobody", 404, "no_such_player"),
            ("no name", 404, "no_such_player"),
            (99, 404, "no_such_player"),
            ("mira", 422, "bad_value"),
        ):
            answer = await mira.post(path, {"user": user})
            assert (answer.status_code, answer.json()["code"]) == (status, code), user
        assert (await revoke(mira, {"user": "jonas"})).json()["code"] == "no_such_item"
        assert (await mira.post(path, {"user": 1.5})).status_code == 422
        others = await jonas.get(f"/player/{mira.id}/friends")
        assert (others.status_code, others.json()["code"]) == (403, "not_yours")
