"""Expedition: stay in deep space for some hours, and see what comes of it.

What happens is drawn from the fleet's own seed, so it is the same whenever it is asked: on arrival,
for whoever does not even stay, and at the end of the stay.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.battle_results import lose_cargo
from core.combat import UNITS_MAX, AftermathLaws, BattleOrder
from core.combat.by_rules import laws_of, participant_of, stats_of
from core.combat.order import LEVEL_MAX
from core.commands import Rejected
from core.components import (
    FLEET,
    MISSIONS,
    PLAYER,
    RESOURCES,
    UNITS,
    Course,
    Finds,
    Fleet,
    Flight,
)
from core.events import ExpeditionEnded
from core.knowledge import technologies_of
from core.missions.errand import Arrival, Ending, Errand, FleetOrder
from core.ownership import fleet_ids_of
from core.points import best_points
from core.requirements import unmet
from core.rules.aftermath import DebrisSettings
from core.rules.expeditions import (
    Outcome,
    delay_seconds,
    draw_find,
    draw_outcome,
    draw_resource,
    draw_ships,
    draw_size,
    encounter_technology,
    encounter_value,
    resource_found,
    ships_that_may_be_found,
)
from core.rules.flight import expedition_slots
from core.state import GameState
from core.under_way import free_room, target_of

EXPEDITION_NAME = "expedition"
Ships = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Ended:
    """What an expedition has come to, besides what it has changed of its fleet."""

    outcome: Outcome
    resources: Ships = ()
    ships: Ships = ()
    lost: Ships = ()
    delay_s: int = 0


def _refusal(state: GameState, order: FleetOrder) -> Rejected | None:
    technologies = technologies_of(state.world, order.player_id)
    needed = state.rules.expedition.technology
    return (
        unmet(EXPEDITION_NAME, {needed: 1}, technologies)
        or _stays_too_long(order.hold_hours, technologies[needed])
        or _no_slot(state, order.player_id, technologies)
    )


def _stays_too_long(hours: int, most: int) -> Rejected | None:
    if hours <= most:
        return None
    return Rejected(
        "hold_too_long", f"An expedition of yours stays for {most} hours at most.", {"most": most}
    )


def _no_slot(state: GameState, player_id: int, technologies: Mapping[str, int]) -> Rejected | None:
    code = MISSIONS.index(EXPEDITION_NAME) + 1
    fleets = (
        state.world.component_for_entity(FLEET, fleet_id, Fleet)
        for fleet_id in fleet_ids_of(state.world, player_id)
    )
    used = sum(fleet.mission == code for fleet in fleets)
    slots = state.rules.fleet_slots
    total = expedition_slots(slots, technologies[slots.expeditions.technology])
    if used < total:
        return None
    return Rejected(
        "expedition_slots_full",
        f"{used} expeditions are under way; {total} may be.",
        {"used": used, "total": total},
    )


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    if not state.world.exists(PLAYER, fleet.owner_id):
        return Arrival(Ending.TURNS, "no_owner")
    _, outcome = _drawn(state, fleet)
    if outcome is Outcome.EARLY:
        return Arrival(Ending.TURNS, outcome.value, (_told(state, fleet_id, _Ended(outcome), at),))
    return Arrival(Ending.HOLDS, "holds")


def _leave(state: GameState, fleet_id: int, at: float) -> Arrival:
    world = state.world
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    if not world.exists(PLAYER, fleet.owner_id):
        return Arrival(Ending.TURNS, "no_owner")
    generator, outcome = _drawn(state, fleet)
    ended = _end(state, fleet_id, outcome, generator)
    ending = Ending.TURNS if any(fleet.ships) else Ending.LOST
    told = _told(state, fleet_id, ended, at)
    return Arrival(ending, outcome.value, (told,), ended.delay_s)


def _drawn(state: GameState, fleet: Fleet) -> tuple[random.Random, Outcome]:
    """Return how an expedition ends, and what the rest of it is drawn from."""
    generator = random.Random(fleet.random_seed)
    weights = {outcome: getattr(state.universe, outcome.weight_setting) for outcome in Outcome}
    return generator, draw_outcome(weights, generator)


def _end(state: GameState, fleet_id: int, outcome: Outcome, generator: random.Random) -> _Ended:
    rules = state.rules.expedition
    match outcome:
        case Outcome.RESOURCES:
            return _find_resources(state, fleet_id, generator)
        case Outcome.SHIPS:
            return _find_ships(state, fleet_id, generator)
        case Outcome.DELAY:
            hold_s = state.world.component_for_entity(FLEET, fleet_id, Flight).hold_s
            delay_s = delay_seconds(rules, hold_s, draw_size(rules, generator))
            return _Ended(outcome, delay_s=delay_s)
        case Outcome.LOST:
            nobody = (0,) * len(UNITS)
            return _Ended(outcome, lost=_leave_with(state, fleet_id, nobody))
        case Outcome.PIRATES | Outcome.ALIENS:
            return _meet(state, fleet_id, outcome, generator)
        case Outcome.EARLY | Outcome.NOTHING:
            # The weights may have changed while it stayed: it is too late to be early.
            return _Ended(Outcome.NOTHING)


# What is found -----------------------------------------------------------------------------------


def _find_resources(state: GameState, fleet_id: int, generator: random.Random) -> _Ended:
    rules = state.rules.expedition
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    worth = draw_find(rules, best_points(state), generator)
    place = draw_resource(rules, generator)
    room = free_room(state, fleet_id, technologies_of(state.world, fleet.owner_id))
    amount = resource_found(rules, worth, place, room)
    found = tuple(amount * (index == place) for index in range(len(RESOURCES)))
    if amount:
        fleet.cargo = tuple(map(operator.add, fleet.cargo, found))
        finds = state.world.component_for_entity(PLAYER, fleet.owner_id, Finds)
        finds.resources_found = tuple(map(operator.add, finds.resources_found, found))
    return _Ended(Outcome.RESOURCES, resources=((RESOURCES.labels[place], amount),))


def _find_ships(state: GameState, fleet_id: int, generator: random.Random) -> _Ended:
    rules = state.rules.expedition
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    worth = draw_find(rules, best_points(state), generator)
    names = ships_that_may_be_found(rules, _by_name(fleet.ships))
    found = draw_ships(state.rules.units, names, worth, generator)
    counts = tuple(found.get(name, 0) for name in UNITS.labels)
    if any(counts):
        fleet.ships = tuple(map(operator.add, fleet.ships, counts))
    return _Ended(Outcome.SHIPS, ships=tuple(_by_name(counts).items()))


# Who is met --------------------------------------------------------------------------------------


def _foresee_leave(state: GameState, fleet_id: int, _at: float) -> BattleOrder | None:
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    if not state.world.exists(PLAYER, fleet.owner_id):
        return None
    generator, outcome = _drawn(state, fleet)
    if outcome not in (Outcome.PIRATES, Outcome.ALIENS):
        return None
    return _battle(state, fleet, outcome, generator)


def _meet(state: GameState, fleet_id: int, outcome: Outcome, generator: random.Random) -> _Ended:
    """Fight whoever is met."""
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    order = _battle(state, fleet, outcome, generator)
    if order is None:
        return _Ended(Outcome.NOTHING)
    survivors = state.battles.report_of(order).attackers.survivors[0]
    return _Ended(outcome, lost=_leave_with(state, fleet_id, survivors))


def _battle(
    state: GameState, fleet: Fleet, outcome: Outcome, generator: random.Random
) -> BattleOrder | None:
    """Return the battle with whoever is met: ships of the kinds that might have been found.

    It leaves no debris. None if they are too many, and lose sight of one another.
    """
    rules = state.rules.expedition
    encounter = rules.pirates if outcome is Outcome.PIRATES else rules.aliens
    counts = np.array(fleet.ships, dtype=np.int64)
    value = int((state.rules.unit_table.cost.sum(axis=1) * counts).sum())
    theirs_worth = encounter_value(encounter, value, draw_size(rules, generator))
    names = ships_that_may_be_found(rules, _by_name(fleet.ships))
    theirs = draw_ships(state.rules.units, names, theirs_worth, generator)
    if max(int(counts.sum()), sum(theirs.values())) > UNITS_MAX:
        return None
    known = technologies_of(state.world, fleet.owner_id)
    their_levels = {
        name: min(LEVEL_MAX, encounter_technology(encounter, level))
        for name, level in known.items()
    }
    return BattleOrder(
        stats=stats_of(state.rules),
        laws=laws_of(state.rules),
        aftermath=_nothing_stays(state),
        attackers=(participant_of(state.rules, counts, known),),
        defenders=(
            participant_of(state.rules, state.rules.unit_table.counts(theirs), their_levels),
        ),
        seed=fleet.random_seed,
    )


def _nothing_stays(state: GameState) -> AftermathLaws:
    """Return the laws of battles in deep space, where nothing is left that anybody could find."""
    return AftermathLaws(
        debris=DebrisSettings(ships_percent=0, defence_percent=0, deuterium=False),
        repair_percent=0,
        moon=state.rules.moon,
        moon_chance_percent_max=0,
    )


def _leave_with(state: GameState, fleet_id: int, survivors: tuple[int, ...]) -> Ships:
    """Have only these ships be left of a fleet, and return those that are lost."""
    fleet = state.world.component_for_entity(FLEET, fleet_id, Fleet)
    lost = tuple(map(operator.sub, fleet.ships, survivors))
    if any(lost):
        fleet.ships = tuple(survivors)
    if not any(survivors):
        lose_cargo(state, fleet)
    return tuple(_by_name(lost).items())


# What both need ----------------------------------------------------------------------------------


def _by_name(counts: tuple[int, ...]) -> dict[str, int]:
    return {name: count for name, count in zip(UNITS.labels, counts, strict=True) if count}


def _told(state: GameState, fleet_id: int, ended: _Ended, at: float) -> ExpeditionEnded:
    return ExpeditionEnded(
        at,
        state.world.component_for_entity(FLEET, fleet_id, Fleet).owner_id,
        target_of(state.world.component_for_entity(FLEET, fleet_id, Course)),
        ended.outcome.value,
        ended.resources,
        ended.ships,
        ended.lost,
        ended.delay_s,
    )


EXPEDITION = Errand(_refusal, _arrive, leave=_leave, foresee_leave=_foresee_leave)
