"""The table of units, against the rules of the genre."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import RULES
from core.rules.units import (
    NO_RAPID_FIRE,
    UnitKind,
    battle_strength,
    instant_of_delivery,
    unit_seconds,
    units_delivered,
)

TABLE = RULES.unit_table
FLEET = {
    "small_cargo", "large_cargo", "light_fighter", "heavy_fighter", "cruiser", "battleship",
    "battlecruiser", "bomber", "destroyer", "deathstar", "colony_ship", "recycler",
}  # fmt: skip


def test_that_units_stand_in_the_order_of_the_rules() -> None:
    assert TABLE.names == tuple(RULES.units)
    assert TABLE.names[0] == "small_cargo"
    assert TABLE.names[13:15] == ("solar_satellite", "rocket_launcher")
    assert TABLE.names[-1] == "interplanetary_missile"
    assert len(TABLE.names) == 24
    assert all(TABLE.names[row] == name for name, row in TABLE.index.items())


@pytest.mark.parametrize(
    ("unit", "attack", "shield", "hull"),
    [
        ("small_cargo", 5, 10, 400),  # (2000 + 2000) / 10
        ("cruiser", 400, 50, 2700),  # (20 000 + 7000) / 10, deuterium does not count
        ("deathstar", 200_000, 50_000, 900_000),
        ("espionage_probe", 0, 0, 100),
        ("plasma_turret", 3000, 300, 10_000),
        ("large_shield_dome", 1, 10_000, 10_000),
        ("interplanetary_missile", 12_000, 0, 1500),
        ("interceptor_missile", 0, 0, 1000),
    ],
)
def test_that_a_unit_has_its_strength(unit: str, attack: int, shield: int, hull: int) -> None:
    row = TABLE.index[unit]
    assert (TABLE.attack[row], TABLE.shield[row], TABLE.hull[row]) == (attack, shield, hull)


@pytest.mark.parametrize(
    ("unit", "levels", "attack", "shield", "hull"),
    [
        ("light_fighter", (0, 0, 0), 50.0, 10.0, 400.0),
        ("light_fighter", (3, 5, 7), 65.0, 15.0, 680.0),
        ("cruiser", (10, 1, 2), 800.0, 55.0, 3240.0),
        ("rocket_launcher", (1, 2, 12), 88.0, 24.0, 440.0),
    ],
)
def test_that_each_level_adds_ten_per_cent(
    unit: str, levels: tuple[int, int, int], attack: float, shield: float, hull: float
) -> None:
    strength = battle_strength(TABLE, *levels, percent=RULES.combat.technology_percent)
    row = TABLE.index[unit]
    assert strength.attack[row] == attack
    assert strength.shield[row] == shield
    assert strength.hull[row] == hull


def test_that_every_ship_but_probe_and_satellite_fires_rapidly_at_these() -> None:
    for target in ("espionage_probe", "solar_satellite"):
        column = TABLE.rapid_fire[:, TABLE.index[target]]
        assert TABLE.by_name(np.where(column > 1, column, 0)) == {
            **dict.fromkeys(FLEET, 5),
            "deathstar": 250,
        }


@pytest.mark.parametrize(
    ("shooter", "fire"),
    [
        ("heavy_fighter", {"small_cargo": 3}),
        ("cruiser", {"light_fighter": 6, "rocket_launcher": 10}),
        (
            "battlecruiser",
            {
                "small_cargo": 3,
                "large_cargo": 3,
                "heavy_fighter": 4,
                "cruiser": 4,
                "battleship": 7,
            },
        ),
        (
            "bomber",
            {
                "rocket_launcher": 20,
                "light_laser": 20,
                "heavy_laser": 10,
                "ion_cannon": 10,
                "gauss_cannon": 5,
                "plasma_turret": 5,
            },
        ),
        ("destroyer", {"light_laser": 10, "battlecruiser": 2}),
        (
            "deathstar",
            {
                **dict.fromkeys(("small_cargo", "large_cargo", "colony_ship", "recycler"), 250),
                **dict.fromkeys(("light_fighter", "rocket_launcher", "light_laser"), 200),
                **dict.fromkeys(("heavy_fighter", "heavy_laser", "ion_cannon"), 100),
                "cruiser": 33,
                "battleship": 30,
                "bomber": 25,
                "battlecruiser": 15,
                "destroyer": 5,
                "gauss_cannon": 50,
            },
        ),
        ("small_cargo", {}),
        ("espionage_probe", {}),
        ("solar_satellite", {}),
        ("gauss_cannon", {}),
    ],
)
def test_that_rapid_fire_is_that_of_the_rules(shooter: str, fire: dict[str, int]) -> None:
    row = TABLE.rapid_fire[TABLE.index[shooter]]
    assert TABLE.by_name(np.where(row > NO_RAPID_FIRE, row, 0)) == (
        fire
        if shooter not in FLEET
        else fire
        | dict.fromkeys(
            ("espionage_probe", "solar_satellite"), 250 if shooter == "deathstar" else 5
        )
    )


def test_that_the_columns_cannot_be_written_to() -> None:
    for column in (TABLE.cost, TABLE.attack, TABLE.rapid_fire, TABLE.is_ship):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_that_units_are_counted_as_ships_defences_and_missiles() -> None:
    assert TABLE.is_ship.sum() == 14
    assert TABLE.is_defence.sum() == 8
    assert TABLE.is_missile.sum() == 2
    civil = {name for name, unit in RULES.units.items() if unit.kind is UnitKind.CIVIL}
    assert civil == {
        *("small_cargo", "large_cargo", "colony_ship", "recycler"),
        *("espionage_probe", "solar_satellite"),
    }
    assert {name for name, unit in RULES.units.items() if unit.most} == {
        *("small_shield_dome", "large_shield_dome")
    }
    assert not RULES.units["solar_satellite"].can_be_sent
    assert all(
        unit.can_be_sent == unit.kind.is_ship
        for name, unit in RULES.units.items()
        if name != "solar_satellite"
    )


def test_that_counts_by_name_and_as_a_column_are_the_same() -> None:
    column = TABLE.counts({"cruiser": 3, "recycler": 1})
    assert column.sum() == 4
    assert column[TABLE.index["cruiser"]] == 3
    assert TABLE.by_name(column) == {"cruiser": 3, "recycler": 1}


@pytest.mark.parametrize(
    ("unit", "shipyard", "nanite_factory", "economy_speed", "seconds"),
    [
        ("small_cargo", 1, 0, 1.0, 2880),  # 3600 · 4000 / (2500 · 2)
        ("battleship", 9, 2, 1.0, 2160),  # 3600 · 60 000 / (2500 · 10 · 4)
        ("cruiser", 4, 0, 2.0, 3888),  # 3600 · 27 000 / (2500 · 5 · 2)
        ("cruiser", 6, 1, 1.0, 2777),  # 3600 · 27 000 / (2500 · 7 · 2) = 2777.14
        ("rocket_launcher", 12, 10, 100.0, 1),  # 0.002
    ],
)
def test_that_a_unit_takes_its_time(
    unit: str, shipyard: int, nanite_factory: int, economy_speed: float, seconds: int
) -> None:
    taken = unit_seconds(
        RULES.units[unit],
        RULES.construction.cost_per_hour,
        shipyard,
        nanite_factory,
        economy_speed,
    )
    assert taken == seconds


@pytest.mark.parametrize(
    ("at", "delivered"),
    [(-5.0, 0), (100.0, 0), (1_539.999, 0), (1_540.0, 1), (2_980.0, 2), (7_299.0, 4), (9e9, 5)],
)
def test_that_the_nth_piece_is_there_n_times_its_seconds_later(at: float, delivered: int) -> None:
    assert units_delivered(100.0, 1_440, 5, at) == delivered


@given(st.floats(1e9, 3e9), st.integers(1, 10**7), st.integers(1, 10**6), st.integers(0, 10**6 + 1))
def test_that_a_piece_is_there_from_its_instant_on_and_not_before(
    begun_at: float, seconds: int, ordered: int, number: int
) -> None:
    at = instant_of_delivery(begun_at, seconds, number)
    assert units_delivered(begun_at, seconds, ordered, at) == min(number, ordered)
    before = units_delivered(begun_at, seconds, ordered, math.nextafter(at, 0.0))
    assert before == min(max(number - 1, 0), ordered)
