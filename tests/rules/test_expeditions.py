"""Expeditions, against numbers worked by hand."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rules import RULES
from core.rules.expeditions import (
    Outcome,
    chances,
    delay_seconds,
    draw_find,
    draw_outcome,
    draw_resource,
    draw_ships,
    draw_size,
    encounter_technology,
    encounter_value,
    find_cap,
    resource_found,
    ships_that_may_be_found,
)

EXPEDITION = RULES.expedition
WEIGHTS = {
    outcome: float(RULES.all_settings[outcome.weight_setting].default) for outcome in Outcome
}


def test_that_the_weights_are_those_of_the_rules() -> None:
    assert list(WEIGHTS.values()) == [17, 35, 7.5, 2.75, 25, 0.2, 3, 1.5]


@pytest.mark.parametrize(
    ("outcome", "chance"),
    [
        (Outcome.SHIPS, 17 / 91.95),  # all weights: 91.95
        (Outcome.RESOURCES, 35 / 91.95),
        (Outcome.LOST, 0.2 / 91.95),
    ],
)
def test_that_weights_become_chances(outcome: Outcome, chance: float) -> None:
    assert chances(WEIGHTS)[outcome] == pytest.approx(chance)
    assert sum(chances(WEIGHTS).values()) == pytest.approx(1)


def test_that_without_any_weight_nothing_happens() -> None:
    nothing = dict.fromkeys(Outcome, 0.0)
    assert draw_outcome(nothing, random.Random(1)) is Outcome.NOTHING


def test_that_outcomes_come_as_often_as_they_should() -> None:
    generator = random.Random(3)
    drawn = Counter(draw_outcome(WEIGHTS, generator) for _ in range(20_000))
    for outcome, chance in chances(WEIGHTS).items():
        spread = (20_000 * chance * (1 - chance)) ** 0.5
        assert abs(drawn[outcome] - 20_000 * chance) < 5 * spread


@pytest.mark.parametrize(
    ("points", "cap"),
    [
        (0, 40_000),
        (9999, 40_000),
        (10_000, 500_000),
        (999_999, 1_200_000),
        (4_999_999, 1_800_000),
        (24_999_999, 2_400_000),
        (25_000_000, 3_000_000),
        (74_999_999, 3_600_000),
        (99_999_999, 4_200_000),
        (100_000_000, 5_000_000),
    ],
)
def test_that_the_best_player_caps_what_is_found(points: int, cap: int) -> None:
    assert find_cap(EXPEDITION, points) == cap


def test_that_a_find_is_ten_to_a_hundred_per_cent_of_the_cap() -> None:
    generator = random.Random(4)
    finds = {draw_find(EXPEDITION, 0, generator) for _ in range(5000)}
    assert finds == {400 * percent for percent in range(10, 101)}


@pytest.mark.parametrize(
    ("find", "place", "free_room", "amount"),
    [
        (40_000, 0, 10**9, 40_000),
        (40_000, 1, 10**9, 26_666),  # 26 666.67
        (40_000, 2, 10**9, 13_333),  # 13 333.33
        (40_000, 0, 25_000, 25_000),
        (30_000, 1, 20_000, 20_000),
    ],
)
def test_that_resources_found_fit_the_cargo(
    find: int, place: int, free_room: int, amount: int
) -> None:
    assert resource_found(EXPEDITION, find, place, free_room) == amount


def test_that_each_resource_may_be_found() -> None:
    generator = random.Random(6)
    drawn = Counter(draw_resource(EXPEDITION, generator) for _ in range(3000))
    assert sorted(drawn) == [0, 1, 2]
    assert min(drawn.values()) > 850


@pytest.mark.parametrize(
    ("sent", "last"),
    [
        ({"espionage_probe"}, "small_cargo"),
        ({"small_cargo", "large_cargo"}, "recycler"),
        ({"cruiser", "espionage_probe"}, "colony_ship"),
        ({"deathstar"}, "deathstar"),
    ],
)
def test_that_ships_are_found_up_to_a_class_above_the_best(sent: set[str], last: str) -> None:
    may_be_found = ships_that_may_be_found(EXPEDITION, sent)
    assert may_be_found[-1] == last
    assert sent <= set(may_be_found)


def test_that_a_satellite_has_no_class() -> None:
    assert ships_that_may_be_found(EXPEDITION, {"solar_satellite"}) == ()
    classed = {name for names in EXPEDITION.classes for name in names}
    assert classed == {name for name, unit in RULES.units.items() if unit.can_be_sent}


def test_that_a_class_is_never_cheaper_than_the_one_below() -> None:
    prices = [sum(RULES.units[name].cost) for names in EXPEDITION.classes for name in names]
    assert prices == sorted(prices)


@given(
    st.integers(0, 5_000_000),
    st.sampled_from(["espionage_probe", "light_fighter", "destroyer"]),
    st.integers(),
)
def test_that_ships_found_are_worth_no_more_than_the_find(find: int, best: str, seed: int) -> None:
    may_be_found = ships_that_may_be_found(EXPEDITION, {best})
    found = draw_ships(RULES.units, may_be_found, find, random.Random(seed))
    assert found.keys() <= set(may_be_found)
    assert all(count > 0 for count in found.values())
    assert sum(sum(RULES.units[name].cost) * count for name, count in found.items()) <= find
    assert found == draw_ships(RULES.units, may_be_found, find, random.Random(seed))


def test_that_the_only_ship_that_may_be_found_takes_all_of_the_find() -> None:
    assert draw_ships(RULES.units, ["cruiser"], 100_000, random.Random(1)) == {"cruiser": 3}


def test_that_most_surprises_are_small() -> None:
    generator = random.Random(8)
    drawn = Counter(draw_size(EXPEDITION, generator) for _ in range(10_000))
    assert sorted(drawn) == [0, 1, 2]
    assert 8700 < drawn[0] < 9100
    assert 40 < drawn[2] < 170


@pytest.mark.parametrize(("size", "seconds"), [(0, 7200), (1, 10_800), (2, 18_000)])
def test_that_a_delay_is_a_multiple_of_the_stay(size: int, seconds: int) -> None:
    assert delay_seconds(EXPEDITION, 3600, size) == seconds


@pytest.mark.parametrize(
    ("size", "of_pirates", "of_aliens"),
    [(0, 30_000, 40_000), (1, 50_000, 60_000), (2, 80_000, 90_000)],
)
def test_that_those_who_are_met_are_a_part_as_strong(
    size: int, of_pirates: int, of_aliens: int
) -> None:
    assert encounter_value(EXPEDITION.pirates, 100_001, size) == of_pirates
    assert encounter_value(EXPEDITION.aliens, 100_001, size) == of_aliens


@pytest.mark.parametrize(("level", "of_pirates", "of_aliens"), [(0, 0, 3), (2, 0, 5), (10, 7, 13)])
def test_that_pirates_know_less_and_aliens_more(
    level: int, of_pirates: int, of_aliens: int
) -> None:
    assert encounter_technology(EXPEDITION.pirates, level) == of_pirates
    assert encounter_technology(EXPEDITION.aliens, level) == of_aliens
