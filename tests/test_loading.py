"""From rows to a world: what a new one is made of, and what a loaded one takes up again.

Restarts and what a world needs before its first tick are in tests/test_game.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.components import PLANET, Position
from core.errors import DatabaseError, SettingsError
from core.loading import galaxy_of, rules_fingerprint
from core.rules import RULES
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import found, new_game, new_state, reload


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_that_a_new_world_has_what_is_given_and_the_rules_defaults_for_the_rest() -> None:
    universe = new_state(galaxies=2, economy_speed=3.0, registration_open=False).universe
    given = {"galaxies": 2, "economy_speed": 3.0, "registration_open": False}
    defaults = {name: setting.default for name, setting in RULES.settings.items()}
    assert {name: getattr(universe, name) for name in RULES.settings} == defaults | given
    assert universe.rules_fingerprint == rules_fingerprint(RULES)


def test_that_a_loaded_world_keeps_its_settings_until_they_are_changed(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store, systems=3, economy_speed=2.0)
    assert game.save_player_data().done()
    again = reload(store, clock, economy_speed=4.0).state
    assert (again.universe.systems, again.universe.economy_speed) == (3, 2.0)
    assert again.galaxy.shape == (9, 3, len(RULES.slots))


@pytest.mark.parametrize(
    ("given", "permitted"),
    [
        ({"systems": 5}, "SYSTEMS is 5, .* permitted is 3;"),
        ({"galaxies": 1, "economy_speed": 4.0}, "GALAXIES is 1, .* permitted is 2 to 1000;"),
    ],
)
def test_that_a_setting_that_a_world_cannot_take_on_is_refused(
    clock: ManualClock, given: dict[str, Any], permitted: str
) -> None:
    store = ManualStore(at_once=True)
    assert new_game(clock, store, galaxies=2, systems=3).save_player_data().done()
    with pytest.raises(SettingsError, match=permitted):
        reload(store, clock, **given)
    assert reload(store, clock, galaxies=2, systems=3).state.galaxy.shape[:2] == (2, 3)


def test_that_rows_without_a_clock_are_refused(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    found(game, 1)
    assert game.save_player_data().done()
    store.clock = None
    with pytest.raises(DatabaseError, match="or its clock"):
        reload(store, clock)


def test_that_places_are_taken_by_the_planets_of_a_world(clock: ManualClock) -> None:
    game = new_game(clock, galaxies=2, systems=3)
    for player_id in (1, 2):
        found(game, player_id)
    galaxy = galaxy_of(game.state.world)
    assert galaxy.shape == (2, 3, len(RULES.slots))
    for planet_id in (1, 2):
        place = game.state.world.component_for_entity(PLANET, planet_id, Position)
        assert galaxy.planet_at((place.galaxy, place.system, place.position)) == planet_id


@pytest.mark.parametrize(
    ("table", "values", "words"),
    [
        ("planet", {"Position.galaxy": 3}, "planet 1 lies outside of the universe"),
        ("planet", {"Position.system": -1}, "planet 1 lies outside of the universe"),
        ("planet", {"Position.position": 0}, "planet 1 lies outside of the universe"),
        ("universe", {"Universe.galaxies": 0}, "a universe without a place"),
        ("universe", {"Universe.systems": -4}, "a universe without a place"),
    ],
)
def test_that_a_world_without_room_for_its_planets_is_refused_in_words(
    clock: ManualClock, table: str, values: dict[str, int], words: str
) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store, galaxies=2, systems=3)
    found(game, 1)
    assert game.save_player_data().done()
    store.rows[table][1] |= values
    with pytest.raises(DatabaseError, match=f"{words}.*starkeep check"):
        reload(store, clock)


def test_that_a_world_whose_settings_have_another_name_is_refused_in_words(
    clock: ManualClock,
) -> None:
    store = ManualStore(at_once=True)
    assert new_game(clock, store).save_player_data().done()
    store.rows["universe"][2] = store.rows["universe"].pop(1)
    with pytest.raises(DatabaseError, match="without its settings"):
        reload(store, clock)


def test_that_changed_rules_have_another_fingerprint() -> None:
    heavier = {**RULES.source["storage"], "unit": RULES.source["storage"]["unit"] + 1}
    changed = replace(RULES, source={**RULES.source, "storage": heavier})
    assert rules_fingerprint(changed) != rules_fingerprint(RULES)


def test_that_the_order_in_the_rules_file_does_not_change_the_fingerprint() -> None:
    turned = replace(RULES, source=dict(reversed(list(RULES.source.items()))))
    assert rules_fingerprint(turned) == rules_fingerprint(RULES)
