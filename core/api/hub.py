"""WebSocket connections: who listens to which planets, and what they are told."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, assert_never

from core.api.answers import iso_time, now_iso, resource_update
from core.api.connections import CLOSE_GOING_AWAY
from core.api.context import Context
from core.api.fleet_answers import fleet_push, incoming_fleet
from core.api.problems import Problem
from core.api.tokens import Login
from core.api.trade_answers import trade_offer
from core.events import (
    AttackAnnounced,
    BattleFought,
    BuildingFinished,
    BuildingStarted,
    BuildItemDropped,
    EspionageReported,
    Event,
    ExpeditionEnded,
    FleetArrived,
    FleetDeparted,
    FleetReturned,
    GoodsBrought,
    HostSpoke,
    MessageWritten,
    MissilesStruck,
    OfferChanged,
    PlanetAbandoned,
    PlanetEvent,
    PlanetFounded,
    PlanetSpiedUpon,
    PlayerRemoved,
    ResearchDropped,
    ResearchFinished,
    ResearchStarted,
    SettingsChanged,
    StocksChanged,
    UnitsFinished,
)
from core.queries import ListPlanetIds, ReportStocks, StocksOfPlanets
from core.voyages import Place

log = logging.getLogger(__name__)

UPDATE_INTERVAL_S = 1.0
# Messages a client has not read yet.
BACKLOG_MAX = 256
CONNECTIONS_MAX = 800
CONNECTIONS_PER_PLAYER_MAX = 10
# Questions that are open at once: one whose answer waits for a commit must not hold up others.
_QUESTIONS_AT_ONCE = 16
# Planets of one player that are looked at in one round; the others' turn comes in the next ones.
# So what somebody may subscribe to costs the simulation about as much as a single question.
PLANETS_PER_ROUND = 100

CLOSE_REFUSED = 1008
CLOSE_TRY_LATER = 1013


class Connection:
    """One client. Messages to it queue up; a reader who is too slow is let go."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self.planets: set[int] = set()
        self.all_planets = False
        # Of all planets not these; none unless it is all of them.
        self.but_for: set[int] = set()
        # The code it is to be closed with, once somebody has decided that.
        self.closing: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._messages: asyncio.Queue[str | None] = asyncio.Queue(BACKLOG_MAX)

    @property
    def player_id(self) -> int:
        return self.login.account.id

    def wants(self, planet_id: int) -> bool:
        if planet_id in self.planets:
            return True
        return self.all_planets and planet_id not in self.but_for

    def push(self, kind: str, **fields: Any) -> None:
        self.push_text(_message(kind, fields))

    def push_text(self, text: str) -> None:
        if self.closing.done():
            return
        try:
            self._messages.put_nowait(text)
        except asyncio.QueueFull:
            self.close(CLOSE_TRY_LATER)

    def close(self, code: int) -> None:
        """Have it closed at once, whatever is still queued."""
        if not self.closing.done():
            self.closing.set_result(code)

    def finish(self) -> None:
        """Have it closed when what is queued is sent."""
        if self._messages.full():
            self.close(CLOSE_GOING_AWAY)
        else:
            self._messages.put_nowait(None)

    async def write(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send messages until the last one."""
        while (text := await self._messages.get()) is not None:
            await send(text)
        self.close(CLOSE_GOING_AWAY)


class _Rounds:
    """The turns of one player's planets in the regular updates."""

    def __init__(self) -> None:
        # Known while somebody wants all of them; None if they are to be asked for.
        self.own_ids: tuple[int, ...] | None = None
        self.urgent: set[int] = set()
        self.is_open = False
        self._forgotten_count = 0
        self._last_id = 0

    def forget_ids(self) -> None:
        """Have the planets asked for again: there are others now."""
        self.own_ids = None
        self._forgotten_count += 1

    async def ids(self, ask: Callable[[], Awaitable[tuple[int, ...]]]) -> tuple[int, ...]:
        """Return all of the player's planets."""
        if self.own_ids is not None:
            return self.own_ids
        forgotten_count = self._forgotten_count
        found = await ask()
        # A planet may have been founded while this was on its way.
        if forgotten_count == self._forgotten_count:
            self.own_ids = found
        return found

    def next_turn(self, wanted: Iterable[int]) -> tuple[int, ...]:
        """Return whose turn it is: whoever has just been asked for, then the others in order."""
        waiting = sorted(wanted, key=lambda planet_id: (planet_id <= self._last_id, planet_id))
        first = self.urgent.intersection(waiting)
        turn = sorted(first)[:PLANETS_PER_ROUND]
        others = [planet_id for planet_id in waiting if planet_id not in first]
        others = others[: PLANETS_PER_ROUND - len(turn)]
        self.urgent = first.difference(turn)
        if others:
            self._last_id = others[-1]
        return (*turn, *others)


class Hub:
    """All connections, and the pushes that go out to them. Belongs to the network thread."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._connections: dict[int, set[Connection]] = {}  # by player
        self._rounds: dict[int, _Rounds] = {}  # of the same players
        # (player, planet) with news for somebody, None for the next round; none of them twice.
        self._news: asyncio.Queue[tuple[int, int | None]] = asyncio.Queue()
        self._in_news: set[tuple[int, int | None]] = set()

    def add(self, connection: Connection) -> None:
        self._connections.setdefault(connection.player_id, set()).add(connection)
        self._rounds.setdefault(connection.player_id, _Rounds())
        self._note_count()

    def remove(self, connection: Connection) -> None:
        own = self._connections[connection.player_id]
        own.remove(connection)
        if not own:
            del self._connections[connection.player_id], self._rounds[connection.player_id]
        if connection.closing.done() and connection.closing.result() == CLOSE_TRY_LATER:
            self._context.metrics.websocket_dropped.inc()
        self._note_count()

    def has_room_for(self, player_id: int) -> bool:
        own = len(self._connections.get(player_id, ()))
        return own < CONNECTIONS_PER_PLAYER_MAX and self._count() < CONNECTIONS_MAX

    def finish_all(self) -> None:
        """Have every client told what is left to tell, and that the world goes away."""
        for connection in self._all():
            connection.finish()

    def _all(self) -> Iterator[Connection]:
        for own in self._connections.values():
            yield from own

    def _count(self) -> int:
        return sum(len(own) for own in self._connections.values())

    def _note_count(self) -> None:
        self._context.metrics.websocket_clients.set(self._count())

    # What the world says -----------------------------------------------------------------------

    def on_event(self, event: Event) -> None:
        """Tell those whom an event concerns."""
        match event:
            case BuildingFinished():
                self._tell(
                    event.player_id,
                    "building_complete",
                    planet=event.planet_id,
                    building_type=event.building,
                    new_level=event.level,
                    demolished=event.demolish,
                    completed_at=iso_time(event.at),
                )
            case BuildItemDropped():
                self._tell(
                    event.player_id,
                    "server_notice",
                    planet=event.planet_id,
                    text=f"{event.building} was dropped from the queue: {event.reason}.",
                )
            case ResearchFinished():
                self._tell(
                    event.player_id,
                    "research_complete",
                    research_type=event.technology,
                    new_level=event.level,
                    completed_at=iso_time(event.at),
                )
            case ResearchDropped():
                self._tell(
                    event.player_id,
                    "server_notice",
                    text=f"{event.technology} was dropped from the research queue: {event.reason}.",
                )
            case ResearchStarted():
                # Whose stocks it was paid from is told by itself.
                pass
            case UnitsFinished():
                self._tell(
                    event.player_id,
                    "ship_build_complete",
                    planet=event.planet_id,
                    items=[{"type": event.unit, "count": event.count}],
                    completed_at=iso_time(event.at),
                )
            case FleetDeparted():
                self._tell(event.player_id, "fleet_departed", mission=fleet_push(event.voyage))
            case FleetArrived():
                self._tell(
                    event.player_id,
                    "fleet_arrived",
                    mission=fleet_push(event.voyage),
                    result=event.result,
                )
            case FleetReturned():
                self._tell(
                    event.player_id,
                    "fleet_returned",
                    mission=fleet_push(event.voyage),
                    planet=event.planet_id,
                )
            case PlanetFounded() | PlanetAbandoned():
                if event.player_id in self._rounds:
                    self._rounds[event.player_id].forget_ids()
                self._note_changed(event)
            case StocksChanged() | BuildingStarted():
                self._note_changed(event)
            case BattleFought():
                self._tell(
                    event.player_id,
                    "battle_report",
                    id=event.report_id,
                    **_place(event.place),
                    result=event.result,
                    attacked=event.attacked,
                )
            case GoodsBrought() | MissilesStruck() | ExpeditionEnded():
                # A message tells of it.
                pass
            case EspionageReported():
                self._tell(
                    event.player_id,
                    "espionage_report",
                    id=event.report_id,
                    **_place(event.place),
                )
            case PlanetSpiedUpon():
                # A message tells of it, and is told itself.
                pass
            case AttackAnnounced():
                incoming = incoming_fleet(event.voyage).model_dump()
                self._tell(event.player_id, "incoming_attack", **incoming)
            case MessageWritten():
                self._tell(event.player_id, "message", id=event.message_id, category=event.category)
            case HostSpoke():
                self._tell(event.player_id, "server_notice", text=event.text)
            case OfferChanged():
                offer = trade_offer(event.offer).model_dump()
                for player_id in (event.offer.seller_id, event.offer.buyer_id):
                    if player_id is not None:
                        self._tell(player_id, "trade_event", offer=offer)
            case PlayerRemoved():
                # His account goes after him: what it is known by is worth nothing from now on.
                self._context.tokens.shut_out(event.player_id)
                for connection in self._connections.get(event.player_id, ()):
                    connection.close(CLOSE_REFUSED)
            case SettingsChanged():
                self.on_resync()
            case _:
                assert_never(event)

    def on_resync(self) -> None:
        """Send everybody everything, round by round: events were lost, or all planets changed."""
        for player_id, rounds in self._rounds.items():
            rounds.forget_ids()
            self.want(player_id, None)

    def _tell(self, player_id: int, kind: str, **fields: Any) -> None:
        for connection in self._connections.get(player_id, ()):
            connection.push(kind, **fields)

    def _note_changed(self, event: PlanetEvent) -> None:
        if any(c.wants(event.planet_id) for c in self._connections.get(event.player_id, ())):
            self.want(event.player_id, event.planet_id)

    # Updates of stocks -------------------------------------------------------------------------

    async def push_updates(self) -> None:
        """Send resource updates, once a second and at every turn, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat())
            for _ in range(_QUESTIONS_AT_ONCE):
                tasks.create_task(self._answer_news())

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(UPDATE_INTERVAL_S)
            self._close_logged_out()
            self._context.metrics.players_online.set(self._context.tokens.online_count())
            for player_id in self._rounds:
                self.want(player_id, None)

    def _close_logged_out(self) -> None:
        tokens = self._context.tokens
        for connection in self._all():
            if tokens.still_counts(connection.login):
                tokens.see(connection.player_id)
            else:
                connection.close(CLOSE_REFUSED)

    def want_first(self, player_id: int, planet_ids: Iterable[int]) -> None:
        """Have these planets' turn come next: somebody has just subscribed to them."""
        self._rounds[player_id].urgent.update(planet_ids)
        self.want(player_id, None)

    def want(self, player_id: int, planet_id: int | None) -> None:
        """Have subscribers sent an update of a planet, or of those whose turn it is."""
        wanted = (player_id, planet_id)
        if wanted not in self._in_news:
            self._in_news.add(wanted)
            self._news.put_nowait(wanted)

    async def _answer_news(self) -> None:
        while True:
            player_id, planet_id = wanted = await self._news.get()
            # What happens from now on is news again: the answer may not show it.
            self._in_news.discard(wanted)
            try:
                if planet_id is None:
                    await self._push_round(player_id)
                else:
                    await self._push_updates_of(player_id, (planet_id,))
            except Problem as problem:
                log.debug("no update of planet %s: %s", planet_id, problem.detail)
            except Exception:
                log.exception("an update of planet %s failed", planet_id)

    async def _push_round(self, player_id: int) -> None:
        rounds = self._rounds.get(player_id)
        # One at a time: what waits for a commit is not asked for again and again.
        if rounds is None or rounds.is_open:
            return
        rounds.is_open = True
        try:
            turn = rounds.next_turn(await self._wanted(player_id, rounds))
            await self._push_updates_of(player_id, turn)
        finally:
            rounds.is_open = False
        if rounds.urgent:
            self.want(player_id, None)

    async def _wanted(self, player_id: int, rounds: _Rounds) -> Iterable[int]:
        """Return the planets of a player that somebody listens to."""
        own = self._connections[player_id]
        if not any(connection.all_planets for connection in own):
            return set().union(*(connection.planets for connection in own))
        ids = await rounds.ids(lambda: self._context.door.ask(ListPlanetIds(player_id)))
        if not any(connection.but_for for connection in own):
            return ids
        return [each for each in ids if any(connection.wants(each) for connection in own)]

    async def _push_updates_of(self, player_id: int, planet_ids: tuple[int, ...]) -> None:
        if not planet_ids:
            return
        query = ReportStocks(player_id, planet_ids)
        answer: StocksOfPlanets = await self._context.door.ask(query)
        for stocks in answer.planets:
            text = _message("resource_update", resource_update(stocks, kept=answer.kept))
            for connection in self._connections.get(player_id, ()):
                if connection.wants(stocks.planet_id):
                    connection.push_text(text)


def _place(place: Place) -> dict[str, int]:
    return dict(zip(("galaxy", "system", "position"), place, strict=True))


def _message(kind: str, fields: dict[str, Any]) -> str:
    return json.dumps({"type": kind, "ts": now_iso(), **fields})
