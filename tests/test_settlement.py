"""How moons come and go, and that they are planets of their own kind."""

from __future__ import annotations

import pytest

from core.commands import ChangePlanet, ChangeSettings, SelectPlanet
from core.components import PLANET, Buildings, Ledger, Planet, Position, Power, Stocks
from core.conditions import conditions_of_all
from core.ecs import Origin
from core.galaxy_view import Moon, ViewSystem
from core.game import GameWorld
from core.loading import galaxy_of
from core.queries import ListPlanets, ReportPlanet
from core.settlement import create_moon, remove_planet
from core.sound_world import unsound
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, everything_of, found, loaded_from, new_game, reload, set_up

DIAMETER_KM = 7_416


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    game = new_game(clock, store)
    found(game, 1)
    found(game, 2)
    return game


def give_moon(game: GameWorld, planet_id: int = 1, diameter_km: int = DIAMETER_KM) -> int:
    """Have a planet get a moon at the present instant, and return the moon's id."""
    with game.state.world.unit_of_work(Origin.COMMAND, game.clock.now()):
        moon_id = create_moon(game.state, planet_id, diameter_km, game.clock.now())
    game.writer.note_urgent()
    return moon_id


def place(game: GameWorld, planet_id: int) -> tuple[int, int, int]:
    position = game.state.world.component_for_entity(PLANET, planet_id, Position)
    return position.galaxy, position.system, position.position


def remove(game: GameWorld, planet_id: int) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.clock.now()):
        remove_planet(game.state, planet_id)


def test_that_a_moon_lies_where_its_planet_does_and_belongs_to_the_same_player(
    game: GameWorld,
) -> None:
    set_up(game, 1, technologies={"energy": 3})
    moon_id = give_moon(game)
    world = game.state.world
    moon = world.component_for_entity(PLANET, moon_id, Planet)
    assert (moon.owner_id, moon.name, moon.is_moon, moon.diameter_km) == (1, "Moon", True, 7_416)
    assert place(game, moon_id) == place(game, 1)
    galaxy = game.state.galaxy
    assert (galaxy.planet_at(place(game, 1)), galaxy.moon_at(place(game, 1))) == (1, moon_id)
    assert game.ask(ReportPlanet(1, moon_id))[0].technologies["energy"] == 3
    planet = world.component_for_entity(PLANET, 1, Planet)
    assert (planet.is_moon, planet.diameter_km) == (False, 0)


def test_that_nothing_comes_to_a_moon_by_itself(game: GameWorld, clock: ManualClock) -> None:
    moon_id = give_moon(game)
    stock = game.state.world.component_for_entity(PLANET, moon_id, Stocks)
    assert stock.amount == stock.production == stock.consumption == (0, 0, 0)
    assert stock.capacity == (10_000, 10_000, 10_000)
    # What gives energy on a planet gives none there.
    set_up(game, moon_id, levels={"solar_plant": 5}, units={"solar_satellite": 9})
    clock.advance(1e6)
    game.advance(clock.now())
    report, _ = game.ask(ReportPlanet(1, moon_id))
    assert report.summary.amounts == (0, 0, 0)
    assert game.state.world.component_for_entity(PLANET, moon_id, Ledger).received == (0, 0, 0)


def test_that_a_change_of_settings_gives_a_moon_nothing(
    game: GameWorld, clock: ManualClock
) -> None:
    moon_id = give_moon(game)
    set_up(game, moon_id, units={"solar_satellite": 9})
    carry_out(game, ChangeSettings({"economy_speed": 5.0, "basic_income_metal": 700.0}))
    clock.advance(3_600)
    amounts = game.ask(ReportPlanet(1, moon_id))[0].summary.amounts
    assert amounts == (0, 0, 0)
    assert game.ask(ReportPlanet(1, 1))[0].summary.amounts[0] >= 500 + 5 * 700
    table = game.state.world.tables[PLANET]
    assert conditions_of_all(table).on_moon.tolist() == [False, False, True]


def test_that_satellites_give_energy_to_a_planet_and_none_to_its_moon(game: GameWorld) -> None:
    moon_id = give_moon(game)
    for planet_id in (1, moon_id):
        set_up(game, planet_id, units={"solar_satellite": 2}, temperature_max=40)
    # floor((40 + 140) / 6) = 30 each.
    assert game.ask(ReportPlanet(1, 1))[0].energy_produced == 60
    assert game.ask(ReportPlanet(1, moon_id))[0].energy_produced == 0


def test_that_a_moon_is_told_from_its_planet(game: GameWorld) -> None:
    moon_id = give_moon(game)
    carry_out(game, ChangePlanet(1, moon_id, "Luna"))
    planets, _ = game.ask(ListPlanets(1))
    assert [(each.planet_id, each.is_moon) for each in planets.planets] == [
        (1, False),
        (moon_id, True),
    ]
    report, shown = game.ask(ReportPlanet(1, moon_id))
    assert (report.summary.is_moon, report.diameter_km, report.fields) == (True, 7_416, 1)
    assert (PLANET, moon_id) in shown
    # 36.14 · 163 + 5697.23 = 11588.05
    assert game.ask(ReportPlanet(1, 1))[0].diameter_km == 11_588
    galaxy, system, position = place(game, 1)
    view, shown = game.ask(ViewSystem(galaxy, system))
    assert view.places[position - 1].moon == Moon("Luna", 7_416)
    assert (PLANET, moon_id) in shown
    neighbours = [where for where in view.places if where is not None and where.owner_id == 2]
    assert all(where.moon is None for where in neighbours)


def test_that_a_moon_may_be_the_active_planet_and_never_is_the_home(game: GameWorld) -> None:
    moon_id = give_moon(game)
    assert carry_out(game, SelectPlanet(1, moon_id)) == moon_id
    assert game.ask(ReportPlanet(1))[0].summary.planet_id == moon_id


def test_that_a_planet_has_one_moon_at_most(game: GameWorld) -> None:
    give_moon(game)
    before = everything_of(game)
    with pytest.raises(ValueError, match="has a moon already"):
        give_moon(game)
    assert everything_of(game) == before


def test_that_a_moon_goes_with_its_planet(game: GameWorld) -> None:
    moon_id, other_id = give_moon(game), give_moon(game, 2)
    where, elsewhere = place(game, 1), place(game, 2)
    remove(game, 1)
    galaxy, planets = game.state.galaxy, game.state.world.tables[PLANET]
    assert (galaxy.planet_at(where), galaxy.moon_at(where)) == (None, None)
    assert 1 not in planets
    assert moon_id not in planets
    # A moon alone leaves its planet.
    remove(game, other_id)
    assert (galaxy.planet_at(elsewhere), galaxy.moon_at(elsewhere)) == (2, None)


@pytest.mark.parametrize("gone", ["planet", "moon"])
def test_that_what_was_removed_in_vain_is_back(game: GameWorld, gone: str) -> None:
    moon_id = give_moon(game)
    game.save_player_data()
    before = everything_of(game)
    with game.state.world.unit_of_work(Origin.COMMAND, game.clock.now()) as unit:
        remove_planet(game.state, moon_id if gone == "moon" else 1)
        unit.roll_back()
    assert everything_of(game) == before


def test_that_a_moon_that_failed_to_come_about_leaves_no_trace(game: GameWorld) -> None:
    before = everything_of(game)
    with game.state.world.unit_of_work(Origin.COMMAND, game.clock.now()) as unit:
        create_moon(game.state, 1, DIAMETER_KM, game.clock.now())
        unit.roll_back()
    assert everything_of(game) == before


def test_that_a_moon_is_there_after_a_restart(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    moon_id = give_moon(game)
    set_up(game, moon_id, levels={"lunar_base": 2}, amounts=(7, 8, 9))
    game.save_player_data()
    again = reload(store, clock)
    where = place(again, moon_id)
    assert (again.state.galaxy.planet_at(where), again.state.galaxy.moon_at(where)) == (1, moon_id)
    # 1 + 3 · 2
    assert again.ask(ReportPlanet(1, moon_id))[0].fields == 7
    assert again.state.world.component_for_entity(PLANET, moon_id, Buildings).level.count(2) == 1
    assert again.state.world.component_for_entity(PLANET, moon_id, Power).reactor_runs
    assert galaxy_of(again.state.world).moon_at(where) == moon_id
    assert list(unsound(loaded_from(store))) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("Planet.owner_id", 2, "it is a moon without a planet of its owner"),
        ("Position.position", 16, "it is a moon without a planet of its owner"),
        ("Planet.diameter_km", 0, "a moon has a size of its own"),
    ],
)
def test_that_a_moon_that_cannot_be_is_found(
    game: GameWorld, store: ManualStore, key: str, value: int, says: str
) -> None:
    moon_id = give_moon(game)
    game.save_player_data()
    store.rows["planet"][moon_id][key] = value
    assert any(f"planet {moon_id}: {says}" in each for each in unsound(loaded_from(store)))


def test_that_a_home_on_a_moon_is_found(game: GameWorld, store: ManualStore) -> None:
    moon_id = give_moon(game)
    game.save_player_data()
    store.rows["player"][1]["Player.home_id"] = moon_id
    assert any("player 1: his home is a moon" in each for each in unsound(loaded_from(store)))
