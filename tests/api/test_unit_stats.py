"""Ships and defences apart, and what a ship can do, worked by hand."""

from __future__ import annotations

import pytest

from core.api.unit_stats import defences_among, ship_stats, ships_among
from core.components import UNITS


def test_that_ships_and_defences_are_told_apart() -> None:
    counts = tuple(range(len(UNITS)))
    ships, defences = ships_among(counts), defences_among(counts)
    assert {**ships, **defences} == dict(zip(UNITS.labels, counts, strict=True))
    assert "solar_satellite" in ships
    assert {"rocket_launcher", "small_shield_dome", "interplanetary_missile"} <= defences.keys()


def test_that_a_ship_without_technology_has_the_numbers_of_the_rules() -> None:
    assert ship_stats({})["cruiser"] == {
        "attack": 400,
        "shield": 50,
        "hull": 2_700,
        "speed": 15_000,
        "cargo": 800,
        "fuel": 300,
    }
    assert ship_stats({})["solar_satellite"]["speed"] == 0


def test_that_technologies_make_a_ship_better() -> None:
    levels = {"weapons": 2, "shielding": 1, "armour": 3, "impulse_drive": 4, "hyperspace": 3}
    cruiser = ship_stats(levels)["cruiser"]
    assert cruiser["attack"] == 480  # 400 · 1.2
    assert cruiser["shield"] == 55
    assert cruiser["hull"] == pytest.approx(3_510)  # 2700 · 1.3
    assert cruiser["speed"] == 27_000  # 15 000 · 1.8
    assert cruiser["cargo"] == 920  # 800 · 1.15
    # From level 5 of the impulse drive on, 10 000 · 2 instead of 5000.
    assert ship_stats({"impulse_drive": 5})["small_cargo"]["speed"] == 20_000
