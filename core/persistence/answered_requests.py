"""Changes of accounts that came with a key: each is noted in the transaction that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.commands import RequestKey
from core.database import ReadSession
from core.models.database import AnsweredRequest
from core.persistence.retry import retried

KEPT = timedelta(hours=24)
# An account that has more loses its oldest.
REQUESTS_PER_ACCOUNT_MAX = 100


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A change that is asked for with a key, over a token or, to register, without one."""

    key: RequestKey
    token_id: str | None = None


@retried
async def find_answered(account_id: int, text: str) -> KeyedRequest | None:
    """Return the request of an account that came with a key and was answered with success."""
    async with ReadSession() as session:
        return _still_known(await session.get(AnsweredRequest, (account_id, text)))


async def note_answered(session: AsyncSession, request: KeyedRequest) -> KeyedRequest | None:
    """Note a request in a session that makes its change, unless it was made before: return that."""
    now, key = datetime.now(UTC), request.key
    requests = AnsweredRequest
    await session.execute(delete(requests).where(requests.answered_at <= now - KEPT))
    known = _still_known(await session.get(requests, (key.account_id, key.text)))
    if known is not None:
        return known
    one_too_many = (
        select(requests.answered_at)
        .where(requests.account_id == key.account_id)
        .order_by(requests.answered_at.desc())
        .offset(REQUESTS_PER_ACCOUNT_MAX - 1)
        .limit(1)
    )
    await session.execute(
        delete(requests).where(
            requests.account_id == key.account_id,
            requests.answered_at <= one_too_many.scalar_subquery(),
        )
    )
    session.add(
        requests(
            account_id=key.account_id,
            request_key=key.text,
            fingerprint=key.fingerprint,
            token_id=request.token_id,
            answered_at=now,
        )
    )
    return None


async def forget_answered(session: AsyncSession, account_id: int) -> None:
    """Forget the requests of an account that goes, in the session that deletes it."""
    await session.execute(delete(AnsweredRequest).where(AnsweredRequest.account_id == account_id))


def _still_known(row: AnsweredRequest | None) -> KeyedRequest | None:
    if row is None or row.answered_at <= datetime.now(UTC) - KEPT:
        return None
    key = RequestKey(row.account_id, row.request_key, row.fingerprint)
    return KeyedRequest(key, row.token_id)
