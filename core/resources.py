"""Where the files are that come with the program."""

from __future__ import annotations

import sys
from pathlib import Path

# PyInstaller unpacks data files below sys._MEIPASS; a checkout and an installed copy have them
# beside the package.
_ROOT = Path(getattr(sys, "_MEIPASS", Path(__file__).resolve().parent.parent))


def resource_path(name: str) -> Path:
    """Return the path of a file below resources/, e.g. "rules.toml" or "web/index.html"."""
    return _ROOT / "resources" / name


def migrations_path() -> Path:
    """Return the folder with Alembic's environment and revisions."""
    return _ROOT / "migrations"
