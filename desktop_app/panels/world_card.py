"""What is in the world, in a few numbers."""

from __future__ import annotations

import time

from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import UNKNOWN
from desktop_app.monitor.wording import grouped
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.facts import Facts


class WorldCard(Card):
    """Players, planets and the world's time."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "World")
        self.facts = Facts(theme, "World", lines=5)
        self.add(self.facts)
        self.body.addStretch()

    def show_reading(self, reading: Reading) -> None:
        world = reading.world
        self.set_hint(reading.world_name)
        known = reading.running
        self.facts.show_facts(
            {
                "players": f"{grouped(world.players)}, {grouped(world.players_online)} online"
                if known
                else UNKNOWN,
                "planets": grouped(world.planets) if known else UNKNOWN,
                "due in the next half minute": grouped(world.due_soon) if known else UNKNOWN,
                "tick": grouped(world.tick) if known else UNKNOWN,
                "world time": _clock(world.world_time) if known else UNKNOWN,
            }
        )


def _clock(world_time: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(world_time))
