"""Vacation: what a player is told of his, and what he may not do meanwhile.

Nothing is built, researched or under way when it begins, nothing is produced while it lasts, and he
cannot be attacked. What others bring him he gets, and his offers stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.commands import (
    AcceptFriend,
    DeleteMessage,
    FoundHome,
    NotePresence,
    ReadMessage,
    Rejected,
    RevokeFriend,
    SelectPlanet,
    SendMessage,
    SetVacation,
)
from core.components import PLAYER, Vacation
from core.ecs import World
from core.ownership import NO_HOME
from core.rules.protection import vacation_ends_earliest
from core.state import GameState

ON_VACATION = Rejected("on_vacation", "You are on vacation; come back from it first.")
# Whatever else a player can ask for changes his empire.
_MAY_BE_DONE_MEANWHILE = frozenset(
    (
        AcceptFriend,
        DeleteMessage,
        FoundHome,
        NotePresence,
        ReadMessage,
        RevokeFriend,
        SelectPlanet,
        SendMessage,
        SetVacation,
    )
)


@dataclass(frozen=True, slots=True)
class ReportVacation:
    """Whether a player is on vacation."""

    player_id: int


@dataclass(frozen=True, slots=True)
class VacationReport:
    """A player's vacation; the times are None if he is not on any."""

    on: bool
    since: float | None = None
    ends_earliest: float | None = None


def is_on_vacation(world: World, player_id: int) -> bool:
    """Return whether somebody is in the world and on vacation."""
    return (
        world.exists(PLAYER, player_id)
        and world.component_for_entity(PLAYER, player_id, Vacation).on_vacation
    )


def refusal_while_on_vacation(world: World, command: Any) -> Rejected | None:
    """Return why whoever sends a command may not do that now, None if he may."""
    if type(command) in _MAY_BE_DONE_MEANWHILE:
        return None
    # The host's commands are nobody's.
    player_id = getattr(command, "player_id", None)
    if player_id is None or not is_on_vacation(world, player_id):
        return None
    return ON_VACATION


def report_vacation(state: GameState, query: ReportVacation) -> VacationReport | Rejected:
    if not state.world.exists(PLAYER, query.player_id):
        return NO_HOME
    return vacation_of(state, query.player_id)


def vacation_of(state: GameState, player_id: int) -> VacationReport:
    vacation = state.world.component_for_entity(PLAYER, player_id, Vacation)
    if not vacation.on_vacation:
        return VacationReport(on=False)
    since = vacation.vacation_since
    return VacationReport(True, since, vacation_ends_earliest(state.rules.protection, since))
