"""The network thread: how it starts, fails to start, and ends."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI, Request

from core.api import server
from core.api.server import ApiServer, bind
from core.errors import AddressInUseError, StarkeepError
from tests.api.hosting import until
from tests.end_to_end.program import NO_CERTIFICATES


def is_network(thread: threading.Thread) -> bool:
    return thread.name == "network"


def test_that_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(AddressInUseError) as refusal:
            bind("127.0.0.1", port)
    assert f"port {port}" in str(refusal.value)
    assert "--port" in str(refusal.value)


def test_that_an_address_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AddressInUseError) as refusal:
        bind("203.0.113.7", 0)
    assert "203.0.113.7" in str(refusal.value)


def test_that_answers_are_not_held_back_to_be_joined() -> None:
    # asyncio turns Nagle's algorithm off for sockets that say that they are TCP.
    with bind("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


@pytest.mark.skipif(not socket.has_ipv6, reason="this computer has no IPv6")
async def test_that_ipv6_is_served() -> None:
    app = FastAPI()
    app.get("/")(lambda: {"status": "fine"})
    listening = bind("::1", 0)
    serving = ApiServer(app, listening)
    await serving.start()
    try:
        async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
            answer = await client.get(f"http://[::1]:{listening.getsockname()[1]}/")
            assert answer.json() == {"status": "fine"}
    finally:
        await serving.stop()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no socket serves both kinds here")
async def test_that_ipv4_on_a_socket_of_both_kinds_is_what_it_is() -> None:
    app = FastAPI()

    async def whose(request: Request) -> str:
        assert request.client is not None
        return request.client.host

    app.get("/")(whose)
    listening = bind("::", 0)
    serving = ApiServer(app, listening)
    await serving.start()
    try:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        async with httpx.AsyncClient(verify=NO_CERTIFICATES) as client:
            # Not ::ffff:127.0.0.1, which would pass for a stranger.
            assert (await client.get(url)).json() == "127.0.0.1"
            # So a proxy on this computer is known for one, and its strangers are not this computer.
            answer = await client.get(url, headers={"X-Forwarded-For": "203.0.113.7"})
            assert answer.json() == "203.0.113.7"
    finally:
        await serving.stop()


async def test_that_it_runs_on_a_thread_of_its_own_and_leaves_none() -> None:
    serving = ApiServer(FastAPI(), bind("127.0.0.1", 0))
    await serving.start()
    assert any(map(is_network, threading.enumerate()))
    await serving.stop()
    assert not any(map(is_network, threading.enumerate()))
    await serving.stop()  # once more does no harm


async def test_that_a_stop_that_is_given_up_comes_to_its_end() -> None:
    closing, opened = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    @asynccontextmanager
    async def slow(_app: FastAPI) -> AsyncIterator[None]:
        loops.append(asyncio.get_running_loop())
        yield
        closing.set()
        await opened.wait()

    serving = ApiServer(FastAPI(lifespan=slow), bind("127.0.0.1", 0))
    await serving.start()
    given_up = asyncio.create_task(serving.stop())
    await until(closing.is_set)
    given_up.cancel()
    await asyncio.wait((given_up,))
    loops[0].call_soon_threadsafe(opened.set)
    await serving.stop()
    assert not any(map(is_network, threading.enumerate()))


async def test_that_a_start_that_fails_is_told_and_leaves_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @asynccontextmanager
    async def fail(_app: FastAPI) -> AsyncIterator[None]:
        raise ValueError("no world")
        yield

    with bind("127.0.0.1", 0) as listening:
        serving = ApiServer(FastAPI(lifespan=fail), listening)
        with caplog.at_level(logging.CRITICAL), pytest.raises(StarkeepError):
            await serving.start()
        await serving.stop()
    assert not any(map(is_network, threading.enumerate()))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_that_connections_leave_files_for_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    limits = [256, 10_000]
    monkeypatch.setattr(resource, "getrlimit", lambda _which: tuple(limits))
    asked_for = []
    monkeypatch.setattr(resource, "setrlimit", lambda _which, both: asked_for.append(both))
    assert server._room_for(1_000) == 1_000
    assert asked_for == [(1_200, 10_000)]

    limits[:] = [256, 256]
    assert server._room_for(1_000) <= 64
    limits[:] = [100_000, 100_000]
    asked_for.clear()
    assert server._room_for(1_000) == 1_000
    assert asked_for == []
