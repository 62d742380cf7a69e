"""What must be true of a whole world: found where it is not, over every kind of entity."""

from __future__ import annotations

from typing import Any

import pytest

from core.components import OUTBOUND
from core.sound_world import unsound
from tests.persistence.test_worlds import lively_game
from tests.store import ManualStore
from tests.worlds import loaded_from


@pytest.fixture(scope="module")
def lively() -> ManualStore:
    store = ManualStore(at_once=True)
    lively_game(store)
    return store


def findings(store: ManualStore, kind: str, changes: dict[str, Any]) -> list[str]:
    """Return what is said of a world when the first entity of a kind is other than it should be."""
    rows = store.rows[kind]
    first = min(rows)
    before = rows[first]
    rows[first] = before | {
        key: value(before[key]) if callable(value) else value for key, value in changes.items()
    }
    try:
        return list(unsound(loaded_from(store)))
    finally:
        rows[first] = before


def more(*amounts: float) -> Any:
    return lambda before: tuple(there + added for there, added in zip(before, amounts, strict=True))


def test_that_a_world_with_something_of_everything_is_sound(lively: ManualStore) -> None:
    assert list(unsound(loaded_from(lively))) == []


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (
            "planet",
            {"Ledger.moved": more(9, 0, 0), "Stocks.amount": more(9, 0, 0)},
            ["over the world, 9 metal have come from nowhere"],
        ),
        (
            "planet",
            {"Ledger.moved": more(0, -2, 0), "Ledger.spent": more(0, -2, 0)},
            ["over the world, 2 crystal are missing"],
        ),
        (
            "player",
            {"Legacy.moved": more(-1, 0, 8)},
            [
                "over the world, 1 metal are missing",
                "over the world, 8 deuterium have come from nowhere",
            ],
        ),
        (
            "departed",
            {"Departed.moved": more(5, 0, 0)},
            ["over the world, 5 metal have come from nowhere"],
        ),
        ("fleet", {"Fleet.cargo": more(-7, 0, 0)}, ["over the world, 7 metal are missing"]),
        (
            "debris",
            {"Debris.left": more(1_000, 0, 0)},
            ["over the world, 1000 metal have come from nowhere"],
        ),
        ("player", {"Trader.fees_paid": more(0, -3, 0)}, ["over the world, 3 crystal are missing"]),
        (
            "player",
            {"Wreckage.cargo_lost": more(0, 0, 1)},
            ["over the world, 1 deuterium have come from nowhere"],
        ),
        (
            "player",
            {"Wreckage.debris_made": more(4, 0, 0)},
            ["over the world, 4 metal are missing"],
        ),
        (
            "player",
            {"Finds.resources_found": more(0, 6, 0)},
            ["over the world, 6 crystal are missing"],
        ),
        # Of offers only those count that are open.
        ("offer", {"Offer.offered_amount": 34}, []),
        (
            "departed",
            {"Departed.moved": more(float("nan"), 0, 0)},
            ["departed 1: Departed.moved is not a finite number"],
        ),
        ("fleet", {"Fleet.owner_id": 77}, ["fleet 1: its owner is not there"]),
        ("fleet", {"Flight.fleet_state": 4}, ["fleet 1: it is neither on its way nor coming home"]),
        ("fleet", {"Fleet.ships": lambda ships: (0,) * len(ships)}, ["fleet 1: it has no ships"]),
        (
            "fleet",
            {"Flight.departed_at": 9e9},
            [
                "fleet 1: Flight.departed_at lies after the time of the world",
                "fleet 1: it arrives before it sets out",
            ],
        ),
        (
            "fleet",
            {"Flight.fleet_due_at": float("inf"), "Flight.arrives_at": float("inf")},
            [
                "fleet 1: Flight.arrives_at is not a finite number",
                "fleet 1: it is under way for ever",
            ],
        ),
        *(
            (
                "fleet",
                {"Flight.fleet_state": state, "Flight.fleet_due_at": lambda due_at: due_at + 1},
                ["fleet 1: it is due when nothing becomes of it"],
            )
            for state in (OUTBOUND, OUTBOUND + 1, OUTBOUND + 2)
        ),
    ],
)
def test_that_what_is_wrong_is_found_and_nothing_else(
    lively: ManualStore, kind: str, changes: dict[str, Any], said: list[str]
) -> None:
    assert findings(lively, kind, changes) == said


def test_that_what_is_in_an_open_offer_counts(lively: ManualStore) -> None:
    (open_id,) = (id_ for id_, row in lively.rows["offer"].items() if row["Deal.state"] == 1)
    rows = lively.rows["offer"]
    before = rows[open_id]
    rows[open_id] = before | {"Offer.offered_amount": before["Offer.offered_amount"] + 10}
    try:
        said = list(unsound(loaded_from(lively)))
    finally:
        rows[open_id] = before
    assert said == ["over the world, 10 metal have come from nowhere"]
