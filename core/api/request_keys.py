"""The header Idempotency-Key: a change that is asked for again with it is not made twice.

A key belongs to an account. What tells its request from another one is the fingerprint: method,
address and body, byte for byte; bodies with passwords are left to core.api.account_requests.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Depends, Header, Request

from core.api.context import InLogin, OwnPlayer, host_or_admin
from core.api.problems import Problem
from core.commands import RequestKey

KEY_CHARACTERS_MAX = 128

KeyInHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=rf"^[!-~]{{1,{KEY_CHARACTERS_MAX}}}$",
        description="of your own choice: the same request with the same key gets the first answer"
        " again, for 24 hours, and nothing is done twice",
        examples=["6f1c2a0e-4f0b-4a57-9d0c-0d7d3c1f9b52"],
    ),
]


async def players_key(
    request: Request, player_id: OwnPlayer, text: KeyInHeader = None
) -> RequestKey | None:
    """Return the key of a player's request; None if he sent none."""
    return await _key(request, player_id, text)


async def logins_key(
    request: Request, login: InLogin, text: KeyInHeader = None
) -> RequestKey | None:
    """Return the key of a request whose address names no player; None if it has none."""
    return await _key(request, login.account.id, text)


async def hosts_key(
    request: Request, account_id: Annotated[int, Depends(host_or_admin)], text: KeyInHeader = None
) -> RequestKey | None:
    """Return the key of a request of the host or of an administrator; None if he sent none."""
    return await _key(request, account_id, text)


async def without_key(request: Request) -> None:
    """Refuse a key where it would be a false promise: what is made here is no row of a save."""
    if "idempotency-key" in request.headers:
        raise Problem(
            400,
            "idempotency_key_unsupported",
            "This can be repeated only by doing it again; send it without Idempotency-Key.",
        )


PlayersKey = Annotated[RequestKey | None, Depends(players_key)]
LoginsKey = Annotated[RequestKey | None, Depends(logins_key)]
HostsKey = Annotated[RequestKey | None, Depends(hosts_key)]


async def _key(request: Request, account_id: int, text: str | None) -> RequestKey | None:
    if text is None:
        return None
    return RequestKey(account_id, text, fingerprint_of(request, await request.body()))


def fingerprint_of(request: Request, *parts: bytes) -> int:
    """Return a number that differs for another method, address or part of the body."""
    scope = request.scope
    address = (scope["method"].encode(), scope["path"].encode(), scope["query_string"])
    digest = hashlib.sha256()
    for part in (*address, *parts):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    # Positive in every database's signed 64 bits.
    return int.from_bytes(digest.digest()[:8], "big") >> 1
