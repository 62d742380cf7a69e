"""Whom a computer player may raid: the inactive near by, and what his probes have seen of them.

Nobody else: who plays is left alone, and so is who is on vacation.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from core.components import PLANET, PLAYER, RESOURCES
from core.galaxy import Coordinates
from core.presence import activity_of
from core.reports import latest_report_at, latest_reports
from core.rules.protection import Activity
from core.settlement import place_of
from core.state import GameState
from core.vacation import is_on_vacation

# What was seen longer ago is not worth an attack any more, but one is not spied upon again so soon.
SEEN_LATELY_S = 1800.0
RESTS_S = 6 * 3600.0
# Of his latest reports he reads so many.
REPORTS_READ = 3
REPORTS_REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Prey:
    """A planet that was seen lately: what lies there, and what stands there as far as it is known.

    `defenders` is None if ships or defence could not be seen.
    """

    planet_id: int
    place: Coordinates
    amounts: tuple[int, ...]
    defenders: Mapping[str, int] | None
    technologies: Mapping[str, int] | None


def prey_of(
    state: GameState, player_id: int, attacked: Container[int], at: float
) -> tuple[Prey, ...]:
    """Return what his latest reports say of planets that he may attack, but for some.

    What was seen before his last battle may not be there any more.
    """
    since = max(at - SEEN_LATELY_S, latest_report_at(state, player_id, "battle"))
    found: dict[int, Prey] = {}
    for report in latest_reports(state, player_id, "espionage", since, REPORTS_READ):
        seen = report.content
        if seen["type"] != "planet" or seen["planet"] in attacked or seen["planet"] in found:
            continue
        if is_left(state, player_id, seen["planet"], at):
            found[seen["planet"]] = _prey(seen)
    return tuple(found.values())


def unspied_place(
    state: GameState, player_id: int, system: tuple[int, int], busy: Container[int], at: float
) -> Coordinates | None:
    """Return where in a system lives somebody inactive of whom nothing was seen lately.

    `busy` are planets that are left out; None if there is no other.
    """
    seen: Container[int] | None = None
    for planet_id in state.galaxy.planets_of(*system):
        if planet_id in busy or not is_left(state, player_id, planet_id, at):
            continue
        if seen is None:
            seen = _seen_lately(state, player_id, at)
        if planet_id not in seen:
            return place_of(state, planet_id)
    return None


def is_left(state: GameState, player_id: int, planet_id: int, at: float) -> bool:
    """Return whether a planet is another's who is inactive, and not on vacation."""
    planets = state.world.tables[PLANET]
    if planet_id not in planets:
        return False
    owner_id = planets.get(planet_id, "Planet.owner_id")
    if owner_id == player_id or owner_id not in state.world.tables[PLAYER]:
        return False
    return activity_of(state, owner_id, at) is not Activity.ACTIVE and not is_on_vacation(
        state.world, owner_id
    )


def _seen_lately(state: GameState, player_id: int, at: float) -> set[int]:
    reports = latest_reports(state, player_id, "espionage", at - RESTS_S, REPORTS_REMEMBERED)
    return {report.content["planet"] for report in reports}


def _prey(content: Mapping[str, Any]) -> Prey:
    fleet, defence = content.get("fleet"), content.get("defence")
    return Prey(
        content["planet"],
        (content["galaxy"], content["system"], content["position"]),
        tuple(content["resources"][name] for name in RESOURCES.labels),
        None if fleet is None or defence is None else {**fleet, **defence},
        content.get("research"),
    )
