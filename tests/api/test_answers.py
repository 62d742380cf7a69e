"""What players are told: times, whole numbers, nothing left out."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.api.answers import iso, iso_time, planet_answer, queue_item, resource_update, whole
from core.components import UNITS
from core.queries import PlanetReport, PlanetStocks, PlanetSummary
from core.systems.construction import Item
from core.systems.planets import PlanetSetup
from core.systems.research import ResearchItem
from core.systems.shipyard import UnitItem

UNITS_THERE = tuple(1 if name == "cruiser" else 0 for name in UNITS.labels)

REPORT = PlanetReport(
    at=1_800_000_000.5,
    player_name="mira",
    summary=PlanetSummary(3, 7, "<b>Hope</b>", (1, 2, 4), (10_000.0, 499.999, 0.0)),
    production=(30.0, 15.0, 0.0),
    consumption=(0.0, 0.0, 80.5),
    capacity=(10_000.0, 10_000.0, 10_000.0),
    energy_produced=22.00001,
    energy_used=10.0,
    factor=1.0,
    levels={"metal_mine": 1},
    queue=(Item("metal_mine", 2, False, (90, 22, 0), 1_800_000_000.0, 1_800_000_060.0),),
    temperature_max=70,
    fields=169,
    diameter_km=11588,
    gate_ready_at=None,
    fields_used=1,
    setup=PlanetSetup(3, "<b>Hope</b>", (("metal_mine", 70),)),
    technologies={"energy": 2},
    research_queue=(ResearchItem("laser", 1, 3, (200, 100, 0), None, None),),
    units=UNITS_THERE,
    unit_orders=(UnitItem("light_laser", 3, (4_500, 1_500, 0), None, None),),
    kept=False,
)


def test_that_times_are_utc_with_a_z() -> None:
    assert iso_time(1_800_000_000.1239) == "2027-01-15T08:00:00.123Z"
    tokyo = datetime(2027, 1, 15, 17, tzinfo=timezone(timedelta(hours=9)))
    assert iso(tokyo) == "2027-01-15T08:00:00.000Z"


@pytest.mark.parametrize("moment", [253_402_300_799.0, 253_402_300_800.0, 1e15, 1e300, math.inf])
def test_that_a_time_after_the_last_year_is_told_as_its_end(moment: float) -> None:
    assert iso_time(moment) == "9999-12-31T23:59:59.000Z"
    item = queue_item(Item("metal_mine", 99, False, (90, 22, 0), 1_800_000_000.0, moment))
    assert item.completion_time == "9999-12-31T23:59:59.000Z"


@given(st.floats(0, 4e9))
def test_that_a_time_can_be_read_back(moment: float) -> None:
    read = datetime.fromisoformat(iso_time(moment))
    assert abs(read - datetime.fromtimestamp(moment, UTC)) < timedelta(milliseconds=1)


def test_that_amounts_are_floored() -> None:
    assert whole((10_000.0, 499.999, 0.0)) == {"metal": 10_000, "crystal": 499, "deuterium": 0}


def test_that_a_waiting_item_has_no_times() -> None:
    item = queue_item(Item("shipyard", 1, False, (400, 200, 100), None, None))
    assert item.started_at is None
    assert item.completion_time is None


def test_that_a_stock_at_its_cap_is_full() -> None:
    answer = planet_answer(REPORT)
    assert answer.full == ["metal"]
    assert answer.resources["crystal"] == 499
    assert answer.production["metal_rate"] == 30.0
    assert answer.production["deuterium_burn"] == 80.5
    assert answer.planet.temperature == 50
    # What a terraformer has won makes no planet larger.
    assert (answer.planet.fields, answer.planet.size) == (169, 11588)
    assert answer.sliders == {"metal_mine": 70}
    assert answer.research == {"energy": 2}
    assert answer.research_queue[0].completion_time is None
    assert answer.kept is False
    stocks = PlanetStocks(3, REPORT.summary.amounts, REPORT.production, REPORT.capacity)
    update = resource_update(stocks, kept=False)
    assert (update["planet"], update["full"], update["kept"]) == (3, ["metal"], False)
    assert update["totals"] == answer.resources
