"""Players from afar: who they are, shutting one out, his rights, his name, his password."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import Field

from core import sync
from core.api.account_changes import check_username, committed, username_taken
from core.api.account_requests import key_reused
from core.api.answers import Answer, Message, Time, iso
from core.api.context import ID_MAX, Context, InContext, host_or_admin
from core.api.documentation import may_answer, new_router
from core.api.problems import Problem, rejection, value_of
from core.api.request_keys import HostsKey, without_key
from core.api.schemas import AdminChange, NewName
from core.commands import RenamePlayer, RequestKey
from core.enlistment import enlist
from core.ownership import NO_SUCH_PLAYER
from core.sync import Account, AccountChange, KeyedRequest, NameTaken

_HOST_ONLY = (401, 403, 429)
_CHANGING = (404, 422, 503, 504, *_HOST_ONLY)

router = new_router(prefix="/admin/players", tags=["host"], dependencies=[Depends(host_or_admin)])

AccountId = Annotated[int, Path(alias="id", ge=1, le=ID_MAX)]
Asker = Annotated[int, Depends(host_or_admin)]


class PlayerAccount(Answer):
    """An account. `is_active` is false for who was banned; `is_bot` if a computer plays it."""

    id: int
    username: str
    email: str
    is_active: bool
    is_admin: bool
    is_bot: bool
    created_at: Time
    last_login: Time | None


class PlayerAccounts(Answer):
    """A page of the accounts; `total` counts those on all pages."""

    players: list[PlayerAccount]
    total: int


class AccountChanged(Message):
    id: int


class PasswordReset(AccountChanged):
    password: Annotated[str, Field(description="it is shown this once")]


@router.get("", summary="The players", responses=may_answer(422, 503, *_HOST_ONLY))
async def players(
    search: Annotated[str, Query(max_length=32, description="a part of the name")] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> PlayerAccounts:
    """Return accounts in the order in which they came."""
    page = await sync.list_accounts(search.replace("\0", ""), limit, offset)
    return PlayerAccounts(
        players=[_account(account, is_bot=is_bot) for account, is_bot in page.accounts],
        total=page.total,
    )


@router.post("/{id}/ban", summary="Shut a player out", responses=may_answer(409, *_CHANGING))
async def ban(
    account_id: AccountId, asker_id: Asker, context: InContext, key: HostsKey
) -> AccountChanged:
    """Close an account: nobody gets in with it, and who is in is shut out. His planets stay."""
    _not_oneself(account_id, asker_id)
    await _change(account_id, AccountChange(is_active=False), context, key)
    context.door.simulation.bots.dismiss(account_id)
    return AccountChanged(message="The account is closed.", id=account_id)


@router.post("/{id}/unban", summary="Let a player in again", responses=may_answer(*_CHANGING))
async def unban(account_id: AccountId, context: InContext, key: HostsKey) -> AccountChanged:
    """Open an account again."""
    await _change(account_id, AccountChange(is_active=True), context, key)
    # No more of them than there are: if it is one of them, he has turns again.
    value_of(await enlist(context.door.simulation, 0))
    return AccountChanged(message="The account is open.", id=account_id)


@router.post(
    "/{id}/grant",
    summary="Make an administrator",
    responses=may_answer(400, 409, 413, *_CHANGING),
)
async def grant(
    account_id: AccountId,
    asker_id: Asker,
    body: AdminChange,
    context: InContext,
    key: HostsKey,
) -> AccountChanged:
    """Give an account the host's rights, or take them."""
    if not body.on:
        _not_oneself(account_id, asker_id)
    await _change(account_id, AccountChange(is_admin=body.on), context, key)
    word = "has" if body.on else "does not have"
    return AccountChanged(message=f"The account {word} the rights of a host.", id=account_id)


@router.post("/{id}/rename", summary="Rename a player", responses=may_answer(400, 413, *_CHANGING))
async def rename(
    account_id: AccountId, body: NewName, context: InContext, key: HostsKey
) -> AccountChanged:
    """Give an account another name, with which its player logs in and which others see.

    If that is answered with 503 or 504, ask again: the account may have it and the world not yet.
    """
    check_username(body.username)
    if body.username.casefold() in context.registering:
        raise username_taken(body.username)
    await _change(account_id, AccountChange(username=body.username), context, key)
    try:
        await context.door.order(RenamePlayer(account_id, body.username))
    except Problem as problem:
        # Who has not chosen a start yet is nobody in the world.
        if problem.code != NO_SUCH_PLAYER.code:
            raise
    return AccountChanged(message=f"The player is called {body.username}.", id=account_id)


@router.post(
    "/{id}/reset-password",
    summary="Set a new password",
    dependencies=[Depends(without_key)],
    responses=may_answer(400, *_CHANGING),
)
async def reset_password(account_id: AccountId, context: InContext) -> PasswordReset:
    """Set a random password; who is logged in is so no longer.

    A computer player who is given one is a person's from now on.
    """
    password = secrets.token_urlsafe(12)
    password_hash = await context.passwords.hash(password)
    changed = await committed(context.tokens.change_password(account_id, password_hash))
    if changed is None:
        raise rejection(NO_SUCH_PLAYER)
    context.door.simulation.bots.dismiss(account_id)
    return PasswordReset(message="The password is set.", id=account_id, password=password)


async def _change(
    account_id: int, change: AccountChange, context: Context, key: RequestKey | None
) -> None:
    """Have an account changed, once for a key, and everybody know of it. Raise Problem."""
    keyed = None if key is None else KeyedRequest(key)
    async with _turn(context, key):
        changed = await committed(sync.change_account(account_id, change, keyed))
    if changed is None:
        raise rejection(NO_SUCH_PLAYER)
    if isinstance(changed, NameTaken):
        raise username_taken(changed.username)
    if isinstance(changed, KeyedRequest) and key and changed.key.fingerprint != key.fingerprint:
        raise key_reused()
    context.tokens.forget(account_id)
    if isinstance(changed, Account):
        context.tokens.learn(changed)


@asynccontextmanager
async def _turn(context: Context, key: RequestKey | None) -> AsyncIterator[None]:
    if key is None:
        yield
    else:
        async with context.turns.of((key.account_id, key.text)):
            yield


def _not_oneself(account_id: int, asker_id: int) -> None:
    if account_id == asker_id:
        raise Problem(409, "own_account", "Nobody shuts himself out.")


def _account(account: Account, *, is_bot: bool) -> PlayerAccount:
    return PlayerAccount(
        id=account.id,
        username=account.username,
        email=account.email,
        is_active=account.is_active,
        is_admin=account.is_admin,
        is_bot=is_bot,
        created_at=iso(account.created_at),
        last_login=None if account.last_login is None else iso(account.last_login),
    )
