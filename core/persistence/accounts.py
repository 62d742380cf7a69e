"""Operations on accounts. A payload goes in, one session and one transaction, a value comes out.

Each may be repeated, and is, when the database asks for it or its answer was lost (@retried).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, cycle, islice

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.bots.strength import Bot, Strength
from core.database import ReadSession, SessionLocal
from core.models.database import PlayerRow, RevokedToken, User
from core.persistence.answered_requests import KeyedRequest, forget_answered, note_answered
from core.persistence.retry import retried
from core.persistence.single_session import (
    NewAccount,
    _ensure_user_and_planet_in_session,
    name_key,
)

_INSERT_ROWS = 5_000
# In place of a password's hash, before the strength: no password matches it, so that nobody logs
# in as a computer player unless the host gives him a password. He is a person's then.
_NO_PASSWORD = "bot:"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the program knows it."""

    id: int
    username: str
    email: str
    is_active: bool
    is_admin: bool
    token_epoch: int
    created_at: datetime
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a login is checked against."""

    account: Account
    password_hash: str


@dataclass(frozen=True, slots=True)
class NameTaken:
    """Somebody has this user name already, perhaps in another spelling."""

    username: str


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What the host changes of an account; what is None stays as it is."""

    username: str | None = None
    is_active: bool | None = None
    is_admin: bool | None = None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Some accounts, with whether a computer plays each, and how many there are in all."""

    total: int
    accounts: tuple[tuple[Account, bool], ...]


@dataclass(frozen=True, slots=True)
class Revocation:
    """A token that is worth nothing any more, and when it would have expired by itself."""

    token_id: str
    expires_at: datetime


@retried
async def register_account(
    new: NewAccount, request: KeyedRequest | None = None
) -> Account | NameTaken:
    """Add an account; its id is the player's id in the world, and the request's account.

    The same payload again is the same registration and gives the same account: no two passwords,
    not even equal ones, have the same salted hash. A person who registers again after a crash
    gets a NameTaken: the password from before stands.
    """
    try:
        async with SessionLocal() as session, session.begin():
            holder = await session.scalar(
                select(User).where(User.username_key == name_key(new.username))
            )
            if holder is not None:
                same = holder.password_hash == new.password_hash and holder.email == new.email
                return _account(holder) if same else NameTaken(new.username)
            user, _ = await _ensure_user_and_planet_in_session(session, new)
            if user is None:
                raise RuntimeError("a new account was not inserted")
            if request is not None:
                key = replace(request.key, account_id=user.id)
                await note_answered(session, replace(request, key=key))
            return _account(user)
    except IntegrityError:
        return NameTaken(new.username)


@retried
async def delete_homeless_account(account_id: int) -> bool:
    """Delete an account that never came into the world; return whether it is gone.

    One whose player is in the database stays: world tables belong to the simulation.
    """
    async with SessionLocal() as session, session.begin():
        user, _ = await _ensure_user_and_planet_in_session(session, account_id)
        if user is None:
            return True
        if await session.get(PlayerRow, account_id) is not None:
            return False
        await forget_answered(session, account_id)
        await session.delete(user)
        return True


@retried
async def find_credentials(username: str) -> Credentials | None:
    """Return what is needed to check a password; None for an unknown name."""
    async with ReadSession() as session:
        user = await session.scalar(select(User).where(User.username_key == name_key(username)))
        return None if user is None else Credentials(_account(user), user.password_hash)


@retried
async def find_account(account_id: int) -> Account | None:
    """Return an account as it is now; None if there is none."""
    async with ReadSession() as session:
        user = await session.get(User, account_id)
        return None if user is None else _account(user)


@retried
async def record_login(account_id: int) -> bool:
    """Note the time of a login; return whether the player's home is in the database."""
    async with SessionLocal() as session, session.begin():
        user, home = await _ensure_user_and_planet_in_session(session, account_id)
        if user is not None:
            user.last_login = datetime.now(UTC)
        return home is not None


@retried
async def revoke_token(
    revocation: Revocation, request: KeyedRequest | None = None
) -> KeyedRequest | None:
    """Make a token worthless until it expires by itself; forget those that have.

    If a request with this key was answered before, do nothing and return that.
    """
    async with SessionLocal() as session, session.begin():
        if request is not None and (before := await note_answered(session, request)):
            return before
        await session.execute(
            delete(RevokedToken).where(RevokedToken.expires_at < datetime.now(UTC))
        )
        if await session.get(RevokedToken, revocation.token_id) is None:
            session.add(
                RevokedToken(token_id=revocation.token_id, expires_at=revocation.expires_at)
            )
        return None


@retried
async def load_revocations() -> tuple[Revocation, ...]:
    """Return the tokens that were logged out and have not expired."""
    async with ReadSession() as session:
        rows = await session.scalars(
            select(RevokedToken).where(RevokedToken.expires_at >= datetime.now(UTC))
        )
        return tuple(Revocation(row.token_id, row.expires_at) for row in rows)


@retried
async def change_password(
    account_id: int, password_hash: str, request: KeyedRequest | None = None
) -> Account | KeyedRequest | None:
    """Set a password and make all tokens of the account worthless, once for the same hash.

    If a request with this key was answered before, do nothing and return that.
    """
    async with SessionLocal() as session, session.begin():
        user, _ = await _ensure_user_and_planet_in_session(session, account_id)
        if user is None:
            return None
        if user.password_hash == password_hash:
            return _account(user)
        if request is not None and (before := await note_answered(session, request)):
            return before
        user.password_hash = password_hash
        user.token_epoch += 1
        return _account(user)


@retried
async def grant_admin(account_id: int) -> Account | None:
    """Give an account the host's rights."""
    async with SessionLocal() as session, session.begin():
        user, _ = await _ensure_user_and_planet_in_session(session, account_id)
        if user is None:
            return None
        user.is_admin = True
        return _account(user)


@retried
async def change_account(
    account_id: int, change: AccountChange, request: KeyedRequest | None = None
) -> Account | NameTaken | KeyedRequest | None:
    """Change what the host may change of an account; None if there is none.

    If a request with this key was answered before, do nothing and return that.
    """
    name = change.username
    try:
        async with SessionLocal() as session, session.begin():
            user, _ = await _ensure_user_and_planet_in_session(session, account_id)
            if user is None:
                return None
            if name is not None and await _is_taken(session, name, but_for=account_id):
                return NameTaken(name)
            if request is not None and (before := await note_answered(session, request)):
                return before
            if name is not None:
                user.username, user.username_key = name, name_key(name)
            if change.is_active is not None:
                user.is_active = change.is_active
            if change.is_admin is not None:
                user.is_admin = change.is_admin
            return _account(user)
    except IntegrityError:
        if name is None:
            raise
        return NameTaken(name)


async def _is_taken(session: AsyncSession, username: str, *, but_for: int) -> bool:
    holder = await session.scalar(
        select(User.id).where(User.username_key == name_key(username), User.id != but_for)
    )
    return holder is not None


@retried
async def list_accounts(search: str, limit: int, offset: int) -> AccountPage:
    """Return a page of the accounts whose names hold a text, in the order in which they came."""
    wanted = User.username_key.contains(name_key(search), autoescape=True)
    async with ReadSession() as session:
        total = await session.scalar(select(func.count()).select_from(User).where(wanted))
        users = await session.scalars(
            select(User).where(wanted).order_by(User.id).limit(limit).offset(offset)
        )
        return AccountPage(
            total or 0,
            tuple((_account(user), user.password_hash.startswith(_NO_PASSWORD)) for user in users),
        )


@retried
async def keep_bots(at_least: int, strength: Strength | None = None) -> tuple[Bot, ...]:
    """Return the computer players, after adding some if there are fewer than `at_least`.

    Those that are new have a strength, or for None all of them in turn.
    """
    async with SessionLocal() as session, session.begin():
        bots = await _bots(session)
        if len(bots) < at_least:
            taken = set(
                await session.scalars(
                    select(User.username_key).where(User.username_key.startswith("bot-"))
                )
            )
            names = (name for name in map("bot-{}".format, count(1)) if name not in taken)
            strengths = cycle(Strength if strength is None else (strength,))
            new = [_new_bot(name, next(strengths)) for name in islice(names, at_least - len(bots))]
            await insert_accounts(session, new, lambda *_: None)
            bots = await _bots(session)
        return bots


def new_bot(number: int) -> NewAccount:
    """Return the account of a computer player; in strength those that follow take turns."""
    strengths = tuple(Strength)
    return _new_bot(f"bot-{number}", strengths[(number - 1) % len(strengths)])


def _new_bot(name: str, strength: Strength) -> NewAccount:
    return NewAccount(name, f"{name}@bots.invalid", f"{_NO_PASSWORD}{strength}")


async def _bots(session: AsyncSession) -> tuple[Bot, ...]:
    rows = await session.execute(
        select(User.id, User.username, User.password_hash)
        .where(User.password_hash.startswith(_NO_PASSWORD), User.is_active)
        .order_by(User.id)
    )
    return tuple(
        Bot(row.id, row.username, Strength(row.password_hash.removeprefix(_NO_PASSWORD)))
        for row in rows
    )


async def insert_accounts(
    session: AsyncSession,
    accounts: Sequence[NewAccount],
    progress: Callable[[str, int, int], None],
) -> npt.NDArray[np.int64]:
    """Insert many accounts in a session and return their ids, in the same order."""
    now = datetime.now(UTC)
    ids: list[int] = []
    for start in range(0, len(accounts), _INSERT_ROWS):
        rows = [
            {
                "username": account.username,
                "username_key": name_key(account.username),
                "email": account.email,
                "password_hash": account.password_hash,
                "is_active": True,
                "is_admin": False,
                "token_epoch": 0,
                "created_at": now,
            }
            for account in accounts[start : start + _INSERT_ROWS]
        ]
        statement = insert(User).returning(User.id, sort_by_parameter_order=True)
        ids += await session.scalars(statement, rows)
        progress("accounts", len(ids), len(accounts))
    return np.array(ids, dtype=np.int64)


def _account(user: User) -> Account:
    return Account(
        id=user.id,
        username=user.username,
        email=user.email,
        is_active=user.is_active,
        is_admin=user.is_admin,
        token_epoch=user.token_epoch,
        created_at=user.created_at,
        last_login=user.last_login,
    )
