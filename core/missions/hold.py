"""Hold: stay at a friend's planet for some hours."""

from __future__ import annotations

from core.commands import Rejected
from core.components import FLEET, PLANET, Course
from core.missions.errand import Arrival, Ending, Errand, FleetOrder, nothing_there
from core.state import GameState

NOT_A_FRIEND = Rejected("not_a_friend", "The owner of this planet has not made you his friend.")


def _refusal(_state: GameState, order: FleetOrder) -> Rejected | None:
    # Nobody can be anybody's friend yet.
    return nothing_there(order) or NOT_A_FRIEND


def _arrive(state: GameState, fleet_id: int, _at: float) -> Arrival:
    planet_id = state.world.component_for_entity(FLEET, fleet_id, Course).target_id
    if not state.world.exists(PLANET, planet_id):
        return Arrival(Ending.TURNS, "no_target")
    return Arrival(Ending.HOLDS, "holds")


HOLD = Errand(_refusal, _arrive)
