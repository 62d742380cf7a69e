"""What the rules say against an order of units: requirements, domes, the silo."""

from __future__ import annotations

from typing import Any

import pytest

from core.commands import Rejected
from core.rules import RULES
from core.unit_orders import UnitOrder
from core.unit_queue import price_of, refusal


def refused(
    unit: str,
    count: int = 1,
    *,
    levels: dict[str, int] | None = None,
    technologies: dict[str, int] | None = None,
    counts: dict[str, int] | None = None,
) -> Rejected | None:
    order = UnitOrder(unit, count)
    return refusal(RULES, levels or {}, technologies or {}, counts or {}, order)


def test_that_buildings_and_technologies_must_be_there() -> None:
    levels, technologies = {"shipyard": 3}, {"armour": 2, "impulse_drive": 2}
    assert refused("heavy_fighter", levels=levels, technologies=technologies) is None
    without = refused(
        "heavy_fighter", levels=levels, technologies={"armour": 2, "impulse_drive": 1}
    )
    assert without is not None
    assert without.facts == {"missing": {"impulse_drive": 2}}
    without = refused("heavy_fighter", technologies=technologies)
    assert without is not None
    assert without.detail == "heavy_fighter needs shipyard 3 first."


DOME: dict[str, Any] = {"levels": {"shipyard": 6}, "technologies": {"shielding": 6}}


@pytest.mark.parametrize(
    ("there", "wanted", "code"), [(0, 1, None), (0, 2, "unit_limit"), (1, 1, "unit_limit")]
)
def test_that_a_planet_has_one_dome_of_a_size(there: int, wanted: int, code: str | None) -> None:
    found = refused("small_shield_dome", wanted, counts={"small_shield_dome": there}, **DOME)
    assert (found and found.code) == code
    assert refused("large_shield_dome", counts={"small_shield_dome": 1}, **DOME) is None


@pytest.mark.parametrize(
    ("silo", "counts", "unit", "wanted", "fits"),
    [
        # Ten slots a level; an interceptor takes one, an interplanetary missile two.
        (2, {}, "interceptor_missile", 20, True),
        (2, {}, "interceptor_missile", 21, False),
        (4, {}, "interplanetary_missile", 20, True),
        (4, {}, "interplanetary_missile", 21, False),
        (4, {"interceptor_missile": 30}, "interplanetary_missile", 5, True),
        (4, {"interceptor_missile": 31}, "interplanetary_missile", 5, False),
        (4, {"interplanetary_missile": 19}, "interceptor_missile", 2, True),
        (4, {"interplanetary_missile": 19}, "interceptor_missile", 3, False),
    ],
)
def test_that_the_silo_holds_what_is_there_and_what_is_ordered(
    silo: int, counts: dict[str, int], unit: str, wanted: int, fits: bool
) -> None:
    levels = {"shipyard": 1, "missile_silo": silo}
    found = refused(unit, wanted, levels=levels, technologies={"impulse_drive": 1}, counts=counts)
    assert (found is None) == fits
    if found is not None:
        assert found.code == "silo_full"
        assert found.facts["slots"] == 10 * silo


def test_that_other_units_take_no_slots() -> None:
    counts = {"interceptor_missile": 20, "rocket_launcher": 1_000}
    assert refused("rocket_launcher", 1_000, levels={"shipyard": 1}, counts=counts) is None


def test_that_an_order_costs_its_number_of_times_one() -> None:
    assert price_of(RULES, UnitOrder("cruiser", 3)) == (60_000, 21_000, 6_000)
    assert price_of(RULES, UnitOrder("deathstar", 10**6))[0] == 5 * 10**12
