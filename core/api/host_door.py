"""What the network thread may ask of the host: it touches no file itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core.backup_shelf import Manifest
from core.restore import RestoreReport


@dataclass(frozen=True, slots=True)
class HostDoor:
    """Functions that any event loop may await; the work is done on the main thread's.

    They raise BackupError, DatabaseError, or StorageError when the host is not there any more.
    `make_backup` returns when the backup is complete; it is verified afterwards. `begin_restore`
    returns when the backup is verified; the world is stopped afterwards.
    """

    list_backups: Callable[[], Awaitable[tuple[Manifest, ...]]]
    make_backup: Callable[[], Awaitable[Manifest]]
    plan_restore: Callable[[str], Awaitable[RestoreReport]]
    begin_restore: Callable[[str], Awaitable[RestoreReport]]
