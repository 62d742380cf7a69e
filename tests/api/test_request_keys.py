"""Idempotency-Key over real sockets: every change, repeated at once, later and after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from core import stockpiles
from core.api.request_keys import KEY_CHARACTERS_MAX
from core.components import BUILDINGS, FLEET, FRIENDSHIP, MESSAGE, OFFER, PLANET, PLAYER, Buildings
from core.database import ReadSession
from core.settlement import create_moon
from core.state import GameState
from desktop_app.application import Host
from tests.api.hosting import (
    PASSWORD,
    WITH_SHIPYARD,
    Player,
    build_shipyard,
    client_of,
    clock_of,
    enter,
    game_of,
    give_ships,
    hosting,
    in_next_tick,
    locked_database,
    log_in,
    registration,
    until,
)
from tests.api.routers.test_admin import host_headers
from tests.databases import execute_in

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
KEY = "6f1c2a0e-4f0b-4a57-9d0c-0d7d3c1f9b52"
NEW_PASSWORD = "battery staple"


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that somebody asks for, and what makes it another one."""

    path: str
    body: Any = None
    token: str | None = None
    other: dict[str, Any] = field(default_factory=dict)
    other_code: str = "idempotency_key_reused"

    async def send(
        self, client: httpx.AsyncClient, method: str, key: str | None = KEY, **changes: Any
    ) -> httpx.Response:
        asked = {"path": self.path, "body": self.body, "token": self.token, **changes}
        headers = {} if key is None else {"Idempotency-Key": key}
        if asked["token"] is not None:
            headers["Authorization"] = f"Bearer {asked['token']}"
        return await client.request(method, asked["path"], json=asked["body"], headers=headers)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a change is prepared: a world with one player in it."""

    host: Host
    client: httpx.AsyncClient
    mira: Player

    @property
    def folder(self) -> Path:
        return self.host.folder.root


async def build(scene: Scene) -> Asked:
    body = {"building_type": "metal_mine"}
    other = {"body": {"building_type": "solar_plant"}}
    return Asked(f"/player/{scene.mira.id}/build", body, scene.mira.token, other)


async def build_ships(scene: Scene) -> Asked:
    await build_shipyard(scene.host, scene.mira)
    body = {"ship_type": "rocket_launcher", "quantity": 2}
    other = {"body": body | {"quantity": 3}}
    return Asked(f"/player/{scene.mira.id}/build-ships", body, scene.mira.token, other)


async def cancel(scene: Scene) -> Asked:
    for building in ("solar_plant", "metal_mine", "crystal_mine"):
        (await scene.mira.build(building)).raise_for_status()
    path = f"/player/{scene.mira.id}/build-queue/"
    return Asked(f"{path}0", token=scene.mira.token, other={"path": f"{path}1"})


async def demolish(scene: Scene) -> Asked:
    for _ in range(2):
        (await scene.mira.build("solar_plant")).raise_for_status()
    clock_of(scene.host).jump(60)
    planets = game_of(scene.host).state.world.tables[PLANET]
    await until(lambda: max(planets.get(1, "Buildings.level")) == 2)
    path = f"/player/{scene.mira.id}/buildings/"
    return Asked(f"{path}solar_plant", token=scene.mira.token, other={"path": f"{path}metal_mine"})


async def select(scene: Scene) -> Asked:
    path = f"/player/{scene.mira.id}/planets/1/select"
    return Asked(path, token=scene.mira.token, other={"path": f"{path}?again"})


async def research(scene: Scene) -> Asked:
    await _with_a_lab(scene)
    body = {"research_type": "computer"}
    other = {"body": {"research_type": "energy"}}
    return Asked(f"/player/{scene.mira.id}/research", body, scene.mira.token, other)


async def cancel_research(scene: Scene) -> Asked:
    await _with_a_lab(scene)
    for technology in ("computer", "energy"):
        order = {"research_type": technology}
        (await scene.mira.post("/player/{id}/research", order)).raise_for_status()
    path = f"/player/{scene.mira.id}/research-queue/"
    return Asked(f"{path}0", token=scene.mira.token, other={"path": f"{path}1"})


async def dispatch(scene: Scene) -> Asked:
    order = await _fleet_order(scene)
    other = {"body": order | {"ships": {"small_cargo": 2}}}
    return Asked(f"/player/{scene.mira.id}/fleet/dispatch", order, scene.mira.token, other)


async def recall(scene: Scene) -> Asked:
    path = f"/player/{scene.mira.id}/fleet"
    sent = await scene.mira.post(f"{path}/dispatch", await _fleet_order(scene))
    fleet_id = sent.raise_for_status().json()["mission"]["id"]
    other = {"path": f"{path}/{fleet_id + 1}/recall"}
    return Asked(f"{path}/{fleet_id}/recall", token=scene.mira.token, other=other)


async def scan(scene: Scene) -> Asked:
    moon_id, _ = await _moons(scene)
    planets = game_of(scene.host).state.world.tables[PLANET]
    place = {name: planets.get(1, f"Position.{name}") for name in ("galaxy", "system", "position")}
    body = {"moon": moon_id, **place}
    other = {"body": body | {"position": place["position"] + 1}}
    return Asked(f"/player/{scene.mira.id}/phalanx", body, scene.mira.token, other)


async def jump(scene: Scene) -> Asked:
    moon_id, other_id = await _moons(scene)
    give_ships(scene.host, {"small_cargo": 5}, moon_id)
    body = {"from": moon_id, "to": other_id, "ships": {"small_cargo": 2}}
    other = {"body": body | {"ships": {"small_cargo": 1}}}
    return Asked(f"/player/{scene.mira.id}/jump", body, scene.mira.token, other)


async def _moons(scene: Scene) -> tuple[int, int]:
    """Return two moons of a player with a phalanx and a gate, the first of them with fuel."""
    eve = await enter(scene.client, "eve")
    planets = game_of(scene.host).state.world.tables[PLANET]

    def make(state: GameState, at: float) -> tuple[int, int]:
        # In one unit of work: what is set later may come too late for the save of a new moon.
        one, other = (create_moon(state, planet_id, 8_366, at) for planet_id in (1, 2))
        for moon_id in (one, other):
            buildings = state.world.component_for_entity(PLANET, moon_id, Buildings)
            buildings.level = (1,) * len(BUILDINGS)
        stockpiles.receive(state, one, (0.0, 0.0, 9_000.0), at)
        return one, other

    planets.set(2, "Planet.owner_id", scene.mira.id)
    moon_ids = await in_next_tick(scene.host, make)
    planets.set(2, "Planet.owner_id", eve.id)
    return moon_ids


async def _fleet_order(scene: Scene) -> dict[str, Any]:
    await enter(scene.client, "eve")
    give_ships(scene.host, {"small_cargo": 5})
    planets = game_of(scene.host).state.world.tables[PLANET]
    place = {name: planets.get(2, f"Position.{name}") for name in ("galaxy", "system", "position")}
    return {**place, "mission": "transport", "ships": {"small_cargo": 1}}


async def _with_a_lab(scene: Scene) -> None:
    (await scene.mira.build("research_lab")).raise_for_status()
    clock_of(scene.host).jump(60)
    planets = game_of(scene.host).state.world.tables[PLANET]
    await until(lambda: max(planets.get(1, "Buildings.level")) == 1)


async def change_planet(scene: Scene) -> Asked:
    path = f"/player/{scene.mira.id}/planets/1"
    body = {"name": "New Hope", "sliders": {"metal_mine": 70}}
    other = {"body": body | {"sliders": {}}}
    return Asked(path, body, scene.mira.token, other)


async def offer(scene: Scene) -> Asked:
    body = {
        "offered_resource": "metal",
        "offered_amount": 30,
        "requested_resource": "crystal",
        "requested_amount": 20,
    }
    other = {"body": body | {"offered_amount": 31}}
    return Asked("/trade/offers", body, scene.mira.token, other)


async def accept(scene: Scene) -> Asked:
    jonas = await enter(scene.client, "jonas")
    for _ in range(2):
        (await jonas.post("/trade/offers", (await offer(scene)).body)).raise_for_status()
    path = "/trade/accept/"
    return Asked(f"{path}1", token=scene.mira.token, other={"path": f"{path}2"})


async def withdraw(scene: Scene) -> Asked:
    for _ in range(2):
        (await scene.mira.post("/trade/offers", (await offer(scene)).body)).raise_for_status()
    path = "/trade/offers/"
    return Asked(f"{path}1", token=scene.mira.token, other={"path": f"{path}2"})


async def write(scene: Scene) -> Asked:
    body = {"to": "mira", "text": "Do not forget."}
    other = {"body": body | {"text": "Forget."}}
    return Asked(f"/player/{scene.mira.id}/messages", body, scene.mira.token, other)


async def read(scene: Scene) -> Asked:
    asked = await write(scene)
    for _ in range(2):
        (await scene.mira.post(asked.path, asked.body)).raise_for_status()
    other = {"path": f"{asked.path}/2/read"}
    return Asked(f"{asked.path}/1/read", token=scene.mira.token, other=other)


async def delete(scene: Scene) -> Asked:
    path = (await read(scene)).path.removesuffix("/1/read")
    return Asked(f"{path}/1", token=scene.mira.token, other={"path": f"{path}/2"})


async def dismiss(scene: Scene) -> Asked:
    await withdraw(scene)
    jonas = await enter(scene.client, "jonas")
    for number in (1, 2):
        (await jonas.post(f"/trade/accept/{number}")).raise_for_status()
    path = "/notifications/"
    return Asked(f"{path}1", token=scene.mira.token, other={"path": f"{path}2"})


async def befriend(scene: Scene) -> Asked:
    for name in ("jonas", "eve"):
        await enter(scene.client, name)
    other = {"body": {"user": "eve"}}
    return Asked(f"/player/{scene.mira.id}/friends", {"user": "jonas"}, scene.mira.token, other)


async def revoke_friend(scene: Scene) -> Asked:
    asked = await befriend(scene)
    for name in ("jonas", "eve"):
        (await scene.mira.post(asked.path, {"user": name})).raise_for_status()
    return asked


async def go_on_vacation(scene: Scene) -> Asked:
    other = {"body": {"on": False}}
    return Asked(f"/player/{scene.mira.id}/vacation", {"on": True}, scene.mira.token, other)


async def abandon(scene: Scene) -> Asked:
    await enter(scene.client, "jonas")
    planets = game_of(scene.host).state.world.tables[PLANET]
    # It is saved only when it is given up.
    planets.set(2, "Planet.owner_id", scene.mira.id)
    path = f"/player/{scene.mira.id}/planets/"
    return Asked(f"{path}2", token=scene.mira.token, other={"path": f"{path}1"})


async def choose_start(scene: Scene) -> Asked:
    place = {"galaxy": 1, "system": 3}
    other = {"body": place | {"system": 4}}
    return Asked(f"/player/{scene.mira.id}/choose-start", place, scene.mira.token, other)


async def set_aside(scene: Scene) -> str:
    """Have the database refuse a change, and let it go again; return where it is decided on."""
    execute_in(
        scene.folder,
        "CREATE TRIGGER curse BEFORE UPDATE ON planets BEGIN SELECT RAISE(ABORT, 'cursed'); END",
    )
    assert (await scene.mira.build("metal_mine")).json()["code"] == "commit_pending"
    execute_in(scene.folder, "DROP TRIGGER curse")
    (group,) = game_of(scene.host).quarantine
    return f"/admin/set-aside/{group.id}/"


def host_token(scene: Scene) -> str:
    return host_headers(scene.folder)["Authorization"].removeprefix("Bearer ")


async def release(scene: Scene) -> Asked:
    path = await set_aside(scene)
    return Asked(f"{path}release", token=host_token(scene), other={"path": f"{path}drop"})


async def drop(scene: Scene) -> Asked:
    path = await set_aside(scene)
    return Asked(f"{path}drop", token=host_token(scene), other={"path": f"{path}release"})


def by_host(scene: Scene, path: str, other: dict[str, Any], body: Any = None) -> Asked:
    return Asked(f"/admin/{path}", body, host_token(scene), other)


async def ban(scene: Scene) -> Asked:
    path = f"players/{scene.mira.id}/"
    return by_host(scene, f"{path}ban", {"path": f"/admin/{path}unban"})


async def unban(scene: Scene) -> Asked:
    asked = await ban(scene)
    await asked.send(scene.client, "POST", None)
    return by_host(scene, f"players/{scene.mira.id}/unban", {"path": asked.path})


async def grant(scene: Scene) -> Asked:
    other = {"body": {"on": False}}
    return by_host(scene, f"players/{scene.mira.id}/grant", other, {"on": True})


async def rename(scene: Scene) -> Asked:
    other = {"body": {"username": "miri"}}
    return by_host(scene, f"players/{scene.mira.id}/rename", other, {"username": "miranda"})


async def change_settings(scene: Scene) -> Asked:
    return by_host(
        scene,
        "settings",
        {"body": {"settings": {"starter_metal": 8}}},
        {"settings": {"starter_metal": 7}},
    )


async def write_to_all(scene: Scene) -> Asked:
    return by_host(scene, "message", {"body": {"text": "No."}}, {"text": "Back at noon."})


async def register(_scene: Scene) -> Asked:
    body = registration("jonas")
    # It is not said to a stranger that this name came with this key.
    other = {"body": body | {"password": NEW_PASSWORD}}
    return Asked("/auth/register", body, other=other, other_code="username_taken")


async def logout(scene: Scene) -> Asked:
    other = {"token": await log_in(scene.client, "mira")}
    return Asked("/auth/logout", token=scene.mira.token, other=other)


async def password(scene: Scene) -> Asked:
    body = {"old": PASSWORD, "new": NEW_PASSWORD}
    other = {"body": body | {"new": "something else"}}
    return Asked("/auth/password", body, scene.mira.token, other)


LABS = {"economy_speed": 1000.0, "research_speed": 0.01, "starter_deuterium": 5_000.0}
LABS |= {"starter_metal": 5_000.0, "starter_crystal": 5_000.0}

Prepare = Callable[[Scene], Awaitable[Asked]]
CASES: dict[tuple[str, str], tuple[Prepare, dict[str, Any]]] = {
    ("POST", "/player/{id}/build"): (build, {}),
    ("POST", "/player/{id}/build-ships"): (build_ships, WITH_SHIPYARD),
    ("DELETE", "/player/{id}/build-queue/{index}"): (cancel, {}),
    ("DELETE", "/player/{id}/buildings/{building_type}"): (demolish, {"economy_speed": 1000.0}),
    ("POST", "/player/{id}/planets/{planet_id}/select"): (select, {}),
    ("PATCH", "/player/{id}/planets/{planet_id}"): (change_planet, {}),
    ("POST", "/player/{id}/research"): (research, LABS),
    ("DELETE", "/player/{id}/research-queue/{index}"): (cancel_research, LABS),
    ("POST", "/trade/offers"): (offer, {}),
    ("POST", "/trade/accept/{offer_id}"): (accept, {}),
    ("DELETE", "/trade/offers/{offer_id}"): (withdraw, {}),
    ("POST", "/player/{id}/messages"): (write, {}),
    ("POST", "/player/{id}/messages/{message_id}/read"): (read, {}),
    ("DELETE", "/player/{id}/messages/{message_id}"): (delete, {}),
    ("DELETE", "/notifications/{message_id}"): (dismiss, {}),
    ("POST", "/player/{id}/fleet/dispatch"): (dispatch, {"starter_deuterium": 500.0}),
    ("POST", "/player/{id}/fleet/{fleet_id}/recall"): (recall, {"starter_deuterium": 500.0}),
    ("POST", "/player/{id}/friends"): (befriend, {}),
    ("DELETE", "/player/{id}/friends"): (revoke_friend, {}),
    ("POST", "/player/{id}/vacation"): (go_on_vacation, {}),
    ("DELETE", "/player/{id}/planets/{planet_id}"): (abandon, {}),
    ("POST", "/player/{id}/phalanx"): (scan, {}),
    ("POST", "/player/{id}/jump"): (jump, {}),
    ("POST", "/player/{id}/choose-start"): (choose_start, {"require_start_choice": True}),
    ("POST", "/admin/set-aside/{id}/release"): (release, {}),
    ("POST", "/admin/set-aside/{id}/drop"): (drop, {}),
    ("POST", "/admin/players/{id}/ban"): (ban, {}),
    ("POST", "/admin/players/{id}/unban"): (unban, {}),
    ("POST", "/admin/players/{id}/grant"): (grant, {}),
    ("POST", "/admin/players/{id}/rename"): (rename, {}),
    ("PATCH", "/admin/settings"): (change_settings, {}),
    ("POST", "/admin/message"): (write_to_all, {}),
    ("POST", "/auth/register"): (register, {}),
    ("POST", "/auth/logout"): (logout, {}),
    ("POST", "/auth/password"): (password, {}),
}
# A login changes nothing that could be there twice, and what is reckoned nothing at all.
NO_CHANGE = {("POST", "/auth/login"), ("POST", "/flight-time"), ("POST", "/simulate-battle")}
# Files, a save of whatever there is, players of whom there are enough when it is repeated, and a
# password that nobody keeps:
# their answers could not be part of what they make.
UNSUPPORTED = {
    ("POST", "/admin/bots"),
    ("POST", "/admin/save"),
    ("POST", "/admin/players/{id}/reset-password"),
    ("POST", "/admin/backups"),
    ("POST", "/admin/backups/{name}/restore"),
}


async def effect(host: Host) -> object:
    """Return what must not be there twice, in the world and among the accounts."""
    tables = game_of(host).state.world.tables
    columns = {
        PLANET: ("Planet.owner_id", "Planet.name", "Ledger.spent", "Ledger.moved"),
        OFFER: ("Deal.state",),
        MESSAGE: ("Message.is_read",),
        PLAYER: ("Vacation.on_vacation", "Legacy.moved", "Player.active_planet_id"),
        FRIENDSHIP: ("Friendship.friend_id", "Friendship.accepted_at"),
    }
    world = [
        {i: [tables[kind].get(i, key) for key in keys] for i in tables[kind].ids.tolist()}
        for kind, keys in columns.items()
    ]
    planets = tables[PLANET]
    # What nothing comes to by itself.
    world.append(
        {
            i: [planets.get(i, key) for key in ("Ledger.received", "Units.count")]
            for i in planets.ids.tolist()
            if planets.get(i, "Planet.is_moon")
        }
    )
    sent = game_of(host).state.world.next_id[FLEET], game_of(host).state.universe.starter_metal
    async with ReadSession() as session:
        users = await session.execute(text("SELECT * FROM users"))
        tokens = await session.execute(text("SELECT count(*) FROM revoked_tokens"))
        return world, sent, [tuple(user) for user in users], tokens.scalar_one()


@pytest.mark.usefixtures("_jumping_clock")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param(*case, marks=[pytest.mark.sqlite_file] if "set-aside" in case[1] else [])
        for case in CASES
    ],
)
async def test_that_a_repeated_change_is_answered_as_before_and_made_once(
    tmp_path: Path, method: str, path: str
) -> None:
    prepare, settings = CASES[method, path]
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        asked = await prepare(Scene(host, client, await enter(client)))
        before = await effect(host)
        first, at_once = await asyncio.gather(*(asked.send(client, method) for _ in range(2)))
        assert first.status_code == at_once.status_code == 200, (first.text, at_once.text)
        made = await effect(host)
        # A fleet that is recalled at once may be home by now.
        assert made != before or prepare in (select, recall, release, drop)
        later = await asked.send(client, method)
        other = await asked.send(client, method, **asked.other)
        assert other.json()["code"] == asked.other_code
        assert await effect(host) == made
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        restarted = await asked.send(client, method)
        assert await effect(host) == made
    assert at_once.content == later.content == restarted.content == first.content
    assert later.status_code == restarted.status_code == 200


async def test_that_every_change_takes_a_key_or_refuses_it(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        routes = (await client.get("/openapi.json")).json()["paths"]
        changing = {
            (method.upper(), path): operation
            for path, operations in routes.items()
            for method, operation in operations.items()
            if method.upper() in CHANGING
        }
        assert changing.keys() == CASES.keys() | NO_CHANGE | UNSUPPORTED
        for route, operation in changing.items():
            names = {
                each["name"] for each in operation.get("parameters", []) if each["in"] == "header"
            }
            assert names == ({"Idempotency-Key"} if route in CASES else set()), route
        headers = host_headers(tmp_path) | {"Idempotency-Key": KEY}
        for method, path in UNSUPPORTED:
            answer = await client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (
                400,
                "idempotency_key_unsupported",
            )
        assert not (tmp_path / "backups").exists() or not list((tmp_path / "backups").iterdir())


async def test_that_a_key_is_short_and_can_be_seen(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        asked = await build(Scene(host, client, mira))
        before = await effect(host)
        for key in ("", "a b", "x" * (KEY_CHARACTERS_MAX + 1)):
            answer = await asked.send(client, "POST", key)
            assert answer.status_code == 422, key
            assert answer.json()["field"] == "Idempotency-Key"
        assert await effect(host) == before
        assert (await asked.send(client, "POST", "~" * KEY_CHARACTERS_MAX)).status_code == 200
        assert (await asked.send(client, "POST", "!")).status_code == 200
        # Without a key it is one more order each time.
        for _ in range(2):
            assert (await asked.send(client, "POST", None)).status_code == 200
        assert len((await mira.planet())["build_queue"]) == 4


async def test_that_a_refused_change_is_judged_anew(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        path = f"/player/{mira.id}/build-queue/0"
        asked = Asked(path, token=mira.token)
        assert (await asked.send(client, "DELETE")).status_code == 404
        await mira.build("metal_mine")
        assert (await asked.send(client, "DELETE")).json()["build_queue"] == []


async def test_that_players_may_use_the_same_key(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        players = [await enter(client, name) for name in ("mira", "jonas")]
        for player in players:
            asked = await build(Scene(host, client, player))
            assert (await asked.send(client, "POST")).status_code == 200
            (item,) = (await player.planet())["build_queue"]
            assert item["level"] == 1


async def test_that_whoever_repeats_a_change_waits_for_its_commit(tmp_path: Path) -> None:
    async with hosting(tmp_path, storage_grace_seconds=0.5) as host, client_of(host) as client:
        mira = await enter(client)
        asked = await build(Scene(host, client, mira))
        with locked_database(host):
            first = asyncio.create_task(asked.send(client, "POST"))
            await until(lambda: game_of(host).writer.waiting_for_commit)
            second = await asked.send(client, "POST")
            assert (second.status_code, second.json()["code"]) == (504, "commit_pending")
            assert (await first).status_code == 504
            await until(lambda: game_of(host).writer.stalled)
            # New orders are refused at once by then, this one among them: nothing is done twice.
            third = await asked.send(client, "POST")
            assert third.status_code == 503
        await until(lambda: not game_of(host).writer.stalled and game_of(host).writer.idle)
        answer = await asked.send(client, "POST")
        assert answer.status_code == 200
        assert answer.json()["item"] in (await mira.planet())["build_queue"]
        assert len((await mira.planet())["build_queue"]) == 1


async def test_that_a_token_that_was_ended_hears_of_its_own_requests_alone(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        lost = await log_in(client, "mira")
        asked = Asked("/auth/logout", token=mira.token)
        assert (await asked.send(client, "POST", "theirs", token=lost)).status_code == 200
        changing = await password(Scene(host, client, mira))
        assert (await changing.send(client, "POST", "mine")).status_code == 200
        for key, path, body in (
            ("mine", "/auth/password", changing.body),
            ("unknown", "/auth/password", changing.body),
            ("mine", "/auth/logout", None),
        ):
            answer = await asked.send(client, "POST", key, token=lost, path=path, body=body)
            assert answer.status_code == 401, (key, path)
        forged = mira.token[:-4] + "AAAA"
        assert (await asked.send(client, "POST", "mine", token=forged)).status_code == 401


async def test_that_a_new_login_may_repeat_a_change_of_password(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        asked = await password(Scene(host, client, await enter(client)))
        first = await asked.send(client, "POST")
        body = {"username": "mira", "password": NEW_PASSWORD}
        token = (await client.post("/auth/login", json=body)).json()["access_token"]
        made = await effect(host)
        assert (await asked.send(client, "POST", token=token)).content == first.content
        assert await effect(host) == made


async def test_that_a_registration_cut_off_before_its_home_is_finished_by_its_repetition(
    tmp_path: Path,
) -> None:
    # As a crash between the account and its home would leave it.
    async with hosting(tmp_path, require_start_choice=True) as host, client_of(host) as client:
        asked = await register(Scene(host, client, await enter(client)))
        first = await asked.send(client, "POST")
    async with hosting(tmp_path, require_start_choice=False) as host, client_of(host) as client:
        assert (await asked.send(client, "POST")).content == first.content
        token = await log_in(client, "jonas")
        jonas = Player(client, first.json()["id"], "jonas", token)
        assert (await jonas.planet())["player"]["name"] == "jonas"
        # Somebody else with the same key is somebody else.
        ada = await asked.send(client, "POST", body=registration("ada"))
        assert ada.json()["username"] == "ada"
        assert (await asked.send(client, "POST", "other")).json()["code"] == "username_taken"


async def test_that_no_password_is_guessed_by_repeating(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        asked = await register(Scene(host, client, await enter(client)))
        assert (await asked.send(client, "POST")).status_code == 200
        codes = set()
        for number in range(12):
            body = registration("jonas") | {"password": f"{number} guesses"}
            codes.add((await asked.send(client, "POST", body=body)).json()["code"])
        assert codes == {"username_taken", "too_many"}
        async with ReadSession() as session:
            for row in await session.execute(text("SELECT * FROM answered_requests")):
                assert not any(PASSWORD in str(cell) for cell in row)
