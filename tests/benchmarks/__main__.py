"""Run benchmarks: all of them, each in a process of its own, or the one that is named."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

NAMES = (
    "memory",
    "ticks",
    "saves",
    "postgres",
    "loading",
    "orders",
    "lateness",
    "backup",
    "combat",
)
# Named explicitly: they take many minutes.
LONG = ("blocked", "soak", "populous", "absence")


def main(arguments: list[str]) -> int:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")
    if not arguments:
        codes = [
            subprocess.run([sys.executable, "-m", "tests.benchmarks", name], check=False).returncode
            for name in NAMES
        ]
        # One that was killed by a signal has a negative code.
        return 1 if any(codes) else 0
    name, *options = arguments
    if name not in NAMES + LONG:
        print(f"there are: {', '.join(NAMES + LONG)}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"tests.benchmarks.{name}")
    module.run(options) if options else module.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
