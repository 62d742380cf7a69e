"""The points of a few players, or of the best, from what their planets' ledgers say was spent.

What is spent is whole, so the order in which it is added up does not matter: a restart, and a world
that is played again, come to the same.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from core.components import PLANET, PLAYER
from core.ownership import planet_ids_of
from core.state import GameState


def points_of(state: GameState, player_ids: Collection[int]) -> dict[int, int]:
    """Return the total points of each of some players who are in the world."""
    planets, players = state.world.tables[PLANET], state.world.tables[PLAYER]
    spent = {each: sum(players.get(each, "Legacy.spent")) for each in player_ids}
    for player_id in player_ids:
        for planet_id in planet_ids_of(state.world, player_id):
            spent[player_id] += sum(planets.get(planet_id, "Ledger.spent"))
    state.world.note_reads(PLAYER, player_ids)
    per_point = state.rules.score.resources_per_point
    return {player_id: int(amount) // per_point for player_id, amount in spent.items()}


def best_points(state: GameState) -> int:
    """Return the total points of the best player, 0 if there is nobody.

    Nobody's planets are noted as read: a threshold is all that anybody learns of them. Of a million
    planets it takes some 10 ms.
    """
    planets, players = state.world.tables[PLANET], state.world.tables[PLAYER]
    ids, owners = players.ids, planets.read_only("Planet.owner_id")
    if not len(ids):
        return 0
    size = max(int(owners.max(initial=0)), int(ids.max())) + 1
    spent_by_resource = planets.read_only("Ledger.spent")
    amounts = spent_by_resource @ np.ones(spent_by_resource.shape[1])
    spent = np.bincount(owners, weights=amounts, minlength=size)[ids]
    spent += players.read_only("Legacy.spent").sum(axis=1)
    return int(spent.max()) // state.rules.score.resources_per_point
