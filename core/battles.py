"""Who fights whom where a fleet arrives: found by looking at the world, which changes nothing.

The same look a moment earlier comes to the same order unless something happens meanwhile, so a
large battle can be begun before its fleet is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.combat import UNITS_MAX, BattleOrder
from core.combat.by_rules import aftermath_of, laws_of, participant_of, stats_of
from core.components import FLEET, HOLDING, PLANET, PLAYER, Course, Fleet, Planet
from core.ecs import World
from core.indexes import FLEETS_BY_TARGET
from core.knowledge import technologies_of
from core.rules.settings import SettingValue
from core.state import GameState
from core.unit_stock import units_at

Counts = tuple[int, ...]
# Whose units stand on the planet itself.
NO_FLEET = 0

SETTINGS_OF_BATTLE = (
    "debris_from_ships_percent",
    "debris_from_defence_percent",
    "deuterium_in_debris",
    "defence_repair_percent",
    "moon_chance_percent_max",
)


@dataclass(frozen=True, slots=True)
class Combatant:
    """One owner's units in a battle: those of a fleet, or of the planet for NO_FLEET."""

    owner_id: int
    fleet_id: int
    counts: Counts
    technologies: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Combatants:
    """Both sides, in the order in which the battle has them; the planet is the first defender."""

    attackers: tuple[Combatant, ...]
    defenders: tuple[Combatant, ...]


def combatants(
    state: GameState, fleet_id: int, at: float, *, ships_alone: bool = False
) -> Combatants:
    """Return who fights: the fleet, and whatever is at its target at an instant.

    With the planet's own units fight the fleets that hold there, by their ids, each with what its
    owner knows. Missiles stay in their silo; with `ships_alone` so does everything but ships.
    """
    world = state.world
    planet_id = world.component_for_entity(FLEET, fleet_id, Course).target_id
    owner_id = world.component_for_entity(PLANET, planet_id, Planet).owner_id
    table = state.rules.unit_table
    fighting = table.is_ship if ships_alone else ~table.is_missile
    there = tuple((np.array(units_at(state, planet_id, at)) * fighting).tolist())
    planet = Combatant(owner_id, NO_FLEET, there, _known_by(world, owner_id))
    holding = (_fleet(world, each) for each in holding_at(world, planet_id))
    return Combatants((_fleet(world, fleet_id),), (planet, *holding))


def is_too_large(sides: Combatants) -> bool:
    """Return whether a side has more units than any battle may have."""
    return any(
        sum(sum(each.counts) for each in side) > UNITS_MAX
        for side in (sides.attackers, sides.defenders)
    )


def order_of(state: GameState, fleet_id: int, sides: Combatants) -> BattleOrder:
    """Return the battle of two sides; its chances are those of the fleet that has come."""
    rules, universe = state.rules, state.universe
    settings: dict[str, SettingValue] = {
        name: getattr(universe, name) for name in SETTINGS_OF_BATTLE
    }
    attackers, defenders = (
        tuple(
            participant_of(rules, np.array(each.counts, dtype=np.int64), each.technologies)
            for each in side
        )
        for side in (sides.attackers, sides.defenders)
    )
    return BattleOrder(
        stats=stats_of(rules),
        laws=laws_of(rules),
        aftermath=aftermath_of(rules, settings),
        attackers=attackers,
        defenders=defenders,
        seed=state.world.component_for_entity(FLEET, fleet_id, Fleet).random_seed,
    )


def holding_at(world: World, planet_id: int) -> list[int]:
    """Return the ids of the fleets that hold at a planet, in ascending order."""
    table = world.tables[FLEET]
    heading_here = table.ids_with(FLEETS_BY_TARGET, (planet_id,))
    return [each for each in heading_here if table.get(each, "Flight.fleet_state") == HOLDING]


def _fleet(world: World, fleet_id: int) -> Combatant:
    fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
    return Combatant(fleet.owner_id, fleet_id, fleet.ships, _known_by(world, fleet.owner_id))


def _known_by(world: World, player_id: int) -> Mapping[str, int]:
    """Return what a player has researched; nothing if he has left the world."""
    return technologies_of(world, player_id) if world.exists(PLAYER, player_id) else {}
