"""Who has how many points: looked at slice by slice, so that no tick waits for a large world.

Points are worked out from what every planet's ledger says was spent; nobody counts them up. All of
it is building as yet. Between two slices the world goes on: a score is right to the moment at which
its planets were looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.components import PLANET, PLAYER
from core.ecs.table import Ids
from core.rules import RULES
from core.rules.score import Points, Spent, points
from core.state import GameState

# Rows that are looked at between two commands: less than a millisecond.
SLICE_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class ReadSpending:
    """What was spent on the planets of some rows, by their owners."""

    first_row: int


@dataclass(frozen=True, slots=True)
class ListNames:
    """The names of players, empty for those who have left the world."""

    player_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spending:
    """What owners, each named once, have spent on the planets of a slice, all resources alike."""

    at: float
    owner_ids: Ids
    spent: npt.NDArray[np.float64]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """Players from the first to the last, and their points; `at` is when it was worked out."""

    at: float
    player_ids: Ids
    points: npt.NDArray[np.int64]


def read_spending(state: GameState, query: ReadSpending, at: float) -> Spending:
    table = state.world.tables[PLANET]
    end = min(query.first_row + SLICE_ROWS, len(table))
    part = slice(query.first_row, end)
    spent = table.read_only("Ledger.spent")[part].sum(axis=1)
    owner_ids, sums = _summed(table.read_only("Planet.owner_id")[part], spent)
    return Spending(at, owner_ids, sums, end == len(table))


def names_of(state: GameState, query: ListNames) -> tuple[str, ...]:
    players = state.world.tables[PLAYER]
    state.world.note_reads(PLAYER, query.player_ids)
    return tuple(
        str(players.get(player_id, "Player.name")) if player_id in players else ""
        for player_id in query.player_ids
    )


def rank(slices: Sequence[Spending], kind: str) -> Ranking:
    """Rank players by a kind of points, those with as many by their ids.

    `kind` is the name of a field of Points.
    """
    owner_ids, spent = _summed(
        np.concatenate([each.owner_ids for each in slices]),
        np.concatenate([each.spent for each in slices]),
    )
    all_points = _points(np.floor(spent).astype(np.int64))
    of_kind: npt.NDArray[np.int64] = getattr(all_points, kind)
    order = np.lexsort((owner_ids, -of_kind))
    return Ranking(slices[-1].at, owner_ids[order], of_kind[order])


def _points(spent: npt.NDArray[np.int64]) -> Points:
    nothing = np.zeros_like(spent)
    return points(RULES.score, Spent(spent, nothing, nothing, nothing, nothing))


def _summed(
    owner_ids: Ids, amounts: npt.NDArray[np.float64]
) -> tuple[Ids, npt.NDArray[np.float64]]:
    """Return each owner once, with the sum of his amounts."""
    owners, places = np.unique(owner_ids, return_inverse=True)
    sums: npt.NDArray[np.float64] = np.zeros(len(owners))
    np.add.at(sums, places, amounts)
    return owners, sums
