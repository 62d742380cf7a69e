"""Having battles fought before their fleets arrive, so that the world need not wait for them."""

from __future__ import annotations

import logging

import numpy as np

from core.components import FLEET, MISSIONS, OUTBOUND, Fleet, Flight
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

_FIGHTING = np.array(
    [
        number
        for number, name in enumerate(MISSIONS, start=1)
        if name in ERRANDS and ERRANDS[name].foresee is not None
    ]
)


class Foresight:
    """Looks at the fleets that will soon fight, at each of them once."""

    def __init__(self, state: GameState) -> None:
        self._state = state
        # When each of those that were looked at arrives.
        self._seen: dict[int, float] = {}

    def look(self, now: float, until: float, at_most: int = LOOKS_MOST) -> None:
        """Have the battles begun of the fleets that arrive next, up to an instant.

        At most so many are looked at, and those that were before are left out. The world is not
        changed. If something happens to the fleet or at its target after this, the battle was
        fought in vain, and is fought once more when the fleet is there.
        """
        self._seen = {fleet: at for fleet, at in self._seen.items() if at >= now}
        new = [fleet_id for fleet_id in self._arriving(until) if fleet_id not in self._seen]
        for fleet_id in new[:at_most]:
            try:
                self._look_at(fleet_id, now)
            except Exception:
                # It will happen again when the fleet arrives, and is counted then.
                log.exception("the battle of fleet %d could not be foreseen", fleet_id)

    def _arriving(self, until: float) -> list[int]:
        table = self._state.world.tables[FLEET]
        due = table.read_only("Flight.fleet_due_at")
        rows = np.flatnonzero(due <= until)
        fights = np.isin(table.read_only("Fleet.mission")[rows], _FIGHTING)
        rows = rows[fights & (table.read_only("Flight.fleet_state")[rows] == OUTBOUND)]
        rows = rows[np.argsort(due[rows], kind="stable")][:LOOKS_MOST]
        ids: list[int] = table.ids[rows].tolist()
        return ids

    def _look_at(self, fleet_id: int, now: float) -> None:
        world = self._state.world
        with world.unit_of_work(Origin.QUERY, now):
            fleet = world.component_for_entity(FLEET, fleet_id, Fleet)
            flight = world.component_for_entity(FLEET, fleet_id, Flight)
            at = self._seen[fleet_id] = flight.fleet_due_at
            foresee = ERRANDS[MISSIONS[fleet.mission - 1]].foresee
            order = foresee(self._state, fleet_id, at) if foresee else None
        if order is not None:
            self._state.battles.prepare(order)
