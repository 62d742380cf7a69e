"""Operations that are repeated, and those that are not."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from core.persistence import retry
from core.persistence.retry import retried


class Operation:
    """Fails with each of some errors in turn, and then is done."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "done"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "DELAYS_S", (0.0,) * 3)


def failed(error: asyncpg.PostgresError, *, cut: bool = False) -> DBAPIError:
    return DBAPIError("UPDATE users", None, error, connection_invalidated=cut)


async def carry_out(operation: Operation) -> str:
    @retried
    async def repeated() -> str:
        return await operation()

    return await repeated()


@pytest.mark.parametrize(
    "error",
    [
        failed(asyncpg.SerializationError("again")),
        failed(asyncpg.DeadlockDetectedError("again")),
        failed(asyncpg.AdminShutdownError("bye"), cut=True),
    ],
)
async def test_that_what_may_succeed_is_repeated(error: DBAPIError) -> None:
    operation = Operation(error, error)
    assert await carry_out(operation) == "done"
    assert operation.calls == 3


@pytest.mark.parametrize(
    "error", [failed(asyncpg.CheckViolationError("no")), ConnectionRefusedError("nobody there")]
)
async def test_that_what_fails_again_is_not_repeated(error: Exception) -> None:
    operation = Operation(error)
    with pytest.raises(type(error)):
        await carry_out(operation)
    assert operation.calls == 1


async def test_that_repeating_has_an_end() -> None:
    operation = Operation(*[failed(asyncpg.SerializationError("again"))] * 100)
    with pytest.raises(DBAPIError):
        await carry_out(operation)
    assert operation.calls == 1 + 3
