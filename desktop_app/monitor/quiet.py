"""When the window may take its time: between ticks.

A refresh with its painting takes a few milliseconds of the interpreter. Begun just after a tick, it
is over long before the next one is due, and no tick starts late because somebody looks on.
"""

from __future__ import annotations

# Room for a refresh and the painting that follows it.
NEEDED_S = 0.015
MARGIN_S = 0.001


def quiet_instant(wanted: float, deadline: float, period_s: float, tick_s: float) -> float:
    """Return the first instant, `wanted` or later, with enough room before the next tick.

    `deadline` is one of the instants at which a tick was due, `tick_s` what a tick takes. Where
    ticks leave no room between them it is `wanted` itself.
    """
    busy_s = tick_s + MARGIN_S
    if busy_s + NEEDED_S > period_s:
        return wanted
    phase = (wanted - deadline) % period_s
    if phase < busy_s:
        return wanted + (busy_s - phase)
    if phase > period_s - NEEDED_S:
        return wanted + (period_s - phase) + busy_s
    return wanted
