"""Where the lines of the log end up: a file that makes room in time, or standard error.

Nothing is buffered here, and no lock is held: the end of the program waits for neither.
"""

from __future__ import annotations

from io import RawIOBase
from pathlib import Path
from typing import Any, TextIO


class RotatedFile:
    """A file that is renamed when it is full: x.log, before it x.log.1, the oldest goes."""

    def __init__(self, path: Path, *, bytes_max: int, files_kept: int) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._files_kept = files_kept
        self._file = self._opened()

    def write(self, line: bytes) -> None:
        if self._file.closed:
            self._file = self._opened()
        size = self._file.seek(0, 2)
        if size and size + len(line) > self._bytes_max:
            self._rotate()
        _write_whole(self._file, line)

    def close(self) -> None:
        self._file.close()

    def _opened(self) -> Any:
        return self._path.open("ab", buffering=0)

    def _rotate(self) -> None:
        # Windows renames no file that is open.
        self._file.close()
        for number in range(self._files_kept, 0, -1):
            older = self._numbered(number - 1)
            if older.exists():
                older.replace(self._numbered(number))
        self._file = self._opened()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}") if number else self._path


class StandardError:
    """A stream of text, past its buffer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: Any = getattr(stream.buffer, "raw", stream.buffer)

    def write(self, line: bytes) -> None:
        _write_whole(self._stream, line)

    def close(self) -> None:
        """Leave it open: it is not ours."""


def _write_whole(stream: RawIOBase, line: bytes) -> None:
    left = memoryview(line)
    while left:
        written = stream.write(left)
        if written is None:
            raise BlockingIOError("it would have to be waited for")
        left = left[written:]
