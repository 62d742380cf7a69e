"""Expeditions: who may set out, what they find and whom they meet, and that nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.battlefield import FoughtHere
from core.combat import BattleOrder, BattleReport
from core.commands import ChangeSettings, RecallFleet
from core.components import FLEET, PLANET, PLAYER, UNITS, Finds, Flight
from core.events import ExpeditionEnded
from core.game import GameWorld
from core.messages import ListMessages
from core.rules import RULES
from core.rules.expeditions import Outcome
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.missions.war import (
    FLYING,
    ROOMY,
    fleet_of,
    listen,
    named,
    neighbours,
    order,
    send,
    unaccounted,
    units,
    until,
    wreckage,
)
from tests.worlds import carry_out, refused, set_up

FAR = (1, 1, 16)
KNOWN = {**FLYING, "astrophysics": 4}
FLEET_SENT = {"large_cargo": 10, "cruiser": 3}
HOUR_S = 3_600


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def only(outcome: str) -> dict[str, float]:
    """Return settings under which every expedition ends in this way."""
    return {each.weight_setting: float(each.value == outcome) for each in Outcome}


def world(clock: ManualClock, outcome: str, **settings: Any) -> GameWorld:
    game = neighbours(clock, **only(outcome), **settings)
    set_up(game, 1, levels=ROOMY, units={**FLEET_SENT, "battleship": 50}, technologies=KNOWN)
    return game


def expedition(game: GameWorld, ships: dict[str, int] = FLEET_SENT, **changes: Any) -> Voyage:
    return send(game, "expedition", ships, **{"target": FAR, "hold_hours": 2, **changes})


def end_of_stay(voyage: Voyage) -> float:
    return voyage.arrives_at + 2 * HOUR_S


def finds(game: GameWorld) -> tuple[int, ...]:
    return game.state.world.component_for_entity(PLAYER, 1, Finds).resources_found


def ended(game: GameWorld, clock: ManualClock, **changes: Any) -> tuple[Voyage, ExpeditionEnded]:
    """Send an expedition, see it end, and return it with what was told of it."""
    voyage = expedition(game, **changes)
    events = listen(game)
    until(game, clock, end_of_stay(voyage))
    (told,) = [event for event in events if isinstance(event, ExpeditionEnded)]
    assert (told.at, told.player_id, told.place) == (end_of_stay(voyage), 1, FAR)
    assert unaccounted(game) == [0, 0, 0]
    return voyage, told


def text(game: GameWorld) -> str:
    page, _ = game.ask(ListMessages(1, "expedition", 9))
    latest: str = page.messages[0].text
    return latest


# Setting out -------------------------------------------------------------------------------------


def test_that_an_expedition_flies_to_the_end_of_its_system_and_stays(
    clock: ManualClock,
) -> None:
    game = world(clock, "nothing")
    voyage = expedition(game)
    assert (voyage.target, voyage.target_type, voyage.target_id) == (FAR, "deep_space", 0)
    # 8 positions: 8 · 5 + 1000 = 1040; large_cargo 7500 · 1.6 = 12000 is slowest:
    # 3500 · sqrt(10400 / 12000) + 10 = 3268.28.
    assert voyage.arrives_at - voyage.departed_at == 3_268
    assert voyage.returns_at - voyage.departed_at == 2 * 3_268 + 2 * HOUR_S
    until(game, clock, voyage.returns_at)
    assert units(game, 1) == {**FLEET_SENT, "battleship": 50}
    assert len(game.state.world.tables[FLEET]) == 0
    assert text(game) == "Your expedition to 1:1:16 has found nothing."


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"target": (1, 1, 9)}, "bad_value"),
        ({"target": (1, 1, 17)}, "bad_value"),
        ({"target": (4, 1, 16)}, "outside_universe"),
        ({"target_type": "planet"}, "bad_value"),
        ({"hold_hours": 0}, "bad_value"),
        ({"hold_hours": 101}, "bad_value"),
        ({"hold_hours": 5}, "hold_too_long"),
    ],
)
def test_that_an_expedition_that_cannot_be_is_refused(
    clock: ManualClock, change: dict[str, Any], code: str
) -> None:
    game = world(clock, "nothing")
    asked = order("expedition", FLEET_SENT, **{"target": FAR, "hold_hours": 2, **change})
    assert refused(game, asked).code == code


def test_that_only_expeditions_fly_that_far(clock: ManualClock) -> None:
    game = world(clock, "nothing")
    refusal = refused(game, order("transport", FLEET_SENT, target=FAR))
    assert refusal.code == "outside_universe"


def test_that_without_astrophysics_nobody_sets_out(clock: ManualClock) -> None:
    game = world(clock, "nothing")
    set_up(game, 1, technologies=FLYING)
    refusal = refused(game, order("expedition", FLEET_SENT, target=FAR, hold_hours=1))
    assert refusal.code == "requirements_not_met"
    assert refusal.facts["missing"] == {"astrophysics": 1}


def test_that_as_many_expeditions_are_under_way_as_there_are_slots(clock: ManualClock) -> None:
    game = world(clock, "nothing")
    # floor(sqrt(4)) = 2
    expedition(game, {"battleship": 1})
    first = expedition(game, {"battleship": 1})
    refusal = refused(game, order("expedition", {"battleship": 1}, target=FAR, hold_hours=1))
    assert (refusal.code, refusal.facts) == ("expedition_slots_full", {"used": 2, "total": 2})
    send(game, "transport", {"battleship": 1})
    until(game, clock, first.returns_at)
    expedition(game, {"battleship": 1})


# What comes of it --------------------------------------------------------------------------------


def test_that_resources_are_found_and_brought_home(clock: ManualClock) -> None:
    game = world(clock, "resources")
    voyage, told = ended(game, clock)
    ((name, amount),) = told.resources
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    # Nobody has 10000 points: 10 to 100 % of 40000, of crystal 2/3 and of deuterium 1/3 of it.
    worth = {"metal": 1, "crystal": 2 / 3, "deuterium": 1 / 3}[name]
    assert 4_000 * worth - 1 <= amount <= 40_000 * worth
    place = RULES.resources.index(name)
    assert fleet.cargo == finds(game) == tuple(amount * (i == place) for i in range(3))
    assert text(game) == f"Your expedition to 1:1:16 has found {amount} {name}."
    until(game, clock, voyage.returns_at)
    assert unaccounted(game) == [0, 0, 0]


@pytest.mark.parametrize(
    ("points", "times"),
    # Caps of 40000, 500000, 1200000 and 5000000: the same draw is worth as many times more.
    [(9_999, 1), (10_000, 12.5), (100_000, 30), (200_000_000, 125)],
)
def test_that_the_best_player_decides_how_much_is_found(
    clock: ManualClock, points: int, times: float
) -> None:
    amounts = []
    for spent in (0, points * 1_000):
        game = world(clock, "resources")
        set_up(game, 1, units={"large_cargo": 400})
        # It is that of player 3, on two planets.
        planets = game.state.world.tables[PLANET]
        planets.set(2, "Planet.owner_id", 3)
        for planet_id in (2, 3):
            planets.set(planet_id, "Ledger.spent", (spent / 2, 0.0, 0.0))
            received = planets.get(planet_id, "Ledger.received")
            planets.set(planet_id, "Ledger.received", (received[0] + spent / 2, *received[1:]))
        _, told = ended(game, clock, ships={"large_cargo": 400})
        amounts.append(told.resources[0][1])
    assert amounts[1] == pytest.approx(amounts[0] * times, abs=times)


def test_that_no_more_is_found_than_fits_beside_the_cargo(clock: ManualClock) -> None:
    game = world(clock, "resources")
    # 3 · 1500 carry 4500, of which 4400 are loaded.
    sent = {"ships": {"battleship": 3}, "cargo": {"metal": 4_400}}
    voyage, told = ended(game, clock, **sent)
    assert told.resources[0][1] == sum(finds(game)) == 100
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    assert sum(fleet.cargo) == 4_500


def test_that_ships_are_found_of_up_to_one_class_above_the_best(clock: ManualClock) -> None:
    game = world(clock, "ships")
    voyage, told = ended(game, clock)
    found = dict(told.ships)
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    # The best sent is a cruiser; next above it is the colony ship.
    above = {"battleship", "battlecruiser", "bomber", "destroyer", "deathstar"}
    assert found.keys().isdisjoint(above)
    prices = {name: sum(RULES.units[name].cost) for name in found}
    assert 0 < sum(prices[name] * count for name, count in found.items()) <= 40_000
    assert named(fleet.ships) == {
        name: FLEET_SENT.get(name, 0) + found.get(name, 0) for name in {*FLEET_SENT, *found}
    }
    until(game, clock, voyage.returns_at)
    assert units(game, 1)["large_cargo"] == 10 + found.get("large_cargo", 0)


def test_that_a_delay_is_a_multiple_of_the_stay(clock: ManualClock) -> None:
    game = world(clock, "delay")
    voyage, told = ended(game, clock)
    assert told.delay_s in (4 * HOUR_S, 6 * HOUR_S, 10 * HOUR_S)
    assert text(game).endswith(f"is coming home {told.delay_s // HOUR_S} hours later.")
    flight = game.state.world.component_for_entity(FLEET, voyage.fleet_id, Flight)
    assert flight.returns_at == flight.fleet_due_at == voyage.returns_at + told.delay_s
    until(game, clock, voyage.returns_at + told.delay_s)
    assert units(game, 1)["large_cargo"] == 10


def test_that_who_is_early_does_not_stay(clock: ManualClock) -> None:
    game = world(clock, "early")
    voyage = expedition(game)
    until(game, clock, voyage.arrives_at)
    assert text(game).endswith("has found nothing worth a stay and is coming home early.")
    until(game, clock, voyage.returns_at - 2 * HOUR_S)
    assert units(game, 1)["large_cargo"] == 10


def test_that_it_is_too_late_to_be_early_at_the_end_of_the_stay(clock: ManualClock) -> None:
    game = world(clock, "nothing")
    voyage = expedition(game)
    until(game, clock, voyage.arrives_at)
    carry_out(game, ChangeSettings(only("early")))
    until(game, clock, voyage.returns_at - 1)
    assert fleet_of(game, voyage) is not None
    assert text(game) == "Your expedition to 1:1:16 has found nothing."


def test_that_what_is_lost_is_gone_with_its_cargo(clock: ManualClock) -> None:
    game = world(clock, "lost")
    voyage, told = ended(game, clock, cargo={"metal": 900, "crystal": 5})
    assert dict(told.lost) == FLEET_SENT
    assert fleet_of(game, voyage) is None
    assert wreckage(game, 1).cargo_lost == (900, 5, 0)
    assert text(game).startswith("Your expedition to 1:1:16 was never heard of again")
    until(game, clock, voyage.returns_at)
    assert units(game, 1) == {"battleship": 50}


@pytest.mark.parametrize("outcome", ["pirates", "aliens"])
def test_that_who_is_met_is_fought(clock: ManualClock, outcome: str) -> None:
    game = world(clock, outcome)
    set_up(game, 1, technologies={**KNOWN, "weapons": 10, "shielding": 10, "armour": 10})
    sent = {"battleship": 50, "cruiser": 3}
    voyage, told = ended(game, clock, ships=sent)
    fleet = fleet_of(game, voyage)
    left = {} if fleet is None else named(fleet.ships)
    assert told.lost
    assert {name: left.get(name, 0) + dict(told.lost).get(name, 0) for name in sent} == sent
    assert f"has met {outcome} and has lost" in text(game)
    # Nothing is left in space.
    assert wreckage(game, 1).debris_made == (0, 0, 0)


class NobodySurvives(FoughtHere):
    """Fights every battle to the last attacker."""

    def report_of(self, order: BattleOrder) -> BattleReport:
        report = super().report_of(order)
        nobody = tuple((0,) * len(UNITS) for _ in order.attackers)
        return replace(report, attackers=replace(report.attackers, survivors=nobody))


def test_that_who_does_not_survive_loses_his_cargo(clock: ManualClock) -> None:
    game = world(clock, "aliens")
    game.state.battles = NobodySurvives()
    voyage, told = ended(game, clock, cargo={"metal": 70})
    assert dict(told.lost) == FLEET_SENT
    assert fleet_of(game, voyage) is None
    assert wreckage(game, 1).cargo_lost == (70, 0, 0)
    until(game, clock, voyage.returns_at)
    assert units(game, 1) == {"battleship": 50}


def test_that_a_fleet_that_is_called_back_finds_nothing(clock: ManualClock) -> None:
    game = world(clock, "resources")
    voyage = expedition(game)
    until(game, clock, voyage.arrives_at + 60)
    carry_out(game, RecallFleet(1, voyage.fleet_id))
    until(game, clock, voyage.returns_at)
    assert finds(game) == (0, 0, 0)
    assert units(game, 1)["large_cargo"] == 10


def test_that_without_any_weight_nothing_happens(clock: ManualClock) -> None:
    game = world(clock, "no such outcome")
    _, told = ended(game, clock)
    assert told.outcome == "nothing"


def test_that_each_expedition_has_chances_of_its_own(clock: ManualClock) -> None:
    game = neighbours(clock)
    known = {**KNOWN, "computer": 90, "astrophysics": 100}
    set_up(game, 1, levels=ROOMY, units={"large_cargo": 4_000}, technologies=known)
    events = listen(game)
    voyages = [expedition(game, {"large_cargo": 5}, hold_hours=1) for _ in range(10)]
    until(game, clock, voyages[-1].arrives_at + HOUR_S)
    outcomes = [event.outcome for event in events if isinstance(event, ExpeditionEnded)]
    assert len(outcomes) == 10
    assert len(set(outcomes)) > 1
