"""The index of taken places: derived from the planets, never stored."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.galaxy import Coordinates, Galaxy


@pytest.fixture
def galaxy() -> Galaxy:
    return Galaxy(2, 3, 4)


def test_that_a_new_galaxy_is_free(galaxy: Galaxy) -> None:
    assert galaxy.shape == (2, 3, 4)
    assert len(list(galaxy.free_places())) == 24
    assert galaxy.planet_at((2, 3, 4)) is None


def test_that_a_planet_is_found_at_its_place(galaxy: Galaxy) -> None:
    galaxy.settle((2, 3, 4), 17)
    assert galaxy.planet_at((2, 3, 4)) == 17
    galaxy.clear((2, 3, 4))
    assert galaxy.planet_at((2, 3, 4)) is None


def test_that_many_planets_are_settled_at_once(galaxy: Galaxy) -> None:
    galaxy.settle_many(
        np.array([1, 2], dtype=np.int16),
        np.array([1, 3], dtype=np.int16),
        np.array([1, 4], dtype=np.int8),
        np.zeros(2, dtype=np.bool_),
        np.array([5, 6]),
    )
    assert (galaxy.planet_at((1, 1, 1)), galaxy.planet_at((2, 3, 4))) == (5, 6)
    assert len(list(galaxy.free_places())) == 22


def test_that_free_places_come_in_order(galaxy: Galaxy) -> None:
    galaxy.settle((1, 2, 2), 9)
    assert list(galaxy.free_places(1, 2)) == [(1, 2, 1), (1, 2, 3), (1, 2, 4)]
    assert list(galaxy.free_places(1, 2, range(2, 4))) == [(1, 2, 3)]
    assert list(galaxy.free_places(2)) == [
        (2, system, position) for system in (1, 2, 3) for position in (1, 2, 3, 4)
    ]
    assert list(galaxy.free_places(system=2, positions=range(2, 3))) == [(2, 2, 2)]


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        ((1, 1, 1), True),
        ((2, 3, 4), True),
        ((0, 1, 1), False),
        ((3, 1, 1), False),
        ((1, 4, 1), False),
        ((1, 1, 5), False),
        ((1, 1, -1), False),
    ],
)
def test_that_a_place_lies_inside_or_not(galaxy: Galaxy, place: Coordinates, inside: bool) -> None:
    assert galaxy.contains(place) is inside


def test_that_growing_keeps_every_planet_and_adds_free_places(galaxy: Galaxy) -> None:
    galaxy.settle((2, 3, 4), 17)
    galaxy.resize(4)
    assert galaxy.shape == (4, 3, 4)
    assert galaxy.planet_at((2, 3, 4)) == 17
    assert galaxy.planet_at((4, 3, 4)) is None
    galaxy.resize(2)
    assert galaxy.shape == (2, 3, 4)
    assert galaxy.planet_at((2, 3, 4)) == 17


@given(st.dictionaries(st.tuples(*(st.integers(1, n) for n in (2, 3, 4))), st.integers(1, 99)))
def test_that_what_is_taken_is_not_free(planets: dict[Coordinates, int]) -> None:
    galaxy = Galaxy(2, 3, 4)
    for place, planet_id in planets.items():
        galaxy.settle(place, planet_id)
    free = set(galaxy.free_places())
    assert not free & planets.keys()
    assert len(free) + len(planets) == 24
    assert {place: galaxy.planet_at(place) for place in planets} == planets


CHANGES = st.lists(
    st.tuples(st.tuples(*(st.integers(1, n) for n in (2, 3, 4))), st.integers(0, 1)), max_size=40
)
ALL_PLACES = list(itertools.product((1, 2), (1, 2, 3), (1, 2, 3, 4)))


@given(CHANGES, st.integers(0, 30), st.integers(1, 30), st.integers(1, 4), st.integers(1, 4))
def test_that_pages_of_free_places_are_pieces_of_the_whole(
    changes: list[tuple[Coordinates, int]], offset: int, limit: int, first: int, last: int
) -> None:
    galaxy = Galaxy(2, 3, 4)
    free = set(ALL_PLACES)
    for place, planet_id in changes:
        if planet_id:
            galaxy.settle(place, planet_id)
            free.discard(place)
        else:
            galaxy.clear(place)
            free.add(place)
    positions = range(first, max(first, last) + 1)
    whole = [place for place in ALL_PLACES if place in free and place[2] in positions]
    page = galaxy.free_places(positions=positions, limit=limit, offset=offset)
    assert page == whole[offset : offset + limit]
    assert (
        galaxy.free_places(2, positions=positions, limit=limit, offset=offset)
        == ([place for place in whole if place[0] == 2][offset : offset + limit])
    )
    assert galaxy.first_free_place(positions=positions) == next(iter(whole), None)


def test_that_free_places_are_counted_anew_when_galaxies_come_and_go() -> None:
    galaxy = Galaxy(3, 1, 2)
    galaxy.settle_many(
        np.array([1, 1, 2], dtype=np.int16),
        np.ones(3, dtype=np.int16),
        np.array([1, 2, 1], dtype=np.int8),
        np.zeros(3, dtype=np.bool_),
        np.array([5, 6, 7]),
    )
    assert galaxy.free_places(limit=9) == [(2, 1, 2), (3, 1, 1), (3, 1, 2)]
    galaxy.resize(2)
    assert galaxy.free_places(limit=9) == [(2, 1, 2)]
    galaxy.resize(4)
    assert galaxy.free_places(limit=2, offset=3) == [(4, 1, 1), (4, 1, 2)]


def test_that_a_moon_shares_the_place_of_its_planet(galaxy: Galaxy) -> None:
    galaxy.settle_many(
        np.array([1, 1, 2], dtype=np.int16),
        np.array([2, 2, 3], dtype=np.int16),
        np.array([3, 3, 4], dtype=np.int8),
        np.array([False, True, False]),
        np.array([5, 6, 7]),
    )
    assert (galaxy.planet_at((1, 2, 3)), galaxy.moon_at((1, 2, 3))) == (5, 6)
    assert (galaxy.planet_at((2, 3, 4)), galaxy.moon_at((2, 3, 4))) == (7, None)
    galaxy.settle_moon((2, 3, 4), 8)
    galaxy.resize(3)
    assert (galaxy.planet_at((2, 3, 4)), galaxy.moon_at((2, 3, 4))) == (7, 8)
    assert len(galaxy.free_places()) == 34
    galaxy.clear_moon((1, 2, 3))
    assert (galaxy.planet_at((1, 2, 3)), galaxy.moon_at((1, 2, 3))) == (5, None)
