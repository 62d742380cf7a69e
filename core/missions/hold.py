"""Hold: stay at a friend's planet for some hours. A fleet that holds stays, whatever he revokes."""

from __future__ import annotations

from core.commands import Rejected
from core.components import FLEET, PLANET, Course, Fleet, Planet
from core.friendships import has_accepted
from core.missions.errand import Arrival, Ending, Errand, FleetOrder, nothing_there
from core.state import GameState

NOT_A_FRIEND = Rejected("not_a_friend", "The owner of this planet has not made you his friend.")


def _refusal(state: GameState, order: FleetOrder) -> Rejected | None:
    return nothing_there(order) or _against_strangers(state, order.target_id, order.player_id)


def _arrive(state: GameState, fleet_id: int, _at: float) -> Arrival:
    planet_id = state.world.component_for_entity(FLEET, fleet_id, Course).target_id
    if not state.world.exists(PLANET, planet_id):
        return Arrival(Ending.TURNS, "no_target")
    sender_id = state.world.component_for_entity(FLEET, fleet_id, Fleet).owner_id
    refusal = _against_strangers(state, planet_id, sender_id)
    if refusal is not None:
        # Accepted when it set out, and revoked meanwhile.
        return Arrival(Ending.TURNS, refusal.code)
    return Arrival(Ending.HOLDS, "holds")


def _against_strangers(state: GameState, planet_id: int, sender_id: int) -> Rejected | None:
    owner_id = state.world.component_for_entity(PLANET, planet_id, Planet).owner_id
    return None if has_accepted(state.world, owner_id, sender_id) else NOT_A_FRIEND


HOLD = Errand(_refusal, _arrive)
