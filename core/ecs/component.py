"""What a component is: a small dataclass whose annotations name NumPy types.

    @dataclass(slots=True)
    class Position:
        galaxy: Int16
        system: Int16
        slot: Int8

A field with an axis is a vector (one value per resource, per building, …); its value is a tuple,
so that nobody can change it behind the back of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

Scalar = bool | int | float | str
Value = Scalar | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """The labels of a vector field, in the order in which its values are stored."""

    name: str
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, label: str) -> int:
        return self.labels.index(label)


@dataclass(frozen=True, slots=True)
class Column:
    """How a field is stored: its NumPy type and, for a vector, its axis.

    Numbers of a field with `names` stand for them: 1 for the first, -1 for its opposite, 0 for
    none; the database keeps the names. A time that `may_be_never` is infinite then. A field that
    is `fixed` is given when the entity is made and never changes. A text with a `check` has a form
    of its own: the check raises ValueError, in words, for one that has not.
    """

    dtype: Any
    axis: Axis | None = None
    names: tuple[str, ...] | None = None
    may_be_never: bool = False
    fixed: bool = False
    check: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a table: a component's name, the field's name and how it is stored."""

    component: str
    name: str
    column: Column
    key: str = field(init=False)
    # The shape of its value in one row.
    vector: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        axis = self.column.axis
        object.__setattr__(self, "key", f"{self.component}.{self.name}")
        object.__setattr__(self, "vector", () if axis is None else (len(axis),))

    @property
    def dtype(self) -> Any:
        return self.column.dtype

    @property
    def axis(self) -> Axis | None:
        return self.column.axis

    def are_finite(self, values: np.ndarray[Any, Any]) -> bool:
        """Return whether all of some floats are finite, or never where they may be."""
        # NaN is in every minimum, and more than nothing.
        if self.column.may_be_never:
            return bool(values.min(initial=np.inf) > -np.inf)
        # What values.all() comes to, without its detours.
        return bool(np.logical_and.reduce(np.isfinite(values), axis=None))

    def is_finite(self, values: np.ndarray[Any, Any]) -> npt.NDArray[np.bool_]:
        """Return of floats which are finite, or never where they may be."""
        finite: npt.NDArray[np.bool_] = np.isfinite(values)
        return finite | np.isposinf(values) if self.column.may_be_never else finite

    def empty(self, capacity: int) -> np.ndarray[Any, Any]:
        return np.zeros((capacity, *self.vector), dtype=self.dtype)

    @property
    def bytes_per_row(self) -> int:
        return int(self.dtype.itemsize) * (1 if self.axis is None else len(self.axis))


Int8 = Annotated[int, Column(np.dtype(np.int8))]
Int16 = Annotated[int, Column(np.dtype(np.int16))]
Int32 = Annotated[int, Column(np.dtype(np.int32))]
Int64 = Annotated[int, Column(np.dtype(np.int64))]
FixedBool = Annotated[bool, Column(np.dtype(np.bool_), fixed=True)]
FixedInt8 = Annotated[int, Column(np.dtype(np.int8), fixed=True)]
FixedInt16 = Annotated[int, Column(np.dtype(np.int16), fixed=True)]
FixedInt64 = Annotated[int, Column(np.dtype(np.int64), fixed=True)]
Float64 = Annotated[float, Column(np.dtype(np.float64))]
FixedFloat64 = Annotated[float, Column(np.dtype(np.float64), fixed=True)]
DueTime = Annotated[float, Column(np.dtype(np.float64), may_be_never=True)]
Bool = Annotated[bool, Column(np.dtype(np.bool_))]
# Variable-width UTF-8: up to 15 bytes lie in the column itself.
Text = Annotated[str, Column(np.dtypes.StringDType())]
FixedText = Annotated[str, Column(np.dtypes.StringDType(), fixed=True)]


def fields_of(component: type) -> tuple[Field, ...]:
    """Return the columns that a component class asks for, in the order of its annotations."""
    known = _FIELDS.get(component)
    if known is None:
        known = _FIELDS[component] = _read_fields(component)
    return known


_FIELDS: dict[type, tuple[Field, ...]] = {}


def _read_fields(component: type) -> tuple[Field, ...]:
    fields = []
    for name, hint in get_type_hints(component, include_extras=True).items():
        column = next((m for m in get_args(hint) if isinstance(m, Column)), None)
        if get_origin(hint) is not Annotated or column is None:
            raise TypeError(f"{component.__name__}.{name}: its annotation names no NumPy type")
        fields.append(Field(component.__name__, name, column))
    return tuple(fields)


def values_of(component: object) -> Mapping[str, Value]:
    """Return a component instance's values by column key."""
    return {field.key: getattr(component, field.name) for field in fields_of(type(component))}
