"""Points and ranks, against numbers worked by hand."""

from __future__ import annotations

import pytest

from core import highscore, stockpiles
from core.commands import DispatchFleet
from core.components import PLANET, PLAYER, UNITS, Research, ResearchQueue, Units
from core.ecs import Origin
from core.game import GameWorld
from core.highscore import (
    ListNames,
    Ranking,
    ReadSpending,
    ReadStudies,
    ReadUnderWay,
    Spending,
    rank,
)
from core.rules import RULES
from core.rules.research import technology_cost
from core.settlement import place_of
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, everything_of, found, new_game, reload, set_up

RICH = (1e6, 1e6, 1e6)


def spend(game: GameWorld, planet_id: int, price: tuple[int, int, int]) -> None:
    set_up(game, planet_id, amounts=RICH)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        stockpiles.pay(game.state, planet_id, price, game.clock.now())


@pytest.fixture
def game() -> GameWorld:
    game = new_game(galaxies=1, systems=4)
    for player_id in (1, 2, 3, 4):
        found(game, player_id)
    spend(game, 1, (500, 499, 0))
    spend(game, 2, (2000, 1000, 1999))
    spend(game, 4, (4000, 500, 0))
    return game


def slices_of(
    game: GameWorld, query: type[ReadSpending | ReadUnderWay | ReadStudies]
) -> list[Spending]:
    slices: list[Spending] = []
    while not slices or not slices[-1].is_last:
        slices.append(game.ask(query(len(slices) * highscore.SLICE_ROWS))[0])
    return slices


def ranked(game: GameWorld, kind: str = "total") -> list[tuple[int, int]]:
    """Return ids and points of the players, the first one first."""
    spending = slices_of(game, ReadSpending) + slices_of(game, ReadUnderWay)
    ranking: Ranking = rank(spending, slices_of(game, ReadStudies), kind)
    return list(zip(ranking.player_ids.tolist(), ranking.points.tolist(), strict=True))


def learn(game: GameWorld, player_id: int, **levels: int) -> None:
    known = tuple(levels.get(name, 0) for name in RULES.technologies)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.component_for_entity(PLAYER, player_id, Research).level = known


@pytest.mark.parametrize("rows", [1, 3, 4, 100])
def test_that_a_thousand_resources_spent_are_a_point(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(highscore, "SLICE_ROWS", rows)
    # 4999 and 4500 are four points each, 999 are none.
    assert ranked(game) == [(2, 4), (4, 4), (1, 0), (3, 0)]


def test_that_what_was_spent_on_all_planets_of_a_player_counts_together(game: GameWorld) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.tables[PLANET].set(1, "Planet.owner_id", 3)
        game.state.world.tables[PLANET].set(4, "Planet.owner_id", 3)
    # 999 + 0 + 4500
    assert ranked(game) == [(3, 5), (2, 4)]


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_that_what_technologies_cost_is_research_and_the_rest_economy(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(highscore, "SLICE_ROWS", rows)
    # 1000 + 2000 of computer 1 and 2, and 1200 of energy 1: 4200 of 4500
    learn(game, 4, computer=2, energy=1)
    assert ranked(game, "research") == [(4, 4), (1, 0), (2, 0), (3, 0)]
    assert ranked(game, "economy") == [(2, 4), (1, 0), (3, 0), (4, 0)]
    assert ranked(game, "total") == [(2, 4), (4, 4), (1, 0), (3, 0)]
    assert ranked(game, "military") == [(1, 0), (2, 0), (3, 0), (4, 0)]


def test_that_units_are_parted_as_the_rules_say(game: GameWorld) -> None:
    # 1 rocket launcher 2000, 1 light fighter 4000, 1 small cargo 4000: of 20,500 spent
    spend(game, 4, (16_000, 0, 0))
    units = {"rocket_launcher": 1, "light_fighter": 1, "small_cargo": 1}
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        standing = game.state.world.component_for_entity(PLANET, 4, Units)
        standing.count = tuple(units.get(name, 0) for name in UNITS.labels)
    assert ranked(game, "total")[0] == (4, 20)
    assert ranked(game, "military")[0] == (4, 8)  # 2000 + 4000 + 2000
    assert ranked(game, "economy")[0] == (4, 14)  # 10,500 + 2000 + 2000


@pytest.mark.parametrize("rows", [1, 100])
def test_that_ships_under_way_are_what_they_are_at_home(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(highscore, "SLICE_ROWS", rows)
    # 3 light fighters 12,000 and 2 small cargos 8000: of 24,500 spent
    spend(game, 4, (20_000, 0, 0))
    units = {"light_fighter": 3, "small_cargo": 2}
    set_up(game, 4, amounts=RICH, units=units, technologies={"combustion_drive": 2, "computer": 3})
    at_home = {kind: ranked(game, kind) for kind in ("total", "military", "economy")}
    assert at_home["military"][0] == (4, 16)
    for name, count in units.items():
        carry_out(game, DispatchFleet(4, "transport", place_of(game.state, 1), {name: count}))
    assert {kind: ranked(game, kind) for kind in at_home} == at_home


def test_that_research_under_way_counts_as_research(game: GameWorld) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        queue = game.state.world.component_for_entity(PLAYER, 4, ResearchQueue)
        queue.paid = (1000.0, 1000.0, 500.0)
    assert ranked(game, "research")[0] == (4, 2)


def test_that_what_nobody_has_paid_is_worth_no_points(game: GameWorld) -> None:
    learn(game, 3, graviton=9, plasma=100)
    assert (3, 0) in ranked(game, "research")
    assert (3, 0) in ranked(game, "economy")


def test_that_looking_changes_nothing(game: GameWorld) -> None:
    before = everything_of(game)
    ranked(game)
    assert game.ask(ListNames((2, 9)))[0] == ("player2", "")
    assert everything_of(game) == before


def test_that_an_empty_world_ranks_nobody() -> None:
    game = new_game(galaxies=1, systems=4)
    assert ranked(game) == []


def test_that_the_prices_of_a_loaded_world_are_known_before_its_first_tick(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    found(game, 1)
    learn(game, 1, espionage=40, astrophysics=30)
    assert game.save_player_data().done()
    highscore._price.cache_clear()
    loaded = reload(store, clock)
    with monkeypatch.context() as patch:
        # In fractions it takes a hundred times longer than a slice may.
        patch.setattr(highscore, "technology_cost", None)
        (slice_,) = slices_of(loaded, ReadStudies)
    assert slice_.spent[0, 0] == sum(
        sum(technology_cost(RULES.technologies[name], level))
        for name, highest in (("espionage", 40), ("astrophysics", 30))
        for level in range(1, highest + 1)
    )
