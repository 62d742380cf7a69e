"""A private PostgreSQL server from the system's packages, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_PACKAGED = Path("/usr/lib/postgresql")
_START_TIMEOUT_S = "60"
# What is asked of the administrator's own database.
_MAINTENANCE = "postgres"
_SETTINGS = ("-c listen_addresses=", "-c unix_socket_permissions=0777")
# Tests end programs, never this computer.
_CARELESS_SETTINGS = ("-c fsync=off", "-c full_page_writes=off")


def find_binaries() -> Path | None:
    """Return the folder with initdb and pg_ctl, the newest if there are several."""
    versions = sorted(_PACKAGED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@dataclass(frozen=True, slots=True)
class PrivateServer:
    """A server that listens on a socket in its own folder, for this user alone."""

    binaries: Path
    folder: Path
    user: str | None
    durable: bool = False

    def url_of(self, database: str) -> str:
        return f"postgresql://starkeep@/{database}?host={self.folder}"

    def execute(self, sql: str, database: str = _MAINTENANCE) -> list[str]:
        """Run statements, each on its own, and return the rows of their answers as lines."""
        # As whoever runs the tests: to become somebody else takes a real fork, after which every
        # page that a test writes to has to be copied.
        return self._run(None, "psql", *self.psql_options(database), "-c", sql).splitlines()

    def psql_options(self, database: str) -> list[str]:
        where = ["-h", str(self.folder), "-U", "starkeep", "-d", database]
        return [*where, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]

    def initialise(self) -> None:
        options = ("-U", "starkeep", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._run(self.user, "initdb", "-D", str(self._data), *options)

    def start(self) -> None:
        careless = () if self.durable else _CARELESS_SETTINGS
        options = " ".join((f"-k {self.folder}", *_SETTINGS, *careless))
        self._pg_ctl("-o", options, "-l", str(self.folder / "log"), "-t", _START_TIMEOUT_S, "start")

    def stop(self) -> None:
        """End it at once, cutting every connection."""
        self._pg_ctl("-m", "immediate", "stop")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of the server in its tracks for a while."""
        postmaster = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        # First the one that would start others.
        os.kill(postmaster, signal.SIGSTOP)
        family = [postmaster, *_children_of(postmaster)]
        for process in family[1:]:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in reversed(family):
                os.kill(process, signal.SIGCONT)

    def cut_connections(self, database: str) -> int:
        """End every session of a database, whatever it is doing; return how many there were."""
        sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        return len(self.execute(f"{sql} '{database}'"))

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _pg_ctl(self, *arguments: str) -> None:
        # What it starts must not inherit a pipe that is read to its end here.
        self._run(
            self.user, "pg_ctl", "-D", str(self._data), "-w", *arguments, output=subprocess.DEVNULL
        )

    def _run(
        self, user: str | None, program: str, *arguments: str, output: int = subprocess.PIPE
    ) -> str:
        ended = subprocess.run(
            [str(self.binaries / program), *arguments],
            user=user,
            cwd=self.folder,
            env={**os.environ, "LC_ALL": "C"},
            stdout=output,
            stderr=output,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{program}: {ended.stderr}"
        return ended.stdout or ""


@contextmanager
def private_server(binaries: Path, *, durable: bool = False) -> Iterator[PrivateServer]:
    """Run a server until the end of the block; a `durable` one waits for the disk."""
    user = _unprivileged_user()
    with tempfile.TemporaryDirectory(prefix="starkeep-pg-") as name:
        if user is not None:
            shutil.chown(name, user)
        server = PrivateServer(binaries, Path(name), user, durable)
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _children_of(process: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(process)],  # noqa: S607 - the system's own
        capture_output=True,
        text=True,
        check=False,
    )
    return [int(line) for line in listed.stdout.split()]


def _unprivileged_user() -> str | None:
    """Return whom to run as: the server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
