"""Files that are there whole or not at all, whatever happens to the process or the power."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# They hold password hashes.
OWNER_ONLY = 0o600


def create_for_owner(path: Path) -> None:
    """Make an empty file that nobody but its owner may read, in place of any that is there."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears under its name when it is on the disk."""
    partial = path.with_name(path.name + ".part")
    create_for_owner(partial)
    partial.write_bytes(content)
    put_in_place(partial, path)


def put_in_place(source: Path, target: Path) -> None:
    """Give a complete file its name, in place of any that has it; on the disk when this returns."""
    sync_file(source)
    os.replace(source, target)
    sync_folder(target.parent)


def sync_file(path: Path) -> None:
    """Return when the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on the disk."""
    if sys.platform == "win32":
        return  # it has no such call, and writes names through
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
