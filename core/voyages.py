"""What is told of a fleet: a copy of what its columns say."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Voyage:
    """A fleet as its owner sees it: ships by name, cargo in whole units of each resource.

    `returns_at` is when it is home again if nothing keeps it; nothing comes back of a fleet that
    stays where it arrives.
    """

    fleet_id: int
    owner_id: int
    mission: str
    state: str
    ships: tuple[tuple[str, int], ...]
    cargo: tuple[int, ...]
    origin_id: int
    origin: Place
    target: Place
    target_type: str
    target_id: int
    speed_tenths: int
    departed_at: float
    arrives_at: float
    returns_at: float
    origin_type: str = "planet"
