"""Numbers as people read them. Every value keeps its unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from desktop_app.monitor.reading import BackupFigures

GROUP_SPACE = "\N{NO-BREAK SPACE}"


def significant(value: float, digits: int = 2) -> str:
    """Return a number with that many significant digits, but all of its whole ones."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value)) + 1e-12))
    return f"{value:.{decimals}f}"


def milliseconds(seconds: float) -> str:
    """Return a duration in milliseconds, without the unit."""
    return significant(seconds * 1000)


def duration(seconds: float) -> str:
    """Return a duration in the unit that fits: 310 µs, 4.1 ms, 120 ms, 1.2 s, 41 s, 3 min 20 s."""
    if not seconds:
        return "0 s"
    if seconds < 0.000_999_5:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.995:
        return f"{milliseconds(seconds)} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return _long_duration(round(seconds))


def _long_duration(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min {seconds:02} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24} h"


def age(seconds: float) -> str:
    """Return how long ago something was, in one unit: 0.1 s, 41 s, 3 min, 2 h, 5 d."""
    if seconds < 9.95:
        return f"{max(seconds, 0.1):.1f} s"
    if seconds < 120:
        return duration(seconds)
    for unit, size_s in (("d", 86_400), ("h", 3_600)):
        if seconds >= 2 * size_s:
            return f"{seconds / size_s:.0f} {unit}"
    return f"{seconds / 60:.0f} min"


def uptime(seconds: float) -> str:
    """Return how long something has been running: 0:04:12, 3 d 04:12."""
    minutes, seconds_left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}:{minutes:02}:{seconds_left:02}"
    return f"{hours // 24} d {hours % 24:02}:{minutes:02}"


def grouped(number: float) -> str:
    """Return a whole number in groups of three digits: 1 204 331."""
    return f"{number:,.0f}".replace(",", GROUP_SPACE)


def counted(number: int, thing: str, things: str | None = None) -> str:
    """Return a number with its noun: 1 change, 14 changes."""
    noun = thing if number == 1 else things or thing + "s"
    return f"{grouped(number)} {noun}"


def percent(share: float) -> str:
    """Return a share as 4 %, 0.3 %."""
    value = share * 100
    return f"{value:.1f} %" if 0 < value < 0.95 else f"{value:.0f} %"


def size(number: float) -> str:
    """Return an amount of bytes: 812 KB, 4.1 MB, 12 GB."""
    for unit in ("bytes", "KB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{significant(number)} {unit}"
        number /= 1000
    return f"{significant(number)} GB"


def clock_time(at: datetime) -> str:
    """Return an instant in local time, with the date unless it is today."""
    at = at.astimezone()
    today = at.date() == datetime.now(UTC).astimezone().date()
    return at.strftime("%H:%M" if today else "%Y-%m-%d %H:%M")


def last_backup(backup: BackupFigures) -> str:
    """Return when the last backup was made and whether it is sound, in local time."""
    if backup.failure is not None:
        return f"Backing up failed: {backup.failure}."
    if backup.made_at is None:
        return "There is no backup yet."
    at = clock_time(backup.made_at)
    if backup.verified is None:
        return f"Last backup {at}, not verified yet."
    if backup.verified:
        return f"Last backup {at}, verified."
    return f"Last backup {at}, not sound: {backup.finding}."
