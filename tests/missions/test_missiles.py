"""Missiles: how far and how long they fly, what stops them, what they destroy, and who is told."""

from __future__ import annotations

from typing import Any

import pytest

from core.commands import RecallFleet
from core.components import FLEET, PLANET, Ledger
from core.events import MissilesStruck
from core.fleet_reports import ReportFleets
from core.game import GameWorld
from core.messages import ListMessages
from core.missions.missiles import MISSILES
from tests.manual_clock import ManualClock
from tests.missions.war import (
    FLYING,
    HOME,
    NEIGHBOUR,
    listen,
    move,
    neighbours,
    of_planet,
    order,
    send,
    units,
    until,
)
from tests.store import ManualStore
from tests.test_settlement import give_moon
from tests.worlds import found, new_game, refused, reload, set_up

MISSILE = "interplanetary_missile"
DEFENCE = {"rocket_launcher": 50, "light_laser": 10, "heavy_laser": 20}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = neighbours(clock)
    set_up(game, 1, units={MISSILE: 40, "small_cargo": 1}, technologies=FLYING)
    set_up(game, 2, units={**DEFENCE, "small_cargo": 7, MISSILE: 3})
    return game


def fire(game: GameWorld, count: int = 1, **changes: Any) -> Any:
    return send(game, "missiles", {MISSILE: count}, **changes)


def test_that_missiles_leave_their_silo_and_never_come_back(
    game: GameWorld, clock: ManualClock
) -> None:
    voyage = fire(game, 2)
    assert units(game, 1) == {MISSILE: 38, "small_cargo": 1}
    # In their own system: 30 s. They burn nothing.
    assert voyage.arrives_at == voyage.returns_at == voyage.departed_at + 30
    assert of_planet(game, Ledger, 1).moved == (0, 0, 0)
    assert refused(game, RecallFleet(1, voyage.fleet_id)).code == "no_in_flight_fleet"
    assert not MISSILES.returns
    until(game, clock, voyage.arrives_at)
    assert len(game.state.world.tables[FLEET]) == 0
    assert units(game, 1) == {MISSILE: 38, "small_cargo": 1}


def test_that_they_destroy_what_they_were_aimed_at_and_then_in_the_order_of_the_rules(
    game: GameWorld, clock: ManualClock
) -> None:
    # 3 · 12000 = 36000. All 20 heavy lasers of 800 take 16000, 50 launchers of 200 another 10000,
    # 10 light lasers of 200 take 2000. Ships and missiles are not hit.
    voyage = fire(game, 3, target_unit="heavy_laser")
    until(game, clock, voyage.arrives_at)
    assert units(game, 2) == {"small_cargo": 7, MISSILE: 3}


def test_that_without_an_aim_they_begin_with_the_first_defence(
    game: GameWorld, clock: ManualClock
) -> None:
    # 12000 destroy 50 launchers (10000) and 10 light lasers (2000).
    until(game, clock, fire(game).arrives_at)
    assert units(game, 2) == {"heavy_laser": 20, "small_cargo": 7, MISSILE: 3}


def test_that_weapons_make_them_stronger_and_armour_weaker(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 1, technologies={**FLYING, "weapons": 5})
    set_up(game, 2, units={"heavy_laser": 40}, technologies={"armour": 2})
    # 12000 · 1.5 = 18000 over 800 · 1.2 = 960: 18.75.
    until(game, clock, fire(game).arrives_at)
    assert units(game, 2) == {"heavy_laser": 22}


def test_that_each_interceptor_stops_one_and_is_used_up(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 2, units={"rocket_launcher": 100, "interceptor_missile": 5})
    events = listen(game)
    until(game, clock, fire(game, 3).arrives_at)
    assert units(game, 2) == {"rocket_launcher": 100, "interceptor_missile": 2}
    # Two are stopped, and one destroys 60 launchers.
    until(game, clock, fire(game, 3).arrives_at)
    assert units(game, 2) == {"rocket_launcher": 40}
    struck = [event for event in events if isinstance(event, MissilesStruck)]
    assert [(each.player_id, each.attacked) for each in struck] == [
        (1, True),
        (2, False),
        (1, True),
        (2, False),
    ]
    assert (struck[3].fired, struck[3].intercepted) == (3, 2)
    assert struck[3].lost == (("rocket_launcher", 60),)


def test_that_both_sides_get_a_message(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 2, units={"rocket_launcher": 100, "interceptor_missile": 1})
    until(game, clock, fire(game, 2).arrives_at)
    texts = [game.ask(ListMessages(i, "battle", 9))[0].messages[0].text for i in (1, 2)]
    ending = (
        " missiles, 2, have reached the planet at 1:1:9, 1 of them were intercepted;"
        " destroyed: 60 rocket_launcher."
    )
    assert texts == [f"Your{ending}", f"Hostile{ending}"]


def test_that_a_moon_is_hit_and_defends_itself_alone(game: GameWorld, clock: ManualClock) -> None:
    moon_id = give_moon(game, 2)
    set_up(game, 2, units={"interceptor_missile": 5})
    set_up(game, moon_id, units={"rocket_launcher": 100})
    until(game, clock, fire(game, target_type="moon").arrives_at)
    assert units(game, moon_id) == {"rocket_launcher": 40}
    assert units(game, 2) == {"interceptor_missile": 5}


@pytest.mark.parametrize(
    ("place", "seconds"),
    [
        # Impulse 5 reaches 24 systems, on either side: 30 + 60 · 24.
        ((1, 25, 4), 1_470),
        ((1, 476, 4), 1_470),
        ((1, 26, 4), None),
        ((1, 475, 4), None),
        ((2, 1, 4), None),
    ],
)
def test_that_they_reach_so_many_systems_in_their_own_galaxy(
    game: GameWorld, place: tuple[int, int, int], seconds: int | None
) -> None:
    move(game, 2, place)
    if seconds is None:
        refusal = refused(game, order("missiles", {MISSILE: 1}, target=place))
        assert (refusal.code, refusal.facts) == ("out_of_range", {"range": 24})
    else:
        voyage = fire(game, target=place)
        assert voyage.arrives_at - voyage.departed_at == seconds


def test_that_they_are_as_fast_as_fleets_of_war(clock: ManualClock) -> None:
    game = neighbours(clock, fleet_speed_war=4.0, fleet_speed_peaceful=9.0)
    set_up(game, 1, units={MISSILE: 1}, technologies=FLYING)
    voyage = fire(game)
    # 30 / 4, truncated.
    assert voyage.arrives_at - voyage.departed_at == 7


@pytest.mark.parametrize(
    ("ships", "change", "code"),
    [
        ({MISSILE: 41}, {}, "not_enough_ships"),
        ({MISSILE: 1, "small_cargo": 1}, {}, "cannot_fly"),
        ({"interceptor_missile": 1}, {}, "cannot_fly"),
        ({"canoe": 1}, {}, "unknown_type"),
        ({MISSILE: -1}, {}, "bad_value"),
        ({MISSILE: 0}, {}, "bad_value"),
        ({MISSILE: 1}, {"target_unit": "palace"}, "unknown_type"),
        ({MISSILE: 1}, {"target_unit": "small_cargo"}, "bad_value"),
        ({MISSILE: 1}, {"cargo": {"metal": 1}}, "cargo_too_large"),
        ({MISSILE: 1}, {"target": (1, 1, 2)}, "no_target"),
        ({MISSILE: 1}, {"target": HOME}, "same_place"),
        ({MISSILE: 1}, {"target_type": "debris"}, "bad_value"),
    ],
)
def test_that_what_cannot_be_fired_stays_in_its_silo(
    game: GameWorld, ships: dict[str, int], change: dict[str, Any], code: str
) -> None:
    assert refused(game, order("missiles", ships, **change)).code == code


def test_that_nobody_fires_at_himself(game: GameWorld) -> None:
    game.state.world.tables[PLANET].set(3, "Planet.owner_id", 1)
    refusal = refused(game, order("missiles", {MISSILE: 1}, target=(1, 1, 10)))
    assert refusal.code == "own_planet"


def test_that_without_the_drive_they_do_not_even_reach_their_own_system(game: GameWorld) -> None:
    set_up(game, 1, technologies={})
    assert refused(game, order("missiles", {MISSILE: 1})).facts == {"range": -1}


def test_that_ships_alone_do_not_fly_as_missiles_nor_missiles_as_ships(game: GameWorld) -> None:
    assert refused(game, order("transport", {MISSILE: 1})).code == "cannot_fly"


def test_that_whoever_is_fired_at_sees_it_coming(game: GameWorld) -> None:
    voyage = fire(game)
    report, _ = game.ask(ReportFleets(2))
    assert [each.fleet_id for each in report.incoming] == [voyage.fleet_id]


def test_that_missiles_at_a_planet_that_is_ones_own_by_now_are_lost(
    game: GameWorld, clock: ManualClock
) -> None:
    voyage = fire(game)
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 1)
    until(game, clock, voyage.arrives_at)
    assert units(game, 2) == {**DEFENCE, "small_cargo": 7, MISSILE: 3}
    assert len(game.state.world.tables[FLEET]) == 0


def test_that_their_aim_outlives_a_restart(clock: ManualClock) -> None:
    store = ManualStore(at_once=True)
    game = new_game(clock, store)
    for player_id, place in ((1, HOME), (2, NEIGHBOUR)):
        found(game, player_id)
        move(game, player_id, place)
    set_up(game, 1, units={MISSILE: 1}, technologies=FLYING)
    set_up(game, 2, units=DEFENCE)
    voyage = fire(game, target_unit="heavy_laser")
    game.save_player_data()
    again = reload(store, clock)
    until(again, clock, voyage.arrives_at)
    # 15 of 800.
    assert units(again, 2) == {**DEFENCE, "heavy_laser": 5}
