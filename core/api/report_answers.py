"""What players are told of battles, and of what their probes have seen.

A report of a battle is long, and what was written of it is JSON as it stands here: it goes out
unread, for to read and to write a page of them takes a second, in which the interpreter's lock
leaves the tick waiting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated

from fastapi.responses import Response, StreamingResponse
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


# Of a page so much is made at a time; the next part waits until this one is on its way.
PART_CHARACTERS = 65_536


def battle_report(report: ReadableReport) -> Response:
    return Response(_battle_text(report), media_type="application/json")


def battle_reports(page: ReportPage) -> Response:
    sizes = [len(_battle_head(each)) + _byte_count(each.text) - 1 for each in page.reports]
    return _page(page.total, sizes, map(_battle_text, page.reports))


def espionage_report(report: ReadableReport) -> EspionageReportAnswer:
    return EspionageReportAnswer(
        id=report.report_id, at=iso_time(report.reported_at), **report.content
    )


def espionage_reports(page: ReportPage) -> Response:
    # What was not seen is not in the text, but in the answer it is null.
    texts = [espionage_report(report).model_dump_json() for report in page.reports]
    return _page(page.total, [*map(_byte_count, texts)], texts)


def _battle_head(report: ReadableReport) -> str:
    return f'{{"id":{report.report_id},"at":"{iso_time(report.reported_at)}",'


def _battle_text(report: ReadableReport) -> str:
    return _battle_head(report) + report.text[1:]


def _page(total: int, sizes: Sequence[int], texts: Iterable[str]) -> Response:
    """Return a page of reports, each an object in JSON of so many bytes."""
    head, tail = '{"reports":[', f'],"total":{total}}}'
    size = len(head) + sum(sizes) + max(0, len(sizes) - 1) + len(tail)
    return StreamingResponse(
        _parts(head, texts, tail),
        media_type="application/json",
        headers={"content-length": str(size)},
    )


async def _parts(head: str, texts: Iterable[str], tail: str) -> AsyncIterator[bytes]:
    part = head
    for number, text in enumerate(texts):
        part += f",{text}" if number else text
        if len(part) >= PART_CHARACTERS:
            yield part.encode()
            part = ""
    yield (part + tail).encode()


def _byte_count(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
