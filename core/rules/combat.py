"""The constants of battle. The battle itself is core/combat."""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.entry import Entry


@dataclass(frozen=True, slots=True)
class CombatRules:
    """How long a battle lasts, and when shots and hulls count.

    A shot below `bounce_percent` of the target's full shield bounces; a unit whose hull is below
    `explosion_percent` of its full hull may explode. Each level of the three technologies adds
    `technology_percent`; the hull points are (metal + crystal) / `hull_divisor` before that.
    """

    rounds: int
    hull_divisor: int
    attack_technology: str
    shield_technology: str
    hull_technology: str
    technology_percent: int
    bounce_percent: float
    explosion_percent: float


def read_combat(entry: Entry) -> CombatRules:
    known = entry.names.technologies
    return CombatRules(
        rounds=entry.whole("rounds", least=1, most=1000),
        hull_divisor=entry.whole("hull_divisor", least=1),
        attack_technology=entry.name("attack_technology", known, "technology"),
        shield_technology=entry.name("shield_technology", known, "technology"),
        hull_technology=entry.name("hull_technology", known, "technology"),
        technology_percent=entry.whole("technology_percent", most=1000),
        bounce_percent=entry.number("bounce_percent", most=100),
        explosion_percent=entry.number("explosion_percent", most=100),
    )
