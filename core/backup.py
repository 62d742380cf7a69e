"""Copies of a world's database."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


async def copy_sqlite(source: Path, target: Path) -> None:
    """Copy an SQLite database while it may be in use; a file with a write-ahead log cannot just
    be copied. The copy appears under its name when it is complete.
    """
    # A thread of its own: Qt's default executor would start ten.
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="backup") as executor:
        await asyncio.get_running_loop().run_in_executor(executor, _copy, source, target)


def _copy(source: Path, target: Path) -> None:
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    with (
        contextlib.closing(sqlite3.connect(source)) as original,
        contextlib.closing(sqlite3.connect(partial)) as copy,
    ):
        original.backup(copy)
    partial.replace(target)
