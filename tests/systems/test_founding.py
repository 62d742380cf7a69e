"""Coming into the world: home planets, where they lie, and which planet is active."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.commands import FoundHome, SelectPlanet
from core.components import NEVER, PLANET, PLAYER, Buildings, BuildQueue, Planet, Player, Stocks
from core.ecs import Origin
from core.events import Event, PlanetFounded
from core.game import GameWorld
from core.rules import RULES
from core.systems.founding import Home
from tests.manual_clock import ManualClock
from tests.worlds import bits_of, carry_out, everything_of, found, new_game, refused

HABITABLE = range(4, 13)


@pytest.fixture
def game() -> GameWorld:
    return new_game(galaxies=2, systems=3)


def place_of(game: GameWorld, planet_id: int) -> tuple[int, int, int]:
    table = game.state.world.tables[PLANET]
    galaxy, system, position = (
        table.get(planet_id, f"Position.{name}") for name in ("galaxy", "system", "position")
    )
    return galaxy, system, position


def test_that_a_home_has_what_the_rules_give_a_new_planet(game: GameWorld) -> None:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    home = carry_out(game, FoundHome(7, "ada"))
    world = game.state.world
    planet = world.component_for_entity(PLANET, home.planet_id, Planet)
    assert (planet.owner_id, planet.name, planet.fields) == (7, "Homeworld", 163)
    assert planet.founded_at == game.time
    slot = RULES.slots[home.coordinates[2] - 1]
    assert slot.temperature_max[0] <= planet.temperature_max <= slot.temperature_max[1]
    stock = world.component_for_entity(PLANET, home.planet_id, Stocks)
    assert stock.amount == (500.0, 500.0, 0.0)
    assert stock.settled_at == game.time
    assert stock.production[0] == pytest.approx(30 * (1 + slot.bonus[0]))
    assert stock.capacity == (10_000.0, 10_000.0, 10_000.0)
    assert sum(world.component_for_entity(PLANET, home.planet_id, Buildings).level) == 0
    queue = world.component_for_entity(PLANET, home.planet_id, BuildQueue)
    assert (sum(queue.queued), queue.finish_at) == (0, NEVER)
    player = world.component_for_entity(PLAYER, 7, Player)
    assert (player.name, player.home_id, player.active_planet_id) == ("ada", 1, 1)
    assert events == [PlanetFounded(game.time, 7, 1)]


def test_that_a_home_starts_with_what_the_world_gives() -> None:
    game = new_game(starter_metal=7.0, starter_crystal=8.0, starter_deuterium=9.0)
    stock = game.state.world.component_for_entity(PLANET, found(game, 1), Stocks)
    assert stock.amount == (7.0, 8.0, 9.0)


def test_that_a_second_home_is_not_founded(game: GameWorld) -> None:
    home = carry_out(game, FoundHome(7, "ada"))
    before = everything_of(game)
    assert carry_out(game, FoundHome(7, "somebody else", (1, 1, 4))) == home
    assert everything_of(game) == before


def test_that_a_home_lies_where_it_was_wanted(game: GameWorld) -> None:
    assert carry_out(game, FoundHome(1, "ada", (2, 3, 9), "Eden")) == Home(1, (2, 3, 9), "Eden")
    assert place_of(game, 1) == (2, 3, 9)
    assert game.state.galaxy.planet_at((2, 3, 9)) == 1


def test_that_the_first_free_position_of_a_system_is_taken(game: GameWorld) -> None:
    places = [
        carry_out(game, FoundHome(number, "x", (1, 2, None))).coordinates for number in range(1, 10)
    ]
    assert places == [(1, 2, position) for position in HABITABLE]
    assert refused(game, FoundHome(10, "x", (1, 2, None))).code == "taken"


@pytest.mark.parametrize(
    ("coordinates", "code"),
    [
        ((1, 1, 5), "taken"),
        ((1, 1, 3), "not_habitable"),
        ((1, 1, 13), "not_habitable"),
        ((1, 1, 0), "not_habitable"),
        ((1, 1, -4), "not_habitable"),
        ((3, 1, 5), "outside_universe"),
        ((0, 1, 5), "outside_universe"),
        ((1, 4, 5), "outside_universe"),
        ((1, 0, 5), "outside_universe"),
        ((-1, -1, 5), "outside_universe"),
        ((10**30, 1, None), "outside_universe"),
    ],
)
def test_that_no_home_is_founded_where_none_can_be(
    game: GameWorld, coordinates: tuple[int, int, int | None], code: str
) -> None:
    carry_out(game, FoundHome(1, "ada", (1, 1, 5)))
    assert refused(game, FoundHome(2, "bob", coordinates)).code == code


def test_that_every_place_is_found_and_then_the_universe_is_full() -> None:
    game = new_game(galaxies=1, systems=2)
    places = {place_of(game, found(game, number)) for number in range(1, 19)}
    assert places == {(1, system, position) for system in (1, 2) for position in HABITABLE}
    assert refused(game, FoundHome(19, "late")).code == "universe_full"


def test_that_first_players_are_neighbours() -> None:
    game = new_game()
    places = [place_of(game, found(game, number)) for number in range(1, 30)]
    assert {(galaxy, system <= 60) for galaxy, system, _ in places} == {(1, True)}
    assert len(set(places)) == 29


def test_that_a_home_depends_on_the_world_and_the_player_alone() -> None:
    def homes() -> dict[str, Any]:
        game = new_game(ManualClock())
        for number in (5, 3, 8):
            found(game, number)
        return {str(i): place_of(game, i) for i in (1, 2, 3)}

    assert homes() == homes()


def test_that_a_home_that_could_not_be_founded_leaves_its_place_free(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("half way")

    before = everything_of(game)
    monkeypatch.setattr("core.stockpiles.change_rates", fail)
    executed = game.execute(FoundHome(1, "ada", (1, 1, 5)))
    assert executed.outcome.code == "failed"  # type: ignore[union-attr]
    assert everything_of(game) == before


@given(st.lists(st.integers(1, 40), max_size=40))
def test_that_no_two_planets_share_a_place(player_ids: list[int]) -> None:
    game = new_game(galaxies=1, systems=4)
    for player_id in player_ids:
        game.execute(FoundHome(player_id, f"player{player_id}"))
    table = game.state.world.tables[PLANET]
    places = [place_of(game, planet_id) for planet_id in table.ids.tolist()]
    assert len(places) == len(set(places)) == min(len(set(player_ids)), 36)
    for planet_id, place in zip(table.ids.tolist(), places, strict=True):
        assert game.state.galaxy.planet_at(place) == planet_id


def test_that_a_refusal_shows_who_lives_there(game: GameWorld) -> None:
    carry_out(game, FoundHome(1, "ada", (1, 1, 5)))
    assert (PLANET, 1) in game.execute(FoundHome(2, "bob", (1, 1, 5))).shown


# The active planet --------------------------------------------------------------------------------


def colony(game: GameWorld, owner_id: int) -> int:
    """Give a player a second planet, as landing a colony ship will."""
    home_id = found(game, 100 + owner_id)
    world = game.state.world
    with world.unit_of_work(Origin.COMMAND, game.time):
        world.tables[PLANET].set(home_id, "Planet.owner_id", owner_id)
    return home_id


def test_that_a_player_selects_one_of_his_planets(game: GameWorld) -> None:
    found(game, 1)
    second = colony(game, 1)
    assert carry_out(game, SelectPlanet(1, second)) == second
    assert game.state.world.component_for_entity(PLAYER, 1, Player).active_planet_id == second
    assert game.state.world.component_for_entity(PLAYER, 1, Player).home_id == 1


def test_that_selecting_the_active_planet_changes_nothing(game: GameWorld) -> None:
    found(game, 1)
    before = everything_of(game)
    assert carry_out(game, SelectPlanet(1, 1)) == 1
    assert everything_of(game) == before


@pytest.mark.parametrize(("player_id", "planet_id"), [(1, 2), (2, 1), (1, 99), (1, 0)])
def test_that_nobody_selects_what_is_not_his(
    game: GameWorld, player_id: int, planet_id: int
) -> None:
    found(game, 1)
    found(game, 2)
    assert refused(game, SelectPlanet(player_id, planet_id)).code == "not_yours"


@pytest.mark.parametrize(
    "name", ["ada", "a name of more than fifteen bytes", "Ωmega ✦ 星", "with\0nul", ""]
)
def test_that_names_are_kept_as_they_are(game: GameWorld, name: str) -> None:
    carry_out(game, FoundHome(1, name, planet_name=name or None))
    bits = bits_of(game.state.world)
    assert bits["player"][1]["Player.name"] == name
    assert bits["planet"][1]["Planet.name"] == (name or "Homeworld")
