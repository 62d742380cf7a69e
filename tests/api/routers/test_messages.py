"""Messages and notifications, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.rules import RULES
from tests.api.hosting import Player, client_of, enter, hosting, socket_of, world_of
from tests.api.routers.test_trade import RICH, code_of, offer
from tests.api.test_websocket import receive_kind, send


async def read(player: Player, query: str = "") -> dict[str, Any]:
    return dict((await player.get(f"/player/{{id}}/messages{query}")).raise_for_status().json())


async def write(player: Player, to: str, text: str) -> int:
    answer = await player.post("/player/{id}/messages", {"to": to, "text": text})
    return int(answer.raise_for_status().json()["id"])


async def test_that_players_write_to_one_another(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        # A name is the same in every spelling.
        first = await write(mira, "JONAS", "Peace?\n👨‍👩‍👧 李")
        second = await write(mira, "jonas", "Well?")
        page = await read(jonas)
        assert (page["total"], page["unread"]) == (2, 2)
        assert [message["id"] for message in page["messages"]] == [second, first]
        assert (
            page["messages"][1].items()
            >= {
                "category": "player",
                "sender_id": mira.id,
                "sender": "mira",
                "text": "Peace?\n👨‍👩‍👧 李",
                "read": False,
            }.items()
        )
        assert await read(mira) == {"messages": [], "total": 0, "unread": 0}

        await jonas.post(f"/player/{{id}}/messages/{first}/read")
        assert (await read(jonas))["unread"] == 1
        await jonas.delete(f"/player/{{id}}/messages/{second}")
        assert [message["id"] for message in (await read(jonas))["messages"]] == [first]
    async with hosting(tmp_path) as host, client_of(host) as client:
        again = Player(client, jonas.id, jonas.name, jonas.token)
        page = await read(again)
        assert (page["total"], page["unread"], page["messages"][0]["read"]) == (1, 0, True)


async def test_that_messages_come_page_by_page(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        ids = [await write(mira, "mira", f"note {number}") for number in range(5)]
        page = await read(mira, "?limit=2&offset=1&category=player")
        assert [message["id"] for message in page["messages"]] == [ids[3], ids[2]]
        assert (await read(mira, "?category=battle"))["total"] == 0
        for query in ("?limit=0", "?limit=201", "?offset=-1", "?category=gossip"):
            assert (await mira.get(f"/player/{{id}}/messages{query}")).status_code == 422


async def test_that_what_cannot_be_sent_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        theirs = await write(mira, "jonas", "Peace?")
        before = world_of(host)
        limit = RULES.messages.characters_most
        for to, text, status, code in (
            ("nobody", "Peace?", 404, "no_such_player"),
            ("", "Peace?", 404, "no_such_player"),
            ("a\0b", "Peace?", 404, "no_such_player"),
            ("jonas", "", 422, "invalid"),
            ("jonas", " \n", 422, "invalid"),
            ("jonas", "a\0b", 422, "invalid"),
            ("jonas", "\x1b[31m", 422, "invalid"),
            ("jonas", "x" * (limit + 1), 422, "invalid"),
        ):
            answer = await mira.post("/player/{id}/messages", {"to": to, "text": text})
            assert code_of(answer) == (status, code), (to, text[:20])
        for answer in (
            await mira.post(f"/player/{{id}}/messages/{theirs}/read"),
            await mira.delete(f"/player/{{id}}/messages/{theirs}"),
            await mira.delete(f"/notifications/{theirs}"),
            await jonas.delete(f"/notifications/{theirs}"),
        ):
            assert code_of(answer) == (404, "no_such_item")
        assert (await mira.get(f"/player/{jonas.id}/messages")).status_code == 403
        assert (await mira.get(f"/player/{jonas.id}/notifications")).status_code == 403
        assert world_of(host) == before


async def test_that_notifications_are_read_and_deleted_by_themselves(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        await write(jonas, "mira", "Trade?")
        made = await offer(mira)
        await jonas.post(f"/trade/accept/{made['id']}")
        page = (await mira.get("/player/{id}/notifications")).json()
        (notice,) = page["notifications"]
        assert (page["total"], page["unread"]) == (1, 1)
        assert notice["text"] == "jonas has bought your 300 metal for 200 crystal."
        assert (notice["sender_id"], notice["sender"]) == (None, None)
        assert (await read(mira))["total"] == 2
        assert (await mira.delete(f"/notifications/{notice['id']}")).status_code == 200
        assert (await mira.get("/player/{id}/notifications")).json()["total"] == 0
        assert (await read(mira))["total"] == 1


async def test_that_a_message_is_pushed_to_whom_it_is_for(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        async with socket_of(host, f"?token={jonas.token}") as socket:
            await send(socket, type="ping")
            await receive_kind(socket, "pong")
            message_id = await write(mira, "jonas", "Peace?")
            pushed = await receive_kind(socket, "message")
        assert (pushed["id"], pushed["category"]) == (message_id, "player")
