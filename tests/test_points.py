"""The points of the best player."""

from __future__ import annotations

from core.components import PLANET, PLAYER
from core.points import best_points, points_of
from tests.worlds import found, new_game, new_state


def test_that_nobody_has_no_points() -> None:
    assert best_points(new_state()) == 0


def test_that_the_best_is_who_has_spent_the_most_on_all_his_planets() -> None:
    game = new_game()
    for player_id in (1, 2, 3, 700):
        found(game, player_id)
    planets, players = (game.state.world.tables[kind] for kind in (PLANET, PLAYER))
    # 1 has 9000 of one planet; 2 has 4000, 3000 and 2999 of two; 700 has 8000 and what he gave up.
    planets.set(1, "Ledger.spent", (9_000.0, 0.0, 0.0))
    planets.set(2, "Ledger.spent", (4_000.0, 3_000.0, 0.0))
    planets.set(3, "Planet.owner_id", 2)
    planets.set(3, "Ledger.spent", (0.0, 0.0, 2_999.0))
    assert best_points(game.state) == points_of(game.state, [2])[2] == 9
    planets.set(4, "Ledger.spent", (8_000.0, 0.0, 0.0))
    players.set(700, "Legacy.spent", (1_000.0, 1_000.0, 999.0))
    assert best_points(game.state) == points_of(game.state, [700])[700] == 10
