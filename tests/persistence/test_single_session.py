"""What an operation starts from: its rows, in its own session, and no world row made up."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from core.database import SessionLocal
from core.game import GameWorld
from core.models.database import PlanetRow, PlayerRow, User
from core.persistence import worlds
from core.persistence.single_session import (
    NewAccount,
    _ensure_user_and_planet_in_session,
    name_key,
)
from tests.databases import open_database
from tests.store import ManualStore
from tests.worlds import found, new_game

ADA = NewAccount("Ada", "ada@example.org", "hash")
BEA = NewAccount("Bea", "bea@example.org", "hash")


async def insert(*accounts: NewAccount) -> None:
    async with SessionLocal() as session, session.begin():
        for account in accounts:
            await _ensure_user_and_planet_in_session(session, account)


async def save(game: GameWorld, store: ManualStore) -> None:
    game.save_player_data()
    for batch in store.committed:
        await worlds.write_batch(batch, time.perf_counter())


async def count(session: AsyncSession, table: type) -> int:
    return await session.scalar(select(func.count()).select_from(table)) or 0


def place_of(store: ManualStore, planet_id: int) -> tuple[int, int, int]:
    row = store.rows["planet"][planet_id]
    return (row["Position.galaxy"], row["Position.system"], row["Position.position"])


@pytest.mark.parametrize(
    ("one", "other"), [("Ada", "aDA"), ("STRASSE", "straße"), ("ΣΊΣΥΦΟΣ", "σίσυφος")]
)
def test_that_names_that_differ_in_case_alone_are_the_same(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)
    assert name_key(one) != name_key(one + "_")


async def test_that_an_account_that_is_new_is_inserted(database_url: URL) -> None:
    before = datetime.now(UTC)
    async with open_database(database_url):
        async with SessionLocal() as session, session.begin():
            user, planet = await _ensure_user_and_planet_in_session(session, ADA)
            assert user is not None
            assert user in session
            assert planet is None
            # It has its id already: the player's id in the world.
            user_id = user.id
        async with SessionLocal() as session:
            kept = await session.get(User, user_id)
            assert kept is not None
            assert (kept.username, kept.username_key) == ("Ada", "ada")
            assert (kept.email, kept.password_hash) == ("ada@example.org", "hash")
            assert (kept.is_active, kept.is_admin, kept.token_epoch) == (True, False, 0)
            assert before <= kept.created_at <= datetime.now(UTC)
            assert kept.last_login is None


async def test_that_an_account_that_is_there_is_fetched_and_left_as_it_is(
    database_url: URL,
) -> None:
    async with open_database(database_url):
        await insert(ADA)
        async with SessionLocal() as session, session.begin():
            again = NewAccount("ADA", "other@example.org", "other")
            user, _ = await _ensure_user_and_planet_in_session(session, again)
            assert user is not None
            same, _ = await _ensure_user_and_planet_in_session(session, user.id)
            assert same is user
            assert not session.dirty
            assert (user.username, user.password_hash) == ("Ada", "hash")
            assert await count(session, User) == 1


async def test_that_an_unknown_id_is_no_account_and_makes_none(database_url: URL) -> None:
    async with open_database(database_url), SessionLocal() as session, session.begin():
        assert await _ensure_user_and_planet_in_session(session, 999) == (None, None)
        assert await count(session, User) == 0


async def test_that_an_operation_that_fails_takes_its_account_with_it(database_url: URL) -> None:
    async def fail_half_way() -> None:
        async with SessionLocal() as session, session.begin():
            await _ensure_user_and_planet_in_session(session, ADA)
            raise OSError("half way")

    async with open_database(database_url):
        with pytest.raises(OSError, match="half way"):
            await fail_half_way()
        async with SessionLocal() as session:
            assert await count(session, User) == 0


async def test_that_a_planet_that_is_missing_is_not_inserted(database_url: URL) -> None:
    async with open_database(database_url):
        await insert(ADA)
        async with SessionLocal() as session, session.begin():
            for coordinates in (None, (1, 1, 1)):
                user, planet = await _ensure_user_and_planet_in_session(session, ADA, coordinates)
                assert user is not None
                assert planet is None
        async with SessionLocal() as session:
            assert await count(session, PlanetRow) == 0
            assert await count(session, PlayerRow) == 0


async def test_that_nobody_starts_from_the_planet_of_somebody_else(database_url: URL) -> None:
    store = ManualStore(at_once=True)
    async with open_database(database_url):
        await insert(ADA, BEA)
        game = new_game(store=store)
        homes = [found(game, player_id) for player_id in (1, 2)]
        await save(game, store)
        async with SessionLocal() as session, session.begin():
            for player_id, home_id in enumerate(homes, start=1):
                user, home = await _ensure_user_and_planet_in_session(session, player_id)
                assert user is not None
                assert home is not None
                assert user.id == player_id
                mine, others = place_of(store, home_id), place_of(store, homes[player_id - 2])
                _, here = await _ensure_user_and_planet_in_session(session, player_id, mine)
                _, there = await _ensure_user_and_planet_in_session(session, player_id, others)
                assert here is home
                assert there is None


async def test_that_a_planet_is_found_by_all_of_its_coordinates(database_url: URL) -> None:
    store = ManualStore(at_once=True)
    async with open_database(database_url):
        await insert(ADA)
        game = new_game(store=store)
        planet_id = found(game, 1)
        await save(game, store)
        galaxy, system, position = place = place_of(store, planet_id)
        async with SessionLocal() as session, session.begin():
            _, planet = await _ensure_user_and_planet_in_session(session, 1, place)
            assert planet is not None
            for near in (
                (galaxy + 1, system, position),
                (galaxy, system + 1, position),
                (galaxy, system, position + 1),
            ):
                assert (await _ensure_user_and_planet_in_session(session, 1, near))[1] is None
