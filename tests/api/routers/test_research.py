"""Research and the settings of a planet, as players order them, against a real world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.components import PLANET
from tests.api.hosting import Player, client_of, clock_of, enter, game_of, hosting, socket_of, until
from tests.api.test_websocket import receive_kind, welcomed

RICH = {"starter_metal": 9_000.0, "starter_crystal": 9_000.0, "starter_deuterium": 9_000.0}


async def with_a_lab(player: Player, host: Any) -> int:
    """Have the player's home have a lab, and return the home."""
    item = (await player.build("research_lab")).raise_for_status().json()["item"]
    assert item["cost"] == {"metal": 200, "crystal": 400, "deuterium": 200}
    clock_of(host).jump(3600)
    planets = game_of(host).state.world.tables[PLANET]
    await until(lambda: max(planets.get(1, "Buildings.level")) == 1)
    return int((await player.planet())["planet"]["id"])


async def order(player: Player, technology: str, **more: Any) -> Any:
    body = {"research_type": technology, **more}
    return await player.post("/player/{id}/research", body)


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_technology_is_ordered_seen_and_cancelled(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira = await enter(client)
        home = await with_a_lab(mira, host)
        ordered = (await order(mira, "energy", planet=home)).raise_for_status().json()
        assert ordered["message"] == "energy 1 is started."
        item = ordered["item"]
        assert (item["type"], item["level"], item["planet"]) == ("energy", 1, home)
        assert item["cost"] == {"metal": 0, "crystal": 800, "deuterium": 400}
        assert item["completion_time"] > item["started_at"]
        waiting = (await order(mira, "energy")).json()["item"]
        assert (waiting["level"], waiting["started_at"], waiting["completion_time"]) == (
            2,
            None,
            None,
        )
        seen = (await mira.get("/player/{id}/research")).json()
        assert seen["queue"] == [item, waiting]
        assert seen["kept"] is True
        assert seen["research"]["energy"] == 0
        assert len(seen["research"]) == 16
        planet = await mira.planet()
        assert planet["research_queue"] == seen["queue"]
        assert planet["research"] == seen["research"]
        left = (await mira.delete("/player/{id}/research-queue/0")).json()
        assert [each["level"] for each in left["research_queue"]] == [1]
        assert (await mira.planet())["research_queue"] == left["research_queue"]


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_finished_research_is_told_and_seen(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira = await enter(client)
        await with_a_lab(mira, host)
        async with socket_of(host) as socket:
            await welcomed(socket, mira)
            (await order(mira, "computer")).raise_for_status()
            clock_of(host).jump(3600)
            told = await receive_kind(socket, "research_complete")
            assert (told["research_type"], told["new_level"]) == ("computer", 1)
            assert told["ts"].endswith("Z")
        assert (await mira.get("/player/{id}/research")).json()["research"]["computer"] == 1


async def test_that_refusals_say_what_is_missing(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        refusal = await order(mira, "energy")
        assert refusal.status_code == 409
        assert refusal.json()["code"] == "requirements_not_met"
        assert refusal.json()["missing"] == {"research_lab": 1}
        unknown = await order(mira, "alchemy")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_type")
        assert (await order(mira, "energy", planet=999)).status_code == 403
        assert (await mira.post("/player/{id}/research", {})).status_code == 422
        assert (await mira.delete("/player/{id}/research-queue/0")).status_code == 404
        assert (await mira.get("/player/999/research")).status_code == 403


async def test_that_a_planet_is_renamed_and_its_sliders_set(tmp_path: Path) -> None:
    async with hosting(tmp_path, **RICH) as host, client_of(host) as client:
        mira = await enter(client)
        planet = await mira.planet()
        assert set(planet["sliders"].values()) == {100}
        path = f"/player/{mira.id}/planets/{planet['planet']['id']}"

        async def change(body: Any) -> Any:
            return await client.patch(path, json=body, headers=mira.headers)

        answer = (await change({"name": "New Hope", "sliders": {"metal_mine": 70}})).json()
        assert answer["name"] == "New Hope"
        assert answer["sliders"] == planet["sliders"] | {"metal_mine": 70}
        assert (await change({"sliders": {"solar_plant": 0}})).json()["name"] == "New Hope"
        after = await mira.planet()
        assert after["planet"]["name"] == "New Hope"
        assert after["sliders"] == planet["sliders"] | {"metal_mine": 70, "solar_plant": 0}
        for body, status in (
            ({"sliders": {"metal_mine": 75}}, 422),
            ({"sliders": {"metal_mine": 110}}, 422),
            ({"sliders": {"metal_mine": "70"}}, 422),
            ({"sliders": {"shipyard": 70}}, 404),
            ({"name": ""}, 422),
            ({}, 422),
            ({"name": None, "sliders": {}}, 422),
            ({"name": "x" * 41}, 422),
        ):
            assert (await change(body)).status_code == status, body
        assert await mira.planet() | {"server_time": ""} == after | {"server_time": ""}


async def test_that_a_terraformer_says_which_energy_it_needs(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        costs = (await client.get("/building-costs/terraformer?level=2")).json()
        assert costs["cost"] == {"metal": 0, "crystal": 200_000, "deuterium": 400_000}
        assert costs["energy_required"] == 4_000
        rules = (await client.get("/rules")).json()
        assert rules["technologies"].keys() >= {"energy", "graviton"}
        assert rules["fusion"]["reactor"] in rules["buildings"]
