"""The missions of fleets: how fast, whereto and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.entry import Entry

SPEEDS = ("war", "peaceful", "holding")
TARGETS = ("planet", "moon", "debris", "deep_space")


@dataclass(frozen=True, slots=True)
class Mission:
    """One mission, by the name it is sent with.

    `position` is the only one it may go to, None for those of the planets; `hours` is how long it
    may stay there, None if it does not stay. `ship` is one that it cannot do without, if any.
    `announced` says that whoever is the target sees the fleet coming.
    """

    name: str
    speed: str
    targets: tuple[str, ...]
    position: int | None
    hours: tuple[int, int] | None
    ship: str | None
    announced: bool

    @property
    def speed_setting(self) -> str:
        """The setting of the world that its duration is divided by."""
        return f"fleet_speed_{self.speed}"


def read_mission(name: str, entry: Entry) -> Mission:
    return Mission(
        name=name,
        speed=entry.name("speed", SPEEDS, "speed"),
        targets=entry.list_of_names("targets", TARGETS, "target"),
        position=entry.whole("position", least=1, most=100) if entry.has("position") else None,
        hours=entry.range("hours", 1, 1000) if entry.has("hours") else None,
        ship=entry.name("ship", entry.names.units, "unit") if entry.has("ship") else None,
        announced=entry.has("announced") and entry.flag("announced"),
    )
