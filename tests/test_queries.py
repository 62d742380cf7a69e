"""Questions and their answers: exact, as of now, and only what the asker may know."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from core.commands import ChangeSettings, FoundHome, Rejected, StartBuilding
from core.components import PLANET, PLAYER, UNIVERSE
from core.ecs import Origin
from core.game import GameWorld
from core.queries import (
    CountWorld,
    FindHome,
    ListFreePlaces,
    ListPlanetIds,
    ListPlanets,
    ListWorldPlanets,
    PlanetReport,
    PlanetStocks,
    PlayerPlanets,
    ReadSettings,
    ReportPlanet,
    ReportStocks,
    WorldCounts,
    WorldPlanets,
)
from core.systems.founding import Home
from tests.manual_clock import ManualClock
from tests.worlds import NO_LEVELS, bits_of, carry_out, everything_of, new_game, set_up


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock, galaxies=2, systems=3)
    carry_out(game, FoundHome(1, "ada", (1, 2, 5), "Eden"))
    carry_out(game, FoundHome(2, "bob", (1, 2, 8)))
    return game


def report(game: GameWorld, player_id: int, planet_id: int | None = None) -> PlanetReport:
    answer, _ = game.ask(ReportPlanet(player_id, planet_id))
    assert isinstance(answer, PlanetReport)
    return answer


def test_that_a_report_shows_the_whole_planet_as_of_now(
    game: GameWorld, clock: ManualClock
) -> None:
    levels = {"metal_mine": 2, "solar_plant": 1, "metal_storage": 1}
    set_up(game, 1, levels=levels, amounts=(1000, 2000, 3000), temperature_max=70)
    item = carry_out(game, StartBuilding(1, "crystal_mine"))
    clock.advance(10)
    answer = report(game, 1)
    assert answer.at == clock.now()
    assert answer.player_name == "ada"
    summary = answer.summary
    assert (summary.planet_id, summary.owner_id, summary.name) == (1, 1, "Eden")
    assert summary.coordinates == (1, 2, 5)
    # Position 5 has no bonus; 22 of 24.2 energy is 90 %: 30 + 0.9 · 72.6 an hour.
    assert answer.production == pytest.approx((95.34, 15, 0))
    made = 95.34 * (clock.now() - item.started_at) / 3600
    assert summary.amounts[0] == pytest.approx(1000 - 48 + made)
    assert [answer.energy_produced, answer.energy_used] == pytest.approx([22, 24.2])
    assert answer.factor == 0.9
    assert answer.capacity == (20_000, 10_000, 10_000)
    assert answer.consumption == (0, 0, 0)
    assert answer.levels == {**NO_LEVELS, **levels}
    assert answer.queue == (item,)
    assert (answer.fields, answer.fields_used, answer.temperature_max) == (163, 4, 70)


def test_that_the_active_planet_is_meant_when_none_is_named(game: GameWorld) -> None:
    assert report(game, 2).summary.planet_id == 2
    assert report(game, 2, 2) == report(game, 2)


@pytest.mark.parametrize(
    "query",
    [ReportPlanet(1, 2), ReportPlanet(1, 77)],
)
def test_that_nobody_learns_of_what_is_not_his(game: GameWorld, query: ReportPlanet) -> None:
    answer, _ = game.ask(query)
    assert isinstance(answer, Rejected)
    assert answer.code == "not_yours"


@pytest.mark.parametrize("query", [ReportPlanet(9), ReportPlanet(9, 1), ListPlanets(9)])
def test_that_who_has_no_home_is_told_so(
    game: GameWorld, query: ReportPlanet | ListPlanets
) -> None:
    answer, _ = game.ask(query)
    assert isinstance(answer, Rejected)
    assert answer.code == "no_home"


def test_that_a_player_sees_his_planets_in_the_order_of_their_founding(game: GameWorld) -> None:
    carry_out(game, FoundHome(3, "eve"))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.tables[PLANET].set(3, "Planet.owner_id", 1)
    answer, _ = game.ask(ListPlanets(1))
    assert isinstance(answer, PlayerPlanets)
    assert answer.active_planet_id == 1
    assert [planet.planet_id for planet in answer.planets] == [1, 3]
    assert game.ask(ListPlanetIds(1))[0] == (1, 3)


def test_that_a_list_of_planets_says_the_same_as_their_reports(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(1234.5)
    answer, shown = game.ask(ListPlanets(1))
    mine = report(game, 1)
    assert list(answer.planets) == list(answer.planets[:]) == [mine.summary]
    assert type(answer.planets[0].amounts[0]) is float
    stocks, shown_too = game.ask(ReportStocks(1, (1, 2, 77)))
    assert stocks.planets == (
        PlanetStocks(1, mine.summary.amounts, mine.production, mine.capacity),
    )
    assert stocks.kept
    assert (PLANET, 1) in shown & shown_too
    assert game.ask(ReportStocks(1, ()))[0].planets == ()


def test_that_a_list_of_planets_is_a_copy(game: GameWorld, clock: ManualClock) -> None:
    answer, _ = game.ask(ListPlanets(1))
    before = list(answer.planets)
    carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(5000)
    game.advance(clock.now())
    assert list(answer.planets) == before


def test_that_a_home_is_found(game: GameWorld) -> None:
    assert game.ask(FindHome(1))[0] == Home(1, (1, 2, 5), "Eden")
    assert game.ask(FindHome(9))[0] is None


def test_that_free_places_are_those_where_a_home_may_lie(game: GameWorld) -> None:
    answer, _ = game.ask(ListFreePlaces(1, 2, limit=50, offset=0))
    assert answer == tuple((1, 2, position) for position in (4, 6, 7, 9, 10, 11, 12))
    answer, _ = game.ask(ListFreePlaces(1, 2, limit=2, offset=3))
    assert answer == ((1, 2, 9), (1, 2, 10))
    answer, _ = game.ask(ListFreePlaces(None, None, limit=1000, offset=0))
    assert len(answer) == 2 * 3 * 9 - 2
    answer, _ = game.ask(ListFreePlaces(2, None, limit=10, offset=26))
    assert answer == ((2, 3, 12),)


@pytest.mark.parametrize(
    ("galaxy", "system"), [(3, 1), (1, 4), (0, 1), (1, 0), (-1, 1), (1, -1), (0, None), (None, 0)]
)
def test_that_there_are_no_free_places_outside_of_the_universe(
    game: GameWorld, galaxy: int | None, system: int | None
) -> None:
    answer, _ = game.ask(ListFreePlaces(galaxy, system, limit=5, offset=0))
    assert answer == ()


def test_that_the_settings_are_read_with_their_names(game: GameWorld) -> None:
    settings, shown = game.ask(ReadSettings())
    assert settings["economy_speed"] == 1.0
    assert settings["systems"] == 3
    assert settings["registration_open"] is True
    assert shown == {(UNIVERSE, 1)}


def test_that_the_world_is_counted(game: GameWorld) -> None:
    # Two players with a home each, and the universe itself.
    assert game.ask(CountWorld())[0] == WorldCounts(players=2, entities=5)


def test_that_an_answer_tells_what_it_shows(game: GameWorld) -> None:
    assert game.ask(ReportPlanet(1))[1] >= {(PLAYER, 1), (PLANET, 1)}
    assert game.ask(ListPlanets(2))[1] >= {(PLAYER, 2), (PLANET, 2)}
    assert game.ask(FindHome(1))[1] >= {(PLAYER, 1), (PLANET, 1)}
    assert game.ask(FindHome(9))[1] == {(PLAYER, 9)}
    assert game.ask(ReportPlanet(1, 2))[1] >= {(PLANET, 2)}


def test_that_the_host_sees_every_planet_page_by_page(game: GameWorld) -> None:
    assert game.save_player_data().done()
    carry_out(game, StartBuilding(2, "metal_mine"))
    pages = [game.ask(ListWorldPlanets(limit=1, offset=offset))[0] for offset in range(3)]
    assert all(isinstance(page, WorldPlanets) and page.total == 2 for page in pages)
    assert [planet.summary.planet_id for page in pages for planet in page.planets] == [1, 2]
    first, second = (page.planets[0] for page in pages[:2])
    assert (first.owner_name, first.levels_total, first.queue_length) == ("ada", 0, 0)
    assert (first.unsaved, second.unsaved) == ("", "urgent")
    assert second.queue_length == 1


def test_that_no_question_changes_anything(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, StartBuilding(1, "metal_mine"))
    before = everything_of(game)
    for query in (
        ReportPlanet(1),
        ReportPlanet(1, 2),
        ListPlanets(1),
        ListPlanetIds(1),
        ReportStocks(1, (1, 2)),
        FindHome(1),
        ListFreePlaces(None, None, 10, 0),
        ReadSettings(),
        CountWorld(),
        ListWorldPlanets(10),
    ):
        clock.advance(1.1)
        game.ask(query)
    assert everything_of(game) == before


def test_that_an_answer_is_a_copy_that_cannot_be_written_to(
    game: GameWorld, clock: ManualClock
) -> None:
    answer = report(game, 1)
    with pytest.raises(FrozenInstanceError):
        answer.fields = 1  # type: ignore[misc]
    before = repr(answer)
    carry_out(game, ChangeSettings({"economy_speed": 9.0}))
    carry_out(game, StartBuilding(1, "metal_mine"))
    clock.advance(5000)
    game.advance(clock.now())
    assert repr(answer) == before
    assert bits_of(game.state.world)["planet"][1]["Buildings.level"][0] == 1
