"""The world: one table per kind of entity, and the only way to change them.

The verbs are esper's (create_entity, delete_entity, component_for_entity, get_components,
add_processor, process); the storage is columns. Everything here belongs to one thread.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from core.ecs.component import Field, Value, fields_of, values_of
from core.ecs.marks import MARK_FIELDS, Marks
from core.ecs.table import AnyArray, Ids, Table
from core.ecs.unit_of_work import Origin, UnitOfWork, WriteOutsideUnitError

C = TypeVar("C")
Processor = Callable[["World", float], None]


class Kind:
    """A kind of entity: its name and its components. Compared by identity.

    A kind is `constant` when each change of it touches every aggregate in the same unit of work;
    reading it then counts as reading a constant.
    """

    __slots__ = ("components", "constant", "float_fields", "name")

    def __init__(self, name: str, *components: type, constant: bool = False) -> None:
        self.name: Final = name
        self.components: Final = components
        self.constant: Final = constant
        fields = (field for component in components for field in fields_of(component))
        self.float_fields: Final = tuple(field for field in fields if field.dtype.kind == "f")

    def __repr__(self) -> str:
        return f"Kind({self.name})"


Aggregate = tuple[Kind, int]


class World:
    """Tables, marks, tombstones and the counters of ids of every kind."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        self.kinds = tuple(kinds)
        self.tables = {kind: Table(kind.name, kind.components, MARK_FIELDS) for kind in kinds}
        self.marks = {kind: Marks(self.tables[kind]) for kind in kinds}
        # Deleted and not yet deleted on disk: id → when, world time in seconds.
        self.tombstones: dict[Kind, dict[int, float]] = {kind: {} for kind in kinds}
        self.next_id = dict.fromkeys(kinds, 1)
        # Why something was changed, by the number in its mark, and the number by that.
        self.causes = [""]
        self._cause_numbers = {"": 0}
        self._views = {
            component: _view_class(component) for kind in kinds for component in kind.components
        }
        self._processors: list[Processor] = []
        self._unit: UnitOfWork | None = None
        # Of the open unit, which asks for most of them more than once.
        self._unit_views: dict[tuple[type, Kind, int], Any] = {}

    # Entities ----------------------------------------------------------------------------------

    def create_entity(self, kind: Kind, *components: object, entity_id: int | None = None) -> int:
        """Add an entity and return its id, the next of its kind's counter unless one is given.

        Components of the kind that are not given start at zero.
        """
        unit = self._require_unit()
        table = self.tables[kind]
        before = self.next_id[kind]
        entity_id = before if entity_id is None else entity_id
        values: dict[str, Value] = {}
        for component in components:
            values.update(values_of(component))
        table.insert(entity_id, values)
        self.next_id[kind] = max(before, entity_id + 1)

        def undo() -> None:
            table.remove(entity_id)
            self.next_id[kind] = before

        unit.on_undo(undo)
        unit.note_create((kind, entity_id), values)
        return entity_id

    def delete_entity(self, kind: Kind, entity_id: int) -> None:
        """Delete an entity for good. Raise UnknownEntityError if there is none."""
        unit = self._require_unit()
        table = self.tables[kind]
        row = table.row(entity_id)
        values = table.remove(entity_id)

        def undo() -> None:
            table.put_back(entity_id, row, values)

        unit.on_undo(undo)
        unit.note_delete((kind, entity_id))

    def exists(self, kind: Kind, entity_id: int) -> bool:
        if self._unit is not None:
            self._unit.reads.add((kind, entity_id))
        return entity_id in self.tables[kind]

    def note_reads(self, kind: Kind, ids: Iterable[int]) -> None:
        """Note that the caller shows these entities, whose columns it reads as arrays."""
        if self._unit is not None:
            self._unit.reads.update((kind, entity_id) for entity_id in ids)

    def ids_with(self, kind: Kind, keys: tuple[str, ...], *values: Any) -> list[int]:
        """Return the ids of a kind's entities with these values in columns that never change.

        In ascending order, noting that they are read; it costs no more the more others there are.
        """
        ids = self.tables[kind].ids_with(keys, values)
        self.note_reads(kind, ids)
        return ids

    def component_for_entity(self, kind: Kind, entity_id: int, component: type[C]) -> C:
        """Return a view of one row: reading and writing its attributes reads and writes the table.

        Writing needs an open unit of work. Raise UnknownEntityError if there is no such entity.
        """
        known = self._unit_views.get((component, kind, entity_id))
        table = self.tables[kind]
        if known is not None and known._moves == table.moves:
            found: C = known
            return found
        aggregate = (kind, entity_id)
        view: C = self._views[component](self, table, aggregate, table.row(entity_id))
        if self._unit is not None:
            self._unit.reads.add(aggregate)
            self._unit_views[component, kind, entity_id] = view
        return view

    def get_components(self, kind: Kind, *components: type) -> tuple[Ids, dict[str, AnyArray]]:
        """Return the ids of all rows and, by "Component.field", their read-only columns."""
        if self._unit is not None and not kind.constant:
            self._unit.note_read_all()
        table = self.tables[kind]
        keys = [field.key for component in components for field in fields_of(component)]
        return table.ids, {key: table.read_only(key) for key in keys}

    def write_column(self, kind: Kind, key: str, values: AnyArray | Value) -> None:
        """Replace a column of every row, in the open unit of work."""
        unit = self._require_unit()
        if key in self.tables[kind].fixed_keys:
            raise AttributeError(f"{key} is fixed: it never changes")
        column = self.tables[kind].array(key)
        before = column.copy()

        def undo() -> None:
            self.tables[kind].array(key)[...] = before

        unit.note_write_all(kind, key, undo)
        column[...] = values

    # Systems that run every tick ---------------------------------------------------------------

    def add_processor(self, processor: Processor) -> None:
        self._processors.append(processor)

    def process(self, now: float) -> None:
        for processor in self._processors:
            processor(self, now)

    @property
    def processors(self) -> tuple[Processor, ...]:
        return tuple(self._processors)

    def remove_processor(self, processor: Processor) -> None:
        self._processors.remove(processor)

    # Units of work -----------------------------------------------------------------------------

    @property
    def unit(self) -> UnitOfWork | None:
        return self._unit

    def unit_of_work(self, origin: Origin, at: float, cause: str = "") -> UnitOfWork:
        """Return a unit to be used as a context manager; `at` is its instant, world time.

        `cause` names the command or the system, for whoever asks why something is not saved.
        """
        return UnitOfWork(self, origin, at, cause)

    def number_of_cause(self, cause: str) -> int:
        """Return the number by which marks remember a cause; there are only a few."""
        number = self._cause_numbers.get(cause)
        if number is None:
            number = self._cause_numbers[cause] = len(self.causes)
            self.causes.append(cause)
        return number

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Have something that lies outside of the tables put back, too, if the unit fails."""
        self._require_unit().on_undo(undo)

    def open_unit(self, unit: UnitOfWork) -> None:
        if self._unit is not None:
            raise RuntimeError("a unit of work is open already")
        self._unit = unit

    def close_unit(self) -> None:
        self._unit = None
        self._unit_views.clear()

    def _require_unit(self) -> UnitOfWork:
        if self._unit is None:
            raise WriteOutsideUnitError("the world changes only inside a unit of work")
        return self._unit

    def write(self, kind: Kind, entity_id: int, key: str, value: Value) -> None:
        """Set one value by the key of its column, in the open unit of work."""
        table = self.tables[kind]
        self.write_at(table, (kind, entity_id), table.row(entity_id), key, value)

    def write_at(
        self, table: Table, aggregate: Aggregate, row: int, key: str, value: Value
    ) -> None:
        """Do what `write` does, as views do it, which know the row."""
        unit = self._unit or self._require_unit()
        unit.note_write(table, aggregate, key, table.readers[key](row))
        table.set_at(row, key, value)


@functools.cache
def _view_class(component: type) -> type:
    """Return a class with the component's attributes whose values lie in a table; all worlds' one.

    An instance holds the table and the id, never an array: those are replaced as tables grow. It
    remembers the row for as long as no row has moved.
    """

    class View:
        __slots__ = ("_aggregate", "_moves", "_row", "_table", "_world")

        def __init__(self, world: World, table: Table, aggregate: Aggregate, row: int) -> None:
            self._world = world
            self._table = table
            self._aggregate = aggregate
            self._row = row
            self._moves = table.moves

    def attribute(field: Field) -> property:
        key = field.key

        def read(self: Any) -> Any:
            table = self._table
            if self._moves == table.moves:
                return table.readers[key](self._row)
            return table.get(self._aggregate[1], key)

        def write(self: Any, value: Value) -> None:
            table, aggregate = self._table, self._aggregate
            row = self._row if self._moves == table.moves else table.row(aggregate[1])
            self._world.write_at(table, aggregate, row, key, value)

        return property(read) if field.column.fixed else property(read, write)

    attributes = {field.name: attribute(field) for field in fields_of(component)}
    return type(f"{component.__name__}View", (View,), {"__slots__": (), **attributes})
