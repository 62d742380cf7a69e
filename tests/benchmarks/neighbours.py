"""Processes beside the world that is measured: players, and a loop that does nothing.

What they do is stamped with time.perf_counter(), which all processes of a computer share on Linux
and macOS.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.end_to_end.program import PlayerClient

ORDER_INTERVAL_S = 0.1

# (when, value)
Stamped = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a run, on the clock of time.perf_counter()."""

    begun_at: float
    ended_at: float

    def of(self, stamped: list[Stamped]) -> list[float]:
        return [value for at, value in stamped if self.begun_at <= at < self.ended_at]


@dataclass(slots=True)
class Told:
    """What a neighbour has written down; there when it has ended."""

    stamped: list[Stamped] = field(default_factory=list)

    def was_late_by(self, seconds: float) -> bool:
        """Return whether an idle loop woke so late: then this computer keeps nobody's time."""
        return any(lateness > seconds for _, lateness in self.stamped)


@contextmanager
def idle_loop(tick_rate: float) -> Iterator[Told]:
    """Run a process that only keeps to the deadlines of ticks, and have it tell how late it woke.

    It shows what of a lateness is this computer's doing.
    """
    with _neighbour("idle", str(tick_rate)) as told:
        yield told


@contextmanager
def players(url: str, count: int) -> Iterator[Told]:
    """Run a process of players who order all the time, and have it tell the status of answers."""
    with _neighbour("play", url, str(count)) as told:
        yield told


@contextmanager
def _neighbour(*arguments: str) -> Iterator[Told]:
    told = Told()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.neighbours", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield told
        finally:
            output, _ = process.communicate()
            told.stamped = [(at, value) for at, value in json.loads(output)]


# In the process of a neighbour --------------------------------------------------------------------


def _idle(stop: threading.Event, tick_rate: float) -> list[Stamped]:
    stamped = []
    due = time.perf_counter()
    while not stop.wait(max(0.0, due - time.perf_counter())):
        now = time.perf_counter()
        stamped.append((now, now - due))
        due += 1 / tick_rate
    return stamped


def _play(stop: threading.Event, url: str, count: int) -> list[Stamped]:
    stamped: list[Stamped] = []
    threads = [
        threading.Thread(target=_order, args=(stop, url, f"player-{number}", stamped))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return stamped


def _order(stop: threading.Event, url: str, name: str, stamped: list[Stamped]) -> None:
    """Build, look and cancel for ever, whatever the answers are."""
    client = PlayerClient(url, name)
    client.register()
    client.log_in()
    requests: list[tuple[str, str, Any]] = [
        ("POST", f"/player/{client.id}/build", {"building_type": "metal_mine"}),
        ("GET", f"/player/{client.id}", None),
        ("DELETE", f"/player/{client.id}/build-queue/0", None),
    ]
    number = 0
    while not stop.wait(ORDER_INTERVAL_S):
        method, path, body = requests[number % len(requests)]
        # The world may end before its players do.
        with suppress(httpx.TransportError):
            status = client.status_of(method, path, body)
            stamped.append((time.perf_counter(), status))
        number += 1
    client.close()


def _main(what: str, *arguments: str) -> None:
    stop = threading.Event()

    def wait_for_end() -> None:
        """Wait until whoever started this closes its input."""
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    if what == "idle":
        stamped = _idle(stop, float(arguments[0]))
    else:
        stamped = _play(stop, arguments[0], int(arguments[1]))
    print(json.dumps(stamped))


if __name__ == "__main__":
    _main(*sys.argv[1:])
