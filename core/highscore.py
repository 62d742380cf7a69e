"""Who has how many points: looked at slice by slice, so that no tick waits for a large world.

Points are worked out from what every planet's ledger says was spent; nobody counts them up. What
technologies and units have cost is known from them, everything else is building. Between two slices
the world goes on: a score is right to the moment at which its planets were looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.components import FLEET, PLANET, PLAYER
from core.ecs import World
from core.ecs.table import AnyArray, Ids
from core.rules import RULES
from core.rules.research import technology_cost
from core.rules.score import Points, Spent, points, spent_on_units
from core.state import GameState

# Rows that are looked at between two commands: a millisecond, or a little more.
SLICE_ROWS = 16_384
# So that twice as much still fits 64 bits; nobody gets there.
_SPENT_MOST = 2.0**61


@dataclass(frozen=True, slots=True)
class ReadSpending:
    """What was spent on the planets of some rows, by their owners."""

    first_row: int


@dataclass(frozen=True, slots=True)
class ReadUnderWay:
    """What the fleets of some rows have cost, by their owners.

    It was spent on planets, and is in what was spent on everything there.
    """

    first_row: int


@dataclass(frozen=True, slots=True)
class ReadStudies:
    """What the players of some rows have spent on research, and on planets they have given up.

    Of research the item under way is included.
    """

    first_row: int


@dataclass(frozen=True, slots=True)
class ListNames:
    """The names of players, empty for those who have left the world."""

    player_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spending:
    """What owners, each named once, have spent according to a slice, all resources alike.

    `spent` is of shape (owners, n): on everything, on defence, warships and civil ships; or on
    research, and on everything on planets that they have no more.
    """

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
    counts = table.read_only("Units.count")[part].astype(np.int64)
    on_units = spent_on_units(RULES.unit_table, counts)
    spent = np.stack((table.read_only("Ledger.spent")[part].sum(axis=1), *on_units), axis=1)
    owner_ids, sums = _summed(table.read_only("Planet.owner_id")[part], spent)
    return Spending(at, owner_ids, sums, end == len(table))


def read_under_way(state: GameState, query: ReadUnderWay, at: float) -> Spending:
    table = state.world.tables[FLEET]
    end = min(query.first_row + SLICE_ROWS, len(table))
    part = slice(query.first_row, end)
    on_units = spent_on_units(
        RULES.unit_table, table.read_only("Fleet.ships")[part].astype(np.int64)
    )
    spent = np.stack((np.zeros(len(on_units[0])), *on_units), axis=1)
    owner_ids, sums = _summed(table.read_only("Fleet.owner_id")[part], spent)
    return Spending(at, owner_ids, sums, end == len(table))


def read_studies(state: GameState, query: ReadStudies, at: float) -> Spending:
    table = state.world.tables[PLAYER]
    end = min(query.first_row + SLICE_ROWS, len(table))
    part = slice(query.first_row, end)
    spent = _spent_on(table.read_only("Research.level")[part])
    spent += table.read_only("ResearchQueue.paid")[part].sum(axis=1)
    left = table.read_only("Legacy.spent")[part].sum(axis=1)
    ids = table.ids[part].copy()
    return Spending(at, ids, np.stack((spent, left), axis=1), end == len(table))


def _spent_on(levels: AnyArray) -> npt.NDArray[np.float64]:
    """Return what technologies have cost up to these levels, of shape (n, technologies)."""
    spent = np.zeros(len(levels))
    for place, name in enumerate(RULES.technologies):
        highest = int(levels[:, place].max(initial=0))
        prices = [_price(name, level) for level in range(1, highest + 1)]
        spent += np.cumsum([0.0, *prices])[levels[:, place]]
    return spent


@functools.cache
def _price(technology: str, level: int) -> float:
    """Return what a level costs. It is worked out in fractions, which a slice has no time for."""
    return float(sum(technology_cost(RULES.technologies[technology], level)))


def learn_prices(world: World) -> None:
    """Work out the prices of all levels that anybody in a loaded world has."""
    highest = world.tables[PLAYER].read_only("Research.level").max(axis=0, initial=0)
    _spent_on(highest[np.newaxis])


def names_of(state: GameState, query: ListNames) -> tuple[str, ...]:
    players = state.world.tables[PLAYER]
    state.world.note_reads(PLAYER, query.player_ids)
    return tuple(
        str(players.get(player_id, "Player.name")) if player_id in players else ""
        for player_id in query.player_ids
    )


def rank(spending: Sequence[Spending], studies: Sequence[Spending], kind: str) -> Ranking:
    """Rank players by a kind of points, those with as many by their ids.

    `spending` is that on all planets, and then that on all fleets under way.
    `kind` is the name of a field of Points.
    """
    owner_ids, spent = _together(spending)
    scholar_ids, learned = _together(studies)
    # Whoever came in between two slices is not in both.
    research = np.zeros(len(owner_ids))
    _, owners, scholars = np.intersect1d(
        owner_ids, scholar_ids, assume_unique=True, return_indices=True
    )
    research[owners] = learned[scholars, 0]
    spent[owners, 0] += learned[scholars, 1]
    of_kind: npt.NDArray[np.int64] = getattr(_points(*spent.T, research), kind)
    order = np.lexsort((owner_ids, -of_kind))
    return Ranking(spending[-1].at, owner_ids[order], of_kind[order])


def _points(total: npt.NDArray[np.float64], *parts: npt.NDArray[np.float64]) -> Points:
    """Return points of all that was spent, and so much of it on units and research."""
    left = _whole(total)
    spent = []
    for part in parts:
        # What nobody's planets have paid for is worth no points.
        spent.append(np.minimum(_whole(part), left))
        left = left - spent[-1]
    defence, warships, civil_ships, research = spent
    return points(RULES.score, Spent(left, research, defence, warships, civil_ships))


def _whole(amounts: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.floor(np.minimum(amounts, _SPENT_MOST)).astype(np.int64)


def _together(slices: Sequence[Spending]) -> tuple[Ids, npt.NDArray[np.float64]]:
    """Return each owner once, with the sum of his amounts in all slices.

    Slice by slice, so that none of the steps keeps the interpreter for long.
    """
    owners = np.unique(np.concatenate([each.owner_ids for each in slices]))
    sums: npt.NDArray[np.float64] = np.zeros((len(owners), slices[0].spent.shape[1]))
    for each in slices:
        # Nobody is named twice in a slice.
        sums[np.searchsorted(owners, each.owner_ids)] += each.spent
    return owners, sums


def _summed(
    owner_ids: Ids, amounts: npt.NDArray[np.float64]
) -> tuple[Ids, npt.NDArray[np.float64]]:
    """Return each owner once, with the sum of his amounts."""
    owners, places = np.unique(owner_ids, return_inverse=True)
    sums: npt.NDArray[np.float64] = np.zeros((len(owners), *amounts.shape[1:]))
    np.add.at(sums, places, amounts)
    return owners, sums
