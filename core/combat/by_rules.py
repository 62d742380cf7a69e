"""What a battle takes from the rules and from the world's settings."""

from __future__ import annotations

from collections.abc import Mapping

from core.combat.order import AftermathLaws, BattleLaws, Participant, UnitStats
from core.rules.aftermath import DebrisSettings
from core.rules.catalog import Rules
from core.rules.settings import SettingValue
from core.rules.units import Wholes


def stats_of(rules: Rules) -> UnitStats:
    """Return all types of units, in the order of the rules' table."""
    table = rules.unit_table
    return UnitStats(
        attack=tuple(table.attack.tolist()),
        shield=tuple(table.shield.tolist()),
        hull=tuple(table.hull.tolist()),
        rapid_fire=tuple(map(tuple, table.rapid_fire.tolist())),
        cost=tuple(
            (metal, crystal, deuterium) for metal, crystal, deuterium in table.cost.tolist()
        ),
        is_ship=tuple(table.is_ship.tolist()),
        is_defence=tuple(table.is_defence.tolist()),
    )


def laws_of(rules: Rules) -> BattleLaws:
    combat = rules.combat
    return BattleLaws(
        rounds=combat.rounds,
        technology_percent=combat.technology_percent,
        bounce_percent=combat.bounce_percent,
        explosion_percent=combat.explosion_percent,
    )


def aftermath_of(rules: Rules, settings: Mapping[str, SettingValue]) -> AftermathLaws:
    """Return what becomes of the losses under these settings of a world."""
    return AftermathLaws(
        debris=DebrisSettings(
            ships_percent=settings["debris_from_ships_percent"],
            defence_percent=settings["debris_from_defence_percent"],
            deuterium=bool(settings["deuterium_in_debris"]),
        ),
        repair_percent=settings["defence_repair_percent"],
        moon=rules.moon,
        moon_chance_percent_max=int(settings["moon_chance_percent_max"]),
    )


def participant_of(rules: Rules, counts: Wholes, technologies: Mapping[str, int]) -> Participant:
    """Return one owner's part in a battle; missiles stay in their silo."""
    combat = rules.combat
    fighting = counts * ~rules.unit_table.is_missile
    return Participant(
        tuple(fighting.tolist()),
        weapons=technologies.get(combat.attack_technology, 0),
        shielding=technologies.get(combat.shield_technology, 0),
        armour=technologies.get(combat.hull_technology, 0),
    )
