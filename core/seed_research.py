"""Research under way in a seeded world: what players could have begun with what they know."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from core.components import BUILDINGS, TECHNOLOGIES, Universe
from core.rules import RULES
from core.rules.research import network_lab, research_seconds, technology_cost
from core.save_batch import TableRows

_RESEARCHING_SHARE = 0.3  # of the players who may research something do

Levels = npt.NDArray[np.int16]


def begin_research(
    players: TableRows,
    planets: TableRows,
    universe: Universe,
    now: float,
    generator: np.random.Generator,
) -> None:
    """Have some players research the next level of something, at some point of its time.

    The rows are those of `make_players` and `make_planets`: homes come first, in the players'
    order. They have the lab, and they have paid for it.
    """
    count = len(players.ids)
    levels, known = planets.columns["Buildings.level"][:count], players.columns["Research.level"]
    possible = _possible(levels, known)
    scholars = possible.any(axis=1) & (generator.random(count) < _RESEARCHING_SHARE)
    for row in np.flatnonzero(scholars).tolist():
        place = int(generator.choice(np.flatnonzero(possible[row])))
        price, seconds = _study(place, levels[row], known[row], universe)
        # Anywhere within its time, as other orders are.
        started_at = now - generator.random() * seconds
        columns = players.columns
        columns["ResearchQueue.queued"][row, 0] = place + 1
        columns["ResearchQueue.planet_id"][row, 0] = planets.ids[row]
        columns["ResearchQueue.paid"][row] = price
        columns["ResearchQueue.started_at"][row] = started_at
        columns["ResearchQueue.finish_at"][row] = started_at + seconds
        for key in ("Ledger.spent", "Ledger.received"):
            planets.columns[key][row] += price
    owners = np.searchsorted(players.ids, planets.columns["Planet.owner_id"])
    planets.columns["Knowledge.lab_busy"][:] = scholars[owners]


def _possible(levels: Levels, known: Levels) -> npt.NDArray[np.bool_]:
    """Return which technologies may be researched where, of shape (players, technologies)."""
    there = dict(zip(BUILDINGS.labels, levels.T, strict=True))
    there |= zip(TECHNOLOGIES.labels, known.T, strict=True)
    possible = np.ones(known.shape, dtype=np.bool_)
    for place, technology in enumerate(RULES.technologies.values()):
        # What asks for energy as well is left alone: what there is of it is another question.
        possible[:, place] = technology.energy_cost is None
        for needed, level in technology.requires.items():
            possible[:, place] &= there[needed] >= level
    return possible


def _study(
    place: int, levels: Levels, known: Levels, universe: Universe
) -> tuple[tuple[int, ...], int]:
    """Return what the next level of a technology costs, and its seconds in the home's lab."""
    technology = RULES.technologies[TECHNOLOGIES.labels[place]]
    level = int(known[place]) + 1
    lab = int(levels[BUILDINGS.index(RULES.research.lab)])
    seconds = research_seconds(
        RULES.research,
        technology,
        level,
        network_lab(lab, (), 0, 0),
        universe.economy_speed,
        universe.research_speed,
    )
    return technology_cost(technology, level), seconds
