"""Flying, against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import RULES
from core.rules import flight as flying
from core.rules.flight import ShipsFlying

FLIGHT = RULES.flight
UNITS = RULES.units


def ships(name: str, count: int, speed: float = 1.0) -> ShipsFlying:
    return ShipsFlying(UNITS[name], count, speed)


# Distance -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "target", "distance"),
    [
        ((1, 1, 1), (1, 1, 1), 5),
        ((1, 1, 4), (1, 1, 7), 1015),  # 3 · 5 + 1000
        ((1, 1, 15), (1, 1, 1), 1070),  # positions do not wrap around
        ((1, 1, 1), (1, 2, 15), 2795),  # 95 + 2700
        ((1, 1, 1), (1, 499, 1), 2795),  # 498 apart, or 1 the other way round
        ((1, 10, 1), (1, 260, 1), 26_355),  # 250 or 249 · 95 + 2700
        ((2, 1, 1), (5, 400, 9), 60_000),  # 3 · 20 000
        ((1, 1, 1), (9, 1, 1), 20_000),  # 8 or 1
        ((1, 1, 1), (6, 1, 1), 80_000),  # 5 or 4
    ],
)
def test_that_places_have_a_distance(
    origin: tuple[int, int, int], target: tuple[int, int, int], distance: int
) -> None:
    assert flying.distance(FLIGHT.distance, origin, target, 9, 499) == distance
    assert flying.distance(FLIGHT.distance, target, origin, 9, 499) == distance


def test_that_distances_to_many_places_are_worked_out_at_once() -> None:
    targets = (np.array([1, 1, 1, 6]), np.array([1, 1, 499, 1]), np.array([4, 7, 4, 4]))
    found = flying.distance(FLIGHT.distance, (1, 1, 4), targets, 9, 499)
    assert found.tolist() == [5, 1015, 2795, 80_000]


@given(st.integers(1, 499), st.integers(1, 499))
def test_that_no_way_round_is_longer_than_half(here: int, there: int) -> None:
    steps = min((there - here) % 499, (here - there) % 499)
    assert flying.axis_distance(here, there, 499) == steps <= 249


# Speed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ship", "technologies", "speed"),
    [
        ("light_fighter", {}, 12_500),
        ("light_fighter", {"combustion_drive": 3}, 16_250),  # · 1.3
        ("cruiser", {"impulse_drive": 4}, 27_000),  # 15 000 · 1.8
        ("deathstar", {"hyperspace_drive": 7}, 310),  # 100 · 3.1
        ("espionage_probe", {"combustion_drive": 6}, 160_000_000),
        ("small_cargo", {"combustion_drive": 9, "impulse_drive": 4}, 9500),  # 5000 · 1.9
        ("small_cargo", {"combustion_drive": 9, "impulse_drive": 5}, 20_000),  # 10 000 · 2
        # The switch counts although combustion would be faster: 5000 · 5.
        ("small_cargo", {"combustion_drive": 40, "impulse_drive": 5}, 20_000),
        ("bomber", {"impulse_drive": 6, "hyperspace_drive": 7}, 8800),  # 4000 · 2.2
        ("bomber", {"impulse_drive": 6, "hyperspace_drive": 8}, 17_000),  # 5000 · 3.4
        ("recycler", {"combustion_drive": 6, "impulse_drive": 16}, 3200),  # 2000 · 1.6
        ("recycler", {"combustion_drive": 6, "impulse_drive": 17}, 17_600),  # 4000 · 4.4
        ("recycler", {"impulse_drive": 17, "hyperspace_drive": 15}, 33_000),  # 6000 · 5.5
        ("recycler", {"impulse_drive": 40, "hyperspace_drive": 15}, 36_000),  # 4000 · 9
        ("solar_satellite", {"combustion_drive": 9}, 0),
        ("rocket_launcher", {}, 0),
    ],
)
def test_that_a_ship_has_its_speed(ship: str, technologies: dict[str, int], speed: float) -> None:
    assert flying.speed(FLIGHT, UNITS[ship], technologies) == speed


def test_that_a_fleet_is_as_fast_as_its_slowest_ship() -> None:
    counts = {"cruiser": 4, "recycler": 1, "deathstar": 0}
    fleet = flying.ships_flying(FLIGHT, UNITS, counts, {"combustion_drive": 6})
    assert [(each.unit.name, each.count, each.speed) for each in fleet] == [
        ("cruiser", 4, 15_000),
        ("recycler", 1, 3200),
    ]
    assert flying.fleet_speed(fleet) == 3200


# Duration -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tenths", "distance", "speed", "factor", "seconds"),
    [
        (10, 5, 5000, 1.0, 360),  # 3500 · √0.01 + 10
        (10, 1015, 12_500, 1.0, 3164),  # 3163.886
        (5, 4600, 7500, 1.0, 17_346),  # 17 345.897
        (1, 20_000, 100, 2.0, 782_629),  # 782 628.79
        (10, 80_000, 2500, 3.5, 17_891),  # 17 891.40
        (10, 5, 100_000_000, 1000.0, 1),  # 0.01, and at least 1
    ],
)
def test_that_a_flight_takes_its_time(
    tenths: int, distance: int, speed: float, factor: float, seconds: int
) -> None:
    assert flying.flight_seconds(FLIGHT, distance, speed, tenths, factor) == seconds


# Fuel ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fleet", "distance", "seconds", "factor", "deuterium"),
    [
        # x = 35 000 / 3154 · √(10 150 / 12 500) = 9.99964; 200 · 1015 / 35 000 · 1.99996² = 23.199
        ([ships("light_fighter", 10, 12_500)], 1015, 3164, 1.0, 23),
        # 12.777 for the cargos; 0.081 for the probe counts as 1: 13.777
        (
            [ships("small_cargo", 4, 5000), ships("espionage_probe", 1, 100_000_000)],
            *(2795, 8285, 1.0, 14),
        ),
        # At half speed and double fleet speed: x = 4.99987, 1714.29 · 1.499987² = 3857.08
        ([ships("destroyer", 3, 6500)], 20_000, 19_420, 2.0, 3857),
        # No time left: S = 0.5, and 0.005 counts as 1
        ([ships("espionage_probe", 1, 100_000_000)], 5, 1, 1.0, 1),
    ],
)
def test_that_a_flight_burns_deuterium(
    fleet: list[ShipsFlying], distance: int, seconds: int, factor: float, deuterium: int
) -> None:
    assert flying.fuel(FLIGHT, fleet, distance, seconds, factor) == deuterium


@pytest.mark.parametrize(
    ("fleet", "hours", "deuterium"),
    [
        ([ships("light_fighter", 10)], 1, 20),  # 20 · 10 / 10
        ([ships("cruiser", 3), ships("espionage_probe", 5)], 7, 633),  # (900 + 5) · 7 / 10 = 633.5
        ([ships("deathstar", 2)], 3, 1),  # 0.6, and at least 1
    ],
)
def test_that_staying_burns_deuterium_too(
    fleet: list[ShipsFlying], hours: int, deuterium: int
) -> None:
    assert flying.holding_fuel(FLIGHT, fleet, hours) == deuterium


# Room ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fleet", "hyperspace", "cargo", "tank"),
    [
        ([ships("small_cargo", 1)], 0, 5000, 5000),
        ([ships("light_fighter", 3)], 1, 157, 157),  # 150 · 1.05 = 157.5
        ([ships("large_cargo", 2), ships("espionage_probe", 4)], 4, 60_000, 60_024),  # · 1.2
        ([ships("espionage_probe", 7)], 3, 0, 40),  # 35 · 1.15 = 40.25
        ([ships("deathstar", 1)], 8, 1_400_000, 1_400_000),
    ],
)
def test_that_a_fleet_has_room(
    fleet: list[ShipsFlying], hyperspace: int, cargo: int, tank: int
) -> None:
    assert flying.cargo_room(FLIGHT, fleet, hyperspace) == cargo
    assert flying.tank_room(FLIGHT, fleet, hyperspace) == tank


# Slots --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("computer", "fleets"), [(0, 1), (1, 2), (10, 11)])
def test_that_computers_steer_fleets(computer: int, fleets: int) -> None:
    assert flying.fleet_slots(RULES.fleet_slots, computer) == fleets


@pytest.mark.parametrize(
    ("astrophysics", "planets"), [(0, 1), (1, 2), (2, 2), (3, 3), (4, 3), (15, 9)]
)
def test_that_astrophysics_gives_planets(astrophysics: int, planets: int) -> None:
    assert flying.planet_slots(RULES.fleet_slots, astrophysics) == planets


@pytest.mark.parametrize(
    ("astrophysics", "expeditions"), [(0, 0), (1, 1), (3, 1), (4, 2), (8, 2), (9, 3), (24, 4)]
)
def test_that_astrophysics_gives_expeditions(astrophysics: int, expeditions: int) -> None:
    assert flying.expedition_slots(RULES.fleet_slots, astrophysics) == expeditions
