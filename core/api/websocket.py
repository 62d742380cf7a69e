"""One WebSocket connection: logging in, and the conversation until either side ends it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketDisconnected

from core.api.answers import now_iso
from core.api.context import Context, neighbourhood_of
from core.api.hub import CLOSE_REFUSED, CLOSE_TRY_LATER, Connection, Hub
from core.api.problems import Problem
from core.api.tokens import Login
from core.errors import PersistenceClosed, StorageError
from core.queries import ListPlanetIds

log = logging.getLogger(__name__)

router = APIRouter()

AUTH_TIMEOUT_S = 5.0
SUBSCRIPTIONS_MAX = 100
# So often a client is told to slow down.
REFUSALS_MAX = 20

CLOSE_FAILED = 1011
_PLANET_ID_MAX = 2**63 - 1


@router.websocket("/ws")
async def connect(socket: WebSocket) -> None:
    """Serve one client."""
    context: Context = socket.app.state.context
    hub: Hub = socket.app.state.hub
    await socket.accept()
    try:
        login = await _log_in(socket, context)
        if not hub.has_room_for(login.account.id):
            raise _Refused(CLOSE_TRY_LATER)
        await _converse(socket, Connection(login), context, hub)
    except _Refused as refused:
        await socket.close(refused.code)
    except WebSocketDisconnect:
        log.debug("a WebSocket client has hung up")
    except Exception:
        log.exception("a WebSocket connection failed")
        await socket.close(CLOSE_FAILED)


class _Refused(Exception):
    """A client is not let in."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


async def _log_in(socket: WebSocket, context: Context) -> Login:
    """Return who has connected. Raise _Refused, or WebSocketDisconnect."""
    try:
        context.address_rate.take(neighbourhood_of(socket))
        token = socket.query_params.get("token")
        if token is None:
            async with asyncio.timeout(AUTH_TIMEOUT_S):
                token = _token_in(await _receive_text(socket))
        return await context.tokens.check(token)
    except Problem as problem:
        code = CLOSE_TRY_LATER if problem.status == 429 else CLOSE_REFUSED
        raise _Refused(code) from problem
    except TimeoutError:
        raise _Refused(CLOSE_REFUSED) from None
    except (StorageError, PersistenceClosed) as error:
        log.warning("a WebSocket client could not be let in: %s", error)
        raise _Refused(CLOSE_TRY_LATER) from error


def _token_in(text: str) -> str:
    message = _parse(text)
    token = message.get("token")
    if message.get("type") != "auth" or not isinstance(token, str):
        raise Problem(401, "not_logged_in", "Log in first.")
    return token


async def _converse(socket: WebSocket, connection: Connection, context: Context, hub: Hub) -> None:
    """Answer and push until the client hangs up or somebody has decided to close."""
    connection.push("welcome", user_id=connection.player_id, server_time=now_iso())
    hub.add(connection)
    writer = asyncio.create_task(connection.write(socket.send_text))
    reader = asyncio.create_task(_read(socket, connection, context, hub))
    try:
        await asyncio.wait(
            (reader, writer, connection.closing), return_when=asyncio.FIRST_COMPLETED
        )
    finally:
        hub.remove(connection)
        reader.cancel()
        writer.cancel()
        await asyncio.wait((reader, writer))
    errors = [task.exception() for task in (reader, writer) if not task.cancelled()]
    for error in errors:
        if error is not None and not _is_hang_up(error):
            raise error
    if connection.closing.done() and not any(map(_is_hang_up, errors)):
        await socket.close(connection.closing.result())


def _is_hang_up(error: BaseException | None) -> bool:
    # The second one is raised when something is sent after the client has gone.
    return isinstance(error, WebSocketDisconnect | WebSocketDisconnected)


async def _read(socket: WebSocket, connection: Connection, context: Context, hub: Hub) -> None:
    refusals = 0
    while refusals < REFUSALS_MAX:
        text = await _receive_text(socket)
        try:
            context.user_rate.take(connection.player_id)
            await _answer(text, connection, context, hub)
        except Problem as problem:
            connection.push("error", code=problem.code, detail=problem.detail)
            if problem.status == 429:
                refusals += 1
                # Nothing more is read meanwhile, so that a flood is held up where it comes from.
                await asyncio.sleep(problem.retry_after_s or 1.0)
        # The writer's turn: answers to what came all at once must not pile up before it.
        await asyncio.sleep(0)
    # Not 1008: his token is good, and later he may come again.
    connection.close(CLOSE_TRY_LATER)


async def _receive_text(socket: WebSocket) -> str:
    """Return the next message; an empty one for a binary one, which means nothing here."""
    try:
        return await socket.receive_text()
    except KeyError:
        return ""


async def _answer(text: str, connection: Connection, context: Context, hub: Hub) -> None:
    message = {"type": "ping"} if text == "ping" else _parse(text)
    match message.get("type"):
        case "ping":
            connection.push("pong", server_time=now_iso())
        case "subscribe":
            wanted = await _subscribe(message.get("planets"), connection, context)
            # The first update comes at once, so that a client has something to show.
            hub.want_first(connection.player_id, wanted)
        case "unsubscribe":
            _unsubscribe(message.get("planets"), connection)
        case _:
            raise Problem(422, "unknown_message", "This message is not known.")


async def _subscribe(planets: Any, connection: Connection, context: Context) -> Collection[int]:
    """Return the planets that are named; none if it is all of them. Raise Problem."""
    if planets == "all":
        connection.all_planets = True
        connection.but_for.clear()
        connection.push("subscribed", planets="all")
        return ()
    wanted = _planet_ids(planets)
    own_ids: tuple[int, ...] = await context.door.ask(ListPlanetIds(connection.player_id))
    if not wanted.issubset(own_ids):
        raise Problem(403, "not_yours", "This is not yours.")
    if len(connection.planets | wanted) > SUBSCRIPTIONS_MAX:
        raise _too_many()
    connection.planets |= wanted
    connection.but_for -= wanted
    connection.push("subscribed", planets=sorted(wanted))
    return wanted


def _unsubscribe(planets: Any, connection: Connection) -> None:
    if planets == "all":
        connection.all_planets = False
        connection.planets.clear()
        connection.but_for.clear()
    else:
        unwanted = _planet_ids(planets)
        if connection.all_planets:
            if len(connection.but_for | unwanted) > SUBSCRIPTIONS_MAX:
                raise _too_many()
            connection.but_for |= unwanted
        connection.planets -= unwanted
    connection.push("unsubscribed", planets=planets)


def _planet_ids(value: Any) -> set[int]:
    if not isinstance(value, list) or len(value) > SUBSCRIPTIONS_MAX:
        raise _bad_planets()
    for planet_id in value:
        if type(planet_id) is not int or not 1 <= planet_id <= _PLANET_ID_MAX:
            raise _bad_planets()
    return set(value)


def _too_many() -> Problem:
    return Problem(409, "too_many", f"At most {SUBSCRIPTIONS_MAX} planets.")


def _bad_planets() -> Problem:
    return Problem(422, "invalid", 'planets: a list of ids, or "all"')


def _parse(text: str) -> dict[str, Any]:
    """Return a message; an empty one, which nobody understands, if it is no JSON object."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
