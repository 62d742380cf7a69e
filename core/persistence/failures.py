"""Whether trying a save again can help: storage that is out of reach, or a row it will not take."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from enum import Enum

from sqlalchemy import exc

from core.errors import PersistenceClosed, UnstorableError

REASON_LENGTH_MAX = 200

# SQLite's primary result codes: a constraint or a trigger's RAISE, a value too big, a type that
# does not fit, a parameter out of range.
_PERMANENT_SQLITE_CODES = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
    }
)
# PostgreSQL: a row that is there twice, data, integrity, a view's check option, a limit of the
# program (a text too long for its index), what a trigger raises.
_PERMANENT_SQLSTATE_CLASSES = ("21", "22", "23", "44", "54", "P0")
# What binding a value raises by itself: an integer of more than 64 bits, text that is no UTF-8,
# the number of a building that the rules do not know.
_PERMANENT_ERRORS = (UnstorableError, OverflowError, UnicodeError, LookupError)


class FailureKind(Enum):
    """TRANSIENT trouble passes, a PERMANENT failure comes again for as long as the rows are so."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"


def kind_of(error: BaseException) -> FailureKind:
    """Return what kind of failure an exception of a save is.

    What is not known to be permanent counts as transient: it is tried again, and nothing is set
    aside for it.
    """
    for cause in _causes(error):
        verdict = _verdict(cause)
        if verdict is not None:
            return verdict
    return FailureKind.TRANSIENT


def reason_of(error: BaseException) -> str:
    """Return the innermost words of a failure, in one short line without the statement."""
    words = [str(cause).splitlines()[0] for cause in _causes(error) if str(cause)]
    # An adapter repeats the driver's error with its own class in front.
    innermost = words[-1] if words else type(error).__name__
    return innermost[:REASON_LENGTH_MAX]


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it wraps, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        original = getattr(current, "orig", None)
        current = original if isinstance(original, BaseException) else current.__cause__


def _verdict(error: BaseException) -> FailureKind | None:
    """Return what one exception says by itself; None if what it wraps may know better."""
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        permanent = sqlstate.startswith(_PERMANENT_SQLSTATE_CLASSES)
        return FailureKind.PERMANENT if permanent else FailureKind.TRANSIENT
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        permanent = code & 0xFF in _PERMANENT_SQLITE_CODES
        return FailureKind.PERMANENT if permanent else FailureKind.TRANSIENT
    if isinstance(error, PersistenceClosed | OSError):
        return FailureKind.TRANSIENT
    if isinstance(error, _PERMANENT_ERRORS):
        return FailureKind.PERMANENT
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return FailureKind.PERMANENT
    if isinstance(error, sqlite3.Error):
        unbindable = "binding parameter" in str(error)
        return FailureKind.PERMANENT if unbindable else FailureKind.TRANSIENT
    if isinstance(error, exc.DBAPIError) and error.orig is None:
        permanent = isinstance(error, exc.IntegrityError | exc.DataError)
        return FailureKind.PERMANENT if permanent else FailureKind.TRANSIENT
    return None
