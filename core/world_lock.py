"""One process per world: the operating system's lock, gone with the process."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

from core.errors import FolderError, WorldInUseError


class WorldLock:
    """Holds a lock file for as long as the world is open."""

    def __init__(
        self, path: Path, what: str | None = None, way_out: str = "another --data-dir"
    ) -> None:
        self._path = path
        self._refusal = (
            f"{what or f'the world in {path.parent}'} is open in another process;"
            f" stop that one, or use {way_out}"
        )
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock. Raise WorldInUseError if another process has it.

        Raise FolderError if there can be no such file.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+b")
        except OSError as error:
            raise FolderError.of(
                self._path, error, "make room for a file there that you may write to"
            ) from None
        try:
            _lock(file)
        except OSError:
            file.close()
            raise WorldInUseError(self._refusal) from None
        self._file = file
        # Only for whoever looks: the lock holds on a disk that is full, too.
        with contextlib.suppress(OSError):
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def held(self) -> bool:
        return self._file is not None


if sys.platform == "win32":
    import msvcrt

    # The process id lies at the beginning: lock a byte far behind it.
    _LOCKED_BYTE = 1 << 30

    def _lock(file: IO[bytes]) -> None:
        file.seek(_LOCKED_BYTE)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
