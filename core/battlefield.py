"""Where the world has its battles fought: here and now, or elsewhere while it goes on ticking."""

from __future__ import annotations

from typing import Protocol

from core.combat import BattleOrder, BattleReport, fight


class BattleUnderWay(Exception):
    """The report of a battle is not there yet: what needs it is undone, and later done again."""


class Battlefield(Protocol):
    """Fights battles for the world."""

    def report_of(self, order: BattleOrder) -> BattleReport:
        """Return how a battle ends; the same order always ends in the same way.

        Raise BattleUnderWay if that is not known yet.
        """


class FoughtHere:
    """Fights every battle on the spot."""

    def report_of(self, order: BattleOrder) -> BattleReport:
        return fight(order)
