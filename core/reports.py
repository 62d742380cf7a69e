"""Reports: what a player was told of a battle, or what his probes have seen.

A report is what was true at one instant, so it is kept as the text that players get: JSON. It is
written in the unit of work of what it tells of, as messages are, and is kept for as long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.commands import Rejected
from core.components import PLAYER, REPORT, REPORT_KINDS, Report
from core.ecs import Mark, World
from core.indexes import REPORTS_BY_OWNER
from core.state import GameState

NO_SUCH_REPORT = Rejected("no_such_item", "There is no such report.")


@dataclass(frozen=True, slots=True)
class ListReports:
    """A page of a player's reports of a kind, the newest first."""

    player_id: int
    kind: str
    limit: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ReadReport:
    """One of a player's reports of a kind."""

    player_id: int
    kind: str
    report_id: int


@dataclass(frozen=True, slots=True)
class ReadableReport:
    """A report as its owner sees it; `text` is JSON, an object."""

    report_id: int
    reported_at: float
    text: str

    @property
    def content(self) -> Mapping[str, Any]:
        """What the text says. A page of long ones takes longer than the simulation has."""
        content: Mapping[str, Any] = json.loads(self.text)
        return content


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Some reports, and how many there are in all."""

    total: int
    reports: tuple[ReadableReport, ...]


def write_report(
    state: GameState, owner_id: int, kind: str, content: Mapping[str, Any], at: float
) -> int | None:
    """Write a report in the open unit of work and return its id.

    `kind` is one of REPORT_KINDS. If its owner has too many of them his oldest goes; if he is not
    in the world nothing is written.
    """
    if not state.world.exists(PLAYER, owner_id):
        return None
    _make_room(state, owner_id, kind)
    report = Report(
        owner_id=owner_id,
        report_kind=_code(kind),
        text=json.dumps(content, separators=(",", ":")),
        reported_at=at,
        forgotten_at=at + state.rules.messages.kept_s,
    )
    return state.world.create_entity(REPORT, report)


def _make_room(state: GameState, owner_id: int, kind: str) -> None:
    ids = _ids_of(state.world, owner_id, kind)
    surplus = len(ids) + 1 - state.rules.messages.kept_most
    if surplus <= 0:
        return
    marks = state.world.marks[REPORT]
    # What the database refuses waits for the host, and must not hold up what comes after it.
    may_go = [report_id for report_id in ids if not marks.flags_of(report_id) & Mark.ASIDE]
    for report_id in may_go[:surplus]:
        state.world.delete_entity(REPORT, report_id)


# What is read -------------------------------------------------------------------------------------


def reports_of(state: GameState, query: ListReports) -> ReportPage:
    ids = _ids_of(state.world, query.player_id, query.kind)[::-1]
    page = ids[query.offset : query.offset + query.limit]
    return ReportPage(len(ids), tuple(_readable(state.world, report_id) for report_id in page))


def latest_reports(
    state: GameState, player_id: int, kind: str, since: float, at_most: int
) -> tuple[ReadableReport, ...]:
    """Return a player's reports of a kind from an instant on, the newest first, a few of them."""
    found = []
    for report_id in _ids_of(state.world, player_id, kind)[: -at_most - 1 : -1]:
        if state.world.component_for_entity(REPORT, report_id, Report).reported_at < since:
            break
        found.append(_readable(state.world, report_id))
    return tuple(found)


def latest_report_at(state: GameState, player_id: int, kind: str) -> float:
    """Return when a player was told something of a kind last, 0 for never."""
    ids = _ids_of(state.world, player_id, kind)
    if not ids:
        return 0.0
    return state.world.component_for_entity(REPORT, ids[-1], Report).reported_at


def read_report(state: GameState, query: ReadReport) -> ReadableReport | Rejected:
    if not state.world.exists(REPORT, query.report_id):
        return NO_SUCH_REPORT
    report = state.world.component_for_entity(REPORT, query.report_id, Report)
    if (report.owner_id, report.report_kind) != (query.player_id, _code(query.kind)):
        # Whether somebody else has it is nobody's business.
        return NO_SUCH_REPORT
    return _readable(state.world, query.report_id)


def _readable(world: World, report_id: int) -> ReadableReport:
    report = world.component_for_entity(REPORT, report_id, Report)
    return ReadableReport(report_id, report.reported_at, report.text)


def _ids_of(world: World, owner_id: int, kind: str) -> list[int]:
    """Return a player's reports of a kind, the oldest first, noting that they are read."""
    return world.ids_with(REPORT, REPORTS_BY_OWNER, owner_id, _code(kind))


def _code(kind: str) -> int:
    return REPORT_KINDS.index(kind) + 1
