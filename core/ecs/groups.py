"""Which entities have the same values in some columns that never change: an index, never stored."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Any

import numpy as np
import numpy.typing as npt

Values = tuple[Any, ...]


class Groups:
    """The ids of each group, in ascending order, by the values that its members have in common."""

    def __init__(self, ids: npt.NDArray[np.int64], *columns: npt.NDArray[Any]) -> None:
        self._ids: dict[Values, list[int]] = {}
        order = np.lexsort((ids, *reversed(columns)))
        for entity_id, *values in zip(
            ids[order].tolist(), *(column[order].tolist() for column in columns), strict=True
        ):
            self._ids.setdefault(tuple(values), []).append(entity_id)

    def add(self, entity_id: int, values: Values) -> None:
        insort(self._ids.setdefault(values, []), entity_id)

    def remove(self, entity_id: int, values: Values) -> None:
        ids = self._ids[values]
        del ids[bisect_left(ids, entity_id)]
        if not ids:
            del self._ids[values]

    def members(self, values: Values) -> list[int]:
        return self._ids.get(values, []).copy()
