"""Which entities have the same values in some columns that never change: an index, never stored."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from typing import Any

import numpy as np
import numpy.typing as npt

Values = tuple[Any, ...]


class Groups:
    """The ids of each group, in ascending order, by the values that its members have in common."""

    def __init__(self, ids: npt.NDArray[np.int64], *columns: npt.NDArray[Any]) -> None:
        # As arrays: there may be a million ids, and a list of numbers takes five times the memory.
        self._ids: dict[Values, array[int]] = {}
        order = np.lexsort((ids, *reversed(columns)))
        ids, columns = ids[order], tuple(column[order] for column in columns)
        differs = np.zeros(len(ids), dtype=np.bool_)
        differs[:1] = True
        for column in columns:
            differs[1:] |= column[1:] != column[:-1]
        starts = np.flatnonzero(differs)
        ends = [*starts[1:].tolist(), len(ids)]
        values = zip(*(column[starts].tolist() for column in columns), strict=True)
        for key, start, end in zip(values, starts.tolist(), ends[: len(starts)], strict=True):
            self._ids[key] = array("q", ids[start:end].tobytes())

    def add(self, entity_id: int, values: Values) -> None:
        insort(self._ids.setdefault(values, array("q")), entity_id)

    def remove(self, entity_id: int, values: Values) -> None:
        ids = self._ids[values]
        del ids[bisect_left(ids, entity_id)]
        if not ids:
            del self._ids[values]

    def members(self, values: Values) -> list[int]:
        ids = self._ids.get(values)
        return [] if ids is None else ids.tolist()
