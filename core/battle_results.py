"""Battles in the world: having one fought, and what it leaves of fleets, planets and cargo."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core import debris, settlement, stockpiles, unit_stock
from core.battle_reports import Content, report_content
from core.battles import NO_FLEET, Combatant, Combatants, order_of
from core.combat import BattleReport, Outcome
from core.components import FLEET, PLANET, PLAYER, Course, Fleet, Stocks, Wreckage
from core.events import BattleFought, Event, PlanetFounded, StocksChanged
from core.galaxy import Coordinates
from core.knowledge import technologies_of
from core.reports import write_report
from core.rules.aftermath import loot
from core.state import GameState
from core.under_way import free_room, nothing, target_of

REPORT_KIND = "battle"
Amounts = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fought:
    """What became of a battle: `survives` says whether anything is left of the fleet that came."""

    outcome: Outcome
    survives: bool
    events: tuple[Event, ...]


def fight_battle(
    state: GameState, fleet_id: int, sides: Combatants, at: float, *, takes_loot: bool
) -> Fought:
    """Have a fleet fight at its target, and let the losses leave the world.

    Whoever has fought gets a report. A fleet that held there and of which nothing is left is gone;
    to end the one that has come is the caller's business. Raise BattleUnderWay if the battle is not
    over yet; nothing has changed then.
    """
    world = state.world
    course = world.component_for_entity(FLEET, fleet_id, Course)
    place, planet_id = target_of(course), course.target_id
    (attacker,), (defender, *_) = sides.attackers, sides.defenders
    order = order_of(state, fleet_id, sides)
    report = state.battles.report_of(order)
    _leave(state, planet_id, sides, report, at)
    debris.add(world, place, report.debris)
    made = world.component_for_entity(PLAYER, attacker.owner_id, Wreckage)
    made.debris_made = _plus(made.debris_made, report.debris)
    taken = nothing()
    if takes_loot and report.outcome is Outcome.ATTACKERS:
        taken = _take_loot(state, fleet_id, planet_id, at)
    moon_km = _moon_km(state, place, report)
    content = report_content(state, fleet_id, sides, order, report, taken, moon_km)
    events: list[Event] = [*_tell(state, sides, report.outcome, content, at)]
    events.append(StocksChanged(at, defender.owner_id, planet_id))
    if moon_km:
        moon_id = settlement.create_moon(state, planet_id, moon_km, at)
        events.append(PlanetFounded(at, defender.owner_id, moon_id))
    return Fought(report.outcome, any(report.attackers.survivors[0]), tuple(events))


def _leave(
    state: GameState, planet_id: int, sides: Combatants, report: BattleReport, at: float
) -> None:
    """Take what was lost from fleets and from the planet, less what comes back."""
    (attacker,) = sides.attackers
    for combatant, losses, restored in _losses(sides, report):
        changes = tuple(map(operator.sub, restored, losses))
        if not any(changes):
            continue
        if combatant.fleet_id == NO_FLEET:
            unit_stock.change_units(state, planet_id, changes, at)
            continue
        fleet = state.world.component_for_entity(FLEET, combatant.fleet_id, Fleet)
        fleet.ships = _plus(fleet.ships, changes)
        if not any(fleet.ships):
            lose_cargo(state, fleet)
            if combatant is not attacker:
                state.world.delete_entity(FLEET, combatant.fleet_id)


def _losses(
    sides: Combatants, report: BattleReport
) -> Iterator[tuple[Combatant, Sequence[int], Sequence[int]]]:
    """Yield each combatant, what he lost and what of it comes back, in the order of the battle."""
    for side, told in ((sides.attackers, report.attackers), (sides.defenders, report.defenders)):
        yield from zip(side, told.losses, told.restored, strict=True)


def lose_cargo(state: GameState, fleet: Fleet) -> None:
    """Have what nobody carries any more leave the world."""
    if not any(fleet.cargo):
        return
    if state.world.exists(PLAYER, fleet.owner_id):
        account = state.world.component_for_entity(PLAYER, fleet.owner_id, Wreckage)
        account.cargo_lost = _plus(account.cargo_lost, fleet.cargo)
    fleet.cargo = nothing()


def _take_loot(state: GameState, fleet_id: int, planet_id: int, at: float) -> Amounts:
    """Load what the victors may take, as far as what is left of them holds it."""
    world = state.world
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    stock = world.component_for_entity(PLANET, planet_id, Stocks)
    room = free_room(state, fleet_id, technologies_of(world, fleet.owner_id))
    amounts = stockpiles.amounts_at(stock, at)
    taken = loot(amounts, state.universe.loot_share_percent, room)
    if any(taken):
        stockpiles.take_away(state, planet_id, taken, at)
        fleet.cargo = _plus(fleet.cargo, taken)
    return taken


def _moon_km(state: GameState, place: Coordinates, report: BattleReport) -> int | None:
    """Return the diameter of the moon that the debris becomes, 0 if the chance was missed.

    None for a place that has a moon already.
    """
    moon_id = state.galaxy.moon_at(place)
    if moon_id is None:
        return report.moon_diameter_km
    # Shown, and so read.
    state.world.exists(PLANET, moon_id)
    return None


def _tell(
    state: GameState, sides: Combatants, outcome: Outcome, content: Content, at: float
) -> Iterator[BattleFought]:
    """Write a report for each player who has fought, once, and yield what is told of it."""
    place = (content["galaxy"], content["system"], content["position"])
    told: set[int] = set()
    for side, won in ((sides.attackers, Outcome.ATTACKERS), (sides.defenders, Outcome.DEFENDERS)):
        for combatant in side:
            if combatant.owner_id in told:
                continue
            told.add(combatant.owner_id)
            report_id = write_report(state, combatant.owner_id, REPORT_KIND, content, at)
            if report_id is not None:
                result = _result(outcome, won)
                attacked = side is sides.attackers
                yield BattleFought(at, combatant.owner_id, report_id, place, result, attacked)


def _result(outcome: Outcome, won: Outcome) -> str:
    if outcome is Outcome.DRAW:
        return "draw"
    return "won" if outcome is won else "lost"


def _plus(amounts: Sequence[int], changes: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(operator.add, amounts, changes))
