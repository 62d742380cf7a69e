"""What is wrong with the database, in a word or two that may be shown to anybody.

The database's own text names tables, rows and addresses; it is for the log.
"""

from __future__ import annotations

import errno

LOCKED = "locked"
UNREACHABLE = "unreachable"
FULL = "full"
REFUSED = "refused a row"
TAKEN = "open in another process"
FAILED = "failed"

_DISK_FULL = "53100"
_LOCK_NOT_AVAILABLE = "55P03"
# By the class of an SQLSTATE: its first two letters.
_BY_CLASS = {"08": UNREACHABLE, "57": UNREACHABLE, "22": REFUSED, "23": REFUSED}
_BY_TEXT = {
    "database is locked": LOCKED,
    "database table is locked": LOCKED,
    "disk is full": FULL,
    "unable to open database file": UNREACHABLE,
    "connection is closed": UNREACHABLE,
    "connection was closed": UNREACHABLE,
}
_BY_TYPE = {
    "IntegrityError": REFUSED,
    "SaveRefusedError": REFUSED,
    "UnstorableError": REFUSED,
    "DataError": REFUSED,
    "WorldInUseError": TAKEN,
    "ConnectionDoesNotExistError": UNREACHABLE,
}


def in_words(error: BaseException) -> str:
    """Return the kind of a failure of the database."""
    driver = getattr(error, "orig", None) or error
    by_state = _of_sqlstate(getattr(driver, "sqlstate", None))
    if by_state is not None:
        return by_state
    if isinstance(driver, OSError):
        return FULL if driver.errno in (errno.ENOSPC, errno.EDQUOT) else UNREACHABLE
    for text, words in _BY_TEXT.items():
        if text in str(driver):
            return words
    return _BY_TYPE.get(type(error).__name__, FAILED)


def _of_sqlstate(state: object) -> str | None:
    if not isinstance(state, str):
        return None
    if state == _DISK_FULL:
        return FULL
    if state == _LOCK_NOT_AVAILABLE:
        return LOCKED
    return _BY_CLASS.get(state[:2])
