"""Changing the world while it runs: from an instant on, and never the past."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import stockpiles
from core.commands import AdoptRules, ChangeSettings, StartBuilding
from core.components import PLANET, UNIVERSE, UNIVERSE_ID, Planet, Stocks, Universe
from core.ecs import Mark, Origin
from core.events import Event, SettingsChanged
from core.game import GameWorld
from core.loading import rules_fingerprint
from core.rules import RULES
from core.systems.settings import revalue_all_planets
from tests.manual_clock import ManualClock
from tests.worlds import (
    bits_of,
    carry_out,
    everything_of,
    found,
    new_game,
    refused,
    set_up,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock, galaxies=2, systems=3)
    for number in (1, 2, 3):
        found(game, number)
    return game


def stock_of(game: GameWorld, planet_id: int = 1) -> Stocks:
    return game.state.world.component_for_entity(PLANET, planet_id, Stocks)


def test_that_a_setting_changes_from_an_instant_on(game: GameWorld, clock: ManualClock) -> None:
    rate, founded_at = stock_of(game).production[0], stock_of(game).settled_at
    clock.advance(1800)
    assert carry_out(game, ChangeSettings({"economy_speed": 4.0})) == ("economy_speed",)
    changed_at = game.time
    clock.advance(1800)
    now = clock.now()
    assert stock_of(game).production[0] == pytest.approx(4 * rate)
    expected = 500 + rate * (changed_at - founded_at) / 3600 + 4 * rate * (now - changed_at) / 3600
    assert stockpiles.amounts_at(stock_of(game), now)[0] == pytest.approx(expected)


def test_that_every_planet_is_settled_at_the_same_instant_and_urgent(game: GameWorld) -> None:
    carry_out(game, ChangeSettings({"basic_income_metal": 60.0}))
    for planet_id in (1, 2, 3):
        assert stock_of(game, planet_id).settled_at == game.time
        assert game.state.world.marks[PLANET].flags_of(planet_id) & Mark.URGENT
    assert game.state.world.marks[UNIVERSE].is_urgent(UNIVERSE_ID)


@pytest.mark.parametrize(
    "values",
    [{"starter_metal": 900.0}, {"registration_open": False}, {"require_start_choice": True}],
)
def test_that_a_setting_no_due_event_reads_leaves_the_planets_alone(
    game: GameWorld, values: dict[str, Any]
) -> None:
    assert game.save_player_data().done()
    before = bits_of(game.state.world)["planet"]
    carry_out(game, ChangeSettings(values))
    assert bits_of(game.state.world)["planet"] == before
    assert game.state.world.marks[PLANET].urgent_count == 0
    assert game.state.world.marks[UNIVERSE].is_urgent(UNIVERSE_ID)


def test_that_what_is_being_built_keeps_its_time_and_what_follows_has_the_new_one(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, amounts=(9000, 9000, 9000))
    first = carry_out(game, StartBuilding(1, "metal_mine"))
    carry_out(game, StartBuilding(1, "metal_mine"))
    carry_out(game, ChangeSettings({"economy_speed": 2.0}))
    table = game.state.world.tables[PLANET]
    assert table.get(1, "BuildQueue.finish_at") == first.due_at
    clock.advance(30.5)
    game.advance(clock.now())
    # 3600 · 112 / (2500 · 3) = 53.76 seconds at speed 1.
    assert table.get(1, "BuildQueue.finish_at") == first.due_at + 26


def test_that_the_universe_grows_and_its_new_places_are_free(game: GameWorld) -> None:
    carry_out(game, ChangeSettings({"galaxies": 5}))
    assert game.state.galaxy.shape == (5, 3, 15)
    assert game.state.universe.galaxies == 5
    assert game.state.galaxy.planet_at((5, 3, 15)) is None
    place = tuple(
        game.state.world.tables[PLANET].get(1, f"Position.{name}")
        for name in ("galaxy", "system", "position")
    )
    assert game.state.galaxy.planet_at(place) == 1


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"galaxies": 1}, "cannot_shrink"),
        ({"economy_speed": 2.0, "galaxies": 1}, "cannot_shrink"),
        ({"systems": 4}, "unknown_setting"),
        ({"random_seed": 4}, "unknown_setting"),
        ({"rules_fingerprint": 4}, "unknown_setting"),
        ({"gravity": 9.81}, "unknown_setting"),
        ({"economy_speed": 2.0, "gravity": 9.81}, "unknown_setting"),
    ],
)
def test_that_some_settings_cannot_be_changed(
    game: GameWorld, values: dict[str, Any], code: str
) -> None:
    assert refused(game, ChangeSettings(values)).code == code


@pytest.mark.parametrize(
    "values",
    [
        {"economy_speed": 0.0},
        {"economy_speed": -1.0},
        {"economy_speed": float("nan")},
        {"economy_speed": float("inf")},
        {"basic_income_metal": -1e12},
        {"energy_floor": 2.0},
        {"galaxies": 2.5},
        {"galaxies": True},
        {"galaxies": 100_000},
        {"economy_speed": "fast"},
        {"require_start_choice": 1},
    ],
)
def test_that_a_setting_out_of_its_range_is_refused(
    game: GameWorld, values: dict[str, Any]
) -> None:
    before = everything_of(game)
    refusal = refused(game, ChangeSettings({"registration_open": False, **values}))
    assert refusal.code == "bad_value"
    assert next(iter(values)) in refusal.detail
    assert everything_of(game) == before


def test_that_the_same_value_again_changes_nothing(game: GameWorld) -> None:
    before = everything_of(game)
    assert carry_out(game, ChangeSettings({"economy_speed": 1.0, "galaxies": 2})) == ()
    assert carry_out(game, ChangeSettings({})) == ()
    assert everything_of(game) == before


def test_that_a_change_is_announced_with_its_names(game: GameWorld) -> None:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    carry_out(game, ChangeSettings({"economy_speed": 2.0, "energy_floor": 0.0}))
    assert events == [SettingsChanged(game.time, ("economy_speed",))]


# New rules ----------------------------------------------------------------------------------------


def test_that_known_rules_change_nothing(game: GameWorld) -> None:
    before = everything_of(game)
    assert carry_out(game, AdoptRules(rules_fingerprint(RULES))) is False
    assert everything_of(game) == before


def test_that_new_rules_hold_from_the_instant_at_which_they_are_adopted(
    game: GameWorld, clock: ManualClock
) -> None:
    world = game.state.world
    with world.unit_of_work(Origin.COMMAND, game.time):
        # What these planets made under the rules that the world was left with.
        world.write_column(PLANET, "Stocks.production", np.full((3, 3), 360.0))
    begun_at = stock_of(game).settled_at
    clock.advance(600)
    assert carry_out(game, AdoptRules(12345)) is True
    assert game.state.universe.rules_fingerprint == 12345
    elapsed_s = game.time - begun_at
    assert stock_of(game).amount == pytest.approx(
        (500 + elapsed_s / 10, 500 + elapsed_s / 10, elapsed_s / 10)
    )
    assert stock_of(game).production[0] < 360
    assert world.marks[PLANET].urgent_count == 3


# All planets at once are as good as one by one ----------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.tuples(*(st.integers(0, 25) for _ in RULES.buildings)),
            st.tuples(*(st.floats(0, 50_000) for _ in RULES.resources)),
            st.integers(0, 50),
        ),
        min_size=1,
        max_size=4,
    ),
    st.floats(0, 500_000),
    st.floats(0.1, 50),
)
def test_that_revaluing_all_planets_gives_the_bits_of_revaluing_each(
    planets: list[tuple[tuple[int, ...], tuple[float, ...], int]], elapsed_s: float, speed: float
) -> None:
    def prepared() -> GameWorld:
        game = new_game(ManualClock(), galaxies=1, systems=4, economy_speed=0.5)
        for number, (levels, amounts, satellites) in enumerate(planets, start=1):
            found(game, number)
            built = dict(zip(RULES.buildings, levels, strict=True))
            units = {"solar_satellite": satellites}
            set_up(game, number, levels=built, amounts=amounts, units=units)
        with game.state.world.unit_of_work(Origin.COMMAND, game.time):
            game.state.universe.economy_speed = speed
        return game

    together, one_by_one = prepared(), prepared()
    at = together.time + elapsed_s
    with together.state.world.unit_of_work(Origin.COMMAND, at):
        revalue_all_planets(together.state, at)
    with one_by_one.state.world.unit_of_work(Origin.COMMAND, at):
        for planet_id in one_by_one.state.world.tables[PLANET].ids.tolist():
            stockpiles.change_rates(one_by_one.state, planet_id, at)
    assert bits_of(together.state.world) == bits_of(one_by_one.state.world)


def test_that_an_empty_world_is_revalued(clock: ManualClock) -> None:
    game = new_game(clock)
    carry_out(game, ChangeSettings({"economy_speed": 3.0}))
    assert game.state.world.component_for_entity(UNIVERSE, UNIVERSE_ID, Universe).economy_speed == 3
    planet = game.state.world.component_for_entity(PLANET, found(game, 1), Planet)
    assert planet.owner_id == 1
