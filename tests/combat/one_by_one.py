"""The same battle the plain way: every unit is a list entry, every shot a throw of the dice.

Written from the rules and from nothing in core/combat; slow, and easy to check by reading.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction

from core.combat.order import BattleOrder, Participant
from core.combat.report import Outcome


@dataclass(slots=True)
class Unit:
    owner: int
    kind: int
    attack: Fraction
    full_shield: Fraction
    full_hull: Fraction
    shield: Fraction
    hull: Fraction
    exploded: bool = False


@dataclass(frozen=True, slots=True)
class PlainResult:
    """Losses by participant and type, as in a report."""

    outcome: Outcome
    rounds: int
    shots: int
    absorbed: Fraction
    attackers_losses: tuple[tuple[int, ...], ...]
    defenders_losses: tuple[tuple[int, ...], ...]


def fight_one_by_one(order: BattleOrder, dice: random.Random) -> PlainResult:
    attackers = _units(order.attackers, order)
    defenders = _units(order.defenders, order)
    rounds = shots = 0
    absorbed = Fraction(0)
    while rounds < order.laws.rounds and attackers and defenders:
        rounds += 1
        for unit in attackers + defenders:
            unit.shield = unit.full_shield
        for shooters, targets in ((attackers, defenders), (defenders, attackers)):
            for shooter in shooters:
                fired, taken = _volley(shooter, targets, order, dice)
                shots += fired
                absorbed += taken
        attackers = [unit for unit in attackers if not unit.exploded]
        defenders = [unit for unit in defenders if not unit.exploded]
    if bool(attackers) == bool(defenders):
        outcome = Outcome.DRAW
    else:
        outcome = Outcome.ATTACKERS if attackers else Outcome.DEFENDERS
    return PlainResult(
        outcome,
        rounds,
        shots,
        absorbed,
        _losses(order.attackers, attackers),
        _losses(order.defenders, defenders),
    )


def _units(side: tuple[Participant, ...], order: BattleOrder) -> list[Unit]:
    units = []
    for owner, participant in enumerate(side):
        for kind, count in enumerate(participant.counts):
            attack, shield, hull = (
                Fraction(base) * (100 + order.laws.technology_percent * level) / 100
                for base, level in (
                    (order.stats.attack[kind], participant.weapons),
                    (order.stats.shield[kind], participant.shielding),
                    (order.stats.hull[kind], participant.armour),
                )
            )
            for _ in range(count):
                units.append(Unit(owner, kind, attack, shield, hull, shield, hull))
    return units


def _volley(
    shooter: Unit, targets: list[Unit], order: BattleOrder, dice: random.Random
) -> tuple[int, Fraction]:
    """Fire until the volley ends; return the shots and what shields took of them."""
    shots, absorbed = 0, Fraction(0)
    while True:
        shots += 1
        target = targets[int(dice.random() * len(targets))]
        if shooter.attack * 100 < Fraction(order.laws.bounce_percent) * target.full_shield:
            return shots, absorbed
        if not target.exploded:
            absorbed += _hit(shooter, target, order, dice)
        rapid_fire = order.stats.rapid_fire[shooter.kind][target.kind]
        if dice.random() >= 1 - 1 / rapid_fire:
            return shots, absorbed


def _hit(shooter: Unit, target: Unit, order: BattleOrder, dice: random.Random) -> Fraction:
    taken = min(target.shield, shooter.attack)
    target.shield -= taken
    target.hull -= shooter.attack - taken
    if (
        target.hull * 100 < Fraction(order.laws.explosion_percent) * target.full_hull
        and dice.random() < 1 - target.hull / target.full_hull
    ):
        target.exploded = True
    return taken


def _losses(side: tuple[Participant, ...], alive: list[Unit]) -> tuple[tuple[int, ...], ...]:
    left = [list(participant.counts) for participant in side]
    for unit in alive:
        left[unit.owner][unit.kind] -= 1
    return tuple(map(tuple, left))
