"""Vacation: going on one when nothing is in hand any more, and coming back from it."""

from __future__ import annotations

from core import stockpiles
from core.commands import Accepted, Rejected, SetVacation
from core.components import (
    NEVER,
    PLANET,
    PLAYER,
    Knowledge,
    ResearchQueue,
    Vacation,
)
from core.events import Event, StocksChanged
from core.ownership import NO_HOME, fleet_ids_of, planet_ids_of
from core.rules.protection import vacation_ends_earliest
from core.state import GameState
from core.vacation import vacation_of
from core.works import is_busy


def set_vacation(state: GameState, command: SetVacation, at: float) -> Accepted | Rejected:
    """Begin or end a vacation: from this instant on nothing is produced, or everything again."""
    world, player_id = state.world, command.player_id
    if not world.exists(PLAYER, player_id):
        return NO_HOME
    vacation = world.component_for_entity(PLAYER, player_id, Vacation)
    if command.on == vacation.on_vacation:
        return Accepted(vacation_of(state, player_id))
    refusal = (
        _against_beginning(state, player_id) if command.on else _against_ending(state, vacation, at)
    )
    if refusal is not None:
        return refusal
    vacation.on_vacation = command.on
    vacation.vacation_since = at if command.on else 0.0
    events: list[Event] = []
    for planet_id in planet_ids_of(world, player_id):
        world.component_for_entity(PLANET, planet_id, Knowledge).on_vacation = command.on
        stockpiles.change_rates(state, planet_id, at, refuelled=not command.on)
        events.append(StocksChanged(at, player_id, planet_id))
    return Accepted(vacation_of(state, player_id), tuple(events))


def _against_beginning(state: GameState, player_id: int) -> Rejected | None:
    world = state.world
    fleets = len(fleet_ids_of(world, player_id))
    if fleets:
        return Rejected(
            "fleets_in_flight", f"{fleets} of your fleets are under way.", {"fleets": fleets}
        )
    if world.component_for_entity(PLAYER, player_id, ResearchQueue).finish_at != NEVER:
        return Rejected("work_in_hand", "Your research is not finished.")
    busy = [planet_id for planet_id in planet_ids_of(world, player_id) if is_busy(state, planet_id)]
    if busy:
        return Rejected("work_in_hand", "Something is being built.", {"planets": busy})
    return None


def _against_ending(state: GameState, vacation: Vacation, at: float) -> Rejected | None:
    rules = state.rules.protection
    earliest = vacation_ends_earliest(rules, vacation.vacation_since)
    if at >= earliest:
        return None
    return Rejected(
        "vacation_too_short",
        f"A vacation lasts {rules.vacation_hours_least} hours at least.",
        {"seconds_left": earliest - at},
    )
