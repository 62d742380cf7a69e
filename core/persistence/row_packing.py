"""Rows of the database into columns in memory, many at a time.

To make an array of each of a hundred columns takes as long as to fetch them. So the plain numbers
of a row are packed into bytes by a single call, and the bytes of many rows are an array of records.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from core.ecs import Field, Kind, fields_of
from core.ecs.table import AnyArray, Ids
from core.persistence.columns import StoredColumn, stored_columns

_CODES = {"b": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "f8": "d"}


class RowPacking:
    """How the rows of a kind are asked for and taken in: the id, plain numbers, then the rest."""

    def __init__(self, kind: Kind) -> None:
        stored = stored_columns(kind)
        self._plain = tuple(field for field in _fields(kind) if _is_plain(field))
        keys = {field.key for field in self._plain}
        plain = tuple(column for column in stored if column.field.key in keys)
        self._rest = tuple(column for column in stored if column.field.key not in keys)
        self.columns = (*plain, *self._rest)
        self._width = 1 + len(plain)
        codes = "".join(_code(column.field) for column in plain)
        self._pack = struct.Struct(f"<q{codes}").pack
        self._record = np.dtype([("id", "<i8"), *(_record_field(field) for field in self._plain)])

    def take_in(
        self, rows: Sequence[Sequence[Any]], ids: Ids, columns: Mapping[str, AnyArray]
    ) -> None:
        """Fill ids and columns of as many rows with rows; their values are as in `self.columns`.

        Raise DatabaseError if one holds what none of ours does.
        """
        width = self._width
        try:
            packed = b"".join([self._pack(*row[:width]) for row in rows])
        except struct.error:
            # Column by column what is wrong has a name, or is right: a number of another type.
            self._take_in_slowly(rows, ids, columns)
            return
        records = np.frombuffer(packed, dtype=self._record)
        ids[...] = records["id"]
        for field in self._plain:
            columns[field.key][...] = records[field.key]
        if self._rest:
            decode(self._rest, list(zip(*(row[width:] for row in rows), strict=True)), columns)

    def _take_in_slowly(
        self, rows: Sequence[Sequence[Any]], ids: Ids, columns: Mapping[str, AnyArray]
    ) -> None:
        first, *values = zip(*rows, strict=True)
        ids[...] = first
        decode(self.columns, values, columns)


@cache
def row_packing(kind: Kind) -> RowPacking:
    return RowPacking(kind)


def decode(
    stored: Sequence[StoredColumn],
    values: Sequence[Sequence[Any]],
    columns: Mapping[str, AnyArray],
) -> None:
    """Fill columns in memory with the values of rows, given column by column."""
    for column, cells in zip(stored, values, strict=True):
        target = columns[column.field.key]
        (target if column.place is None else target[:, column.place])[...] = column.decode(cells)


def _fields(kind: Kind) -> tuple[Field, ...]:
    return tuple(field for component in kind.components for field in fields_of(component))


def _is_plain(field: Field) -> bool:
    """Return whether the values of a field are numbers in the database as in memory."""
    column = field.column
    return column.names is None and not column.may_be_never and field.dtype.kind in "bif"


def _code(field: Field) -> str:
    kind = field.dtype.kind
    return _CODES["b" if kind == "b" else f"{kind}{field.dtype.itemsize}"]


def _record_field(field: Field) -> tuple[Any, ...]:
    dtype = field.dtype.newbyteorder("<")
    return (field.key, dtype) if field.axis is None else (field.key, dtype, (len(field.axis),))
