"""Units, laws and orders of battles, as tests need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.combat.order import AftermathLaws, BattleLaws, BattleOrder, Participant, UnitStats
from core.rules import RULES
from core.rules.aftermath import DebrisSettings

LAWS = BattleLaws(rounds=6, technology_percent=10, bounce_percent=1, explosion_percent=70)
AFTERMATH = AftermathLaws(
    debris=DebrisSettings(ships_percent=30, defence_percent=0, deuterium=False),
    repair_percent=70,
    moon=RULES.moon,
    moon_chance_percent_max=20,
)
# metal, crystal, deuterium, shield, attack
TABLE = {
    "small_cargo": (2000, 2000, 0, 10, 5),
    "large_cargo": (6000, 6000, 0, 25, 5),
    "light_fighter": (3000, 1000, 0, 10, 50),
    "heavy_fighter": (6000, 4000, 0, 25, 150),
    "cruiser": (20000, 7000, 2000, 50, 400),
    "battleship": (45000, 15000, 0, 200, 1000),
    "battlecruiser": (30000, 40000, 15000, 400, 700),
    "bomber": (50000, 25000, 15000, 500, 1000),
    "destroyer": (60000, 50000, 15000, 500, 2000),
    "deathstar": (5_000_000, 4_000_000, 1_000_000, 50000, 200_000),
    "colony_ship": (10000, 20000, 10000, 100, 50),
    "recycler": (10000, 6000, 2000, 10, 1),
    "espionage_probe": (0, 1000, 0, 0, 0),
    "solar_satellite": (0, 2000, 500, 1, 1),
    "rocket_launcher": (2000, 0, 0, 20, 80),
    "light_laser": (1500, 500, 0, 25, 100),
    "heavy_laser": (6000, 2000, 0, 100, 250),
    "gauss_cannon": (20000, 15000, 2000, 200, 1100),
    "ion_cannon": (2000, 6000, 0, 500, 150),
    "plasma_turret": (50000, 50000, 30000, 300, 3000),
    "small_shield_dome": (10000, 10000, 0, 2000, 1),
    "large_shield_dome": (50000, 50000, 0, 10000, 1),
}
NAMES = tuple(TABLE)
SHIPS = NAMES[: NAMES.index("solar_satellite")]
DEFENCE = NAMES[NAMES.index("rocket_launcher") :]
RAPID_FIRE: dict[str, dict[str, int]] = {
    **{
        name: {"espionage_probe": 5, "solar_satellite": 5}
        for name in SHIPS
        if name != "espionage_probe"
    },
}
RAPID_FIRE["heavy_fighter"] |= {"small_cargo": 3}
RAPID_FIRE["cruiser"] |= {"light_fighter": 6, "rocket_launcher": 10}
RAPID_FIRE["battlecruiser"] |= {
    "small_cargo": 3,
    "large_cargo": 3,
    "heavy_fighter": 4,
    "cruiser": 4,
    "battleship": 7,
}
RAPID_FIRE["bomber"] |= {
    "rocket_launcher": 20,
    "light_laser": 20,
    "heavy_laser": 10,
    "ion_cannon": 10,
    "gauss_cannon": 5,
    "plasma_turret": 5,
}
RAPID_FIRE["destroyer"] |= {"light_laser": 10, "battlecruiser": 2}
RAPID_FIRE["deathstar"] |= {
    "espionage_probe": 250,
    "solar_satellite": 250,
    "small_cargo": 250,
    "large_cargo": 250,
    "colony_ship": 250,
    "recycler": 250,
    "light_fighter": 200,
    "heavy_fighter": 100,
    "cruiser": 33,
    "battleship": 30,
    "bomber": 25,
    "battlecruiser": 15,
    "destroyer": 5,
    "rocket_launcher": 200,
    "light_laser": 200,
    "heavy_laser": 100,
    "ion_cannon": 100,
    "gauss_cannon": 50,
}
STATS = UnitStats(
    attack=tuple(float(row[4]) for row in TABLE.values()),
    shield=tuple(float(row[3]) for row in TABLE.values()),
    hull=tuple((row[0] + row[1]) / 10 for row in TABLE.values()),
    rapid_fire=tuple(
        tuple(RAPID_FIRE.get(shooter, {}).get(target, 1) for target in NAMES) for shooter in NAMES
    ),
    cost=tuple((row[0], row[1], row[2]) for row in TABLE.values()),
    is_ship=tuple(name not in DEFENCE for name in NAMES),
    is_defence=tuple(name in DEFENCE for name in NAMES),
)


def fleet(
    units: Mapping[str, int], *, weapons: int = 0, shielding: int = 0, armour: int = 0
) -> Participant:
    """Return a participant with these units."""
    unknown = units.keys() - set(NAMES)
    assert not unknown, unknown
    counts = tuple(units.get(name, 0) for name in NAMES)
    return Participant(counts, weapons, shielding, armour)


def battle(
    attackers: Sequence[Participant], defenders: Sequence[Participant], seed: int = 1
) -> BattleOrder:
    """Return an order with the laws of the game."""
    return BattleOrder(STATS, LAWS, AFTERMATH, tuple(attackers), tuple(defenders), seed)


Army = dict[str, int]


def light_fighters(units: int) -> Army:
    return {"light_fighter": units}


def three_types(units: int) -> Army:
    return {"light_fighter": units // 2, "cruiser": units // 4, "battleship": units // 4}


def every_ship(units: int) -> Army:
    return dict.fromkeys(SHIPS, units // len(SHIPS) + 1) | {"deathstar": units // 10_000}


def everything(units: int) -> Army:
    names = SHIPS + DEFENCE
    few = {"deathstar": units // 10_000, "small_shield_dome": 1, "large_shield_dome": 1}
    return dict.fromkeys(names, units // len(names) + 1) | few


CASES: tuple[tuple[str, Callable[[int], Army], Callable[[int], Army]], ...] = (
    ("light fighters", light_fighters, light_fighters),
    ("three types", three_types, three_types),
    ("every ship", every_ship, every_ship),
    ("every ship against everything", every_ship, everything),
)


def order_of(attackers: Army, defenders: Army) -> BattleOrder:
    """Return a battle of sides whose levels of technology are all different."""
    return battle(
        [fleet(attackers, weapons=3, shielding=4, armour=5)],
        [fleet(defenders, weapons=4, shielding=4, armour=3)],
        seed=5,
    )
