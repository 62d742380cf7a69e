"""What is told of a battle: plain, frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.combat.order import Counts


class Outcome(StrEnum):
    """Who has won; a draw if both sides are alive after the last round, or neither is."""

    ATTACKERS = "attackers"
    DEFENDERS = "defenders"
    DRAW = "draw"


@dataclass(frozen=True, slots=True)
class SideOfRound:
    """One side in one round.

    `units` are those at its start, by participant and type. `shots` and `power` (their attack, in
    whole points) are what the side fired, those that bounced and those at wrecks among them;
    `absorbed` is what the side's own shields took, in whole points.
    """

    units: tuple[Counts, ...]
    shots: int
    power: int
    absorbed: int


@dataclass(frozen=True, slots=True)
class Round:
    attackers: SideOfRound
    defenders: SideOfRound


@dataclass(frozen=True, slots=True)
class SideOfBattle:
    """What became of a side, by participant and type.

    `survivors` were alive at the end, `losses` were not; `restored` are those of the losses that
    come back after the battle.
    """

    survivors: tuple[Counts, ...]
    losses: tuple[Counts, ...]
    restored: tuple[Counts, ...]


@dataclass(frozen=True, slots=True)
class BattleReport:
    """A battle from its first round to its debris (metal, crystal, deuterium).

    `moon_diameter_km` is that of the moon which comes about if the place has none yet, 0 if the
    chance was missed.
    """

    outcome: Outcome
    rounds: tuple[Round, ...]
    attackers: SideOfBattle
    defenders: SideOfBattle
    debris: tuple[int, int, int]
    moon_chance_percent: int
    moon_diameter_km: int
