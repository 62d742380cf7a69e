"""Points and ranks, against numbers worked by hand."""

from __future__ import annotations

import pytest

from core import highscore, stockpiles
from core.components import PLANET
from core.ecs import Origin
from core.game import GameWorld
from core.highscore import ListNames, Ranking, ReadSpending, Spending, rank
from tests.worlds import everything_of, found, new_game, set_up

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


def slices_of(game: GameWorld) -> list[Spending]:
    slices: list[Spending] = []
    while not slices or not slices[-1].is_last:
        slices.append(game.ask(ReadSpending(len(slices) * highscore.SLICE_ROWS))[0])
    return slices


def as_list(ranking: Ranking) -> list[tuple[int, int]]:
    return list(zip(ranking.player_ids.tolist(), ranking.points.tolist(), strict=True))


@pytest.mark.parametrize("rows", [1, 3, 4, 100])
def test_that_a_thousand_resources_spent_are_a_point(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(highscore, "SLICE_ROWS", rows)
    # 4999 and 4500 are four points each, 999 are none.
    assert as_list(rank(slices_of(game), "total")) == [(2, 4), (4, 4), (1, 0), (3, 0)]


def test_that_what_was_spent_on_all_planets_of_a_player_counts_together(game: GameWorld) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.tables[PLANET].set(1, "Planet.owner_id", 3)
        game.state.world.tables[PLANET].set(4, "Planet.owner_id", 3)
    # 999 + 0 + 4500
    assert as_list(rank(slices_of(game), "total")) == [(3, 5), (2, 4)]


def test_that_nobody_has_points_of_what_cannot_be_had_yet(game: GameWorld) -> None:
    slices = slices_of(game)
    assert as_list(rank(slices, "economy")) == as_list(rank(slices, "total"))
    for kind in ("research", "military"):
        assert as_list(rank(slices, kind)) == [(1, 0), (2, 0), (3, 0), (4, 0)]


def test_that_looking_changes_nothing(game: GameWorld) -> None:
    before = everything_of(game)
    rank(slices_of(game), "total")
    assert game.ask(ListNames((2, 9)))[0] == ("player2", "")
    assert everything_of(game) == before


def test_that_an_empty_world_ranks_nobody() -> None:
    game = new_game(galaxies=1, systems=4)
    assert as_list(rank(slices_of(game), "total")) == []
