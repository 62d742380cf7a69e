"""Who is told what, without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.api import hub as module
from core.api.context import Context
from core.api.hub import Connection, Hub
from core.api.problems import Problem
from core.api.tokens import Login
from core.events import (
    BuildingFinished,
    BuildItemDropped,
    MessageWritten,
    OfferChanged,
    PlanetFounded,
    SettingsChanged,
    StocksChanged,
    UnitsFinished,
)
from core.metrics import Metrics
from core.offers import TradeOffer
from core.queries import ListPlanetIds, PlanetStocks, Query, ReportStocks, StocksOfPlanets
from tests.api.hosting import until
from tests.api.test_tokens import MIRA

AT = 1_800_000_000.0
OWN = (3, 4)
OFFER = TradeOffer(
    offer_id=1,
    seller_id=MIRA.id,
    seller_name="mira",
    offered="metal",
    offered_amount=300,
    requested="crystal",
    requested_amount=200,
    status="open",
    created_at=AT,
    expires_at=AT + 60,
    closed_at=None,
    buyer_id=None,
    buyer_name=None,
    fee=0,
)
BROKEN = 66
MISSED = 99


class World:
    """Answers questions about a player with two planets, when it is let."""

    def __init__(self) -> None:
        self.asked: list[Query] = []
        self.open = asyncio.Event()
        self.open.set()
        self.held: set[int] = set()
        self.own: tuple[int, ...] = OWN

    async def ask(self, query: Query) -> Any:
        self.asked.append(query)
        if isinstance(query, ListPlanetIds):
            return self.own
        assert isinstance(query, ReportStocks)
        if self.held.intersection(query.planet_ids):
            await self.open.wait()
        if BROKEN in query.planet_ids:
            raise ValueError("broken")
        if MISSED in query.planet_ids:
            raise Problem(503, "busy", "Too much.")
        amounts = (1.0, 2.0, 3.0)
        planets = (PlanetStocks(each, amounts, amounts, amounts) for each in query.planet_ids)
        return StocksOfPlanets(tuple(planets))


class Client(Connection):
    """A connection that remembers what it was sent."""

    def __init__(self, player_id: int = MIRA.id) -> None:
        super().__init__(
            Login(replace(MIRA, id=player_id), "token", datetime.now(UTC) + timedelta(hours=1))
        )
        self.sent: list[str] = []

    def push(self, kind: str, **fields: Any) -> None:
        self.sent.append(kind)

    def push_text(self, text: str) -> None:
        self.sent.append(text)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Hub]:
    tokens = SimpleNamespace(
        still_counts=lambda _login: True, see=lambda _player_id: None, online_count=lambda: 7
    )
    context = SimpleNamespace(
        door=world,
        tokens=tokens,
        metrics=Metrics(tick_ring_capacity=10, save_ring_capacity=10),
    )
    hub = Hub(cast(Context, context))
    updates = asyncio.create_task(hub.push_updates())
    try:
        yield hub
    finally:
        updates.cancel()
        await asyncio.wait((updates,))


@pytest.fixture(autouse=True)
def _never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPDATE_INTERVAL_S", 1e6)


async def test_that_a_trade_and_a_message_reach_whom_they_concern_alone() -> None:
    async with running(World()) as hub:
        seller, buyer, other = Client(), Client(player_id=8), Client(player_id=9)
        for client in (seller, buyer, other):
            hub.add(client)
        hub.on_event(OfferChanged(AT, OFFER))
        hub.on_event(MessageWritten(AT, MIRA.id, 1, "system"))
        accepted = replace(OFFER, status="accepted", buyer_id=8, buyer_name="jonas")
        hub.on_event(OfferChanged(AT, accepted))
        assert seller.sent == ["trade_event", "message", "trade_event"]
        assert buyer.sent == ["trade_event"]
        assert other.sent == []


async def test_that_an_event_reaches_the_clients_of_its_player_alone() -> None:
    async with running(World()) as hub:
        mira, again, jonas = Client(), Client(), Client(player_id=8)
        for client in (mira, again, jonas):
            hub.add(client)
        hub.on_event(BuildingFinished(AT, MIRA.id, 3, "metal_mine", 2, demolish=False))
        hub.on_event(BuildItemDropped(AT, MIRA.id, 3, "shipyard", "requirements_not_met"))
        hub.on_event(UnitsFinished(AT, MIRA.id, 3, "rocket_launcher", 2))
        told = ["building_complete", "server_notice", "ship_build_complete"]
        for client in (mira, again):
            assert client.sent == told
        assert jonas.sent == []
        hub.remove(mira)
        hub.on_event(BuildingFinished(AT, MIRA.id, 3, "metal_mine", 3, demolish=False))
        assert len(mira.sent) == 3
        assert len(again.sent) == 4


async def test_that_who_is_online_is_counted_also_when_nobody_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "UPDATE_INTERVAL_S", 0.01)
    async with running(World()) as hub:
        online = hub._context.metrics.players_online
        await until(lambda: next(iter(online.collect())).samples[0].value == 7)


async def test_that_only_what_somebody_wants_is_asked_for() -> None:
    world = World()
    async with running(world) as hub:
        client = Client()
        client.planets = {3}
        hub.add(client)
        hub.on_event(StocksChanged(AT, MIRA.id, 4))
        hub.on_event(StocksChanged(AT, 8, 3))
        hub.on_event(StocksChanged(AT, MIRA.id, 3))
        await until(lambda: client.sent)
        assert world.asked == [ReportStocks(MIRA.id, (3,))]


async def test_that_news_of_a_planet_that_come_together_are_one_update() -> None:
    world = World()
    async with running(world) as hub:
        client = Client()
        client.all_planets = True
        hub.add(client)
        for _ in range(100):
            hub.on_event(StocksChanged(AT, MIRA.id, 3))
        await until(lambda: client.sent)
        assert len(world.asked) == 1


async def test_that_what_happens_while_an_update_is_made_makes_another() -> None:
    world = World()
    world.open.clear()
    world.held = {3}
    async with running(world) as hub:
        client = Client()
        client.planets = {3}
        hub.add(client)
        hub.on_event(StocksChanged(AT, MIRA.id, 3))
        await until(lambda: world.asked)
        hub.on_event(StocksChanged(AT, MIRA.id, 3))
        world.open.set()
        await until(lambda: len(client.sent) == 2)


async def test_that_a_planet_that_waits_for_its_commit_does_not_hold_up_another() -> None:
    world = World()
    world.open.clear()
    world.held = {3}
    async with running(world) as hub:
        client = Client()
        client.planets = {3, 4}
        hub.add(client)
        hub.on_event(StocksChanged(AT, MIRA.id, 3))
        hub.on_event(StocksChanged(AT, MIRA.id, 4))
        await until(lambda: client.sent)
        assert '"planet": 4' in client.sent[0]


@pytest.mark.parametrize("how", ["resync", "settings"])
async def test_that_everybody_is_told_everything_when_all_has_changed(how: str) -> None:
    async with running(World()) as hub:
        every, one = Client(), Client(player_id=8)
        every.all_planets = True
        one.planets = {4}
        hub.add(every)
        hub.add(one)
        if how == "resync":
            hub.on_resync()
        else:
            hub.on_event(SettingsChanged(AT, ("economy_speed",)))
        await until(lambda: len(every.sent) == 2 and len(one.sent) == 1)


def planets_in(client: Client) -> list[int]:
    return [json.loads(text)["planet"] for text in client.sent]


async def test_that_each_of_many_planets_has_its_turn_and_no_round_is_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PLANETS_PER_ROUND", 3)
    world = World()
    world.own = tuple(range(1, 9))
    async with running(world) as hub:
        client = Client()
        client.all_planets = True
        hub.add(client)
        for count in (3, 6, 9):
            hub.want(MIRA.id, None)
            await until(lambda count=count: len(client.sent) == count)  # type: ignore[misc]
        assert planets_in(client) == [1, 2, 3, 4, 5, 6, 7, 8, 1]
        # Whose planets they are is asked once, and again when there is a new one.
        assert world.asked.count(ListPlanetIds(MIRA.id)) == 1
        world.own = (*world.own, 9)
        hub.on_event(PlanetFounded(AT, MIRA.id, 9))
        await until(lambda: len(client.sent) == 10)
        hub.want(MIRA.id, None)
        await until(lambda: len(client.sent) == 13)
        assert planets_in(client)[9:] == [9, 2, 3, 4]
        assert all(len(q.planet_ids) <= 3 for q in world.asked if isinstance(q, ReportStocks))


async def test_that_a_planet_that_is_founded_while_all_are_asked_for_is_told_regularly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    async with running(world) as hub:
        client = Client()
        client.all_planets = True
        hub.add(client)
        ask = world.ask

        async def ask_meanwhile(query: Query) -> Any:
            answer = await ask(query)
            if isinstance(query, ListPlanetIds) and world.own == OWN:
                world.own = (*OWN, 5)
                hub.on_event(PlanetFounded(AT, MIRA.id, 5))
            return answer

        monkeypatch.setattr(world, "ask", ask_meanwhile)
        hub.want(MIRA.id, None)
        await until(lambda: len(client.sent) == 3)
        assert sorted(planets_in(client)) == [3, 4, 5]
        hub.want(MIRA.id, None)
        await until(lambda: len(client.sent) >= 5)
        assert sorted(planets_in(client)[3:]) == [3, 4, 5]


async def test_that_all_planets_may_be_all_but_some() -> None:
    world = World()
    async with running(world) as hub:
        client = Client()
        client.all_planets, client.but_for = True, {3}
        hub.add(client)
        hub.on_event(StocksChanged(AT, MIRA.id, 3))
        hub.on_event(StocksChanged(AT, MIRA.id, 4))
        hub.want(MIRA.id, None)
        await until(lambda: len(client.sent) == 2)
        assert planets_in(client) == [4, 4]
        assert {q.planet_ids for q in world.asked if isinstance(q, ReportStocks)} == {(4,)}


async def test_that_whoever_was_just_asked_for_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PLANETS_PER_ROUND", 3)
    async with running(World()) as hub:
        client = Client()
        client.planets = set(range(1, 9))
        hub.add(client)
        hub.want_first(MIRA.id, {5, 6, 7, 8})
        await until(lambda: len(client.sent) == 6)
        assert planets_in(client) == [5, 6, 7, 8, 1, 2]


async def test_that_a_round_that_waits_for_a_commit_is_not_asked_for_again() -> None:
    world = World()
    world.open.clear()
    world.held = {3}
    async with running(world) as hub:
        hers, his = Client(), Client(player_id=8)
        hers.planets, his.planets = {3}, {4}
        hub.add(hers)
        hub.add(his)
        for rounds in range(1, 30):
            hub.on_resync()
            await until(lambda rounds=rounds: len(his.sent) == rounds)  # type: ignore[misc]
        assert len([q for q in world.asked if q == ReportStocks(MIRA.id, (3,))]) == 1
        world.open.set()
        await until(lambda: hers.sent)


async def test_that_an_update_that_fails_does_not_end_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    async with running(world) as hub:
        client = Client()
        client.planets = {3, MISSED, BROKEN}
        hub.add(client)
        # More often than there are askers.
        for wrong in (MISSED, BROKEN):
            for _ in range(50):
                hub.want(MIRA.id, wrong)
                await until(lambda: world.asked)
                world.asked.clear()
        hub.want(MIRA.id, 3)
        await until(lambda: client.sent)
    # A refusal is nothing to speak of, an error of ours is.
    assert caplog.text.count("an update of planet") == 50
    assert str(BROKEN) in caplog.text


async def test_that_what_is_queued_goes_out_before_the_end_is_told() -> None:
    connection = Connection(Client().login)
    sent: list[str] = []

    async def send(text: str) -> None:
        sent.append(text)

    connection.push_text("a")
    connection.push_text("b")
    connection.finish()
    await connection.write(send)
    assert sent == ["a", "b"]
    assert connection.closing.result() == 1001


async def test_that_a_full_backlog_closes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG_MAX", 3)
    connection = Connection(Client().login)
    for number in range(5):
        connection.push_text(str(number))
    assert connection.closing.result() == 1013
    # Whatever is decided later, the first reason stands.
    connection.close(1008)
    connection.finish()
    assert connection.closing.result() == 1013
