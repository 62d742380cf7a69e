"""Which coordinates are taken: an index derived from the planets' positions, never stored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Coordinates = tuple[int, int, int]


class Galaxy:
    """The planet at each place. Galaxies, systems and positions are numbered from 1."""

    def __init__(self, galaxies: int, systems: int, positions: int) -> None:
        self._planet_at = np.zeros((galaxies, systems, positions), dtype=np.int64)

    @property
    def shape(self) -> tuple[int, int, int]:
        galaxies, systems, positions = self._planet_at.shape
        return galaxies, systems, positions

    def resize(self, galaxies: int) -> None:
        """Make room for more galaxies, or take empty ones back."""
        before, systems, positions = self.shape
        kept = min(before, galaxies)
        resized = np.zeros((galaxies, systems, positions), dtype=np.int64)
        resized[:kept] = self._planet_at[:kept]
        self._planet_at = resized

    def contains(self, place: Coordinates) -> bool:
        return all(1 <= x <= size for x, size in zip(place, self.shape, strict=True))

    def planet_at(self, place: Coordinates) -> int | None:
        return int(self._planet_at[place[0] - 1, place[1] - 1, place[2] - 1]) or None

    def settle(self, place: Coordinates, planet_id: int) -> None:
        self._planet_at[place[0] - 1, place[1] - 1, place[2] - 1] = planet_id

    def clear(self, place: Coordinates) -> None:
        self._planet_at[place[0] - 1, place[1] - 1, place[2] - 1] = 0

    def settle_many(
        self,
        galaxy: npt.NDArray[np.int16],
        system: npt.NDArray[np.int16],
        position: npt.NDArray[np.int8],
        planet_ids: npt.NDArray[np.int64],
    ) -> None:
        self._planet_at[galaxy - 1, system - 1, position - 1] = planet_ids

    def free_places(
        self, galaxy: int | None = None, system: int | None = None, positions: range | None = None
    ) -> Iterator[Coordinates]:
        """Yield free places in order, of one galaxy or system if it is named."""
        galaxies, systems, slots = self.shape
        for g in range(1, galaxies + 1) if galaxy is None else (galaxy,):
            for s in range(1, systems + 1) if system is None else (system,):
                row = self._planet_at[g - 1, s - 1]
                for p in positions or range(1, slots + 1):
                    if row[p - 1] == 0:
                        yield g, s, p
