"""The single-session pattern: what an operation needs, it fetches or inserts in its own session.

Every operation opens one session, does everything in it in one transaction, and awaits nothing but
the database meanwhile: it holds the only connection that writes.

    async with SessionLocal() as session, session.begin():
        user, planet = await _ensure_user_and_planet_in_session(session, account, coordinates)
        ...
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.models.database import PlanetRow, PlayerRow, User


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody registers with; the password is hashed before it comes here."""

    username: str
    email: str
    password_hash: str


def name_key(username: str) -> str:
    """Return the form in which user names are compared: case does not matter."""
    return username.casefold()


async def _ensure_user_and_planet_in_session(
    session: AsyncSession,
    account: NewAccount | int,
    coordinates: tuple[int, int, int] | None = None,
) -> tuple[User | None, PlanetRow | None]:
    """Return the account and the planet an operation starts from, both as rows of this session.

    The account is fetched by id, or by name and inserted if it is new; the planet is fetched by
    its coordinates, the player's home for None. A planet that is missing is not inserted: world
    tables belong to the simulation, and a row put in behind its back could bring a deleted planet
    to life again. What a crash left half is mended by the command FoundHome instead.
    """
    if isinstance(account, int):
        user = await session.get(User, account)
    else:
        user = await session.scalar(
            select(User).where(User.username_key == name_key(account.username))
        ) or await _insert_user(session, account)
    if user is None:
        return None, None
    query = select(PlanetRow).where(PlanetRow.__table__.c.owner_id == user.id)
    if coordinates is None:
        players = PlayerRow.__table__.c
        query = query.join(PlayerRow, players.home_id == PlanetRow.__table__.c.id)
    else:
        planets = PlanetRow.__table__.c
        query = query.where(
            planets.galaxy == coordinates[0],
            planets.system == coordinates[1],
            planets.position == coordinates[2],
        )
    return user, await session.scalar(query)


async def _insert_user(session: AsyncSession, account: NewAccount) -> User:
    user = User(
        username=account.username,
        username_key=name_key(account.username),
        email=account.email,
        password_hash=account.password_hash,
        is_active=True,
        is_admin=False,
        token_epoch=0,
        created_at=datetime.now(UTC),
    )
    session.add(user)
    await session.flush()
    return user
