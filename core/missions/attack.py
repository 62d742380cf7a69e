"""Attack: fight whatever is there; the victor takes loot along. Then home, if anything is left."""

from __future__ import annotations

from core.battle_results import fight_battle
from core.battles import combatants, is_too_large, order_of
from core.combat import BattleOrder, Outcome
from core.commands import Rejected
from core.components import FLEET, PLANET, PLAYER, Course, Fleet, Planet
from core.missions.errand import Arrival, Ending, Errand, FleetOrder, nothing_there
from core.protection import may_attack
from core.state import GameState

OWN_PLANET = Rejected("own_planet", "Nobody fights or spies upon himself.")

_RESULTS = {Outcome.ATTACKERS: "won", Outcome.DEFENDERS: "lost", Outcome.DRAW: "draw"}


def against_target(state: GameState, order: FleetOrder) -> Rejected | None:
    """Return why a hostile fleet may not set out for its target, None if it may."""
    refusal = nothing_there(order)
    if refusal is not None:
        return refusal
    planet = state.world.component_for_entity(PLANET, order.target_id, Planet)
    return _against_owner(state, order.player_id, planet.owner_id, order.at)


def hindrance(state: GameState, fleet_id: int, at: float) -> str | None:
    """Return why a hostile fleet turns round where it has arrived, None if it does not."""
    world = state.world
    owner_id = world.component_for_entity(FLEET, fleet_id, Fleet).owner_id
    planet_id = world.component_for_entity(FLEET, fleet_id, Course).target_id
    if not world.exists(PLAYER, owner_id):
        return "no_owner"
    if not world.exists(PLANET, planet_id):
        return "no_target"
    defender_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    refusal = _against_owner(state, owner_id, defender_id, at)
    return None if refusal is None else refusal.code


def _against_owner(
    state: GameState, player_id: int, defender_id: int, at: float
) -> Rejected | None:
    if defender_id == player_id:
        return OWN_PLANET
    return may_attack(state, player_id, defender_id, at)


def _arrive(state: GameState, fleet_id: int, at: float) -> Arrival:
    hindered = hindrance(state, fleet_id, at)
    if hindered is not None:
        return Arrival(Ending.TURNS, hindered)
    sides = combatants(state, fleet_id, at)
    if is_too_large(sides):
        # They lose sight of one another.
        return Arrival(Ending.TURNS, "too_many_units")
    fought = fight_battle(state, fleet_id, sides, at, takes_loot=True)
    ending = Ending.TURNS if fought.survives else Ending.LOST
    return Arrival(ending, _RESULTS[fought.outcome], fought.events)


def _foresee(state: GameState, fleet_id: int, at: float) -> BattleOrder | None:
    if hindrance(state, fleet_id, at) is not None:
        return None
    sides = combatants(state, fleet_id, at)
    return None if is_too_large(sides) else order_of(state, fleet_id, sides)


ATTACK = Errand(against_target, _arrive, _foresee)
