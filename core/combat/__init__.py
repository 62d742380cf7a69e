"""The battle: two sides, the stats of units and a seed in, a report out.

Pure: nothing here knows the world, a clock or a thread. `fight(order)` is the whole battle,
`forecast(order, runs)` what many of them would come to; `by_rules.py` makes the parts of an order
from the rules and the settings of a world.

A large battle takes a second and must not be fought on the simulation thread, nor on another thread
of its process: every NumPy call takes the interpreter's lock for a moment, thousands of times a
battle (`dev.py bench -- combat` measures what that does to a thread that wants to keep time).
It belongs into a worker process: an order and its report are frozen dataclasses of numbers, tuples
and strings, a few kilobytes when pickled, and `fight` can be sent by name:

    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    pool.submit(fight, order)

The order holds all that the report depends on, so a worker that died is asked again, and a battle
that was under way when the program ended is simply fought again: the report is the same, bit for
bit, on every platform and version (`dice.py` says how).
"""

from core.combat.fight import fight
from core.combat.order import (
    UNITS_MAX,
    AftermathLaws,
    BattleLaws,
    BattleOrder,
    Participant,
    UnitStats,
)
from core.combat.report import BattleReport, Outcome, Round, SideOfBattle, SideOfRound
from core.combat.simulator import RUNS_MAX, Forecast, Target, forecast, forecast_of

__all__ = [
    "RUNS_MAX",
    "UNITS_MAX",
    "AftermathLaws",
    "BattleLaws",
    "BattleOrder",
    "BattleReport",
    "Forecast",
    "Outcome",
    "Participant",
    "Round",
    "SideOfBattle",
    "SideOfRound",
    "Target",
    "UnitStats",
    "fight",
    "forecast",
    "forecast_of",
]
