"""The program as a process of its own, and a player at its door."""

from __future__ import annotations

import os
import select
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import httpx

from tests.databases import chosen_url

START_TIMEOUT_S = 60.0
_ANNOUNCEMENT = "listening on "
# Nothing is encrypted here, but every client would read all the world's certificates anew.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Process(Protocol):
    """What a test does with a running program, however it was started."""

    @property
    def stdout(self) -> IO[str] | None: ...
    @property
    def pid(self) -> int: ...
    def send_signal(self, signal: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int: ...


@dataclass(slots=True)
class Program:
    """A running program."""

    process: Process
    url: str

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(START_TIMEOUT_S)


def command(*arguments: str) -> list[str]:
    return [*_start, *arguments]


# How the program is started: from this checkout, if nothing else is said.
_start = [sys.executable, "-m", "desktop_app"]


def start_packaged(executable: Path) -> None:
    """Start the program from a folder that `dev.py build` made from now on."""
    _start[:] = [str(executable.resolve(strict=True))]


def is_packaged() -> bool:
    return _start[1:] == []


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        env=environment(env, data_dir_in(arguments)),
        check=False,
    )


@contextmanager
def hosting(data_dir: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Program]:
    """Host a world headless until the end of the block."""
    log = (data_dir.parent / "stderr.txt").open("a+")
    process = subprocess.Popen(
        command("--headless", "--data-dir", str(data_dir), "--port", "0", *options),
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        env=environment(env, data_dir),
    )
    try:
        yield Program(process, wait_for_url(process))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        log.close()


def environment(extra: dict[str, str] | None, data_dir: Path | None = None) -> dict[str, str]:
    """Return what the program is to be started with: no display, a database, what is given."""
    url = None if data_dir is None else chosen_url(data_dir)
    where = {} if url is None else {"DATABASE_URL": url}
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", **where, **(extra or {})}


def data_dir_in(arguments: Sequence[str]) -> Path | None:
    if "--data-dir" not in arguments:
        return None
    return Path(arguments[arguments.index("--data-dir") + 1])


def wait_for_url(process: Process) -> str:
    """Return where a program that has just been started serves players."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
    line = process.stdout.readline() if readable else ""
    assert line.startswith(_ANNOUNCEMENT), f"the program said {line!r}"
    return line.removeprefix(_ANNOUNCEMENT).strip()


class PlayerClient:
    """Somebody who plays over HTTP."""

    def __init__(self, url: str, name: str, password: str = "password-1") -> None:
        self.name = name
        self._password = password
        self._http = httpx.Client(
            base_url=url, timeout=START_TIMEOUT_S, trust_env=False, verify=NO_CERTIFICATES
        )
        self.id = 0

    def register(self) -> None:
        body = {"username": self.name, "email": f"{self.name}@b.c", "password": self._password}
        self.id = self.post("/auth/register", body)["id"]

    def log_in(self) -> None:
        body = {"username": self.name, "password": self._password}
        token = self.post("/auth/login", body)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        self.id = self.get("/auth/me")["id"]

    def planet(self) -> dict[str, Any]:
        return self.get(f"/player/{self.id}")

    def build(self, building: str, key: str | None = None) -> dict[str, Any]:
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"building_type": building}
        return _checked(self._http.post(f"/player/{self.id}/build", json=body, headers=headers))

    def get(self, path: str) -> dict[str, Any]:
        return _checked(self._http.get(path))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return _checked(self._http.post(path, json=body))

    def delete(self, path: str) -> dict[str, Any]:
        return _checked(self._http.delete(path))

    def status_of(self, method: str, path: str, body: Any = None) -> int:
        """Send a request and return the status of its answer, whatever that is."""
        return self._http.request(method, path, json=body).status_code

    def close(self) -> None:
        self._http.close()


def _checked(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@contextmanager
def player(url: str, name: str = "ada") -> Iterator[PlayerClient]:
    client = PlayerClient(url, name)
    try:
        yield client
    finally:
        client.close()


def wait_until(what: str, condition: Any, timeout_s: float = START_TIMEOUT_S) -> Any:
    """Ask another process again and again until it says what is waited for."""
    give_up_at = time.monotonic() + timeout_s
    while time.monotonic() < give_up_at:
        if result := condition():
            return result
        time.sleep(0.02)  # another process: there is nothing here to wait on
    raise TimeoutError(what)
