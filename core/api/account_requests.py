"""Changes of accounts that are asked for with a key, over a token that they may make worthless.

Logging out and a new password end the very token that the request came with, so a repeated request
comes with a token that counts no more. It gets the first answer if that was given to this token,
and nothing else.

Passwords are in no fingerprint. Whether a repeated request has the same ones is asked of the salted
hash that the account has anyway (core.api.routers.auth).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from core import sync
from core.api.context import Bearer, Context, InContext, logged_in
from core.api.problems import Problem, rejection
from core.api.request_keys import KeyInHeader, fingerprint_of
from core.api.tokens import Holder, Login, not_logged_in
from core.commands import RequestKey
from core.remembered_answers import REUSED
from core.sync import KeyedRequest


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a change of his account; without a `login` he may only hear what he was told."""

    holder: Holder
    login: Login | None
    key_text: str | None


async def claim(
    request: Request, context: InContext, bearer: Bearer, key_text: KeyInHeader = None
) -> Claim:
    """Return who asks. Raise Problem 401 for a worthless token, unless a key comes with it."""
    try:
        login = await logged_in(request, context, bearer)
    except Problem as problem:
        if problem.status != 401 or bearer is None or key_text is None:
            raise
        return Claim(context.tokens.holder_of(bearer.credentials), None, key_text)
    return Claim(Holder(login.account.id, login.token_id), login, key_text)


InClaim = Annotated[Claim, Depends(claim)]


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """A change whose turn has come. Without a `login` it was made before; so if `is_repeated`."""

    account_id: int
    login: Login | None
    keyed: KeyedRequest | None
    is_repeated: bool = False

    def check(self, before: KeyedRequest | None) -> None:
        """Raise Problem 422 if a request with this key was made before, and was another one."""
        if before and self.keyed and before.key.fingerprint != self.keyed.key.fingerprint:
            raise key_reused()


@asynccontextmanager
async def in_turn(
    claim: Claim, request: Request, context: Context, *, per_token: bool
) -> AsyncIterator[AccountRequest]:
    """Let a change begin when every other one with its key is over. Raise Problem 401 or 422.

    With `per_token` the same request over another token is another request.
    """
    account_id, token_id = claim.holder.account_id, claim.holder.token_id
    if claim.key_text is None:
        yield AccountRequest(account_id, claim.login, None)
        return
    async with context.turns.of((account_id, claim.key_text)):
        before = await sync.find_answered(account_id, claim.key_text)
        # The one before may have ended the token.
        login = claim.login if claim.login and context.tokens.still_counts(claim.login) else None
        if login is None and (before is None or before.token_id != token_id):
            raise not_logged_in()
        parts = (token_id.encode(),) if per_token else ()
        key = RequestKey(account_id, claim.key_text, fingerprint_of(request, *parts))
        keyed = KeyedRequest(key, token_id)
        asked = AccountRequest(account_id, login, keyed, is_repeated=before is not None)
        asked.check(before)
        yield asked


def key_reused() -> Problem:
    return rejection(REUSED)
