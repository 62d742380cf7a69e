"""Whether the world in the database is still the one that this process carries on."""

from __future__ import annotations

from core.save_batch import WorldClock


class ClockTrail:
    """The clocks that may lie in the database if nobody else has written there.

    Every save writes a clock that no other has. One that failed may have been committed all the
    same, so there may be several until the next is known to be.
    """

    def __init__(self) -> None:
        self._possible: set[tuple[float, int] | None] | None = None

    def note_loaded(self, clock: WorldClock | None) -> None:
        """The world was loaded: from here on this process carries it on."""
        if self._possible is None:
            self._possible = {_name_of(clock)}

    def note_committed(self, clock: WorldClock) -> None:
        self._possible = {_name_of(clock)}

    def note_sent(self, clock: WorldClock) -> None:
        """A clock is about to be committed."""
        if self._possible is not None:
            self._possible.add(_name_of(clock))

    def may_be(self, clock: WorldClock | None) -> bool:
        return self._possible is None or _name_of(clock) in self._possible


def _name_of(clock: WorldClock | None) -> tuple[float, int] | None:
    return None if clock is None else (clock.world_time, clock.tick)
