"""The rounds of a battle."""

from __future__ import annotations

import numpy as np

from core.combat.aftermath import debris_of, moon_of, restored_of
from core.combat.dice import Dice, Wholes
from core.combat.hulls import Grouping, Hulls
from core.combat.order import BattleOrder, Participant
from core.combat.report import BattleReport, Outcome, Round, SideOfBattle, SideOfRound
from core.combat.stacks import POINT, Fire, Stacks, by_owner_and_kind, fire_of, stacks_of
from core.combat.volleys import volleys

STANDARD = Grouping()


def fight(order: BattleOrder, grouping: Grouping = STANDARD) -> BattleReport:
    """Fight a battle to its end. Pure: this is what a worker process calls.

    Stacks fire by participant and type in the given order, all units of a stack before the next
    stack's: a weak shot may so take a shield down before a strong one comes.
    """
    dice = Dice(order.seed)
    attackers, defenders = (
        Hulls(stacks_of(side, order.stats, order.laws), grouping)
        for side in (order.attackers, order.defenders)
    )
    rounds: list[Round] = []
    while len(rounds) < order.laws.rounds and attackers.units.any() and defenders.units.any():
        rounds.append(_fight_round(order, attackers, defenders, dice))
    return _report(order, attackers, defenders, rounds, dice)


def _fight_round(order: BattleOrder, attackers: Hulls, defenders: Hulls, dice: Dice) -> Round:
    """Let both sides fire at what was there when the round began, then remove the wrecks."""
    attacking, defending = attackers.units, defenders.units
    by_attackers = _fire(attackers.stacks, attacking, defenders, order, dice)
    by_defenders = _fire(defenders.stacks, defending, attackers, order, dice)
    told = Round(
        attackers=_side_of_round(attackers, attacking, by_attackers, order.attackers),
        defenders=_side_of_round(defenders, defending, by_defenders, order.defenders),
    )
    attackers.begin_round()
    defenders.begin_round()
    return told


def _fire(
    shooters: Stacks, units: Wholes, targets: Hulls, order: BattleOrder, dice: Dice
) -> Wholes:
    """Let each stack fire at the other side; return the shots of each."""
    fire: Fire = fire_of(shooters, targets.stacks, order)
    shots = volleys(fire, units, targets.units, dice)
    hits = np.where(fire.bounces, 0, shots)
    for attack, hits_of_stack in zip(fire.attack.tolist(), hits, strict=True):
        targets.hit(attack, hits_of_stack, dice)
    return np.asarray(shots.sum(axis=1))


def _side_of_round(
    hulls: Hulls, units: Wholes, shots: Wholes, side: tuple[Participant, ...]
) -> SideOfRound:
    attack = hulls.stacks.attack.tolist()
    power = sum(number * each for number, each in zip(shots.tolist(), attack, strict=True))
    return SideOfRound(
        units=by_owner_and_kind(hulls.stacks, units, side),
        shots=int(shots.sum()),
        power=power // POINT,
        absorbed=hulls.absorbed // POINT,
    )


def outcome_of(attackers_alive: bool, defenders_alive: bool) -> Outcome:
    """Return who has won."""
    if attackers_alive == defenders_alive:
        return Outcome.DRAW
    return Outcome.ATTACKERS if attackers_alive else Outcome.DEFENDERS


def _report(
    order: BattleOrder, attackers: Hulls, defenders: Hulls, rounds: list[Round], dice: Dice
) -> BattleReport:
    """Say what became of both sides, with what is restored and what lies about."""
    attacking = _side_of_battle(attackers, order.attackers, order, dice)
    defending = _side_of_battle(defenders, order.defenders, order, dice)
    debris = debris_of(attacking.losses + defending.losses, order.stats, order.aftermath)
    chance, diameter = moon_of(debris, order.aftermath, dice)
    return BattleReport(
        outcome=outcome_of(bool(attackers.units.any()), bool(defenders.units.any())),
        rounds=tuple(rounds),
        attackers=attacking,
        defenders=defending,
        debris=debris,
        moon_chance_percent=chance,
        moon_diameter_km=diameter,
    )


def _side_of_battle(
    hulls: Hulls, side: tuple[Participant, ...], order: BattleOrder, dice: Dice
) -> SideOfBattle:
    lost = hulls.stacks.count - hulls.units
    losses = by_owner_and_kind(hulls.stacks, lost, side)
    return SideOfBattle(
        survivors=by_owner_and_kind(hulls.stacks, hulls.units, side),
        losses=losses,
        restored=restored_of(losses, order.stats, order.aftermath, dice),
    )
