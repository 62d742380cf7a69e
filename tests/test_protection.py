"""Who may attack whom, and what others see of it: points, presence and vacation together."""

from __future__ import annotations

import pytest

from core import stockpiles
from core.commands import (
    AbandonPlanet,
    ChangeSettings,
    DispatchFleet,
    NotePresence,
    SetVacation,
)
from core.components import FLEET, PLANET, PLAYER, Ledger, Presence
from core.ecs import Origin
from core.events import Event, FleetArrived
from core.galaxy_view import SystemView, ViewSystem
from core.game import GameWorld
from core.points import points_of
from core.presence import activity_of
from core.protection import may_attack
from core.rules.planets import Nature
from core.rules.protection import Activity
from core.settlement import create_planet, place_of
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, found, new_game, refused, set_up

DAY_S = 86_400


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    """Return a world in which players 1 to 4 have 1000, 199, 200 and no points."""
    game = new_game(clock, galaxies=1, systems=4)
    for player_id, spent in enumerate((1_000_000, 199_999, 200_000, 0), start=1):
        found(game, player_id)
        spend(game, player_id, spent)
    return game


def spend(game: GameWorld, planet_id: int, amount: int) -> None:
    set_up(game, planet_id, amounts=(amount, 1, 1))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        stockpiles.pay(game.state, planet_id, (amount, 0, 0), game.time)


def colony(game: GameWorld, player_id: int) -> int:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        place = (1, 1, 15)
        return create_planet(game.state, player_id, "Colony", place, Nature(90, 0), game.time)


def code(game: GameWorld, attacker_id: int, defender_id: int) -> str | None:
    refusal = may_attack(game.state, attacker_id, defender_id, game.time)
    return None if refusal is None else refusal.code


def until(game: GameWorld, clock: ManualClock, at: float) -> None:
    clock.set(at)
    game.advance(at)


def wait(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    until(game, clock, clock.now() + seconds)


# Points ------------------------------------------------------------------------------------------


def test_that_points_are_what_was_spent_on_all_planets(game: GameWorld) -> None:
    assert points_of(game.state, {1, 2, 3, 4}) == {1: 1000, 2: 199, 3: 200, 4: 0}
    # 199,999 and one more are two hundred thousand.
    spend(game, colony(game, 2), 1)
    assert points_of(game.state, {2}) == {2: 200}
    assert points_of(game.state, set()) == {}


def test_that_points_outlive_the_planet_they_were_made_on(game: GameWorld) -> None:
    second = colony(game, 2)
    spend(game, second, 5_001)
    carry_out(game, AbandonPlanet(2, second))
    assert points_of(game.state, {2, 4}) == {2: 205, 4: 0}


# Newbie protection -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attacker_id", "defender_id", "expected"),
    [
        (1, 2, "newbie_protection"),
        (2, 1, "newbie_protection"),
        (1, 3, None),
        (3, 1, None),
        (2, 3, None),
        # Who has no points is under a fifth of one who has any.
        (3, 4, "newbie_protection"),
        (1, 9, None),
        (9, 1, None),
    ],
)
def test_that_the_weak_and_the_strong_leave_one_another_alone(
    game: GameWorld, attacker_id: int, defender_id: int, expected: str | None
) -> None:
    assert code(game, attacker_id, defender_id) == expected


def test_that_a_refusal_names_the_points(game: GameWorld) -> None:
    refusal = may_attack(game.state, 1, 2, game.time)
    assert refusal is not None
    assert refusal.facts == {"points": 1000, "target_points": 199}


def test_that_a_host_can_do_without_protection(game: GameWorld) -> None:
    carry_out(game, ChangeSettings({"newbie_protection": False}))
    assert code(game, 1, 2) is None
    assert "newbie" not in flags(game, 2, reader_id=1)


# Presence ----------------------------------------------------------------------------------------


def test_that_a_player_is_noted_once_an_hour(game: GameWorld, clock: ManualClock) -> None:
    def seen_at() -> float:
        return game.state.world.component_for_entity(PLAYER, 1, Presence).active_at

    joined_at = seen_at()
    clock.set(joined_at + 3_599)
    assert not game.execute(NotePresence(1)).changed
    clock.set(joined_at + 3_600)
    assert game.execute(NotePresence(1)).changed
    assert seen_at() == joined_at + 3_600
    assert refused(game, NotePresence(9)).code == "no_home"


def test_that_who_stays_away_is_inactive_and_not_protected(
    game: GameWorld, clock: ManualClock
) -> None:
    since = game.state.world.component_for_entity(PLAYER, 2, Presence).active_at
    for seconds, activity in (
        (7 * DAY_S - 1, Activity.ACTIVE),
        (7 * DAY_S, Activity.INACTIVE),
        (28 * DAY_S - 1, Activity.INACTIVE),
        (28 * DAY_S, Activity.LONG_INACTIVE),
    ):
        clock.set(since + seconds)
        game.advance(clock.now())
        assert activity_of(game.state, 2, game.time) is activity
        expected = "newbie_protection" if activity is Activity.ACTIVE else None
        assert code(game, 1, 2) == expected
    carry_out(game, NotePresence(2))
    assert code(game, 1, 2) == "newbie_protection"


def test_that_a_host_sets_when_somebody_is_inactive(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, ChangeSettings({"inactive_after_days": 1.0}))
    wait(game, clock, DAY_S + 1)
    assert activity_of(game.state, 2, game.time) is Activity.INACTIVE


# Vacation ----------------------------------------------------------------------------------------


def test_that_nobody_attacks_who_is_on_vacation(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, SetVacation(3, on=True))
    assert code(game, 1, 3) == "vacation"
    # Not even who stays away, or where nobody is protected from the strong.
    carry_out(game, ChangeSettings({"newbie_protection": False}))
    wait(game, clock, 30 * DAY_S)
    assert code(game, 1, 3) == "vacation"
    carry_out(game, SetVacation(3, on=False))
    assert code(game, 1, 3) is None


# What others see ---------------------------------------------------------------------------------


def flags(game: GameWorld, player_id: int, reader_id: int = 0) -> tuple[str, ...]:
    """Return the flags of a player's first planet, whose id is his."""
    galaxy, system, position = place_of(game.state, player_id)
    view: SystemView = game.ask(ViewSystem(galaxy, system, reader_id))[0]
    place = view.places[position - 1]
    assert place is not None
    return place.flags


def test_that_a_system_shows_who_is_protected_from_whom(game: GameWorld) -> None:
    assert flags(game, 1, reader_id=1) == ("own",)
    assert flags(game, 2, reader_id=1) == ("newbie",)
    assert flags(game, 1, reader_id=2) == ("strong",)
    assert flags(game, 3, reader_id=1) == ()
    # Who has no planet has no points to compare.
    assert flags(game, 2) == flags(game, 2, reader_id=9) == ()


def test_that_a_system_shows_who_is_away(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, SetVacation(3, on=True))
    assert flags(game, 3, reader_id=1) == ("vacation",)
    wait(game, clock, 7 * DAY_S + 1)
    carry_out(game, NotePresence(1))
    assert flags(game, 2, reader_id=1) == ("inactive",)
    assert flags(game, 3, reader_id=1) == ("inactive", "vacation")
    wait(game, clock, 21 * DAY_S)
    assert flags(game, 2, reader_id=1) == ("long_inactive",)


def test_that_points_are_those_of_the_ledgers(game: GameWorld) -> None:
    ledger = game.state.world.component_for_entity(PLANET, 2, Ledger)
    assert sum(ledger.spent) == 199_999


# Where a fleet is sent ---------------------------------------------------------------------------


def attack(game: GameWorld, attacker_id: int, defender_id: int) -> DispatchFleet:
    """Return the order to attack a player's home with a fighter that stands ready."""
    known = {"combustion_drive": 1}
    set_up(game, attacker_id, amounts=(0, 0, 900), units={"light_fighter": 1}, technologies=known)
    place = place_of(game.state, defender_id)
    return DispatchFleet(attacker_id, "attack", place, {"light_fighter": 1})


def results(events: list[Event]) -> list[str]:
    return [event.result for event in events if isinstance(event, FleetArrived)]


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def test_that_nobody_sets_out_to_attack_who_is_protected(game: GameWorld) -> None:
    assert refused(game, attack(game, 1, 2)).code == "newbie_protection"
    assert refused(game, attack(game, 2, 1)).code == "newbie_protection"
    carry_out(game, SetVacation(3, on=True))
    assert refused(game, attack(game, 1, 3)).code == "vacation"


def test_that_a_fleet_turns_where_somebody_is_on_vacation_by_now(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    voyage = carry_out(game, attack(game, 1, 3))
    carry_out(game, SetVacation(3, on=True))
    until(game, clock, voyage.arrives_at)
    assert results(events) == ["vacation"]
    until(game, clock, voyage.returns_at)
    assert len(game.state.world.tables[FLEET]) == 0


def test_that_a_fleet_turns_where_somebody_has_become_too_strong(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    voyage = carry_out(game, attack(game, 3, 1))
    spend(game, 1, 2_000)
    until(game, clock, voyage.arrives_at)
    assert results(events) == ["newbie_protection"]


def test_that_a_fleet_that_may_attack_fights(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    voyage = carry_out(game, attack(game, 1, 3))
    until(game, clock, voyage.arrives_at)
    assert results(events) == ["won"]
