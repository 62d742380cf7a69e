"""Tokens: who is asking, and whether his login still counts.

A token names an account by its id, its password by the epoch, and the instant at which the account
was made: where another world lies in the same folder, or was put there by hand, its accounts have
the same ids. A restore makes all tokens of before worthless (core/restore.py), or one that was
logged out after the backup would work again.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt

from core import sync
from core.api.problems import Problem
from core.errors import PersistenceClosed, StorageError
from core.sync import Account, KeyedRequest, Revocation

log = logging.getLogger(__name__)

_ALGORITHM = "HS256"
_ACCOUNTS_MAX = 10_000
_TOKEN_CHARACTERS_MAX = 2_000
_SEEN_FOR_S = 120.0
_REVOKED_BEFORE_PRUNING = 1_000


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose token it is, if it is one of ours and not too old; it may be worthless all the same."""

    account_id: int
    token_id: str


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a token says that this program has signed."""

    account_id: int
    token_id: str
    epoch: int
    account_made: str
    expires_at: datetime

    def are_of(self, account: Account) -> bool:
        return self.epoch == account.token_epoch and self.account_made == _made(account)


@dataclass(frozen=True, slots=True)
class Login:
    """A token that was checked: whose it is and how it is called."""

    account: Account
    token_id: str
    expires_at: datetime


class Tokens:
    """Issues and checks tokens. Belongs to the network thread.

    Accounts are asked for once: nobody else changes them while the world runs, and whoever does
    through this program calls `learn` or `forget`.
    """

    def __init__(
        self,
        secret: str,
        expire_minutes: int,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secret = secret
        self._expire_s = expire_minutes * 60
        self._monotonic = monotonic
        self._accounts: OrderedDict[int, Account] = OrderedDict()
        self._forgotten_count = 0
        self._refreshing: set[asyncio.Task[None]] = set()
        self._revoked: dict[str, float] = {}
        self._prune_at = _REVOKED_BEFORE_PRUNING
        self._seen: OrderedDict[int, float] = OrderedDict()
        # Ids are never given out again.
        self._shut_out: set[int] = set()
        self.on_seen: Callable[[int], None] = lambda account_id: None

    async def load(self) -> None:
        """Learn which tokens were logged out before."""
        for revocation in await sync.load_revocations():
            self._revoked[revocation.token_id] = revocation.expires_at.timestamp()

    def issue(self, account: Account) -> str:
        claims = {
            "sub": str(account.id),
            "jti": secrets.token_hex(16),
            "epoch": account.token_epoch,
            "made": _made(account),
            "exp": int(time.time()) + self._expire_s,
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    async def check(self, token: str) -> Login:
        """Return whose token this is. Raise Problem 401 if it is worth nothing."""
        claims = self._read(token)
        account = await self._account(claims.account_id)
        if claims.account_id in self._shut_out or claims.token_id in self._revoked:
            raise not_logged_in()
        if account is None or not claims.are_of(account):
            raise not_logged_in()
        if not account.is_active:
            raise Problem(403, "banned", "This account was closed by the host.")
        self.see(account.id)
        return Login(account, claims.token_id, claims.expires_at)

    def holder_of(self, token: str) -> Holder:
        """Return to whom a token was given, whatever has become of it. Raise Problem 401."""
        claims = self._read(token)
        return Holder(claims.account_id, claims.token_id)

    def still_counts(self, login: Login) -> bool:
        """Return whether a token that was checked before is worth something yet."""
        account = self._accounts.get(login.account.id, login.account)
        return (
            login.token_id not in self._revoked
            and login.expires_at.timestamp() > time.time()
            and account.token_epoch == login.account.token_epoch
            and account.is_active
        )

    async def revoke(
        self, login: Login, request: KeyedRequest | None = None
    ) -> KeyedRequest | None:
        """Make a token worthless, also after a restart. Raise StorageError if it may come back.

        If a request with this key was answered before, return that.
        """
        self._note_revoked(login)
        try:
            before = await sync.revoke_token(Revocation(login.token_id, login.expires_at), request)
        except StorageError as error:
            if not is_under_way(error):
                # Then it must go on working, or logging out could not be tried again.
                self._revoked.pop(login.token_id, None)
            raise
        if before is not None and before.token_id != login.token_id:
            # That one was logged out, this one goes on.
            self._revoked.pop(login.token_id, None)
        return before

    def _note_revoked(self, login: Login) -> None:
        self._revoked[login.token_id] = login.expires_at.timestamp()
        if len(self._revoked) >= self._prune_at:
            now = time.time()
            self._revoked = {known: until for known, until in self._revoked.items() if until > now}
            self._prune_at = max(_REVOKED_BEFORE_PRUNING, 2 * len(self._revoked))

    async def change_password(
        self, account_id: int, password_hash: str, request: KeyedRequest | None = None
    ) -> Account | KeyedRequest | None:
        """Set a password; every token of before is worthless from then on.

        If a request with this key was answered before, do nothing and return that. Raise
        StorageError; if the change is under way then, what becomes of it counts.
        """
        loop = asyncio.get_running_loop()

        def on_end() -> None:
            with suppress(RuntimeError):  # the network thread has ended meanwhile
                loop.call_soon_threadsafe(self._refresh, account_id)

        changed = await sync.change_password(account_id, password_hash, on_end, request)
        if isinstance(changed, Account):
            self.learn(changed)
        return changed

    def _refresh(self, account_id: int) -> None:
        """Look an account up again soon, so that connections that are open follow it, too."""
        self.forget(account_id)
        task = asyncio.get_running_loop().create_task(self._look_up(account_id))
        self._refreshing.add(task)
        task.add_done_callback(self._refreshing.discard)

    async def _look_up(self, account_id: int) -> None:
        try:
            await self._account(account_id)
        except (StorageError, PersistenceClosed) as error:
            log.info("account %d is looked up when it is next asked for: %s", account_id, error)

    def correct(self, account: Account) -> None:
        """Take over an account as a login has read it, if what is known is older."""
        known = self._accounts.get(account.id)
        if known is not None and known.token_epoch < account.token_epoch:
            self.learn(account)

    def learn(self, account: Account) -> None:
        """Take over an account as it was read just now, unless a later one is known.

        What was read before a change may come after it.
        """
        known = self._accounts.get(account.id)
        if known is not None and known.token_epoch > account.token_epoch:
            return
        self._accounts[account.id] = account
        self._accounts.move_to_end(account.id)
        if len(self._accounts) > _ACCOUNTS_MAX:
            self._accounts.popitem(last=False)

    def forget(self, account_id: int) -> None:
        """Look an account up again: it was changed."""
        self._accounts.pop(account_id, None)
        self._forgotten_count += 1

    def shut_out(self, account_id: int) -> None:
        """Have no token of an account be worth anything any more: it is being deleted."""
        self._shut_out.add(account_id)
        self.forget(account_id)

    def online_count(self) -> int:
        """Return how many players have been heard of lately."""
        cutoff = self._monotonic() - _SEEN_FOR_S
        while self._seen and next(iter(self._seen.values())) < cutoff:
            self._seen.popitem(last=False)
        return len(self._seen)

    def see(self, account_id: int) -> None:
        """Note that somebody is here."""
        self.on_seen(account_id)
        self._seen[account_id] = self._monotonic()
        self._seen.move_to_end(account_id)

    def _read(self, token: str) -> _Claims:
        """Return what a token says. Raise Problem 401 if this program has not signed it."""
        if len(token) > _TOKEN_CHARACTERS_MAX:
            raise not_logged_in()
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                options={"require": ["sub", "jti", "epoch", "made", "exp"]},
            )
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
            account_id = int(claims["sub"])
            return _Claims(account_id, claims["jti"], claims["epoch"], claims["made"], expires_at)
        # A header of a thousand brackets is too deep for the reader of JSON.
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise not_logged_in() from None

    async def _account(self, account_id: int) -> Account | None:
        if account_id not in self._accounts:
            forgotten_count = self._forgotten_count
            found = await sync.find_account(account_id)
            # It may have been changed while this was being read.
            if found is not None and forgotten_count == self._forgotten_count:
                self.learn(found)
            return self._accounts.get(account_id, found)
        return self._accounts[account_id]


def _made(account: Account) -> str:
    return account.created_at.isoformat()


def is_under_way(error: StorageError) -> bool:
    """Return whether a change that failed was given up on, and may still be made."""
    return isinstance(error.__cause__, TimeoutError)


def not_logged_in() -> Problem:
    return Problem(401, "not_logged_in", "Log in first.")
