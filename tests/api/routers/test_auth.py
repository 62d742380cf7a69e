"""Accounts, against a real world."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core import sync
from core.api import context, passwords
from core.api.passwords import Passwords
from core.components import PLAYER
from core.errors import StorageError
from core.sync import Account, NewAccount
from tests.api.hosting import (
    PASSWORD,
    Player,
    client_of,
    enter,
    game_of,
    hosting,
    log_in,
    register,
    registration,
)

BAD_REGISTRATIONS = {
    "bad_username": [
        {"username": name}
        for name in ("ab", "x" * 33, "", "mi ra", "mira\n", "mir\u0430", "a/b", "<b>", "\0\0\0")
    ],
    "bad_email": [
        {"email": email}
        for email in (
            "",
            "mira",
            "mira@example",
            "@example.org",
            "a@b.",
            "a b@c.d",
            "a@b.c\r\nX: y",
        )
    ]
    + [{"email": "\0@b.c"}, {"email": "x" * 251 + "@b.c"}],
    "bad_password": [{"password": "1234567"}, {"password": "x" * 129}],
}


async def test_that_a_bad_registration_says_why_and_makes_nothing(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        for code, changes in BAD_REGISTRATIONS.items():
            for change in changes:
                body = registration("mira") | change
                answer = await client.post("/auth/register", json=body)
                assert (answer.status_code, answer.json()["code"]) == (400, code), body
        assert await register(client, "mira") == 1


async def test_that_names_and_passwords_may_be_as_long_as_they_may(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        body = {"username": "a-_" + "Z" * 29, "email": "a@b.c", "password": "ü" * 128}
        answer = await client.post("/auth/register", json=body)
        assert answer.json() == {"id": 1, "username": body["username"], "email": "a@b.c"}
        token = await client.post("/auth/login", json=body)
        assert token.json()["token_type"] == "bearer"


async def test_that_a_name_is_taken_in_whatever_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed = []
    hash_password = Passwords.hash

    async def note(self: Passwords, password: str, *arguments: Any) -> str:
        hashed.append(password)
        return await hash_password(self, password, *arguments)

    monkeypatch.setattr(Passwords, "hash", note)
    async with hosting(tmp_path) as host, client_of(host) as client:
        names = ["mira", "MIRA", "Mira", "mIRA"]
        answers = await asyncio.gather(
            *(client.post("/auth/register", json=registration(name)) for name in names)
        )
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
        assert {a.json()["code"] for a in answers if a.status_code == 400} == {"username_taken"}
        hashed.clear()
        for spelling in itertools.product("mM", "iI", "rR", "aA"):
            body = registration("".join(spelling))
            assert (await client.post("/auth/register", json=body)).status_code == 400
        # Whoever tries ten thousand times pays for them, not the host.
        assert hashed == []
        assert len(game_of(host).state.world.tables[PLAYER]) == 1
        await log_in(client, "MiRa")


async def test_that_no_account_is_left_of_a_registration_for_which_there_was_no_place(
    tmp_path: Path,
) -> None:
    names = [f"user{number}" for number in range(12)]
    async with hosting(tmp_path, galaxies=1, systems=1) as host, client_of(host) as client:
        answers = await asyncio.gather(
            *(client.post("/auth/register", json=registration(name)) for name in names)
        )
        for name, answer in zip(names, answers, strict=True):
            login = await client.post("/auth/login", json=registration(name))
            if answer.status_code == 200:
                assert login.status_code == 200
            else:
                assert (answer.status_code, answer.json()["code"]) == (409, "universe_full")
                assert login.status_code == 401
        assert sum(answer.status_code == 200 for answer in answers) == 9
    with closing(sqlite3.connect(tmp_path / "world.db")) as file:
        assert file.execute("SELECT count(*) FROM users").fetchone() == (9,)
        assert file.execute("SELECT count(*) FROM players").fetchone() == (9,)


async def test_that_who_has_no_home_gets_in_and_is_told_why_he_sees_nothing(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path, galaxies=1, systems=1) as host, client_of(host) as client:
        # A crash between the account and its home left this one behind.
        left = await sync.register_account(
            NewAccount("mira", "m@example.org", passwords._HASHER.hash(PASSWORD))
        )
        assert isinstance(left, Account)
        for number in range(9):
            await register(client, f"user{number}")
        mira = Player(client, left.id, "mira", await log_in(client, "mira"))
        assert (await mira.get("/auth/me")).json()["needs_start_choice"] is True
        for answer in (
            await mira.get("/player/{id}"),
            await mira.get("/player/{id}/planets"),
            await mira.build("metal_mine"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "no_home")


async def test_that_a_login_does_not_tell_what_was_wrong(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        wrong_password = {"username": "mira", "password": "battery staple"}
        unknown_name = {"username": "jonas", "password": PASSWORD}
        empty = {"username": "", "password": ""}
        answers = [
            await client.post("/auth/login", json=body)
            for body in (wrong_password, unknown_name, empty)
        ]
        assert {answer.status_code for answer in answers} == {401}
        assert len({answer.text for answer in answers}) == 1
        assert answers[0].headers["www-authenticate"] == "Bearer"


async def test_that_guessing_is_slowed_down_even_if_the_guess_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[Any] = []
    matches = Passwords.matches

    async def note(self: Passwords, password: str, *arguments: Any) -> bool:
        looked_at.append(password)
        return await matches(self, password, *arguments)

    monkeypatch.setattr(Passwords, "matches", note)
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        await register(client, "jonas")

        async def guess(password: str) -> int:
            body = {"username": "MIRA", "password": password}
            return (await client.post("/auth/login", json=body)).status_code

        # All at once: no guess may slip through because the others are not refused yet.
        statuses = await asyncio.gather(*(guess(f"wrong {number}") for number in range(30)))
        assert statuses.count(401) == context.LOGIN_FAILURES_PER_MINUTE
        assert statuses.count(429) == 30 - context.LOGIN_FAILURES_PER_MINUTE
        assert len(looked_at) == context.LOGIN_FAILURES_PER_MINUTE
        assert await guess(PASSWORD) == 429
        # Others are not held up.
        await log_in(client, "jonas")


async def test_that_right_passwords_do_not_count_as_guesses(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        for _ in range(2 * context.LOGIN_FAILURES_PER_MINUTE):
            await log_in(client, "mira")


async def test_that_what_nobody_has_looked_at_is_no_guess(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def out_of_reach(_username: str) -> None:
        raise StorageError("out of reach")

    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        for owner, name, value in (
            (passwords, "WAITING_MAX", 0),
            (sync, "find_credentials", out_of_reach),
        ):
            with monkeypatch.context() as trouble:
                trouble.setattr(owner, name, value)
                for _ in range(context.LOGIN_FAILURES_PER_MINUTE):
                    answer = await client.post("/auth/login", json=registration("mira"))
                    assert answer.status_code == 503
            await log_in(client, "mira")


async def test_that_a_new_password_ends_every_login(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        other = Player(client, mira.id, mira.name, await log_in(client, "mira"))
        new = {"old": PASSWORD, "new": "battery staple"}
        wrong = await mira.post("/auth/password", new | {"old": "nonsense"})
        assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
        short = await mira.post("/auth/password", new | {"new": "short"})
        assert (short.status_code, short.json()["code"]) == (400, "bad_password")
        assert (await mira.get("/auth/me")).status_code == 200

        assert (await mira.post("/auth/password", new)).status_code == 200
        for player in (mira, other):
            assert (await player.get("/auth/me")).status_code == 401
        old_login = await client.post("/auth/login", json=registration("mira"))
        assert old_login.status_code == 401
        body = {"username": "mira", "password": "battery staple"}
        assert (await client.post("/auth/login", json=body)).status_code == 200


async def test_that_only_the_token_that_logs_out_stops_working(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        other = Player(client, mira.id, mira.name, await log_in(client, "mira"))
        assert (await mira.post("/auth/logout")).json() == {"message": "Logged out."}
        for path in ("/auth/me", "/player/{id}", "/planets/available"):
            refusal = await mira.get(path)
            assert (refusal.status_code, refusal.json()["code"]) == (401, "not_logged_in")
            assert (await other.get(path)).status_code == 200
        assert (await mira.post("/auth/logout")).status_code == 401


async def test_that_a_closed_world_takes_nobody_new(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
    async with hosting(tmp_path, registration_open=False) as host, client_of(host) as client:
        refusal = await client.post("/auth/register", json=registration("jonas"))
        assert (refusal.status_code, refusal.json()["code"]) == (409, "registration_closed")
        await log_in(client, "mira")


async def test_that_a_full_universe_makes_no_account_without_a_home(tmp_path: Path) -> None:
    async with hosting(tmp_path, galaxies=1, systems=1) as host, client_of(host) as client:
        for number in range(9):
            await register(client, f"player{number}")
        refusal = await client.post("/auth/register", json=registration("late"))
        assert (refusal.status_code, refusal.json()["code"]) == (409, "universe_full")
        login = await client.post("/auth/login", json=registration("late"))
        assert login.status_code == 401


async def test_that_strangers_are_limited_by_where_they_come_from(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=5) as host, client_of(host) as client:
        body = {"username": "mira", "password": "wrong password"}
        statuses = [(await client.post("/auth/login", json=body)).status_code for _ in range(7)]
        assert statuses == [401] * 5 + [429] * 2
        # With a token that is worth nothing, too.
        headers = {"Authorization": "Bearer nonsense"}
        refusal = await client.get("/auth/me", headers=headers)
        assert refusal.status_code == 429
        assert int(refusal.headers["retry-after"]) >= 1
        # A proxy on this computer says whom it speaks for. One network of IPv6 is one asker.
        for address, status in (
            ("203.0.113.7", 401),
            ("2001:db8::1", 401),
            ("2001:db8::2", 401),
        ):
            answer = await client.post(
                "/auth/login", json=body, headers={"X-Forwarded-For": address}
            )
            assert answer.status_code == status
        statuses = []
        for number in range(5):
            headers = {"X-Forwarded-For": f"2001:db8::{number}:1"}
            answer = await client.post("/auth/login", json=body, headers=headers)
            statuses.append(answer.status_code)
        assert statuses == [401] * 3 + [429] * 2


async def test_that_nobody_fills_a_universe_with_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=110) as host, client_of(host) as client:
        # Eleven in an hour. What makes no account is not counted.
        await register(client, "mira")
        for body in (registration("mira"), registration("a b")):
            assert (await client.post("/auth/register", json=body)).status_code in (400, 409)
        with monkeypatch.context() as busy:
            busy.setattr(passwords, "WAITING_MAX", 0)
            refusal = await client.post("/auth/register", json=registration("jonas"))
            assert refusal.status_code == 503
        for number in range(10):
            await register(client, f"player{number}")
        refusal = await client.post("/auth/register", json=registration("jonas"))
        assert (refusal.status_code, refusal.json()["code"]) == (429, "too_many")
        assert 60 < int(refusal.headers["retry-after"]) < 3600 / 11 + 1
        headers = {"X-Forwarded-For": "203.0.113.7"}
        elsewhere = await client.post("/auth/register", json=registration("jonas"), headers=headers)
        assert elsewhere.status_code == 200


async def test_that_players_are_limited_each_for_himself(tmp_path: Path) -> None:
    async with hosting(tmp_path, rate_limit_per_minute=12) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        statuses = [(await mira.get("/player/{id}")).status_code for _ in range(14)]
        assert statuses == [200] * 12 + [429] * 2
        assert (await jonas.get("/player/{id}")).status_code == 200


@pytest.mark.parametrize("username", ["mi\u0000ra", "mira\u0000", "mira; --", "x" * 99])
async def test_that_what_cannot_be_a_name_is_nobodys(tmp_path: Path, username: str) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        await register(client, "mira")
        body = json.dumps({"username": username, "password": PASSWORD})
        answer = await client.post(
            "/auth/login", content=body, headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
