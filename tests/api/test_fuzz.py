"""Whatever is sent to whatever address: refused in our form, and the world stays as it is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.api.hosting import Player, client_of, enter, hosting, registration, world_of

DEEP = "[" * 2_000 + "]" * 2_000
# Each a piece of JSON. None is a valid name, type, password or id.
VALUES = [
    "null",
    "true",
    "0",
    "-1",
    "-0.0",
    "1.5",
    "9223372036854775808",
    "1" + "0" * 400,
    "1" + "0" * 5_000,
    "1e400",
    "-1e400",
    "NaN",
    "Infinity",
    '""',
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"' + "x" * 5_000 + '"',
    json.dumps("💥" * 200),
    json.dumps("'; DROP TABLE users; --" * 10),
    json.dumps("<script>alert(1)</script>" * 10),
    "[]",
    "{}",
    '{"$ref": "#"}',
    DEEP,
]
BODIES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"text"',
    b"{",
    b'{"username": "mira", ',
    b"\xff\xfe\x00\x01",
    b"\x00",
    b"\xef\xbb\xbf{}",
    b"username=mira&password=x",
    b"<?xml version='1.0'?><a/>",
    b"[" * 30_000,
    b'{"a":' * 10_000,
    b"9" * 20_000,
    b'{"username": "mira", "username": 7, "building_type": "x", "building_type": null}',
    b"x" * 65_537,
]
PATH_VALUES = [
    "0",
    "-1",
    "1.5",
    "1e3",
    "0x1",
    "%201",
    "abc",
    "null",
    "%00",
    "%0d%0aX-Injected:%20yes",
    "%2e%2e",
    "%F0%9F%92%A5",
    "%ff%fe",
    "%ef%bc%91",
    "1%2f2",
    "9" * 400,
    "9" * 5_000,
]
QUERY_VALUES = [*PATH_VALUES, "", "1&{name}=x", "1;2", "[1]", "%22"]
CONTENT_TYPES = [
    "",
    "text/plain",
    "application/xml",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "application/json; charset=none",
    ";;;",
    "x" * 2_000,
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]

# How many places share all values among them; in the slow run each place gets all of them.
SHARES = [5, pytest.param(1, marks=pytest.mark.slow)]

Operation = tuple[str, str, dict[str, Any]]
T = TypeVar("T")


class Dealer:
    """Deals values out to the places where they may be sent."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._dealt = 0

    def deal(self, values: Sequence[T]) -> Sequence[T]:
        """Return one of `share` parts of the values, another one each time."""
        self._dealt += 1
        return values[self._dealt % self._share :: self._share]


class Attack:
    """Sends requests and looks at every answer."""

    def __init__(self, mira: Player) -> None:
        self._client = mira.client
        self._headers = mira.headers
        self.sent = 0

    async def send(
        self, method: str, path: str, content: bytes | None = None, **headers: str
    ) -> httpx.Response:
        """Send a request, as a player unless the headers say otherwise."""
        all_headers = {"Content-Type": "application/json"} | self._headers | headers
        answer = await self._client.request(method, path, content=content, headers=all_headers)
        self._check(answer, method, path)
        self.sent += 1
        return answer

    def _check(self, answer: httpx.Response, method: str, path: str) -> None:
        what = (method, path[:200], answer.status_code, answer.text[:200])
        assert answer.status_code < 500, what
        assert "Traceback" not in answer.text, what
        assert "x-injected" not in answer.headers, what
        if answer.status_code >= 400 and method != "HEAD":
            assert answer.json().keys() >= {"detail", "code"}, what


def header(name: str, value: str) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1"))]


def operations_of(api: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def parameters(operation: dict[str, Any], where: str) -> list[str]:
    return [p["name"] for p in operation.get("parameters", []) if p["in"] == where]


def filled(path: str, player_id: int, **values: str) -> str:
    """Fill a path with values that are right, but for those that are given."""
    right = {"id": str(player_id), "planet_id": "1", "index": "0", "building_type": "metal_mine"}
    for name, value in (right | values).items():
        path = path.replace("{" + name + "}", value)
    return path


def bodies_for(operation: dict[str, Any], api: dict[str, Any], dealer: Dealer) -> Iterator[bytes]:
    """Yield bodies with one field wrong, and bodies that are none."""
    yield from dealer.deal(BODIES)
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    # A body that may be left out is one of two things.
    reference = next(each["$ref"] for each in schema.get("anyOf", [schema]) if "$ref" in each)
    fields = api["components"]["schemas"][reference.split("/")[-1]]
    right = {
        name: json.dumps(field["examples"][0])
        for name, field in fields["properties"].items()
        if "examples" in field
    }
    for name in fields.get("required", fields["properties"]):
        # What is right for one field, as true is for a flag, is wrong for others.
        for value in dealer.deal([each for each in VALUES if each != right.get(name)]):
            pairs = [f'"{known}": {text}' for known, text in (right | {name: value}).items()]
            yield ("{" + ", ".join(pairs) + "}").encode()


@pytest.fixture
def no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    wrong = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not wrong, caplog.text


@pytest.mark.usefixtures("no_error_is_logged")
@pytest.mark.parametrize("share", SHARES)
async def test_that_nothing_that_is_sent_is_an_error_or_changes_the_world(
    tmp_path: Path, share: int
) -> None:
    settings = {"rate_limit_per_minute": 1_000_000}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        mira = await enter(client)
        attack, dealer = Attack(mira), Dealer(share)
        api = (await client.get("/openapi.json")).json()
        before = world_of(host)
        for method, path, operation in operations_of(api):
            if path.startswith("/admin"):
                # It would get no further than to be told that he is not the host: see below.
                assert (await attack.send(method, filled(path, mira.id))).status_code == 403
                continue
            for name in parameters(operation, "path"):
                for value in dealer.deal(PATH_VALUES):
                    await attack.send(method, filled(path, mira.id, **{name: value}))
            for name in parameters(operation, "query"):
                for value in dealer.deal(QUERY_VALUES):
                    query = f"{name}={value.format(name=name)}"
                    await attack.send("GET", f"{filled(path, mira.id)}?{query}")
            if "requestBody" in operation:
                for body in bodies_for(operation, api, dealer):
                    answer = await attack.send(method, filled(path, mira.id), body)
                    assert answer.status_code >= 400, (path, body[:200])
                for body in dealer.deal(BODIES):
                    await attack.send(method, filled(path, mira.id), body, Authorization="")
        assert world_of(host) == before
        assert (await client.post("/auth/register", json=registration("mira"))).status_code == 400
        assert attack.sent > 2000 / share


@pytest.mark.usefixtures("no_error_is_logged")
@pytest.mark.parametrize("share", SHARES)
async def test_that_nonsense_with_the_hosts_token_is_no_error_either(
    tmp_path: Path, share: int
) -> None:
    settings = {"rate_limit_per_minute": 1_000_000}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        mira = await enter(client)
        token = host.folder.host_token.read_text().strip()
        attack, dealer = Attack(replace(mira, token=token)), Dealer(share)
        api = (await client.get("/openapi.json")).json()
        before = world_of(host)
        for method, path, operation in operations_of(api):
            # Some of these values are texts like any other, and would be sent to everybody; and of
            # computer players there may be none named, some or a pause.
            if not path.startswith("/admin") or path in ("/admin/message", "/admin/bots"):
                continue
            for name in parameters(operation, "path"):
                for value in dealer.deal(PATH_VALUES):
                    await attack.send(method, filled(path, mira.id, **{name: value}))
            for name in parameters(operation, "query"):
                for value in dealer.deal(QUERY_VALUES):
                    query = f"{name}={value.format(name=name)}"
                    await attack.send(method, f"{filled(path, mira.id)}?{query}")
            # What a route has no use for it passes over, and does what it is for.
            bodies = (
                bodies_for(operation, api, dealer)
                if "requestBody" in operation
                else dealer.deal(BODIES)
            )
            for body in bodies:
                answer = await attack.send(method, filled(path, mira.id), body)
                assert answer.status_code >= 400 or "requestBody" not in operation, (path, body)
        assert world_of(host) == before
        assert attack.sent >= len(BODIES) / share


@pytest.mark.usefixtures("no_error_is_logged")
@pytest.mark.parametrize("share", SHARES)
async def test_that_wrong_methods_and_headers_are_no_errors_either(
    tmp_path: Path, share: int
) -> None:
    settings = {"rate_limit_per_minute": 1_000_000}
    async with hosting(tmp_path, **settings) as host, client_of(host) as client:
        mira = await enter(client)
        attack, dealer = Attack(mira), Dealer(share)
        api = (await client.get("/openapi.json")).json()
        before = world_of(host)
        for path, methods in api["paths"].items():
            for method in dealer.deal(METHODS):
                if method.lower() not in methods:
                    answer = await attack.send(method, filled(path, mira.id))
                    assert answer.status_code == 405, (method, path)
        for content_type in CONTENT_TYPES:
            for body in (b"{}", b"x", b"--x\r\n\r\n"):
                headers = {"Content-Type": content_type}
                await attack.send("POST", f"/player/{mira.id}/build", body, **headers)
        for value in ("", "Bearer", "Bearer a b", "bearer " + "x" * 9_000, "Basic x", "\xff\xfe"):
            answer = await client.get("/auth/me", headers=header("Authorization", value))
            assert answer.status_code == 401
        for name in ("Accept", "X-Forwarded-For", "Host", "If-None-Match", "Origin", "Range"):
            for value in ("", ",,,;;;==", "x" * 5_000, "\xff", "${jndi:ldap://x}", "::1"):
                for path in ("/", "/metrics"):
                    answer = await client.get(path, headers=header(name, value))
                    assert answer.status_code in (200, 403), (name, value, path)
        assert world_of(host) == before
