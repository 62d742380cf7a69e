"""Runs the program and kills it in the midst of its work on files, as a power cut would.

`run` does what the command line does with WHEN SCRIPTS ARGUMENTS...

WHEN is a number (the file operation before which it is killed, 0 for never) or a time in seconds
after the first one with an s. SCRIPTS is a folder of migrations in place of the program's own, or a
dash.
Without a kill it says on standard error how many operations there were.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Everything that is done later is imported now: files of the program are not meant.
import core.migrate
import desktop_app.administration  # noqa: F401
from desktop_app.__main__ import main

_OPERATIONS = {"open", "os.rename", "os.remove", "os.mkdir", "sqlite3.connect", "shutil.copyfile"}
_NOT_MEANT = ("/logs", "world.lock")


class _Cut:
    """Counts file operations and ends the process at one of them."""

    def __init__(self, when: str, folder: str) -> None:
        self.count = 0
        self._delay_s = float(when.removesuffix("s")) if when.endswith("s") else None
        self._number = 0 if when.endswith("s") else int(when)
        self._folder = folder

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _OPERATIONS or not self._is_meant(arguments):
            return
        self.count += 1
        if self._delay_s is not None and self.count == 1:
            threading.Thread(target=self._end_later, daemon=True).start()
        if self.count == self._number:
            _end()

    def _is_meant(self, arguments: tuple[Any, ...]) -> bool:
        named = " ".join(str(argument) for argument in arguments)
        return self._folder in named and not any(part in named for part in _NOT_MEANT)

    def _end_later(self) -> None:
        assert self._delay_s is not None
        time.sleep(self._delay_s)
        _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(words: Sequence[str]) -> int:
    when, scripts, *arguments = words
    if scripts != "-":
        setattr(core.migrate, "migrations_path", lambda: Path(scripts))  # noqa: B010 - not exported
    cut = _Cut(when, arguments[arguments.index("--data-dir") + 1])
    sys.addaudithook(cut)
    code = main(arguments)
    print(f"operations: {cut.count}", file=sys.stderr)
    return code
