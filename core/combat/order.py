"""What a battle is made of: plain values that can be sent to another process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.rules.aftermath import DebrisSettings
from core.rules.moons import MoonRules

# Sums of points over a side stay far inside 64 bits.
UNITS_MAX = 10**10
# Nor does one technology multiply a strength beyond that.
LEVEL_MAX = 100

Counts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class UnitStats:
    """The types of units, in one order that holds for all counts of a battle.

    `attack`, `shield` and `hull` are in points before technology, to a tenth of a point.
    `rapid_fire[shooter][target]` is n where a shooter shoots again with probability 1 - 1/n, and 1
    where it does not. `cost` is (metal, crystal, deuterium) of one unit. What is neither ship nor
    defence leaves nothing.
    """

    attack: tuple[float, ...]
    shield: tuple[float, ...]
    hull: tuple[float, ...]
    rapid_fire: tuple[Counts, ...]
    cost: tuple[tuple[int, int, int], ...]
    is_ship: tuple[bool, ...]
    is_defence: tuple[bool, ...]

    def __post_init__(self) -> None:
        size = len(self.attack)
        flags = (self.is_ship, self.is_defence)
        columns = (self.shield, self.hull, self.rapid_fire, self.cost)
        if any(len(column) != size for column in (*columns, *flags, *self.rapid_fire)):
            raise ValueError(f"every column must have {size} types of units, as attack has")
        if min((*self.attack, *self.shield), default=0) < 0:
            raise ValueError("attack and shield must not be negative")
        if min(self.hull, default=1) <= 0:
            raise ValueError("every unit needs a hull")
        if any(shots < 1 for row in self.rapid_fire for shots in row):
            raise ValueError("rapid fire is 1 or more")


@dataclass(frozen=True, slots=True)
class Participant:
    """One owner's units of each type, and the levels of the three technologies they fight with."""

    counts: Counts
    weapons: int = 0
    shielding: int = 0
    armour: int = 0

    def __post_init__(self) -> None:
        if min(self.counts, default=0) < 0:
            raise ValueError("a count of units must not be negative")
        if not all(0 <= level <= LEVEL_MAX for level in self.levels):
            raise ValueError(f"a level is 0 to {LEVEL_MAX}, not one of {self.levels}")

    @property
    def levels(self) -> tuple[int, int, int]:
        return self.weapons, self.shielding, self.armour


@dataclass(frozen=True, slots=True)
class BattleLaws:
    """The constants of battle: rounds at most, and what per cent the rules speak of."""

    rounds: int
    technology_percent: int
    bounce_percent: float
    explosion_percent: float


@dataclass(frozen=True, slots=True)
class AftermathLaws:
    """What becomes of the losses: debris, defence that returns, and a moon by chance."""

    debris: DebrisSettings
    repair_percent: float
    moon: MoonRules
    moon_chance_percent_max: int


@dataclass(frozen=True, slots=True)
class BattleOrder:
    """A battle to be fought; the same order ends in the same report, bit for bit."""

    stats: UnitStats
    laws: BattleLaws
    aftermath: AftermathLaws
    attackers: tuple[Participant, ...]
    defenders: tuple[Participant, ...]
    seed: int

    def __post_init__(self) -> None:
        size = len(self.stats.attack)
        if any(len(participant.counts) != size for participant in self.participants()):
            raise ValueError(f"a participant counts {size} types of units, as the stats have")
        for side in (self.attackers, self.defenders):
            if sum(sum(participant.counts) for participant in side) > UNITS_MAX:
                raise ValueError(f"a side has at most {UNITS_MAX:,} units")
        if self.seed < 0:
            raise ValueError("a seed is not negative")

    def participants(self) -> Iterator[Participant]:
        yield from self.attackers
        yield from self.defenders
