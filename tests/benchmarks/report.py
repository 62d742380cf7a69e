"""How benchmarks say what they measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of all values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def rate(per_second: float) -> str:
    return f"{per_second:,.0f}/s"


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """Return the median of some runs with the least and the most."""
    middle, least, most = statistics.median(values), min(values), max(values)
    return f"{form.format(middle)} ({form.format(least)}-{form.format(most)})"


def against_bar(measured: str, is_met: bool, bar: str) -> str:
    """Return the verdict of a run in one line."""
    return f"  {'met' if is_met else 'MISSED'}: {measured}; the bar is {bar}"


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with the first column to the left and the others to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    print(f"\n{title}")
    for number, line in enumerate(lines):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  " + "  ".join(cells).rstrip(), flush=True)
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))
