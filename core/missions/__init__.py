"""The errands of fleets, each in a module of its own, by the names of their missions.

A mission of the rules that is not among them cannot be flown yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.missions.attack import ATTACK
from core.missions.colonize import COLONIZE
from core.missions.deploy import DEPLOY
from core.missions.errand import Arrival, Ending, Errand, FleetOrder
from core.missions.espionage import ESPIONAGE
from core.missions.expedition import EXPEDITION
from core.missions.harvest import HARVEST
from core.missions.hold import HOLD
from core.missions.missiles import MISSILES
from core.missions.transport import TRANSPORT

ERRANDS: Final[Mapping[str, Errand]] = {
    "transport": TRANSPORT,
    "deploy": DEPLOY,
    "colonize": COLONIZE,
    "espionage": ESPIONAGE,
    "attack": ATTACK,
    "harvest": HARVEST,
    "missiles": MISSILES,
    "expedition": EXPEDITION,
    "hold": HOLD,
}

__all__ = ["ERRANDS", "Arrival", "Ending", "Errand", "FleetOrder"]
