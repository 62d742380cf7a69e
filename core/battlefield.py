"""Where the world has its battles fought: here and now, or elsewhere while it goes on ticking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core.combat import BattleOrder, BattleReport, fight


class BattleUnderWay(Exception):
    """The report of a battle is not there yet: what needs it is undone, and later done again."""


class Battlefield(Protocol):
    """Fights battles for the world."""

    @property
    def is_given_up(self) -> bool:
        """Whether ticks wait for battles, because there is nobody else left to fight them."""

    def report_of(self, order: BattleOrder) -> BattleReport:
        """Return how a battle ends; the same order always ends in the same way.

        Raise BattleUnderWay if that is not known yet.
        """

    def prepare(self, order: BattleOrder) -> None:
        """Have a battle fought that will probably be asked for soon."""

    def tell(self, wake: Callable[[], None]) -> None:
        """Have `wake` called, on any thread, whenever a report has come."""

    def wait(self) -> None:
        """Block until a battle that is under way has ended."""

    def close(self) -> None:
        """Let go of whatever battles are fought by."""


class FoughtHere:
    """Fights every battle on the spot."""

    is_given_up = False

    def report_of(self, order: BattleOrder) -> BattleReport:
        return fight(order)

    def prepare(self, order: BattleOrder) -> None:
        pass

    def tell(self, wake: Callable[[], None]) -> None:
        pass

    def wait(self) -> None:
        pass

    def close(self) -> None:
        pass
