"""What players see and order, against a real world."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core.commands import FoundHome
from core.components import PLANET, Planet
from tests.api.hosting import (
    Player,
    client_of,
    clock_of,
    enter,
    game_of,
    hosting,
    log_in,
    register,
    simulation_of,
    world_of,
)

# What api.md promises of GET /player/{id}.
FIELDS = {
    "player",
    "position",
    "resources",
    "production",
    "storage",
    "buildings",
    "build_queue",
    "ship_build_queue",
    "fleet",
    "defence",
    "research",
    "research_queue",
    "ship_stats",
    "planet",
    "kept",
    "full",
}


async def test_that_a_planet_is_told_whole(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        planet = await mira.planet()
        assert planet.keys() >= FIELDS
        assert planet["player"] == {"id": mira.id, "name": "mira"}
        assert planet["position"].keys() == {"galaxy", "system", "planet"}
        assert planet["resources"] == {"metal": 500, "crystal": 500, "deuterium": 0}
        assert planet["production"].keys() == {
            "metal_rate",
            "crystal_rate",
            "deuterium_rate",
            "deuterium_burn",
            "energy_produced",
            "energy_used",
            "factor",
        }
        assert planet["planet"].keys() >= {
            "id",
            "name",
            "temperature",
            "size",
            "fields",
            "fields_used",
        }
        assert planet["full"] == []
        assert planet["kept"] is True
        planet_id = planet["planet"]["id"]
        named = (await mira.get(f"/player/{{id}}?planet={planet_id}")).json()
        assert named["planet"] == planet["planet"]

        listed = (await mira.get("/player/{id}/planets")).json()
        assert listed["active_planet"] == planet_id
        assert listed["planets"] == [
            {
                "id": planet_id,
                "name": "Homeworld",
                "type": "planet",
                "coordinates": planet["position"],
                "resources": planet["resources"],
                "active": True,
            }
        ]
        selected = await mira.post(f"/player/{{id}}/planets/{planet_id}/select")
        assert selected.json() == {"active_planet": planet_id}


@pytest.mark.usefixtures("_jumping_clock")
async def test_that_a_full_stock_is_said_to_be_full(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        rate = (await mira.planet())["production"]["metal_rate"]
        clock_of(host).jump(3600 * 24 * 365)
        planet = await mira.planet()
        assert planet["full"] == ["metal", "crystal"]
        assert planet["resources"]["metal"] == planet["storage"]["metal"]
        # The rate is the nominal one.
        assert planet["production"]["metal_rate"] == rate


async def test_that_the_rules_refuse_with_what_is_missing_and_change_nothing(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        before = world_of(host)
        dear = await mira.build("robot_factory")
        assert (dear.status_code, dear.json()["code"]) == (409, "insufficient_resources")
        assert dear.json()["missing"] == {"deuterium": 200}
        early = await mira.build("shipyard")
        assert (early.status_code, early.json()["code"]) == (409, "requirements_not_met")
        assert early.json()["missing"] == {"robot_factory": 2}
        unknown = await mira.build("palace")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_type")
        nothing = await mira.delete("/player/{id}/build-queue/0")
        assert (nothing.status_code, nothing.json()["code"]) == (404, "no_such_item")
        bare = await mira.delete("/player/{id}/buildings/metal_mine")
        assert (bare.status_code, bare.json()["code"]) == (409, "nothing_to_demolish")
        palace = await mira.delete("/player/{id}/buildings/palace")
        assert palace.status_code == 404
        assert world_of(host) == before

        for _ in range(5):
            assert (await mira.build("metal_mine")).status_code == 200
        before = world_of(host)
        full = await mira.build("metal_mine")
        assert (full.status_code, full.json()["code"]) == (409, "queue_full")
        assert world_of(host) == before


async def test_that_nobody_reaches_what_is_not_his(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        his = (await jonas.planet())["planet"]["id"]
        before = world_of(host)
        calls = [
            ("GET", "/player/{}"),
            ("GET", "/player/{}/planets"),
            ("POST", f"/player/{{}}/planets/{his}/select"),
            ("POST", "/player/{}/build"),
            ("POST", "/player/{}/build-ships"),
            ("DELETE", "/player/{}/build-queue/0"),
            ("DELETE", "/player/{}/buildings/metal_mine"),
            ("POST", "/player/{}/choose-start"),
        ]
        answers = []
        for method, path in calls:
            # Somebody's and nobody's are refused alike.
            for player_id in (jonas.id, 999):
                answers.append(
                    await client.request(method, path.format(player_id), headers=mira.headers)
                )
        for path in (
            f"/player/{mira.id}?planet={his}",
            f"/player/{mira.id}?planet=999",
        ):
            answers.append(await client.get(path, headers=mira.headers))
        for planet in (his, 999):
            answers.append(
                await mira.post(
                    "/player/{id}/build", {"building_type": "metal_mine", "planet": planet}
                )
            )
            answers.append(await mira.post(f"/player/{{id}}/planets/{planet}/select"))
        assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "not_yours")}
        assert len({answer.text for answer in answers}) == 1
        assert world_of(host) == before


async def test_that_nothing_is_answered_without_a_token(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        for header in ({}, {"Authorization": "Basic abc"}, {"Authorization": "Bearer"}):
            for method, path in (
                ("GET", f"/player/{mira.id}"),
                ("POST", f"/player/{mira.id}/build"),
                ("DELETE", f"/player/{mira.id}/build-queue/0"),
                ("GET", "/planets/available"),
                ("GET", "/auth/me"),
                ("POST", "/auth/logout"),
            ):
                refusal = await client.request(method, path, headers=header, json={})
                assert (refusal.status_code, refusal.json()["code"]) == (401, "not_logged_in")


async def test_that_a_start_can_be_chosen_once_and_only_where_it_is_free(tmp_path: Path) -> None:
    settings = {"require_start_choice": True, "galaxies": 2, "systems": 3}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        assert (await mira.get("/auth/me")).json()["needs_start_choice"] is True
        free = (await mira.get("/planets/available?galaxy=2&system=3")).json()["planets"]
        assert free[0] == {"galaxy": 2, "system": 3, "planet": 4}
        assert len(free) == 9

        place = {"galaxy": 2, "system": 3, "position": 5, "name": "<b>Hope</b>"}
        before = world_of(host)
        for wrong, status in (
            ({"position": 1}, 422),
            ({"position": 16}, 422),
            ({"galaxy": 3}, 422),
            ({"system": 4}, 422),
            ({"name": "\0"}, 422),
            ({"name": ""}, 422),
        ):
            refusal = await mira.post("/player/{id}/choose-start", place | wrong)
            assert refusal.status_code == status, wrong
        assert world_of(host) == before

        chosen = await mira.post("/player/{id}/choose-start", place)
        assert chosen.json()["planet"]["name"] == "<b>Hope</b>"
        taken = await jonas.post("/player/{id}/choose-start", place)
        assert (taken.status_code, taken.json()["code"]) == (409, "taken")
        again = await mira.post("/player/{id}/choose-start", place | {"position": 6})
        assert (again.status_code, again.json()["code"]) == (409, "already_settled")
        assert (await mira.get("/auth/me")).json()["needs_start_choice"] is False
        assert (await mira.planet())["planet"]["name"] == "<b>Hope</b>"
        free = (await mira.get("/planets/available?galaxy=2&system=3&limit=2&offset=1")).json()
        assert [p["planet"] for p in free["planets"]] == [6, 7]


async def test_that_two_choices_at_once_are_one_home(tmp_path: Path) -> None:
    async with hosting(tmp_path, require_start_choice=True) as host, client_of(host) as client:
        mira = await enter(client)
        answers = await asyncio.gather(
            *(
                mira.post("/player/{id}/choose-start", {"galaxy": 1, "system": system})
                for system in range(1, 11)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
        (founded,) = (a.json()["planet"] for a in answers if a.status_code == 200)
        (planet,) = (await mira.get("/player/{id}/planets")).json()["planets"]
        assert planet["coordinates"]["system"] == founded["system"]


async def test_that_a_player_without_a_home_gets_one_at_his_login(tmp_path: Path) -> None:
    # As a crash between the account and its home would leave it.
    async with hosting(tmp_path, require_start_choice=True) as host, client_of(host) as client:
        await register(client, "mira")
    async with hosting(tmp_path, require_start_choice=False) as host, client_of(host) as client:
        mira = Player(client, 1, "mira", await log_in(client, "mira"))
        assert (await mira.planet())["player"]["name"] == "mira"


async def test_that_twenty_connections_at_one_planet_make_no_resources(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=100_000) as host, client_of(host) as client:
        mira = await enter(client)

        async def struggle(number: int) -> set[int]:
            statuses = set()
            async with client_of(host) as own:
                me = Player(own, mira.id, mira.name, mira.token)
                for step in range(10):
                    if (number + step) % 2:
                        answer = await me.build(("metal_mine", "solar_plant")[number % 3 % 2])
                    else:
                        answer = await me.delete(f"/player/{{id}}/build-queue/{step % 2}")
                    statuses.add(answer.status_code)
            return statuses

        statuses = set().union(*await asyncio.gather(*(struggle(n) for n in range(20))))
        assert statuses <= {200, 404, 409}
        while (await mira.planet())["build_queue"]:
            await mira.delete("/player/{id}/build-queue/0")
        planet = await mira.planet()
        built: dict[str, Any] = planet["buildings"]
        assert not any(built.values())
        # Everything that was paid is back, and what an hour makes at most was made meanwhile.
        assert 500 <= planet["resources"]["metal"] <= 500 + planet["production"]["metal_rate"]
        assert 500 <= planet["resources"]["crystal"] <= 500 + planet["production"]["crystal_rate"]


async def test_that_players_have_the_planets_they_own(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        players = [await enter(client, f"player{number}") for number in range(3)]
        simulation_of(host).submit(FoundHome(players[0].id, "again"))
        for player in players:
            (planet,) = (await player.get("/player/{id}/planets")).json()["planets"]
            world = game_of(host).state.world
            owner = world.component_for_entity(PLANET, planet["id"], Planet).owner_id
            assert owner == player.id


async def test_that_a_type_that_is_longer_than_any_is_unknown_and_not_repeated_whole(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        for answer in (
            await mira.build("x" * 65),
            await mira.build("💥" * 10_000),
            await mira.build("metal_mine" * 20),
            await mira.delete("/player/{id}/buildings/" + "x" * 65),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_type")
            assert len(answer.json()["detail"]) < 200
