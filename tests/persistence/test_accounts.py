"""Operations on accounts, on either database."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from core.bots.strength import Strength
from core.database import SessionLocal
from core.persistence import accounts, worlds
from core.persistence.accounts import Account, NameTaken, Revocation
from core.persistence.single_session import NewAccount, _ensure_user_and_planet_in_session
from tests.databases import open_database
from tests.store import ManualStore
from tests.worlds import found, new_game

ADA = NewAccount("Ada", "ada@example.org", "hash")


async def registered(account: NewAccount = ADA) -> Account:
    result = await accounts.register_account(account)
    assert isinstance(result, Account)
    return result


async def test_that_a_registered_account_is_found_by_any_spelling(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        credentials = await accounts.find_credentials("aDA")
        assert credentials is not None
        assert credentials.account == account
        assert credentials.password_hash == "hash"
        assert await accounts.find_credentials("adam") is None


async def test_that_a_name_is_given_once_whatever_its_case(database_url: URL) -> None:
    async with open_database(database_url):
        await registered()
        again = await accounts.register_account(NewAccount("ADA", "x@y.z", "other"))
        assert again == NameTaken("ADA")


async def test_that_of_many_who_want_a_name_at_once_one_gets_it(database_url: URL) -> None:
    async with open_database(database_url):
        people = [NewAccount("Ada", "ada@example.org", f"hash {number}") for number in range(20)]
        results = await asyncio.gather(*map(accounts.register_account, people))
    assert sum(isinstance(result, Account) for result in results) == 1


async def test_that_the_same_registration_again_is_the_same_account(database_url: URL) -> None:
    async with open_database(database_url):
        assert await registered() == await registered()


async def test_that_the_same_new_password_again_changes_nothing_more(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        once = await accounts.change_password(account.id, "other")
        assert await accounts.change_password(account.id, "other") == once


async def test_that_ids_are_not_given_again(tmp_path: Path) -> None:
    async with open_database(tmp_path / "world.db"):
        first = await registered()
        async with SessionLocal() as session, session.begin():
            user, _ = await _ensure_user_and_planet_in_session(session, first.id)
            await session.delete(user)
        assert (await registered()).id > first.id


async def test_that_a_login_is_noted_and_tells_whether_the_home_is_saved(
    database_url: URL,
) -> None:
    store = ManualStore(at_once=True)
    async with open_database(database_url):
        account = await registered()
        assert not await accounts.record_login(account.id)
        game = new_game(store=store)
        found(game, account.id)
        game.save_player_data()
        for batch in store.committed:
            await worlds.write_batch(batch, time.perf_counter())
        assert await accounts.record_login(account.id)
        again = await accounts.find_account(account.id)
    assert again is not None
    assert again.last_login is not None


async def test_that_an_account_is_taken_back_only_while_nobody_plays_it(
    database_url: URL,
) -> None:
    store = ManualStore(at_once=True)
    async with open_database(database_url):
        homeless = await registered()
        assert await accounts.delete_homeless_account(homeless.id)
        assert await accounts.find_account(homeless.id) is None
        assert await accounts.delete_homeless_account(homeless.id)

        settled = await registered()
        game = new_game(store=store)
        found(game, settled.id)
        game.save_player_data()
        for batch in store.committed:
            await worlds.write_batch(batch, time.perf_counter())
        assert not await accounts.delete_homeless_account(settled.id)
        assert await accounts.find_account(settled.id) == settled


async def test_that_an_operation_finds_the_planet_it_starts_from(database_url: URL) -> None:
    store = ManualStore(at_once=True)
    async with open_database(database_url):
        account = await registered()
        game = new_game(store=store)
        planet_id = found(game, account.id)
        game.save_player_data()
        for batch in store.committed:
            await worlds.write_batch(batch, time.perf_counter())
        row = store.rows["planet"][planet_id]
        place = tuple(row[f"Position.{name}"] for name in ("galaxy", "system", "position"))
        async with SessionLocal() as session, session.begin():
            _, home = await _ensure_user_and_planet_in_session(session, account.id)
            _, same = await _ensure_user_and_planet_in_session(session, account.id, place)
            _, none = await _ensure_user_and_planet_in_session(session, account.id, (9, 9, 9))
            assert home is same
            assert none is None


async def test_that_a_new_password_raises_the_epoch_of_tokens(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        changed = await accounts.change_password(account.id, "other")
        assert isinstance(changed, Account)
        assert changed.token_epoch == account.token_epoch + 1
        assert await accounts.change_password(999, "other") is None


async def test_that_an_administrator_is_made(database_url: URL) -> None:
    async with open_database(database_url):
        account = await registered()
        assert not account.is_admin
        granted = await accounts.grant_admin(account.id)
        assert granted is not None
        assert granted.is_admin


async def test_that_revocations_are_kept_until_they_expire(database_url: URL) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    kept = Revocation("k" * 32, now + timedelta(hours=1))
    expired = Revocation("e" * 32, now - timedelta(hours=1))
    async with open_database(database_url):
        for revocation in (expired, kept, kept):
            await accounts.revoke_token(revocation)
        assert await accounts.load_revocations() == (kept,)


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def time_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


async def test_that_times_of_accounts_are_utc_in_every_time_zone(
    database_url: URL, time_zone: str
) -> None:
    before = datetime.now(UTC)
    async with open_database(database_url):
        account = await registered()
        again = await accounts.find_account(account.id)
    assert again is not None
    assert again.created_at == account.created_at
    assert before <= again.created_at <= datetime.now(UTC)


async def test_that_computer_players_are_made_once_and_found_again(database_url: URL) -> None:
    async with open_database(database_url):
        await registered(NewAccount("Bot-2", "mira@example.org", "hash"))
        assert await accounts.keep_bots(0) == ()
        bots = await accounts.keep_bots(4)
        assert [bot.name for bot in bots] == ["bot-1", "bot-3", "bot-4", "bot-5"]
        assert [bot.strength for bot in bots] == ["easy", "medium", "hard", "easy"]
        assert await accounts.keep_bots(2) == bots
        assert (await accounts.keep_bots(5))[:4] == bots
        assert [bot.strength for bot in await accounts.keep_bots(7, Strength.HARD)][5:] == [
            "hard",
            "hard",
        ]
        # Whoever is given a password is a person from then on.
        await accounts.change_password(bots[0].player_id, "hash")
        assert await accounts.keep_bots(0) == (await accounts.keep_bots(4))
        assert bots[0] not in await accounts.keep_bots(0)
