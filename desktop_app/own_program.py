"""How this program is started: from its own bundle, or by the interpreter that runs it."""

from __future__ import annotations

import sys


def own_program() -> tuple[str, ...]:
    """Return the beginning of a command line that starts this program once more."""
    if getattr(sys, "frozen", False):
        return (sys.executable,)
    return (sys.executable, "-m", "desktop_app")
