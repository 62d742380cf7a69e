"""Changes of accounts that came with a key: made once, noted with what they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL

from core import sync
from core.commands import RequestKey
from core.database import ReadSession
from core.models.database import AnsweredRequest, RevokedToken
from core.persistence import accounts, answered_requests
from core.persistence.accounts import Account, NameTaken, Revocation
from core.persistence.answered_requests import KEPT, KeyedRequest
from core.persistence.single_session import NewAccount
from tests.databases import open_database

ADA = NewAccount("ada", "ada@example.org", "hash")
REVOCATION = Revocation("token", datetime.now(UTC) + timedelta(days=2))


def keyed(account_id: int, text: str = "key", token_id: str | None = "token") -> KeyedRequest:
    return KeyedRequest(RequestKey(account_id, text, fingerprint=7), token_id)


async def registered(account: NewAccount = ADA) -> Account:
    result = await accounts.register_account(account, keyed(0, token_id=None))
    assert isinstance(result, Account)
    return result


async def count(table: type[AnsweredRequest | RevokedToken]) -> int:
    async with ReadSession() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_that_a_registration_belongs_to_the_account_it_made(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        assert await sync.find_answered(account.id, "key") == keyed(account.id, token_id=None)
        assert await sync.find_answered(account.id, "another") is None
        assert await sync.find_answered(0, "key") is None
        # One that is refused notes nothing.
        again = await accounts.register_account(replace(ADA, password_hash="x"), keyed(0, "new"))
        assert isinstance(again, NameTaken)
        assert await count(AnsweredRequest) == 1


async def test_that_an_account_that_is_taken_back_takes_its_requests_along(
    database_url: URL,
) -> None:
    async with open_database(database_url):
        account = await registered()
        assert await accounts.delete_homeless_account(account.id)
        assert await count(AnsweredRequest) == 0


async def test_that_a_password_is_changed_once_for_a_key(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        request = keyed(account.id, "change")
        changed = await accounts.change_password(account.id, "second", request)
        assert isinstance(changed, Account)
        # The answer to the commit was lost: the same payload is the same change.
        assert await accounts.change_password(account.id, "second", request) == changed
        # The request was repeated: its password has another salt.
        assert await accounts.change_password(account.id, "third", request) == request
        credentials = await accounts.find_credentials("ada")
        assert credentials is not None
        assert credentials.account == changed
        assert credentials.password_hash == "second"


async def test_that_a_token_is_revoked_once_for_a_key(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        request = keyed(account.id, "out")
        assert await accounts.revoke_token(REVOCATION, request) is None
        assert await accounts.revoke_token(REVOCATION, request) == request
        other = replace(REVOCATION, token_id="other")
        assert await accounts.revoke_token(other, keyed(account.id, "out", "other")) == request
        assert await count(RevokedToken) == 1


async def test_that_a_request_is_forgotten_after_a_day(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(database_url):
        account = await registered()
        await accounts.revoke_token(REVOCATION, keyed(account.id, "out"))
        monkeypatch.setattr(answered_requests, "KEPT", -KEPT)
        assert await sync.find_answered(account.id, "out") is None
        assert await accounts.revoke_token(REVOCATION, keyed(account.id, "out")) is None
        # What is over goes when something new is noted.
        assert await count(AnsweredRequest) == 1


async def test_that_an_account_with_too_many_requests_loses_its_oldest(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answered_requests, "REQUESTS_PER_ACCOUNT_MAX", 3)
    async with open_database(database_url):
        account = await registered()
        bea = await registered(NewAccount("bea", "b@b.c", "hash"))
        for number in range(5):
            await accounts.revoke_token(REVOCATION, keyed(account.id, f"key{number}"))
        known = [
            number
            for number in range(5)
            if await sync.find_answered(account.id, f"key{number}") is not None
        ]
        assert known == [2, 3, 4]
        assert await sync.find_answered(bea.id, "key") is not None
