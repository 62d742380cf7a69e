"""Having battles fought before their fleets are there, so that the world need not wait for them."""

from __future__ import annotations

import logging
import operator
from collections.abc import Callable

import numpy as np

from core.combat import BattleOrder
from core.components import FLEET, HOLDING, MISSIONS, OUTBOUND, Fleet, Flight
from core.ecs import Origin
from core.missions import ERRANDS
from core.state import GameState

log = logging.getLogger(__name__)

# A battle of the largest fleets takes a second, and there may be several.
FORESIGHT_S = 5.0
# To look at one fleet takes half a millisecond.
LOOKS_PER_TICK = 2
# Without ticks there may be more: as many as a battlefield keeps, with some to spare.
LOOKS_MOST = 32

Foresee = Callable[[GameState, int, float], BattleOrder | None]

# What looks for the battle of a mission, by the state at whose end it is fought.
_FORESEEING: dict[int, dict[int, Foresee]] = {
    state: {
        number: foresee
        for number, name in enumerate(MISSIONS, start=1)
        if name in ERRANDS and (foresee := foreseeing(ERRANDS[name])) is not None
    }
    for state, foreseeing in (
        (OUTBOUND, operator.attrgetter("foresee")),
        (HOLDING, operator.attrgetter("foresee_leave")),
    )
}


class Foresight:
    """Looks at the fleets that will soon fight, at each of them once."""

    def __init__(self, state: GameState) -> None:
        self._state = state
        # When each of those that were looked at arrives.
        self._seen: dict[int, float] = {}

    def look(self, now: float, until: float, at_most: int = LOOKS_MOST) -> None:
        """Have the battles begun of the fleets that are next to fight, up to an instant.

        At most so many are looked at, and those that were before are left out. The world is not
        changed. If something happens to the fleet or at its target after this, the battle was
        fought in vain, and is fought once more when the fleet is there.
        """
        self._seen = {fleet: at for fleet, at in self._seen.items() if at >= now}
        new = [fleet_id for fleet_id in self._next_to_fight(until) if fleet_id not in self._seen]
        for fleet_id in new[:at_most]:
            try:
                self._look_at(fleet_id, now)
            except Exception:
                # It will happen again when the fleet arrives, and is counted then.
                log.exception("the battle of fleet %d could not be foreseen", fleet_id)

    def _next_to_fight(self, until: float) -> list[int]:
        table = self._state.world.tables[FLEET]
        due = table.read_only("Flight.fleet_due_at")
        rows = np.flatnonzero(due <= until)
        missions = table.read_only("Fleet.mission")[rows]
        states = table.read_only("Flight.fleet_state")[rows]
        fights = np.zeros(len(rows), dtype=np.bool_)
        for state, foreseeing in _FORESEEING.items():
            fights |= (states == state) & np.isin(missions, list(foreseeing))
        rows = rows[fights]
        rows = rows[np.argsort(due[rows], kind="stable")][:LOOKS_MOST]
        ids: list[int] = table.ids[rows].tolist()
        return ids

    def _look_at(self, fleet_id: int, now: float) -> None:
        world = self._state.world
        with world.unit_of_work(Origin.QUERY, now):
            fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
            flight = world.component_for_entity(FLEET, fleet_id, Flight)
            at = self._seen[fleet_id] = flight.fleet_due_at
            order = _FORESEEING[flight.fleet_state][fleet.mission](self._state, fleet_id, at)
        if order is not None:
            self._state.battles.prepare(order)
