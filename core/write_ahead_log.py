"""How much of SQLite's write-ahead log is in use, read from the file itself.

The file keeps its size when everything in it has been moved into the database; from then on it is
overwritten from its beginning. Each frame bears the salt that the header had when it was written,
so those that are in use come first, and those of an earlier time behind them.

The index beside it knows how many of them have been moved, but must not be opened: to close it
again would give up the locks that SQLite holds on it for this process.
"""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from typing import BinaryIO

_HEADER_BYTES = 32
_PAGE_SIZE = slice(8, 12)
_SALT = slice(16, 24)
_FRAME_HEADER_BYTES = 24
_SALT_IN_FRAME = 8
_SALT_BYTES = 8


def frames_in_use(log: Path) -> int:
    """Return how many pages were written since the log was last begun anew; 0 if there is none.

    More than a checkpoint has yet to move these cannot be: until the next save begins the log anew,
    those that were moved are still counted. Raise OSError if the file cannot be read.
    """
    try:
        with log.open("rb", buffering=0) as file:
            return _frames_in_use(file)
    except FileNotFoundError:
        return 0


def _frames_in_use(file: BinaryIO) -> int:
    header = file.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES:
        return 0
    frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(header[_PAGE_SIZE], "big")

    def is_over(number: int) -> bool:
        file.seek(_HEADER_BYTES + number * frame_bytes + _SALT_IN_FRAME)
        return file.read(_SALT_BYTES) != header[_SALT]

    written = (file.seek(0, 2) - _HEADER_BYTES) // frame_bytes
    return bisect_left(range(written), True, key=is_over)
