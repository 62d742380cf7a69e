"""What anybody may read of a failure of the database."""

from __future__ import annotations

import errno
import sqlite3

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from core.errors import WorldInUseError
from core.failure_words import in_words


def sqlite(text: str) -> OperationalError:
    return OperationalError("UPDATE secrets SET …", None, sqlite3.OperationalError(text))


def postgres(error: type[asyncpg.PostgresError]) -> DBAPIError:
    return DBAPIError("UPDATE secrets SET …", None, error("10.0.0.7 says no"))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite("database is locked"), "locked"),
        (sqlite("database or disk is full"), "full"),
        (sqlite("unable to open database file"), "unreachable"),
        (sqlite("no such table: planets"), "failed"),
        (IntegrityError("INSERT", None, sqlite3.IntegrityError("UNIQUE …")), "refused a row"),
        (postgres(asyncpg.LockNotAvailableError), "locked"),
        (postgres(asyncpg.DiskFullError), "full"),
        (postgres(asyncpg.AdminShutdownError), "unreachable"),
        (postgres(asyncpg.CheckViolationError), "refused a row"),
        (postgres(asyncpg.NumericValueOutOfRangeError), "refused a row"),
        (postgres(asyncpg.SerializationError), "failed"),
        (asyncpg.ConnectionDoesNotExistError("10.0.0.7"), "unreachable"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "10.0.0.7"), "unreachable"),
        (OSError(errno.ENOSPC, "/home/ada"), "full"),
        (WorldInUseError("the world in /home/ada"), "open in another process"),
        (ValueError("a bug"), "failed"),
    ],
)
def test_that_a_failure_has_a_word_without_the_databases_own_text(
    error: Exception, words: str
) -> None:
    assert in_words(error) == words
