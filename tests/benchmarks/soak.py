"""Ten minutes with the window open and players active: memory does not grow after the first."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.report import against_bar, print_table
from tests.end_to_end.program import PlayerClient, command, environment, wait_for_url

PLAYERS = 8
SAMPLE_INTERVAL_S = 2.0
WARM_UP_S = 60.0
# What counts as none: the trace of the last hour is reserved whole and touched page by page, 17
# bytes for each change.
GROWTH_SHARE_MAX = 0.01

# (seconds since the start, MiB)
Sample = tuple[float, float]


def play(url: str, number: int, stop: threading.Event, counts: list[int]) -> None:
    """Order, cancel and look, about ten times a second."""
    client = PlayerClient(url, f"player{number}")
    client.register()
    client.log_in()
    while not stop.wait(0.1):
        client.build("metal_mine")
        client.planet()
        client.delete(f"/player/{client.id}/build-queue/0")
        counts[number] += 3
    client.close()


def resident_mib(process_id: int) -> float:
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    options = parser.parse_args(arguments or [])
    if options.minutes * 60 < WARM_UP_S + 4 * SAMPLE_INTERVAL_S:
        parser.error("the first minute does not count; take more, for example 1.5")
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            command("--data-dir", folder, "--port", "0"),
            stdout=subprocess.PIPE,
            text=True,
            env=environment({"RATE_LIMIT_PER_MINUTE": "1000000"}),
        )
        url = wait_for_url(process)
        stop, counts = threading.Event(), [0] * PLAYERS
        threads = [
            threading.Thread(target=play, args=(url, number, stop, counts))
            for number in range(PLAYERS)
        ]
        for thread in threads:
            thread.start()
        start = time.monotonic()
        samples: list[Sample] = []
        while time.monotonic() - start < options.minutes * 60:
            time.sleep(SAMPLE_INTERVAL_S)
            samples.append((time.monotonic() - start, resident_mib(process.pid)))
        stop.set()
        for thread in threads:
            thread.join()
        process.send_signal(signal.SIGTERM)
        code = process.wait()
    _report(samples, sum(counts), code)


def growth(samples: Sequence[Sample]) -> float:
    """Return by how many MiB memory has grown after the first minute.

    From the median of the first quarter of what follows it to that of the last: what comes and
    goes between two collections of garbage is no growth.
    """
    later = [mib for at, mib in samples if at >= WARM_UP_S]
    quarter = max(1, len(later) // 4)
    return statistics.median(later[-quarter:]) - statistics.median(later[:quarter])


def _report(samples: list[Sample], requests: int, code: int) -> None:
    rows = [
        (f"{at / 60:.1f} min", f"{mib:.1f}") for at, mib in samples[:: max(1, len(samples) // 20)]
    ]
    print_table(
        f"Resident memory, window open, {PLAYERS} players, {requests:,} requests answered,"
        f" exit code {code}",
        ("", "MiB"),
        rows,
    )
    grown, allowed = growth(samples), GROWTH_SHARE_MAX * samples[-1][1]
    measured = f"after the first minute memory grew by {grown:.1f} MiB"
    print(against_bar(measured, grown <= allowed, f"{allowed:.1f} MiB, a hundredth of it, or less"))


if __name__ == "__main__":
    run(sys.argv[1:])
