"""What a planet costs in memory."""

from __future__ import annotations

from core.clock import SystemClock
from core.components import PLANET
from core.process_memory import resident_bytes
from tests.benchmarks.report import print_table
from tests.benchmarks.worlds import seeded_game
from tests.store import ManualStore

PLANETS = 1_000_000


def run() -> None:
    # Once small, so that what comes with the first world is not counted.
    seeded_game(1_000, SystemClock(), idle=True, store=ManualStore(at_once=True))
    before = resident_bytes()
    game = seeded_game(PLANETS, SystemClock(), idle=True, store=ManualStore(at_once=True))
    resident = (resident_bytes() - before) / PLANETS
    columns = game.state.world.tables[PLANET].bytes_per_row
    print_table(
        f"Memory of {PLANETS:,} planets",
        ("", "bytes per planet"),
        (("columns, marks and index", str(columns)), ("resident, all in all", f"{resident:.0f}")),
    )
