"""Accounts: registering, logging in and out, changing the password."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Depends, Request

from core import sync
from core.api.account_changes import check_password, check_username, committed, username_taken
from core.api.account_requests import AccountRequest, InClaim, in_turn, key_reused
from core.api.answers import (
    AccessToken,
    AccountAnswer,
    Message,
    OwnAccount,
    account_answer,
    own_account,
)
from core.api.context import (
    Context,
    InContext,
    InLogin,
    limited_by_address,
    neighbourhood_of,
)
from core.api.documentation import may_answer, new_router
from core.api.door import COMMIT_PENDING
from core.api.problems import CutOff, Problem
from core.api.request_keys import KeyInHeader, fingerprint_of
from core.api.schemas import USERNAME, LoginBody, PasswordChange, Registration
from core.api.tokens import Login
from core.commands import FoundHome, RequestKey
from core.errors import PersistenceClosed, StorageError
from core.queries import FindHome, ListFreePlaces, ReadSettings
from core.sync import Account, KeyedRequest, NameTaken, NewAccount

log = logging.getLogger(__name__)

router = new_router(prefix="/auth", tags=["accounts"])

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_EMAIL_CHARACTERS_MAX = 254
# The account of a registration is made with it.
_NOBODY_YET = 0
# Nobody waits longer to get in because it cannot be noted when he did.
_NOTE_LOGIN_S = 1.0


@router.post(
    "/register",
    summary="Register",
    dependencies=[Depends(limited_by_address)],
    responses=may_answer(400, 409, 413, 429, 503, 504),
)
async def register(
    body: Registration, request: Request, context: InContext, key_text: KeyInHeader = None
) -> AccountAnswer:
    """Make an account and found its home.

    The account's id is the player's id in all paths. An Idempotency-Key counts together with the
    user name, and the password must be right to get the first answer again.
    """
    _check_registration(body)
    if key_text is None:
        return account_answer(await _registered(body, None, request, context))
    parts = (body.username.encode(), body.email.encode())
    key = RequestKey(_NOBODY_YET, key_text, fingerprint_of(request, *parts))
    async with context.turns.of((body.username.casefold(), key_text)):
        account = await _registered_before(body, key, request, context)
        if account is None:
            account = await _registered(body, key, request, context)
        elif not (await context.door.ask(ReadSettings()))["require_start_choice"]:
            await _found_first_home(account, context)
        return account_answer(account)


@router.post(
    "/login",
    summary="Log in",
    dependencies=[Depends(limited_by_address)],
    responses=may_answer(400, 401, 403, 413, 429, 503),
)
async def login(body: LoginBody, request: Request, context: InContext) -> AccessToken:
    """Exchange a name and a password for a token, to be sent as Bearer."""
    account = await _check_password_of(body.username, body.password, request, context)
    # Until it is known whether there is a place for him, an account may still be taken back.
    if account is None or account.username.casefold() in context.registering:
        raise Problem(401, "wrong_credentials", "The name or the password is wrong.")
    if not account.is_active:
        raise Problem(403, "banned", "This account was closed by the host.")
    context.tokens.correct(account)
    await _mend_home(account, context)
    await _note_login(account)
    return AccessToken(access_token=context.tokens.issue(account))


@router.get("/me", summary="Your account", responses=may_answer(401, 429, 503))
async def me(login: InLogin, context: InContext) -> OwnAccount:
    """Return the account that is logged in."""
    account = await sync.find_account(login.account.id) or login.account
    home = await context.door.ask(FindHome(account.id))
    return own_account(account, needs_start_choice=home is None)


@router.post("/logout", summary="Log out", responses=may_answer(401, 403, 429, 503, 504))
async def logout(claim: InClaim, request: Request, context: InContext) -> Message:
    """Make the token worthless, also after a restart."""
    async with in_turn(claim, request, context, per_token=True) as asked:
        if asked.login is not None and not asked.is_repeated:
            before = await committed(context.tokens.revoke(asked.login, asked.keyed))
            asked.check(before)
    return Message(message="Logged out.")


@router.post(
    "/password",
    summary="Change the password",
    responses=may_answer(400, 401, 403, 413, 429, 503, 504),
)
async def change_password(
    body: PasswordChange, claim: InClaim, request: Request, context: InContext
) -> Message:
    """Set a new password; every token of the account is worthless afterwards.

    With an Idempotency-Key the request may be repeated over the same token, as long as the new
    password is the account's.
    """
    check_password(body.new)
    async with in_turn(claim, request, context, per_token=False) as asked:
        if asked.login is None or asked.is_repeated:
            await _check_that_it_is_the_password(asked.account_id, body.new, request, context)
        else:
            await _change_password(asked.login, asked, body, request, context)
    return Message(message="The password was changed; log in again.")


async def _change_password(
    login: Login,
    asked: AccountRequest,
    body: PasswordChange,
    request: Request,
    context: Context,
) -> None:
    account = await _check_password_of(login.account.username, body.old, request, context)
    if account is None:
        raise Problem(403, "wrong_password", "The old password is wrong.")
    new_hash = await context.passwords.hash(body.new, neighbourhood_of(request))
    changed = await committed(context.tokens.change_password(account.id, new_hash, asked.keyed))
    if isinstance(changed, KeyedRequest):
        asked.check(changed)
        await _check_that_it_is_the_password(account.id, body.new, request, context)


async def _check_that_it_is_the_password(
    account_id: int, password: str, request: Request, context: Context
) -> None:
    """Raise Problem 422 if a repeated change names another password than the account has."""
    account = await sync.find_account(account_id)
    if account is None or not await _check_password_of(
        account.username, password, request, context
    ):
        raise key_reused()


async def _registered(
    body: Registration, key: RequestKey | None, request: Request, context: Context
) -> Account:
    """Return the new account, with its home unless that is to be chosen. Raise Problem."""
    needs_choice = await _check_that_there_is_room(body.username, context)
    with _registering(body.username, context):
        asker = neighbourhood_of(request)
        context.registration_rate.take(asker)
        try:
            password_hash = await context.passwords.hash(body.password, asker)
        except BaseException:
            # Too busy: he is to come again.
            context.registration_rate.give_back(asker)
            raise
        new = NewAccount(body.username, body.email, password_hash)
        keyed = None if key is None else KeyedRequest(key)
        account = await committed(sync.register_account(new, keyed))
        if isinstance(account, NameTaken):
            # By a request with the same key, perhaps, whose commit took too long to be answered.
            before = key and await _registered_before(body, key, request, context)
            if not before:
                raise username_taken(account.username)
            account = before
        if not needs_choice:
            await _found_first_home(account, context)
        return account


async def _registered_before(
    body: Registration, key: RequestKey, request: Request, context: Context
) -> Account | None:
    """Return the account that the same request with the same key has made; None if none has."""
    credentials = await sync.find_credentials(body.username)
    if credentials is None:
        return None
    before = await sync.find_answered(credentials.account.id, key.text)
    if before is None or before.key.fingerprint != key.fingerprint:
        return None
    return await _check_password_of(body.username, body.password, request, context)


async def _check_that_there_is_room(username: str, context: Context) -> bool:
    """Return whether new players choose their start. Raise Problem if nobody can come in.

    All this before the password is hashed, which is what costs.
    """
    settings = await context.door.ask(ReadSettings())
    if not settings["registration_open"]:
        raise Problem(409, "registration_closed", "This world takes no new players.")
    if not await context.door.ask(ListFreePlaces(None, None, limit=1, offset=0)):
        raise Problem(409, "universe_full", "There is no free place left in this universe.")
    if await sync.find_credentials(username) is not None:
        raise username_taken(username)
    if context.door.storage_is_stalled:
        raise Problem(503, "storage_unavailable", "Accounts cannot be saved.", retry_after_s=5)
    return bool(settings["require_start_choice"])


@contextmanager
def _registering(username: str, context: Context) -> Iterator[None]:
    """Keep a name for one registration until that is answered. Raise Problem if it is kept."""
    key = username.casefold()
    if key in context.registering:
        raise username_taken(username)
    context.registering.add(key)
    try:
        yield
    finally:
        context.registering.remove(key)


async def _found_first_home(account: Account, context: Context) -> None:
    try:
        await context.door.order(FoundHome(account.id, account.username))
    except Problem as problem:
        if problem.status == 409:
            await _take_back(account)
        if problem.status != 503:
            raise
        # The account is there: the answer must not say that nothing was done.
        raise _home_pending(problem.retry_after_s) from problem
    except asyncio.CancelledError:
        raise CutOff(_home_pending(COMMIT_PENDING.retry_after_s)) from None


async def _take_back(account: Account) -> None:
    """Delete the account of somebody for whom there was no place after all."""
    try:
        await sync.delete_homeless_account(account.id)
    except (StorageError, PersistenceClosed) as error:
        # He is in without a home then, and can choose one when there is a place.
        log.warning("account %d could not be taken back: %s", account.id, error)


async def _mend_home(account: Account, context: Context) -> None:
    """Found the home of a player whose registration was cut off half way.

    If that cannot be, he gets in without one, and is told why when he looks at his planet.
    """
    try:
        if await context.door.ask(FindHome(account.id)) is not None:
            return
        settings = await context.door.ask(ReadSettings())
        if not settings["require_start_choice"]:
            await context.door.order(FoundHome(account.id, account.username))
    except Problem as problem:
        log.info("the home of account %d could not be founded: %s", account.id, problem.detail)


async def _note_login(account: Account) -> None:
    try:
        await asyncio.wait_for(sync.record_login(account.id), _NOTE_LOGIN_S)
    except (StorageError, TimeoutError) as error:
        log.info("the time of a login could not be noted: %s", error)


async def _check_password_of(
    username: str, password: str, request: Request, context: Context
) -> Account | None:
    """Return the account if the password is right. Raise Problem 429 after too many wrong ones.

    An unknown name takes as long as a wrong password.
    """
    asker = neighbourhood_of(request)
    attempt = (asker, username.casefold())
    # Counted before it is looked at: what is sent all at once must not slip through.
    context.failure_rate.take(attempt)
    try:
        # What cannot be a name is not asked for: some databases refuse even the question.
        known = USERNAME.fullmatch(username)
        credentials = await sync.find_credentials(username) if known else None
        password_hash = None if credentials is None else credentials.password_hash
        right = await context.passwords.matches(password, password_hash, asker)
    except BaseException:
        # Too busy, or no database: nobody was told whether it is right.
        context.failure_rate.give_back(attempt)
        raise
    if credentials is None or not right:
        return None
    context.failure_rate.give_back(attempt)
    return credentials.account


def _home_pending(retry_after_s: float | None) -> Problem:
    return Problem(
        504,
        COMMIT_PENDING.code,
        "The account is made; its home will be founded when you log in.",
        retry_after_s=retry_after_s,
    )


def _check_registration(body: Registration) -> None:
    check_username(body.username)
    email = body.email
    if len(email) > _EMAIL_CHARACTERS_MAX or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise Problem(400, "bad_email", "An e-mail address has an @ and a dot.")
    check_password(body.password)
