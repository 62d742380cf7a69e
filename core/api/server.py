"""The network thread: uvicorn on an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

import uvicorn
from fastapi import FastAPI

from core.api.connections import HttpConnection, NoteRefusal, WebSocketConnection
from core.api.limits import WEBSOCKET_MESSAGE_BYTES_MAX, ConnectionLimits
from core.errors import AddressInUseError, StarkeepError

log = logging.getLogger(__name__)

_BACKLOG = 512
_GRACEFUL_S = 5
_KEEP_ALIVE_S = 30
# How often the date in answers is set.
_DATE_INTERVAL_S = 1.0
# Files that this process needs beside connections: the database, logs, pages, threads' wake-ups.
_OTHER_FILES = 200


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket. Raise AddressInUseError if the address is not to be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Without the protocol asyncio leaves Nagle's algorithm on, and answers take 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise AddressInUseError(f"cannot serve players on {host}: {error.strerror}") from error
    try:
        if sys.platform != "win32":
            # There it would let two programs share a port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        # Already here, so that a second program on this port fails at its start.
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise AddressInUseError(
            f"cannot serve players on {host} port {port}: {error.strerror};"
            " choose another with --port, or 0 for a free one"
        ) from error
    return listening


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._leaving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def main_loop(self) -> None:
        # uvicorn's own looks ten times a second whether it is to end.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), _DATE_INTERVAL_S)

    def leave(self) -> None:
        """Begin to end, on the server's own loop."""
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals belong to the host, which stops the world first.
        yield


class ApiServer:
    """Serves an application on a thread of its own."""

    def __init__(
        self,
        app: FastAPI,
        listening: socket.socket,
        limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008 - it is frozen
        note_refusal: NoteRefusal = lambda _word: None,
    ) -> None:
        self._app = app
        self._listening = listening
        limits = replace(limits, connections_max=_room_for(limits.connections_max))
        ours = {"limits": limits, "note_refusal": note_refusal}
        self._server = _Server(
            uvicorn.Config(
                app,
                http=partial(HttpConnection, **ours),  # type: ignore[arg-type]
                ws=partial(WebSocketConnection, **ours),  # type: ignore[arg-type]
                ws_max_size=WEBSOCKET_MESSAGE_BYTES_MAX,
                # Messages are short: not worth a compressor for each connection.
                ws_per_message_deflate=False,
                log_config=None,
                # It logs whole addresses, tokens in queries included, and a traceback for every
                # stranger's nonsense. What matters is logged by this package.
                log_level="critical",
                access_log=False,
                server_header=False,
                backlog=_BACKLOG,
                # Longer than the pages wait between two looks.
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_GRACEFUL_S,
            ),
            lambda: self._started.set_result(None),
        )
        self._started: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="network")

    async def start(self) -> None:
        """Start the thread and return when players can connect. Raise StarkeepError if not."""
        self._thread.start()
        await asyncio.wrap_future(self._started)

    async def stop(self) -> None:
        """Close connections, let requests in hand finish, and end the thread."""
        self.begin_to_stop()
        # Whoever does not wait any longer must not end what the thread is going to say.
        await asyncio.shield(asyncio.wrap_future(self._ended))
        self._thread.join()

    def begin_to_stop(self) -> None:
        """Have the thread end soon, without waiting for it; any thread."""
        loop = self._loop
        if loop is not None and not self._ended.done():
            with contextlib.suppress(RuntimeError):  # it has ended just now
                loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        # What the application has in hand and need not finish; a bare one has nothing.
        begin_to_stop = getattr(self._app.state, "begin_to_stop", None)
        if begin_to_stop is not None:
            begin_to_stop()
        self._server.leave()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - a thread has nobody above it to catch this
            self._fail(error)
        finally:
            if not self._started.done():
                self._started.set_exception(StarkeepError("the server did not start; see the log"))
            self._ended.set_result(None)

    def _fail(self, error: BaseException) -> None:
        # uvicorn calls sys.exit() when it cannot start: that must end this thread and no more.
        log.critical("the server has ended with an error", exc_info=error)
        if not self._started.done():
            self._started.set_exception(StarkeepError(f"the server did not start: {error}"))

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._listening])


def _room_for(connections: int) -> int:
    """Return how many connections this process may have, raising its limit on files if it can."""
    if sys.platform == "win32":
        return connections
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        possible = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
            soft = possible
        connections = max(soft // 4, min(connections, soft - _OTHER_FILES))
    return connections


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    if sys.platform == "win32":
        return asyncio.new_event_loop
    import uvloop

    return uvloop.new_event_loop
