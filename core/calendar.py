"""What will happen: every due instant of the world, in the order (time, kind, id).

The due columns themselves are the queue. What falls due within a horizon is fetched into a small
heap now and then; what is written inside the horizon meanwhile is pushed; on the way out the
column is asked again, so an entry that has become stale is worth nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from core.components import FLEET, MESSAGE, OFFER, PLANET, PLAYER, REPORT
from core.ecs import Aggregate, Kind
from core.events import Event
from core.state import GameState
from core.systems import (
    construction,
    fleets,
    market,
    messages,
    production,
    reports,
    research,
    shipyard,
)

HORIZON_S = 30.0

DueSystem = Callable[[GameState, int, float], list[Event]]


@dataclass(frozen=True, slots=True)
class DueKind:
    """One kind of due event: the column with its instants and the system that applies it."""

    name: str
    kind: Kind
    column: str
    apply: DueSystem


# Events of the same instant are applied in this order, then by id. The order is part of the
# rules: a new kind goes to the end.
DUE_KINDS = (
    DueKind("production", PLANET, "Stocks.boundary_at", production.reach_boundary),
    DueKind("construction", PLANET, "BuildQueue.finish_at", construction.finish_building),
    DueKind("research", PLAYER, "ResearchQueue.finish_at", research.finish_research),
    DueKind("fuel", PLANET, "Power.restart_at", production.restart_reactor),
    DueKind("shipyard", PLANET, "UnitQueue.units_due_at", shipyard.deliver_units),
    DueKind("offers", OFFER, "Deal.expires_at", market.expire_offer),
    DueKind("offer_history", OFFER, "Deal.forgotten_at", market.forget_offer),
    DueKind("messages", MESSAGE, "Message.forgotten_at", messages.forget_message),
    DueKind("fleet", FLEET, "Flight.fleet_due_at", fleets.proceed),
    DueKind("reports", REPORT, "Report.forgotten_at", reports.forget_report),
)


@dataclass(frozen=True, order=True, slots=True)
class DueEvent:
    """Something that is due: `order` is its kind's place in DUE_KINDS."""

    at: float
    order: int
    entity_id: int

    @property
    def due_kind(self) -> DueKind:
        return DUE_KINDS[self.order]


class Calendar:
    """The next due events of a world."""

    def __init__(self, state: GameState) -> None:
        self._state = state
        self._heap: list[tuple[float, int, int]] = []
        self._horizon = -np.inf
        self._orders = {(due.kind, due.column): order for order, due in enumerate(DUE_KINDS)}
        self._columns = frozenset(due.column for due in DUE_KINDS)
        self._set_aside: set[Aggregate] = set()
        self._postponed: set[Aggregate] = set()

    def set_aside(self, kind: Kind, entity_id: int) -> None:
        """Leave an entity's due events alone from now on, because applying one of them failed."""
        self._set_aside.add((kind, entity_id))

    def postpone(self, kind: Kind, entity_id: int) -> None:
        """Leave an entity's due events alone until it is resumed."""
        self._postponed.add((kind, entity_id))

    def resume(self, entities: Iterable[Aggregate]) -> None:
        """Have the due events of entities that were postponed applied again, late as they are."""
        self._postponed.difference_update(entities)
        self.reload()

    @property
    def set_aside_count(self) -> int:
        return len(self._set_aside)

    def is_set_aside(self, kind: Kind, entity_id: int) -> bool:
        return (kind, entity_id) in self._set_aside

    def reload(self) -> None:
        """Forget what was fetched, after columns were written as a whole."""
        self._horizon = -np.inf
        self._heap.clear()

    def note_written(self, fields: Iterable[tuple[Kind, int, str]]) -> None:
        """Take in the due instants among the fields that a unit of work wrote."""
        for kind, entity_id, column in fields:
            # Most of them tell no instant.
            if column not in self._columns:
                continue
            order = self._orders.get((kind, column))
            if order is None or entity_id not in self._state.world.tables[kind]:
                continue
            at = self._state.world.tables[kind].get(entity_id, column)
            if at <= self._horizon:
                heapq.heappush(self._heap, (at, order, entity_id))

    def next_due(self, until: float) -> DueEvent | None:
        """Return the first event due at or before `until`, or None. It stays until it is applied.

        Applying an event must move its due instant on.
        """
        if until > self._horizon:
            self._fetch(until + HORIZON_S)
        while self._heap and self._heap[0][0] <= until:
            at, order, entity_id = self._heap[0]
            due = DUE_KINDS[order]
            table = self._state.world.tables[due.kind]
            if (
                entity_id in table
                and table.get(entity_id, due.column) == at
                and (due.kind, entity_id) not in self._set_aside
                and (due.kind, entity_id) not in self._postponed
            ):
                return DueEvent(at, order, entity_id)
            heapq.heappop(self._heap)
        return None

    @property
    def fetched_count(self) -> int:
        """How many entries lie in the heap, stale ones included."""
        return len(self._heap)

    def pending_count(self, until: float) -> int:
        """Return how many events are due up to an instant, those set aside included."""
        return sum(
            int(np.count_nonzero(self._state.world.tables[due.kind].array(due.column) <= until))
            for due in DUE_KINDS
        )

    def _fetch(self, horizon: float) -> None:
        self._heap.clear()
        for order, due in enumerate(DUE_KINDS):
            table = self._state.world.tables[due.kind]
            column = table.array(due.column)
            rows = np.flatnonzero(column <= horizon)
            entries = zip(column[rows].tolist(), table.ids[rows].tolist(), strict=True)
            self._heap += [(at, order, entity_id) for at, entity_id in entries]
        heapq.heapify(self._heap)
        self._horizon = horizon
