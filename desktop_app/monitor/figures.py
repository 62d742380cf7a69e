"""Figures computed from samples."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from core.config import Settings
from core.metrics import Samples, SaveState
from desktop_app.monitor.columns import Floats, quantiles
from desktop_app.monitor.reading import TickFigures
from desktop_app.monitor.trail import Trail

RATE_WINDOW_S = 10.0
PERCENTILE_WINDOW_S = 60.0
SKIPPED_WINDOW_S = 300.0
TICKS_NEEDED_MAX = 120
TICKS_NEEDED_MIN = 3
FAILURES_COUNTED_MAX = 10

SAVE_PARTS: Final = ("capture_s", "queue_wait_s", "execute_s", "commit_s")


def tick_figures(ticks: Trail, at: float, period_s: float, last_at: float | None) -> TickFigures:
    """Return how the world keeps time; not known before there are enough ticks."""
    recent = ticks.between(at - max(PERCENTILE_WINDOW_S, 10 * period_s))
    samples = len(recent["at"])
    needed = max(TICKS_NEEDED_MIN, min(TICKS_NEEDED_MAX, int(PERCENTILE_WINDOW_S / period_s)))
    since_last_s = None if last_at is None else max(0.0, at - last_at)
    if samples < needed or last_at is None:
        return TickFigures(period_s, samples, needed, since_last_s=since_last_s)
    rate_window_s = max(RATE_WINDOW_S, 10 * period_s)
    return TickFigures(
        period_s,
        samples,
        needed,
        rate=tick_rate(ticks.between(at - rate_window_s)["at"], at, period_s),
        work_p95_s=p95(recent["work_s"]),
        lateness_p95_s=p95(recent["lateness_s"]),
        skipped_share=skipped_share(ticks.between(at - SKIPPED_WINDOW_S)),
        since_last_s=since_last_s,
    )


def tick_rate(starts: Floats, at: float, period_s: float) -> float | None:
    """Return ticks per second from the starts of the latest ticks."""
    if len(starts) < 2:
        return None
    first, last = float(starts[0]), float(starts[-1])
    # Between two ticks the rate does not fall; when one is overdue, it does.
    overdue = at - last > 1.5 * period_s
    return len(starts) / (at - first) if overdue else (len(starts) - 1) / (last - first)


def skipped_share(ticks: Samples) -> float | None:
    """Return which part of all slots was skipped."""
    skipped, ran = float(ticks["skipped"].sum()), len(ticks["skipped"])
    return skipped / (skipped + ran) if ran else None


def save_durations_s(saves: Samples) -> Floats:
    """Return how long each save took, from its capture to the end of its commit."""
    total = np.zeros(len(saves["at"]))
    for part in SAVE_PARTS:
        total += saves[part]
    return total


def failures_in_row(states: Floats) -> int:
    """Return how many of the latest saves have failed one after another."""
    count = 0
    for state in states[: -FAILURES_COUNTED_MAX - 1 : -1].tolist():
        if state != SaveState.FAILED:
            break
        count += 1
    return count


def allowed_age_s(settings: Settings) -> float:
    """Return the longest a change may wait: until the first save after its planet's interval."""
    saves = math.ceil(settings.persist_interval_s / settings.save_interval_seconds - 1e-9)
    return max(1, saves) * settings.save_interval_seconds


def p95(values: Floats) -> float | None:
    """Return the value below which 95 % lie; None without values."""
    return quantiles(values, 0.95)[0] if len(values) else None
