"""What lies at which coordinates: an index derived from the planets' positions, never stored.

A moon shares the place of its planet; whether a place is free is a question of planets alone.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Coordinates = tuple[int, int, int]


class Galaxy:
    """The planet and the moon at each place; galaxies, systems, positions are numbered from 1."""

    def __init__(self, galaxies: int, systems: int, positions: int) -> None:
        self._planet_at = np.zeros((galaxies, systems, positions), dtype=np.int64)
        # Few planets have one: what is never written to takes no memory.
        self._moon_at = np.zeros_like(self._planet_at)
        self._free_count = self._count_free()

    @property
    def shape(self) -> tuple[int, int, int]:
        galaxies, systems, positions = self._planet_at.shape
        return galaxies, systems, positions

    def resize(self, galaxies: int) -> None:
        """Make room for more galaxies, or take empty ones back."""
        self._planet_at = _resized(self._planet_at, galaxies)
        self._moon_at = _resized(self._moon_at, galaxies)
        self._free_count = self._count_free()

    def contains(self, place: Coordinates) -> bool:
        return all(1 <= x <= size for x, size in zip(place, self.shape, strict=True))

    def planet_at(self, place: Coordinates) -> int | None:
        return int(self._planet_at[place[0] - 1, place[1] - 1, place[2] - 1]) or None

    def planets_of(self, galaxy: int, system: int) -> list[int]:
        """Return the planets of a system by their positions."""
        ids = self._planet_at[galaxy - 1, system - 1]
        found: list[int] = ids[ids != 0].tolist()
        return found

    def moon_at(self, place: Coordinates) -> int | None:
        return int(self._moon_at[place[0] - 1, place[1] - 1, place[2] - 1]) or None

    def settle(self, place: Coordinates, planet_id: int) -> None:
        self._put(place, planet_id)

    def clear(self, place: Coordinates) -> None:
        self._put(place, 0)

    def settle_moon(self, place: Coordinates, moon_id: int) -> None:
        self._moon_at[place[0] - 1, place[1] - 1, place[2] - 1] = moon_id

    def clear_moon(self, place: Coordinates) -> None:
        self.settle_moon(place, 0)

    def _put(self, place: Coordinates, planet_id: int) -> None:
        galaxy, system, position = (number - 1 for number in place)
        self._planet_at[galaxy, system, position] = planet_id
        # Counted anew: what is put back after an error must not count on what was half done.
        free = np.count_nonzero(self._planet_at[galaxy, :, position] == 0)
        self._free_count[galaxy, position] = free

    def settle_many(
        self,
        galaxy: npt.NDArray[np.int16],
        system: npt.NDArray[np.int16],
        position: npt.NDArray[np.int8],
        is_moon: npt.NDArray[np.bool_],
        planet_ids: npt.NDArray[np.int64] | int,
    ) -> None:
        """Put a planet or a moon at each of many places; 0 makes them free."""
        ids = np.broadcast_to(planet_ids, is_moon.shape)
        for index, chosen in ((self._planet_at, ~is_moon), (self._moon_at, is_moon)):
            place = galaxy[chosen] - 1, system[chosen] - 1, position[chosen] - 1
            index[place] = ids[chosen]
        self._free_count = self._count_free()

    def free_places(
        self,
        galaxy: int | None = None,
        system: int | None = None,
        positions: range | None = None,
        *,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Coordinates]:
        """Return free places in order, of one galaxy or system if it is named.

        Of the whole universe only the galaxies are looked into that hold what is asked for.
        """
        galaxies, systems, slots = self.shape
        positions = positions or range(1, slots + 1)
        first, last = (1, galaxies) if galaxy is None else (galaxy, galaxy)
        if galaxy is None and system is None:
            first, last, offset = self._galaxies_holding(positions, offset, limit)
        first_system, last_system = (1, systems) if system is None else (system, system)
        taken = self._planet_at[
            first - 1 : last,
            first_system - 1 : last_system,
            positions.start - 1 : positions.stop - 1,
        ]
        stop = None if limit is None else offset + limit
        found = np.unravel_index(np.flatnonzero(taken == 0)[offset:stop], taken.shape)
        starts = (first, first_system, positions.start)
        columns = [(x + start).tolist() for x, start in zip(found, starts, strict=True)]
        return list(zip(*columns, strict=True))

    def first_free_place(
        self, galaxy: int | None = None, system: int | None = None, positions: range | None = None
    ) -> Coordinates | None:
        """Return the first free place in order, None if there is none."""
        return next(iter(self.free_places(galaxy, system, positions, limit=1)), None)

    def _galaxies_holding(
        self, positions: range, offset: int, limit: int | None
    ) -> tuple[int, int, int]:
        """Return the first and last galaxy with these free places, and what is left of offset."""
        free = self._free_count[:, positions.start - 1 : positions.stop - 1].sum(axis=1)
        up_to = np.cumsum(free)
        first = int(np.searchsorted(up_to, offset, side="right"))
        last = len(free) - 1
        if limit is not None:
            last = min(last, int(np.searchsorted(up_to, offset + limit)))
        skipped = int(up_to[first - 1]) if first else 0
        return first + 1, last + 1, offset - skipped

    def _count_free(self) -> npt.NDArray[np.int64]:
        """Return how many places are free in each galaxy at each position."""
        counts: npt.NDArray[np.int64] = np.count_nonzero(self._planet_at == 0, axis=1)
        return counts


def _resized(at: npt.NDArray[np.int64], galaxies: int) -> npt.NDArray[np.int64]:
    kept = min(len(at), galaxies)
    resized = np.zeros((galaxies, *at.shape[1:]), dtype=np.int64)
    resized[:kept] = at[:kept]
    return resized
