"""Tokens: whose they are, and when they are worth nothing."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from core import sync
from core.api import tokens as module
from core.api.problems import Problem
from core.api.tokens import Login, Tokens
from core.errors import StorageError
from core.sync import Account, Revocation

SECRET = "s" * 43
MIRA = Account(
    id=7,
    username="mira",
    email="mira@example.org",
    is_active=True,
    is_admin=False,
    token_epoch=2,
    created_at=datetime.now(UTC),
    last_login=None,
)


class Accounts:
    """The account tables, without a database."""

    def __init__(self) -> None:
        self.by_id = {MIRA.id: MIRA}
        self.revoked: list[Revocation] = []
        self.lookups = 0
        self.failure: StorageError | None = None

    async def find_account(self, account_id: int) -> Account | None:
        self.lookups += 1
        return self.by_id.get(account_id)

    async def revoke_token(self, revocation: Revocation, _request: object = None) -> None:
        if self.failure is not None:
            raise self.failure
        self.revoked.append(revocation)

    async def load_revocations(self) -> tuple[Revocation, ...]:
        return tuple(self.revoked)


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> Accounts:
    accounts = Accounts()
    for name in ("find_account", "revoke_token", "load_revocations"):
        monkeypatch.setattr(sync, name, getattr(accounts, name))
    return accounts


def made() -> Tokens:
    return Tokens(SECRET, expire_minutes=60)


async def is_refused(tokens: Tokens, token: str) -> bool:
    try:
        await tokens.check(token)
    except Problem as problem:
        return problem.status == 401
    return False


async def test_that_what_was_read_before_a_change_does_not_come_back(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = made()
    token = tokens.issue(MIRA)
    changed = replace(MIRA, token_epoch=MIRA.token_epoch + 1)
    tokens.learn(changed)
    tokens.learn(MIRA)
    # A login that has compared the old password meanwhile.
    tokens.correct(MIRA)
    assert await is_refused(tokens, token)

    async def read_slowly(account_id: int) -> Account:
        # The change ends between the reading and its answer.
        accounts.by_id[account_id] = changed
        tokens.forget(account_id)
        return MIRA

    tokens.forget(MIRA.id)
    with monkeypatch.context() as slow:
        slow.setattr(sync, "find_account", read_slowly)
        await tokens.check(token)
    assert await is_refused(tokens, token)
    await tokens.check(tokens.issue(changed))


async def test_that_a_token_says_whose_it_is_and_accounts_are_asked_for_once(
    accounts: Accounts,
) -> None:
    tokens = made()
    token = tokens.issue(MIRA)
    for _ in range(5):
        login = await tokens.check(token)
        assert login.account == MIRA
    assert accounts.lookups == 1


def forged(**changes: Any) -> dict[str, Any]:
    claims = {
        "sub": "7",
        "jti": "a",
        "epoch": 2,
        "made": MIRA.created_at.isoformat(),
        "exp": int(time.time()) + 60,
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def unsigned(header: bytes, claims: dict[str, Any]) -> str:
    parts = (header, json.dumps(claims).encode(), b"")
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


FORGERIES = {
    "nothing": "",
    "no token": "abc",
    "dots": "..",
    "another key": jwt.encode(forged(), "t" * 43, "HS256"),
    "no algorithm": unsigned(b'{"alg":"none","typ":"JWT"}', forged()),
    "no algorithm, in capitals": unsigned(b'{"alg":"NONE","typ":"JWT"}', forged()),
    "another algorithm": jwt.encode(forged(), "t" * 64, "HS512"),
    "a header of brackets": unsigned(b"[" * 1400, forged()),
    "a header that is a list": unsigned(b"[]", forged()),
    "huge": "a" * 100_000 + ".b.c",
    "not ASCII": "ä.ö.ü",
    "half a character": "\ud800.b.c",
    "control characters": "\0\r\n",
    "over": jwt.encode(forged(exp=1), SECRET, "HS256"),
    "without an end": jwt.encode(forged(exp=None), SECRET, "HS256"),
    "without an id": jwt.encode(forged(jti=None), SECRET, "HS256"),
    "without an epoch": jwt.encode(forged(epoch=None), SECRET, "HS256"),
    "of another epoch": jwt.encode(forged(epoch=1), SECRET, "HS256"),
    "without an account's beginning": jwt.encode(forged(made=None), SECRET, "HS256"),
    "of nobody": jwt.encode(forged(sub="8"), SECRET, "HS256"),
    "of no number": jwt.encode(forged(sub="mira"), SECRET, "HS256"),
    "of a negative number": jwt.encode(forged(sub="-7"), SECRET, "HS256"),
}


@pytest.mark.usefixtures("accounts")
@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES.keys())
async def test_that_a_forgery_is_worth_nothing(token: str) -> None:
    assert await is_refused(made(), token)


@pytest.mark.usefixtures("accounts")
async def test_that_a_clock_that_is_set_back_makes_no_token_worthless() -> None:
    # A time before which it does not count would be in the future then.
    claims = jwt.decode(made().issue(MIRA), SECRET, ["HS256"])
    assert claims.keys() == {"sub", "jti", "epoch", "made", "exp"}


async def test_that_a_logged_out_token_is_worthless_also_after_a_restart(
    accounts: Accounts,
) -> None:
    tokens = made()
    token, other = tokens.issue(MIRA), tokens.issue(MIRA)
    login = await tokens.check(token)
    assert tokens.still_counts(login)
    await tokens.revoke(login)
    assert not tokens.still_counts(login)
    for running in (tokens, made()):
        await running.load()
        assert await is_refused(running, token)
        assert not await is_refused(running, other)
    assert accounts.revoked == [Revocation(login.token_id, login.expires_at)]


async def test_that_a_log_out_that_could_not_be_saved_can_be_tried_again(
    accounts: Accounts,
) -> None:
    tokens = made()
    token = tokens.issue(MIRA)
    login = await tokens.check(token)
    accounts.failure = StorageError("locked")
    with pytest.raises(StorageError):
        await tokens.revoke(login)
    assert not await is_refused(tokens, token)
    accounts.failure = None
    await tokens.revoke(login)
    assert await is_refused(tokens, token)


async def test_that_a_log_out_that_may_still_be_saved_counts_at_once(accounts: Accounts) -> None:
    tokens = made()
    token = tokens.issue(MIRA)
    login = await tokens.check(token)
    accounts.failure = StorageError("slow")
    accounts.failure.__cause__ = TimeoutError()
    with pytest.raises(StorageError):
        await tokens.revoke(login)
    assert await is_refused(tokens, token)


@pytest.mark.usefixtures("accounts")
async def test_that_a_new_password_makes_every_older_token_worthless() -> None:
    tokens = made()
    login = await tokens.check(token := tokens.issue(MIRA))
    changed = replace(MIRA, token_epoch=3)
    tokens.learn(changed)
    assert await is_refused(tokens, token)
    assert not tokens.still_counts(login)
    assert not await is_refused(tokens, tokens.issue(changed))


async def test_that_a_token_opens_no_account_of_another_world(accounts: Accounts) -> None:
    token = made().issue(MIRA)
    # In another database of the same folder somebody else has the same id.
    later = MIRA.created_at + timedelta(microseconds=1)
    accounts.by_id[MIRA.id] = replace(MIRA, username="jonas", created_at=later)
    assert await is_refused(made(), token)
    # A new name, or new rights, make nobody log in again.
    accounts.by_id[MIRA.id] = replace(MIRA, username="maria", is_admin=True)
    assert not await is_refused(made(), token)


async def test_that_a_slow_look_up_does_not_bring_back_an_account_that_has_changed(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = made()
    changed = replace(MIRA, token_epoch=3)

    async def find_while_it_changes(account_id: int) -> Account | None:
        found = await accounts.find_account(account_id)
        tokens.learn(changed)
        return found

    monkeypatch.setattr(sync, "find_account", find_while_it_changes)
    assert await is_refused(tokens, tokens.issue(MIRA))
    assert not await is_refused(tokens, tokens.issue(changed))


async def test_that_a_closed_account_is_told_so(accounts: Accounts) -> None:
    accounts.by_id[MIRA.id] = replace(MIRA, is_active=False)
    tokens = made()
    with pytest.raises(Problem) as refusal:
        await tokens.check(tokens.issue(MIRA))
    assert (refusal.value.status, refusal.value.code) == (403, "banned")


async def test_that_revocations_that_have_expired_are_forgotten(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REVOKED_BEFORE_PRUNING", 4)
    tokens = made()
    for number in range(100):
        expired = Login(MIRA, f"old {number}", datetime.fromtimestamp(number, UTC))
        await tokens.revoke(expired)
    assert len(tokens._revoked) < 10
    assert len(accounts.revoked) == 100


@pytest.mark.usefixtures("accounts")
async def test_that_players_count_as_online_for_a_while() -> None:
    now = 1000.0
    tokens = Tokens(SECRET, 60, lambda: now)
    await tokens.check(tokens.issue(MIRA))
    tokens.see(8)
    assert tokens.online_count() == 2
    now += 100
    tokens.see(8)
    now += 100
    assert tokens.online_count() == 1
    now += 100
    assert tokens.online_count() == 0
