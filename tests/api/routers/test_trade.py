"""The market over HTTP and WebSocket, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.hosting import (
    Player,
    client_of,
    clock_of,
    enter,
    hosting,
    socket_of,
    world_of,
)
from tests.api.test_websocket import receive_kind, send

RICH = {"starter_metal": 1000.0, "starter_crystal": 1000.0, "starter_deuterium": 1000.0}
OFFER = {
    "offered_resource": "metal",
    "offered_amount": 300,
    "requested_resource": "crystal",
    "requested_amount": 200,
}


async def offer(player: Player, **changes: Any) -> dict[str, Any]:
    return dict((await player.post("/trade/offers", OFFER | changes)).raise_for_status().json())


async def listed(player: Player, query: str = "") -> list[dict[str, Any]]:
    answer = (await player.get(f"/trade/offers{query}")).raise_for_status()
    return list(answer.json()["offers"])


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_that_two_players_trade(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        made = await offer(mira)
        assert made.items() >= (OFFER | {"status": "open", "seller": "mira", "buyer": None}).items()
        assert (await mira.planet())["resources"]["metal"] < 750
        assert await listed(jonas) == [made]
        accepted = (await jonas.post(f"/trade/accept/{made['id']}")).json()
        assert accepted["accepted"] is True
        assert accepted["offer"]["buyer"] == "jonas"
        assert (await mira.planet())["resources"]["crystal"] >= 1200
        assert (await jonas.planet())["resources"]["metal"] >= 1300
        assert (await jonas.planet())["resources"]["crystal"] < 850
        assert await listed(jonas) == []
        assert await listed(jonas, "?status=accepted") == [accepted["offer"]]
        assert await listed(jonas, "?status=all") == [accepted["offer"]]
        for player in (mira, jonas):
            history = (await player.get("/player/{id}/trade/history")).json()
            assert history == {"offers": [accepted["offer"]], "total": 1}


async def test_that_a_trade_survives_a_restart(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        first, second = await offer(mira), await offer(mira, offered_amount=10)
        await jonas.post(f"/trade/accept/{first['id']}")
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        again = Player(client, mira.id, mira.name, mira.token)
        assert await listed(again) == [second]
        cancelled = (await again.delete(f"/trade/offers/{second['id']}")).json()
        assert cancelled["offer"]["status"] == "cancelled"
        assert await listed(again) == []


async def test_that_the_planet_is_named_in_the_body(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        theirs = (await jonas.planet())["planet"]["id"]
        made = await offer(mira, planet=(await mira.planet())["planet"]["id"])
        before = world_of(host)
        assert code_of(await mira.post("/trade/offers", OFFER | {"planet": theirs})) == (
            403,
            "not_yours",
        )
        path = f"/trade/accept/{made['id']}"
        assert (await jonas.post(path, {"planet": made["id"] + 98})).status_code == 403
        assert world_of(host) == before
        assert (await jonas.post(path, {"planet": theirs})).status_code == 200


async def test_that_the_rules_refuse_and_change_nothing(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        made = await offer(mira)
        dear = await offer(mira, requested_amount=100_000)
        before = world_of(host)
        too_much = await mira.post("/trade/offers", OFFER | {"offered_amount": 100_000})
        assert code_of(too_much) == (409, "insufficient_resources")
        assert too_much.json()["missing"].keys() == {"metal"}
        for changes, status, code in (
            ({"offered_resource": "spice"}, 404, "unknown_type"),
            ({"requested_resource": "metal"}, 422, "bad_value"),
            ({"offered_amount": 0}, 422, "invalid"),
            ({"requested_amount": 1.5}, 422, "invalid"),
            ({"expires_in_hours": 0}, 422, "invalid"),
            ({"expires_in_hours": 10_000}, 422, "invalid"),
        ):
            answer = await mira.post("/trade/offers", OFFER | changes)
            assert code_of(answer) == (status, code), changes
        accept = f"/trade/accept/{made['id']}"
        assert code_of(await mira.post(accept)) == (409, "own_offer")
        assert code_of(await jonas.post(f"/trade/accept/{dear['id']}")) == (
            409,
            "insufficient_resources",
        )
        assert code_of(await jonas.post("/trade/accept/99")) == (404, "no_such_item")
        assert code_of(await jonas.delete(f"/trade/offers/{made['id']}")) == (403, "not_yours")
        assert code_of(await jonas.get(f"/player/{mira.id}/trade/history")) == (403, "not_yours")
        assert (await client.get("/trade/offers")).status_code == 401
        assert (await mira.get("/trade/offers?status=lost")).status_code == 422
        assert world_of(host) == before


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_an_offer_expires_while_nobody_looks(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira = await enter(client)
        await offer(mira, expires_in_hours=2)
        clock_of(host).jump(7201)
        (over,) = await listed(mira, "?status=expired")
        assert over["expires_at"] is None
        (notice,) = (await mira.get("/player/{id}/notifications")).json()["notifications"]
        assert (notice["category"], notice["sent_at"]) == ("system", over["closed_at"])


async def test_that_guidance_and_fee_are_told(tmp_path: Path) -> None:
    async with (
        hosting(tmp_path, market_fee_percent=2.5, market_offer_days=3.0) as host,
        client_of(host) as client,
    ):
        mira = await enter(client)
        assert (await mira.get("/market/guidance")).json() == {
            "guidance": {"metal": 3.0, "crystal": 2.0, "deuterium": 1.0},
            "fee_percent": 2.5,
            "offer_days": 3.0,
        }


async def test_that_both_sides_are_pushed_what_becomes_of_an_offer(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        async with (
            socket_of(host, f"?token={mira.token}") as seller,
            socket_of(host, f"?token={jonas.token}") as buyer,
        ):
            await send(seller, type="ping")
            await receive_kind(seller, "pong")
            await send(buyer, type="ping")
            await receive_kind(buyer, "pong")
            made = await offer(mira)
            assert (await receive_kind(seller, "trade_event"))["offer"] == made
            accepted = (await jonas.post(f"/trade/accept/{made['id']}")).json()["offer"]
            assert (await receive_kind(buyer, "trade_event"))["offer"] == accepted
            assert (await receive_kind(seller, "trade_event"))["offer"] == accepted
            notice = await receive_kind(seller, "message")
            (written,) = (await mira.get("/player/{id}/notifications")).json()["notifications"]
            assert notice["id"] == written["id"]
