"""Verifying a backup in a process of its own.

To load a large world takes the interpreter's lock for seconds; in the process that ticks, that
would make ticks late. So the program itself is started with `check --file`, at the lowest priority.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from core.backup import on_own_thread
from core.errors import BackupError

TIMEOUT_S = 1800.0
_LOWEST_PRIORITY = 19
_CHECKED = (0, 1)


async def verify(program: Sequence[str], file: Path, data_dir: Path) -> tuple[str, ...]:
    """Return what is wrong with a backup, () if nothing is.

    `program` is how this program is started. Raise BackupError if it could not be looked at.
    """
    command = [*program, "check", "--json", "--file", str(file), "--data-dir", str(data_dir)]
    checking = Checking(command)
    try:
        code, output, errors = await on_own_thread_until_stopped(checking)
    except OSError as error:
        raise BackupError(f"the backup could not be looked at: {error}") from error
    if code not in _CHECKED:
        said = errors.strip().splitlines()
        reason = said[-1] if said else f"exit code {code}"
        raise BackupError(f"the backup could not be looked at: {reason}")
    return tuple(json.loads(output)["findings"])


async def on_own_thread_until_stopped(checking: Checking) -> tuple[int, str, str]:
    """Run a check; when nobody wants it any more its process is ended at once."""
    running = asyncio.ensure_future(on_own_thread(checking.run))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        checking.kill()
        await asyncio.wait((running,))
        running.exception()
        raise


class Checking:
    """A process that checks a file."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._process: subprocess.Popen[str] | None = None
        self._unwanted = False

    def run(self) -> tuple[int, str, str]:
        """Return its exit code, its output and its errors. Blocks."""
        if self._unwanted:
            return -1, "", "stopped"
        self._process = process = subprocess.Popen(  # noqa: S603 - the program itself
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            creationflags=getattr(subprocess, "IDLE_PRIORITY_CLASS", 0),
        )
        with process:
            if self._unwanted:
                process.kill()
            if sys.platform != "win32":
                os.setpriority(os.PRIO_PROCESS, process.pid, _LOWEST_PRIORITY)
            try:
                output, errors = process.communicate(timeout=TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                output, errors = "", f"it took longer than {TIMEOUT_S:.0f} s"
        return process.returncode, output, errors

    def kill(self) -> None:
        self._unwanted = True
        if self._process is not None:
            self._process.kill()
