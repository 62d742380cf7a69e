"""The indexes that the world is looked at through, made before the first tick.

A table makes an index when it is asked through it for the first time, at the cost of a look at all
of its rows: that must not be a tick's.
"""

from __future__ import annotations

from core.components import DEBRIS, DEPARTED, FLEET, OFFER, PLANET, REPORT
from core.ecs import Kind, World

PLANETS_BY_OWNER = ("Planet.owner_id",)
FLEETS_BY_OWNER = ("Fleet.owner_id",)
FLEETS_BY_TARGET = ("Course.target_id",)
REPORTS_BY_OWNER = ("Report.owner_id", "Report.report_kind")
OFFERS_BY_SELLER = ("Offer.seller_id",)
DEBRIS_BY_PLACE = ("Debris.galaxy", "Debris.system", "Debris.position")
DEPARTED_BY_ACCOUNT = ("Departed.account_id",)

INDEXES: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (PLANET, PLANETS_BY_OWNER),
    (FLEET, FLEETS_BY_OWNER),
    (FLEET, FLEETS_BY_TARGET),
    (REPORT, REPORTS_BY_OWNER),
    (OFFER, OFFERS_BY_SELLER),
    (DEBRIS, DEBRIS_BY_PLACE),
    (DEPARTED, DEPARTED_BY_ACCOUNT),
)


def prepare(world: World) -> None:
    """Make all indexes of a world that was loaded."""
    for kind, keys in INDEXES:
        world.tables[kind].index(keys)
