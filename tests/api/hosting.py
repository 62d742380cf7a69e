"""A real world behind real sockets, and players who come to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from websockets.asyncio.client import ClientConnection, connect

from core import debris
from core.clock import SystemClock
from core.components import BUILDINGS, PLANET, UNITS
from core.database import await_last_connection
from core.ecs import Origin, World
from core.game import GameWorld
from core.settlement import create_moon
from core.simulation import Simulation
from core.state import GameState
from desktop_app.application import Host
from tests.databases import locked_world, put_empty_world, url_of_world
from tests.end_to_end.program import NO_CERTIFICATES
from tests.hosts import make_host, stopping
from tests.worlds import Bits, bits_of

T = TypeVar("T")

PASSWORD = "correct horse"
# Settings of a world in which a shipyard is soon built, and rich enough to use it.
WITH_SHIPYARD: dict[str, Any] = {
    "economy_speed": 1000.0,
    "starter_metal": 9e5,
    "starter_crystal": 9e5,
    "starter_deuterium": 9e5,
}
# For things that happen in a moment, unless they never happen.
PATIENCE_S = 50.0
LOOK_EVERY_S = 0.005


class JumpingClock(SystemClock):
    """The real clock, but for the jumps that a test makes."""

    ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s

    def jump(self, seconds: float) -> None:
        # Also for a host that is started later.
        type(self).ahead_s += seconds


@asynccontextmanager
async def hosting(root: Path, **settings: Any) -> AsyncIterator[Host]:
    """Host the world of a folder on a free port."""
    if "database_url" not in settings:
        await put_empty_world(url_of_world(root))
    host = make_host(root, **settings)
    await host.start()
    async with stopping(host):
        yield host
    await await_last_connection()


@asynccontextmanager
async def client_of(host: Host, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=url_of(host), timeout=PATIENCE_S, verify=NO_CERTIFICATES, **options
    ) as client:
        yield client


@asynccontextmanager
async def socket_of(host: Host, query: str = "", **options: Any) -> AsyncIterator[ClientConnection]:
    """Connect to a host's WebSocket."""
    async with connect(url_of(host).replace("http", "ws") + "/ws" + query, **options) as socket:
        yield socket


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody who is logged in."""

    client: httpx.AsyncClient
    id: int
    name: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(self._filled(path), headers=self.headers)

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        return await self.client.post(self._filled(path), json=body, headers=self.headers)

    async def delete(self, path: str) -> httpx.Response:
        return await self.client.delete(self._filled(path), headers=self.headers)

    async def build(self, building: str) -> httpx.Response:
        return await self.post("/player/{id}/build", {"building_type": building})

    async def planet(self) -> dict[str, Any]:
        """Return the whole of the active planet."""
        return dict((await self.get("/player/{id}")).raise_for_status().json())

    def _filled(self, path: str) -> str:
        return path.replace("{id}", str(self.id))


def registration(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD}


async def register(client: httpx.AsyncClient, name: str) -> int:
    """Register and return the id."""
    answer = (await client.post("/auth/register", json=registration(name))).raise_for_status()
    return int(answer.json()["id"])


async def log_in(client: httpx.AsyncClient, name: str) -> str:
    """Log in and return the token."""
    body = {"username": name, "password": PASSWORD}
    answer = (await client.post("/auth/login", json=body)).raise_for_status()
    return str(answer.json()["access_token"])


async def enter(client: httpx.AsyncClient, name: str = "mira") -> Player:
    """Register, log in and return the player."""
    player_id = await register(client, name)
    return Player(client, player_id, name, await log_in(client, name))


async def until(condition: Callable[[], object]) -> None:
    """Return when a condition holds. Raise TimeoutError if it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(LOOK_EVERY_S)


async def build_shipyard(host: Host, player: Player) -> None:
    """Build what a shipyard needs and wait for it, in a world of WITH_SHIPYARD."""
    for building in ("robot_factory", "robot_factory", "shipyard"):
        (await player.build(building)).raise_for_status()
    clock_of(host).jump(60)
    planets, place = game_of(host).state.world.tables[PLANET], BUILDINGS.index("shipyard")
    await until(lambda: planets.get(1, "Buildings.level")[place] == 1)


def give_ships(host: Host, counts: dict[str, int], planet_id: int = 1) -> None:
    """Have ships stand on a planet to which nothing else happens; what sends them saves them."""
    planets = game_of(host).state.world.tables[PLANET]
    there = tuple(counts.get(name, 0) for name in UNITS.labels)
    planets.set(planet_id, "Units.count", there)


async def leave_debris(host: Host, place: tuple[int, int, int], amounts: tuple[int, ...]) -> None:
    """Have a battle's debris lie at a place from the next tick on."""
    await in_next_tick(host, lambda state, _at: debris.add(state.world, place, amounts))


async def give_moon(host: Host, planet_id: int = 1, diameter_km: int = 8_366) -> int:
    """Have a planet get a moon in the next tick, and return the moon's id."""
    return await in_next_tick(
        host, lambda state, at: create_moon(state, planet_id, diameter_km, at)
    )


async def in_next_tick(host: Host, change: Callable[[GameState, float], T]) -> T:
    """Have the world changed in a unit of work of the next tick, and return what came of it."""
    game = game_of(host)
    made: Future[T] = Future()

    def make(world: World, _now: float) -> None:
        world.remove_processor(make)
        with world.unit_of_work(Origin.COMMAND, game.time):
            made.set_result(change(game.state, game.time))
        game.writer.note_urgent()

    game.state.world.add_processor(make)
    return await asyncio.wrap_future(made)


@contextmanager
def locked_database(host: Host) -> Iterator[None]:
    """Keep everybody else from writing to the world's file, as a backup program might."""
    with locked_world(host.folder.root):
        yield


def url_of(host: Host) -> str:
    assert host.url is not None
    return host.url


def simulation_of(host: Host) -> Simulation:
    assert host.simulation is not None
    return host.simulation


def game_of(host: Host) -> GameWorld:
    assert host.game is not None
    return host.game


def clock_of(host: Host) -> JumpingClock:
    clock = game_of(host).clock
    assert isinstance(clock, JumpingClock)
    return clock


def world_of(host: Host) -> tuple[Bits, dict[Any, int]]:
    """Return every bit of the world; nothing may be happening in it."""
    world = game_of(host).state.world
    return bits_of(world), dict(world.next_id)
