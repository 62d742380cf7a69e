"""What commands for a world that is not running share: the world to themselves, and progress."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from core.config import Settings, load_settings
from core.database import async_url, claimed
from core.paths import DataFolder
from core.world_lock import WorldLock
from desktop_app import logs

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

_PROGRESS_INTERVAL_S = 1.0


class Progress:
    """Prints how far a long job is, now and then, once it has taken a second."""

    def __init__(self, first_after_s: float = 0.0) -> None:
        self._next_at = time.monotonic() + first_after_s if first_after_s else 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what and now >= self._next_at:
            self._next_at = now + _PROGRESS_INTERVAL_S
            print(f"{what}: {done} of {total}" if total else what, file=sys.stderr)


@contextlib.contextmanager
def locked(options: argparse.Namespace, folder: DataFolder) -> Iterator[Settings]:
    """Keep the world for this process alone for a while."""
    settings = settings_for(options, folder)
    folder.create()
    lock = WorldLock(folder.lock)
    lock.acquire()
    try:
        logs.log_to_file(folder.logs, options.log_level)
        with claimed(database_url(settings, folder)):
            yield settings
    finally:
        lock.release()


def database_url(settings: Settings, folder: DataFolder) -> URL:
    """Return where the world of a data folder lies."""
    return async_url(settings.database_url or folder.database_url)


def settings_for(options: argparse.Namespace, folder: DataFolder) -> Settings:
    """Return the settings of a data folder, with what the command line gives."""
    overrides = {} if options.database_url is None else {"database_url": options.database_url}
    return load_settings(folder.root, overrides)
