"""A private PostgreSQL server from the system's packages, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGED = Path("/usr/lib/postgresql")
_START_TIMEOUT_S = "60"


def find_binaries() -> Path | None:
    """Return the folder with initdb and pg_ctl, the newest if there are several."""
    versions = sorted(_PACKAGED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def private_server(binaries: Path) -> Iterator[str]:
    """Run a server that listens on a socket in its own folder; yield the URL of a database."""
    user = _unprivileged_user()
    with tempfile.TemporaryDirectory(prefix="starkeep-pg-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [str(binaries / program), *arguments],
                check=True,
                user=user,
                cwd=folder,
                env={**os.environ, "LC_ALL": "C"},
                stdout=subprocess.DEVNULL,
            )

        data = str(folder / "data")
        run("initdb", "-D", data, "-U", "starkeep", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses= -c unix_socket_permissions=0777"
        log = str(folder / "log")
        run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "-t", _START_TIMEOUT_S, "start")
        try:
            yield f"postgresql://starkeep@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _unprivileged_user() -> str | None:
    """Return whom to run as: the server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
