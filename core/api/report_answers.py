"""What players are told of battles, and of what their probes have seen."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Amounts, Answer, Time, iso_time
from core.api.fleet_answers import Ships
from core.reports import ReadableReport, ReportPage

_Seen = Annotated[dict[str, int] | None, Field(description="null if the probes did not see it")]


class BattlePlace(Answer):
    galaxy: int
    system: int
    position: int
    type: Annotated[str, Field(description="planet or moon")]
    planet: int
    planet_name: str


class CombatantAnswer(Answer):
    """One owner's units; `fleet` is null for those of the planet. `restored` were lost first."""

    player: int
    name: str
    fleet: int | None
    weapons: int
    shielding: int
    armour: int
    units: Ships
    lost: Ships
    restored: Ships


class SideOfRoundAnswer(Answer):
    """One side at the start of a round: units by combatant, and what they fired and took."""

    units: list[Ships]
    shots: int
    power: int
    absorbed: int


class RoundAnswer(Answer):
    attackers: SideOfRoundAnswer
    defenders: SideOfRoundAnswer


class BattleReportAnswer(BattlePlace):
    """A battle from its first round to its debris, the same for everybody who has fought."""

    id: int
    at: Time
    mission_id: int
    outcome: Annotated[str, Field(description="attackers, defenders or draw: who has won")]
    attackers: list[CombatantAnswer]
    defenders: list[CombatantAnswer]
    rounds: list[RoundAnswer]
    loot: Amounts
    debris: Amounts
    moon_chance_percent: int
    moon_diameter_km: Annotated[int | None, Field(description="of a moon that came of it")]


class BattleReportsAnswer(Answer):
    """A page of reports; `total` counts those on all pages."""

    reports: list[BattleReportAnswer]
    total: int


class EspionageReportAnswer(BattlePlace):
    """What was there when the probes came; `noticed` says that they had to fight."""

    id: int
    at: Time
    mission_id: int
    player: Annotated[int, Field(description="whose planet it is")]
    counter_chance_percent: int
    noticed: bool
    resources: Amounts
    fleet: _Seen = None
    defence: Annotated[
        dict[str, int] | None, Field(description="missiles, too; null if it was not seen")
    ] = None
    buildings: _Seen = None
    research: _Seen = None


class EspionageReportsAnswer(Answer):
    """A page of reports; `total` counts those on all pages."""

    reports: list[EspionageReportAnswer]
    total: int


# From what the world says to what players are told ------------------------------------------------


def battle_report(report: ReadableReport) -> BattleReportAnswer:
    return BattleReportAnswer(
        id=report.report_id, at=iso_time(report.reported_at), **report.content
    )


def battle_reports(page: ReportPage) -> BattleReportsAnswer:
    return BattleReportsAnswer(reports=list(map(battle_report, page.reports)), total=page.total)


def espionage_report(report: ReadableReport) -> EspionageReportAnswer:
    return EspionageReportAnswer(
        id=report.report_id, at=iso_time(report.reported_at), **report.content
    )


def espionage_reports(page: ReportPage) -> EspionageReportsAnswer:
    return EspionageReportsAnswer(
        reports=list(map(espionage_report, page.reports)), total=page.total
    )
