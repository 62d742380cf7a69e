"""How the fields of components are columns of the database, both ways.

The names follow from the components: a field keeps its own name, a vector gets one column for each
label of its axis ("metal_amount", "metal_mine_level", "queued_1"). What the rules number by their
order is stored by name, so that the order may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Boolean, Double, SmallInteger, Text
from sqlalchemy.types import TypeEngine

from core.ecs import Field, Kind, fields_of
from core.ecs.table import AnyArray
from core.errors import DatabaseError, UnstorableError


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """One column of the database: a field, or one label of a vector field."""

    name: str
    field: Field
    place: int | None

    @property
    def nullable(self) -> bool:
        return self.field.column.may_be_never or self.field.column.names is not None

    @property
    def sql_type(self) -> TypeEngine[Any]:
        if self.field.column.names is not None or self.field.dtype.kind == "T":
            return Text()
        match self.field.dtype.kind, self.field.dtype.itemsize:
            case "b", _:
                return Boolean()
            case "f", _:
                return Double()
            case "i", 4 | 8:
                return BigInteger()
            case _:
                return SmallInteger()

    def encode(self, columns: Mapping[str, AnyArray]) -> list[Any]:
        """Return the values of some rows as the driver wants them.

        Plain Python objects: a driver may store a NumPy integer as a blob, silently.
        """
        values = columns[self.field.key]
        if self.place is not None:
            values = values[:, self.place]
        if self.field.column.names is not None:
            return self._names_of(values)
        if self.field.column.may_be_never:
            return _none_for_never(values)
        plain: list[Any] = values.tolist()
        if (malformed := self._malformed(plain)) is not None:
            raise UnstorableError(f"{self.field.key} holds {malformed}")
        return plain

    def _names_of(self, codes: AnyArray) -> list[str | None]:
        """Return what codes stand for. Raise UnstorableError for one that stands for nothing."""
        names = self.field.column.names or ()
        # Beyond its end a list would count from the other one, and name another thing.
        if len(codes) and not -len(names) <= codes.min() <= codes.max() <= len(names):
            raise UnstorableError(f"{self.field.key} has a number that stands for nothing")
        return list(map(_names_by_code(names).__getitem__, codes.tolist()))

    def decode(self, values: Sequence[Any]) -> AnyArray:
        """Return the column in memory for values from the database."""
        if self.field.column.names is not None:
            codes = _codes_by_name(self.field.column.names)
            try:
                return np.array([codes[value] for value in values], dtype=self.field.dtype)
            except KeyError as error:
                raise DatabaseError(
                    f"column {self.name} names {error}, which these rules do not know"
                ) from error
        if self.field.column.may_be_never:
            numbers = np.array(values, dtype=np.float64)  # None becomes NaN
            return np.where(np.isnan(numbers), np.inf, numbers)
        if (malformed := self._malformed(values)) is not None:
            raise DatabaseError(f"column {self.name} holds {malformed}")
        return np.array(values, dtype=self.field.dtype)

    def _malformed(self, texts: Sequence[Any]) -> str | None:
        """Return the first of some texts that has not the form of its field, and why."""
        check = self.field.column.check
        if check is None:
            return None
        # Most are the same, namely empty.
        for text in dict.fromkeys(texts):
            try:
                check(text)
            except ValueError as error:
                return f"{text!r}: {error}"
        return None


def stored_columns(kind: Kind) -> tuple[StoredColumn, ...]:
    """Return the database columns of a kind, its id left out."""
    columns: list[StoredColumn] = []
    for component in kind.components:
        for field in fields_of(component):
            columns += _columns_of(field)
    names = [column.name for column in columns]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise TypeError(f"two fields of {kind.name} would both be the column {min(twice)}")
    return tuple(columns)


def check_finite(columns: Mapping[str, AnyArray], kind: Kind) -> None:
    """Refuse rows with a number that no database would give back. Raise UnstorableError.

    Only a time that may be never is infinite, and has no number in the database then.
    """
    for field in kind.float_fields:
        values = columns.get(field.key)
        if values is not None and not field.are_finite(values):
            raise UnstorableError(f"{kind.name}: {field.key} is not a finite number")


def _columns_of(field: Field) -> list[StoredColumn]:
    if field.axis is None:
        return [StoredColumn(field.name, field, None)]
    return [
        StoredColumn(
            f"{field.name}_{label}" if label.isdigit() else f"{label}_{field.name}", field, place
        )
        for place, label in enumerate(field.axis.labels)
    ]


def _none_for_never(times: AnyArray) -> list[float | None]:
    never = np.isposinf(times)
    if not never.any():
        plain: list[float | None] = times.tolist()
        return plain
    objects = times.astype(object)
    objects[never] = None
    mixed: list[float | None] = objects.tolist()
    return mixed


@cache
def _names_by_code(names: tuple[str, ...]) -> list[str | None]:
    """Return a list in which a code is a place: negative ones count from its end."""
    return [None, *names, *(f"-{name}" for name in reversed(names))]


@cache
def _codes_by_name(names: tuple[str, ...]) -> dict[str | None, int]:
    by_code = _names_by_code(names)
    return {by_code[code]: code for code in range(-len(names), len(names) + 1)}
