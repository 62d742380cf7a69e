"""A table: the entities of one kind as rows of NumPy columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from struct import Struct
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ecs.component import Field, Value, fields_of
from core.ecs.groups import Groups, Values

Ids = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
AnyArray = npt.NDArray[Any]

_PAGE_BITS = 12
_PAGE_SIZE = 1 << _PAGE_BITS
_PAGE_MASK = _PAGE_SIZE - 1
_ABSENT = -1
# A mark has a bit for each component of its row.
COMPONENTS_MAX = 16


class UnknownEntityError(KeyError):
    """There is no entity with this id."""


class _RowIndex:
    """Which row holds an id: four bytes an id, in pages that go when their last id goes.

    Ids grow for ever and are never reused, so a dictionary would cost a hundred bytes each and one
    flat array would keep room for every fleet that ever flew.
    """

    def __init__(self) -> None:
        self.pages: dict[int, array[int]] = {}
        self._page_counts: dict[int, int] = {}

    def get(self, entity_id: int) -> int:
        page = self.pages.get(entity_id >> _PAGE_BITS)
        return _ABSENT if page is None else page[entity_id & _PAGE_MASK]

    def add(self, entity_id: int, row: int) -> None:
        number = entity_id >> _PAGE_BITS
        page = self.pages.get(number)
        if page is None:
            page = self.pages[number] = array("i", [_ABSENT]) * _PAGE_SIZE
            self._page_counts[number] = 0
        page[entity_id & _PAGE_MASK] = row
        self._page_counts[number] += 1

    def move(self, entity_id: int, row: int) -> None:
        self.pages[entity_id >> _PAGE_BITS][entity_id & _PAGE_MASK] = row

    def remove(self, entity_id: int) -> None:
        number = entity_id >> _PAGE_BITS
        self.pages[number][entity_id & _PAGE_MASK] = _ABSENT
        self._page_counts[number] -= 1
        if not self._page_counts[number]:
            del self.pages[number], self._page_counts[number]

    def get_many(self, ids: Ids) -> npt.NDArray[np.int32]:
        rows = np.full(len(ids), _ABSENT, dtype=np.int32)
        for number, members in _by_page(ids):
            page = self.pages.get(number)
            if page is not None:
                rows[members] = np.frombuffer(page, dtype=np.int32)[ids[members] & _PAGE_MASK]
        return rows

    def add_many(self, ids: Ids, first_row: int) -> None:
        rows = np.arange(first_row, first_row + len(ids), dtype=np.int32)
        for number, members in _by_page(ids):
            page = self.pages.get(number)
            if page is None:
                page = self.pages[number] = array("i", [_ABSENT]) * _PAGE_SIZE
                self._page_counts[number] = 0
            np.frombuffer(page, dtype=np.int32)[ids[members] & _PAGE_MASK] = rows[members]
            self._page_counts[number] += len(members)


def _by_page(ids: Ids) -> Iterator[tuple[int, Rows]]:
    """Yield each page's number with the places that its ids have in `ids`."""
    if not len(ids):
        return
    numbers = ids >> _PAGE_BITS
    if numbers[0] == numbers[-1] and (numbers == numbers[0]).all():
        # Most are of what was changed just now, and small.
        yield int(numbers[0]), np.arange(len(ids))
        return
    order = np.argsort(numbers, kind="stable")
    present, starts = np.unique(numbers[order], return_index=True)
    yield from zip(present.tolist(), np.split(order, starts[1:].tolist()), strict=True)


class Table:
    """All entities of one kind. Rows move when one is deleted, so only ids are worth keeping.

    Arrays are replaced when the table grows: never keep one across a call that may add a row.
    """

    def __init__(self, name: str, components: Iterable[type], extra_fields: Iterable[Field] = ()):
        self.name = name
        self.components = tuple(components)
        self.fields = tuple(
            field for component in self.components for field in fields_of(component)
        )
        self.fixed_keys = frozenset(field.key for field in self.fields if field.column.fixed)
        if len(self.components) > COMPONENTS_MAX:
            raise TypeError(f"{name} has more than {COMPONENTS_MAX} components")
        # By the key of each column, the bit that stands for its component.
        self.component_bits = {
            field.key: 1 << number
            for number, component in enumerate(self.components)
            for field in fields_of(component)
        }
        self._arrays: dict[str, AnyArray] = {
            field.key: field.empty(0) for field in (*self.fields, *extra_fields)
        }
        # How a value is read: looked up here by everybody who reads many of them one by one.
        self.readers = _readers(self._arrays)
        self._ids: Ids = np.zeros(0, dtype=np.int64)
        self._index = _RowIndex()
        # By the keys of their columns; each is made when somebody asks for the first time.
        self._groups: dict[tuple[str, ...], Groups] = {}
        self._size = 0
        # How often rows have moved: one that was found before may be another's since.
        self.moves = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, entity_id: int) -> bool:
        return self._index.get(entity_id) != _ABSENT

    @property
    def ids(self) -> Ids:
        """The ids of all rows, in row order; not to be written to."""
        ids = self._ids[: self._size]
        ids.flags.writeable = False
        return ids

    @property
    def bytes_per_row(self) -> int:
        """Bytes of one row's columns, its id and its entry in the index."""
        return sum(
            array_.itemsize * int(np.prod(array_.shape[1:])) for array_ in self._arrays.values()
        ) + (8 + 4)

    def row(self, entity_id: int) -> int:
        """Return the present row of an entity. Raise UnknownEntityError if there is none."""
        # Looked up in place, not by a call: it is what is done most often of all.
        page = self._index.pages.get(entity_id >> _PAGE_BITS)
        row = _ABSENT if page is None else page[entity_id & _PAGE_MASK]
        if row == _ABSENT:
            raise UnknownEntityError(f"no {self.name} {entity_id}")
        return row

    def rows(self, ids: Ids) -> Rows:
        """Return the present rows of these entities, leaving out those that are gone."""
        found = self._index.get_many(ids)
        present: Rows = found[found != _ABSENT].astype(np.intp)
        return present

    def has(self, ids: Ids) -> npt.NDArray[np.bool_]:
        """Return for each of these entities whether it is in the table."""
        found: npt.NDArray[np.bool_] = self._index.get_many(ids) != _ABSENT
        return found

    def ids_with(self, keys: tuple[str, ...], values: Values) -> list[int]:
        """Return the ids of all rows with these values, in ascending order.

        It costs no more the more other rows there are, once the index is there. The columns must be
        fixed: what has a value now has it for good. Raise ValueError if one is not.
        """
        return self.index(keys).members(values)

    def index(self, keys: tuple[str, ...]) -> Groups:
        """Return the index of all rows by some columns, made of them if there is none yet."""
        groups = self._groups.get(keys)
        if groups is None:
            changing = [key for key in keys if key not in self.fixed_keys]
            if changing:
                raise ValueError(f"{changing} may change: no group can be made of it")
            columns = (self._arrays[key][: self._size] for key in keys)
            groups = self._groups[keys] = Groups(self.ids, *columns)
        return groups

    @property
    def indexed(self) -> tuple[tuple[str, ...], ...]:
        """The keys of the columns that rows can be found by without a look at all of them."""
        return tuple(self._groups)

    def copy_rows(self, rows: Rows, components: int = -1) -> dict[str, AnyArray]:
        """Return copies of some rows of the columns of components, given by their bits.

        `rows` are in ascending order.
        """
        first, last = int(rows[0]), int(rows[-1]) + 1
        wanted = [key for key, bit in self.component_bits.items() if bit & components]
        if last - first == len(rows):
            # Neighbours are copied as one block, which is ten times as fast.
            return {key: self._arrays[key][first:last].copy() for key in wanted}
        return {key: self._arrays[key][rows] for key in wanted}

    def array(self, key: str) -> AnyArray:
        """Return the live column of all rows: writing to it is the caller's responsibility."""
        return self._arrays[key][: self._size]

    def read_only(self, key: str) -> AnyArray:
        view = self.array(key)
        view.flags.writeable = False
        return view

    def get(self, entity_id: int, key: str) -> Any:
        """Return one value as a plain Python object; a vector as a tuple."""
        return self.readers[key](self.row(entity_id))

    def value_at(self, row: int, key: str) -> Any:
        """Return what `get` does, of a row that was found since rows moved last."""
        return self.readers[key](row)

    def set(self, entity_id: int, key: str, value: Any) -> None:
        self.set_at(self.row(entity_id), key, value)
        if key in self.fixed_keys:
            # No view does that, but whoever makes a world by hand.
            self._groups.clear()

    def set_at(self, row: int, key: str, value: Any) -> None:
        """Do what `set` does, to a row that was found since rows moved last."""
        self._arrays[key][row] = value

    def insert(self, entity_id: int, values: Mapping[str, Value]) -> int:
        """Add one row; columns that are not named are zero. Return its row number."""
        if entity_id in self:
            raise ValueError(f"{self.name} {entity_id} exists already")
        self.reserve(self._size + 1)
        row = self._size
        self._ids[row] = entity_id
        for key, column in self._arrays.items():
            column[row] = values.get(key, "" if column.dtype.kind == "T" else 0)
        self._size += 1
        self._index.add(entity_id, row)
        for keys, groups in self._groups.items():
            groups.add(entity_id, self._values_at(row, keys))
        return row

    def extend(self, ids: Ids, columns: Mapping[str, AnyArray]) -> None:
        """Add many rows at once: ids of shape (n,), columns of shape (n,) or (n, len(axis))."""
        first, count = self._size, len(ids)
        if not count:
            return
        self.reserve(first + count)
        self._ids[first : first + count] = ids
        for key, column in self._arrays.items():
            column[first : first + count] = columns.get(key, "" if column.dtype.kind == "T" else 0)
        self._size += count
        self._index.add_many(ids, first)
        self._groups.clear()

    def remove(self, entity_id: int) -> dict[str, Any]:
        """Delete a row and return its values; the last row takes its place."""
        row, last = self.row(entity_id), self._size - 1
        values = {key: self.get(entity_id, key) for key in self._arrays}
        for keys, groups in self._groups.items():
            groups.remove(entity_id, self._values_at(row, keys))
        if row != last:
            self._ids[row] = self._ids[last]
            for column in self._arrays.values():
                column[row] = column[last]
            self._index.move(int(self._ids[row]), row)
        self._index.remove(entity_id)
        self._size = last
        self.moves += 1
        return values

    def put_back(self, entity_id: int, row: int, values: Mapping[str, Value]) -> None:
        """Undo `remove`: the entity returns to its row, and the one there to the end."""
        self.moves += 1
        last = self.insert(entity_id, values)
        if row == last:
            return
        moved = int(self._ids[row])
        for column in (self._ids, *self._arrays.values()):
            column[[row, last]] = column[[last, row]]
        self._index.move(entity_id, row)
        self._index.move(moved, last)

    def _values_at(self, row: int, keys: tuple[str, ...]) -> Values:
        return tuple(self._arrays[key].item(row) for key in keys)

    def reserve(self, capacity: int) -> None:
        """Make room for this many rows, doubling so that growing costs the same per row."""
        if capacity <= len(self._ids):
            return
        capacity = max(capacity, 2 * len(self._ids), 16)
        self._ids = _grown(self._ids, self._size, capacity)
        for key, column in self._arrays.items():
            self._arrays[key] = _grown(column, self._size, capacity)
        self.readers = _readers(self._arrays)


Reader = Callable[[int], Any]


def _readers(columns: Mapping[str, AnyArray]) -> dict[str, Reader]:
    """Return by key what reads the value of a row as a plain Python object."""
    return {
        key: column.item if column.ndim == 1 else _vector_reader(column)
        for key, column in columns.items()
    }


def _vector_reader(column: AnyArray) -> Reader:
    if column.dtype.kind == "T" or not len(column):
        return lambda row: tuple(column[row].tolist())
    # Unpacked from the bytes of the row: the same plain numbers, in half the time.
    vector = Struct(f"{column.shape[1]}{column.dtype.char}")
    unpack, size, bytes_ = vector.unpack_from, vector.size, column.data.cast("B")
    return lambda row: unpack(bytes_, row * size)


def _grown(column: AnyArray, size: int, capacity: int) -> AnyArray:
    bigger = np.zeros((capacity, *column.shape[1:]), dtype=column.dtype)
    bigger[:size] = column[:size]
    return bigger
