"""One indivisible step of the world: a command or a due event, with everything it touched.

The unit, not the author of a system, decides how long its changes may wait for the disk. A change
may wait only if loading the last saved state and running the due events again gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from core.ecs.component import Value
from core.ecs.marks import EVERY_COMPONENT, Mark

if TYPE_CHECKING:
    from core.ecs.table import Table
    from core.ecs.world import Aggregate, Kind, World

# To look a member of an enumeration up takes as long as to mark a row.
_WAITING, _URGENT = Mark.WAITING, Mark.URGENT
# Stands for all entities of a kind where aggregates are named: ids begin with 1.
EVERY_ID: Final = 0


class Origin(Enum):
    """Who asked for a unit of work: somebody (a command), the calendar, or one who only looks."""

    COMMAND = "command"
    EVENT = "event"
    QUERY = "query"


class WriteOutsideUnitError(RuntimeError):
    """A component was written to while no unit of work was open."""


class UnitOfWork:
    """Record reads and writes, undo them after an error, mark what was touched at the end."""

    def __init__(self, world: World, origin: Origin, at: float, cause: str = "") -> None:
        self.origin = origin
        self.at = at
        self.cause = cause
        self.reads: set[Aggregate] = set()
        # With the bits of the components that were written.
        self.writes: dict[Aggregate, int] = {}
        self.deletes: dict[Aggregate, None] = {}
        # The bits of the components of which a column was written.
        self.wrote_all_of: dict[Kind, int] = {}
        self.written_fields: list[tuple[Kind, int, str]] = []
        self._read_all = False
        self._drew_random = False
        # What was decided at the end; until then it depends on what is still to come.
        self._waits: bool | None = None
        self._world = world
        # What to call, and with what.
        self._undo: list[tuple[Any, ...]] = []

    # What the world reports --------------------------------------------------------------------

    def note_read_all(self) -> None:
        """Somebody looked at every row of a table."""
        self._read_all = True

    def note_random(self) -> None:
        """Somebody drew a number from a generator whose seed is not stored in the aggregate."""
        self._drew_random = True

    def note_write(self, table: Table, aggregate: Aggregate, key: str, before: Value) -> None:
        kind, entity_id = aggregate
        self.writes[aggregate] = self.writes.get(aggregate, 0) | table.component_bits[key]
        self.written_fields.append((kind, entity_id, key))
        # No closure, because this is done for every value that changes.
        self._undo.append((table.set, entity_id, key, before))

    def note_write_all(self, kind: Kind, key: str, undo: Callable[[], None]) -> None:
        bit = self._world.tables[kind].component_bits[key]
        self.wrote_all_of[kind] = self.wrote_all_of.get(kind, 0) | bit
        self.on_undo(undo)

    def note_create(self, aggregate: Aggregate, values: dict[str, Value]) -> None:
        self.writes[aggregate] = EVERY_COMPONENT
        self.written_fields.extend((*aggregate, key) for key in values)

    def note_delete(self, aggregate: Aggregate) -> None:
        self.writes.pop(aggregate, None)
        self.deletes[aggregate] = None

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Have something that lies outside the tables put back, too, if the unit fails."""
        self._undo.append((undo,))

    # How it ends -------------------------------------------------------------------------------

    @property
    def changed(self) -> bool:
        return bool(self.writes or self.deletes or self.wrote_all_of)

    @property
    def touched(self) -> frozenset[Aggregate]:
        """Everything that was read or changed: what an answer or an event may show."""
        return frozenset().union(self.reads, self.writes, self.deletes)

    @property
    def changes(self) -> frozenset[Aggregate]:
        """What was changed: (kind, EVERY_ID) where a whole table was."""
        whole = [(kind, EVERY_ID) for kind in self.wrote_all_of]
        return frozenset().union(self.writes, self.deletes, whole)

    @property
    def read_all(self) -> bool:
        """True if somebody looked at every row of a table."""
        return self._read_all

    @property
    def may_wait(self) -> bool:
        """True if a restart would come to the same bits without this unit having been saved."""
        return self._can_wait() if self._waits is None else self._waits

    def _can_wait(self) -> bool:
        return (
            self.origin is Origin.EVENT
            and len(self.writes) <= 1
            and not self.deletes
            and not self.wrote_all_of
            and all(read[0].constant or read in self.writes for read in self.reads)
            and not self._read_all
            and not self._drew_random
        )

    def roll_back(self) -> None:
        """Put every touched value back, in reverse order; afterwards nothing has happened."""
        self._waits = None
        while self._undo:
            put_back, *values = self._undo.pop()
            put_back(*values)
        self.writes.clear()
        self.deletes.clear()
        self.wrote_all_of.clear()
        self.written_fields.clear()

    def _mark(self) -> None:
        self._waits = self._can_wait()
        mark = _WAITING if self._waits else _URGENT
        cause = self._world.number_of_cause(self.cause)
        for kind, components in self.wrote_all_of.items():
            self._world.marks[kind].set_all(mark, self.at, cause, components)
        for (kind, entity_id), components in self.writes.items():
            self._world.marks[kind].set(entity_id, mark, self.at, cause, components)
        for kind, entity_id in self.deletes:
            self._world.marks[kind].forget(entity_id)
            self._world.tombstones[kind][entity_id] = self.at

    def __enter__(self) -> Self:
        self._world.open_unit(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        self._world.close_unit()
        if error is not None:
            self.roll_back()
        else:
            self._mark()
            self._undo.clear()
        return False
