"""Who may attack whom: nobody who is on vacation, and not the weak the strong or the reverse."""

from __future__ import annotations

from core.commands import Rejected
from core.components import PLAYER, Vacation
from core.points import points_of
from core.presence import activity_of
from core.rules.protection import is_protected
from core.state import GameState

ON_VACATION = Rejected("vacation", "Who is on vacation cannot be attacked.")


def may_attack(state: GameState, attacker_id: int, defender_id: int, at: float) -> Rejected | None:
    """Return why a player may not attack another or spy on him at an instant, None if he may.

    It is asked twice: when a fleet sets out, and when it arrives. Who has left the world is nobody
    to be protected, or to be kept from anything.
    """
    world = state.world
    if not world.exists(PLAYER, defender_id) or not world.exists(PLAYER, attacker_id):
        return None
    if world.component_for_entity(PLAYER, defender_id, Vacation).on_vacation:
        return ON_VACATION
    if not state.universe.newbie_protection:
        return None
    points = points_of(state, {attacker_id, defender_id})
    mine, his = points[attacker_id], points[defender_id]
    rules = state.rules.protection
    if not is_protected(rules, mine, his, activity_of(state, defender_id, at)):
        return None
    return Rejected(
        "newbie_protection",
        f"You have {mine} points and he has {his}: the weaker one is protected.",
        {"points": mine, "target_points": his},
    )
