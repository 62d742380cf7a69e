"""The words and numbers of a battle as both sides are told them: the content of a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.battles import NO_FLEET, Combatant, Combatants
from core.combat import BattleOrder, BattleReport, Participant, SideOfBattle, SideOfRound
from core.components import FLEET, PLANET, PLAYER, RESOURCES, UNITS, Course, Planet, Player
from core.ecs import World
from core.rules.missions import TARGETS
from core.state import GameState

Content = dict[str, Any]


def report_content(
    state: GameState,
    fleet_id: int,
    sides: Combatants,
    order: BattleOrder,
    report: BattleReport,
    loot: Sequence[int],
    moon_km: int | None,
) -> Content:
    """Return what is told of a battle: everybody who took part, round by round, and what is left.

    `moon_km` is the diameter of the moon that comes of it, None where there can be none.

    It must be made before a fleet of which nothing is left is deleted.
    """
    world = state.world
    course = world.component_for_entity(FLEET, fleet_id, Course)
    return {
        "galaxy": course.target_galaxy,
        "system": course.target_system,
        "position": course.target_position,
        "type": TARGETS[course.target_type - 1],
        "planet": course.target_id,
        "planet_name": world.component_for_entity(PLANET, course.target_id, Planet).name,
        "mission_id": fleet_id,
        "outcome": str(report.outcome),
        "attackers": _side(world, sides.attackers, order.attackers, report.attackers),
        "defenders": _side(world, sides.defenders, order.defenders, report.defenders),
        "rounds": [
            {"attackers": _round(each.attackers), "defenders": _round(each.defenders)}
            for each in report.rounds
        ],
        "loot": _amounts(loot),
        "debris": _amounts(report.debris),
        "moon_chance_percent": 0 if moon_km is None else report.moon_chance_percent,
        "moon_diameter_km": moon_km or None,
    }


def _side(
    world: World,
    combatants: Sequence[Combatant],
    participants: Sequence[Participant],
    told: SideOfBattle,
) -> list[Content]:
    return [
        {
            "player": combatant.owner_id,
            "name": _name_of(world, combatant.owner_id),
            "fleet": None if combatant.fleet_id == NO_FLEET else combatant.fleet_id,
            "weapons": participant.weapons,
            "shielding": participant.shielding,
            "armour": participant.armour,
            "units": _units(participant.counts),
            "lost": _units(lost),
            "restored": _units(restored),
        }
        for combatant, participant, lost, restored in zip(
            combatants, participants, told.losses, told.restored, strict=True
        )
    ]


def _round(side: SideOfRound) -> Content:
    """Return one side in one round; its units are in the order of the participants."""
    return {
        "units": [_units(counts) for counts in side.units],
        "shots": side.shots,
        "power": side.power,
        "absorbed": side.absorbed,
    }


def _units(counts: Sequence[int]) -> dict[str, int]:
    return {name: count for name, count in zip(UNITS.labels, counts, strict=True) if count}


def _amounts(amounts: Sequence[int]) -> dict[str, int]:
    return dict(zip(RESOURCES.labels, amounts, strict=True))


def _name_of(world: World, player_id: int) -> str:
    """Return a player's name, an empty one if he has left the world."""
    if not world.exists(PLAYER, player_id):
        return ""
    return world.component_for_entity(PLAYER, player_id, Player).name
