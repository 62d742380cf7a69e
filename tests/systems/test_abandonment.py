"""Giving planets up: what goes, what is kept in the books, and where what is on its way ends."""

from __future__ import annotations

from typing import Any

import pytest

from core import stockpiles
from core.commands import (
    AbandonPlanet,
    AcceptOffer,
    CancelOffer,
    CreateOffer,
    DispatchFleet,
    FoundHome,
    OrderUnits,
    RecallFleet,
    SelectPlanet,
    StartBuilding,
    StartResearch,
)
from core.components import PLANET, PLAYER, Ledger, Legacy, Player
from core.ecs import Origin
from core.events import Event, FleetArrived, PlanetAbandoned
from core.game import GameWorld
from core.highscore import ReadSpending, ReadStudies, rank
from core.rules.planets import Nature
from core.settlement import create_moon, create_planet, place_of
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import bits_of, carry_out, found, new_game, refused, reload, set_up

# A home may be founded there, too.
COLONY = (1, 1, 12)
KNOWN = {"combustion_drive": 2, "computer": 3}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    """Return a world in which player 1 has planets 1 and 3, player 2 has planet 2."""
    game = new_game(clock, store, galaxies=1, systems=1)
    for player_id, position in ((1, 8), (2, 9)):
        carry_out(game, FoundHome(player_id, f"player{player_id}", (1, 1, position)))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        create_planet(game.state, 1, "Colony", COLONY, Nature(90, 0), game.time)
    levels = {"shipyard": 2, "research_lab": 1}
    for planet_id in (1, 2, 3):
        set_up(
            game,
            planet_id,
            levels=levels,
            amounts=(5_000, 5_000, 5_000),
            units={"small_cargo": 5},
            technologies=KNOWN,
        )
    return game


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def player(game: GameWorld) -> Player:
    return game.state.world.component_for_entity(PLAYER, 1, Player)


def legacy(game: GameWorld) -> Legacy:
    return game.state.world.component_for_entity(PLAYER, 1, Legacy)


def moved(game: GameWorld, planet_id: int) -> tuple[float, ...]:
    return game.state.world.component_for_entity(PLANET, planet_id, Ledger).moved


def moon(game: GameWorld, planet_id: int = 3) -> int:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        return create_moon(game.state, planet_id, 8_000, game.time)


def send(game: GameWorld, player_id: int, target: int, **changes: Any) -> Any:
    place = place_of(game.state, target)
    fields = {"mission": "transport", "target": place, "ships": {"small_cargo": 1}, **changes}
    return carry_out(game, DispatchFleet(player_id, **fields))


def test_that_a_planet_is_gone_and_its_place_is_free(
    game: GameWorld, clock: ManualClock, store: ManualStore, events: list[Event]
) -> None:
    assert game.save_player_data().done()
    assert carry_out(game, AbandonPlanet(1, 3)) == 1
    assert events == [PlanetAbandoned(game.time, 1, 3)]
    assert game.state.world.tables[PLANET].ids.tolist() == [1, 2]
    assert game.save_player_data().done()
    again = reload(store, clock)
    assert bits_of(again.state.world) == bits_of(game.state.world)
    home = carry_out(again, FoundHome(4, "player4", COLONY))
    assert home.planet_id == 4


def test_that_what_was_spent_and_moved_stays_in_the_books(game: GameWorld) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        stockpiles.pay(game.state, 3, (2_000, 300, 0), game.time)
        stockpiles.take_away(game.state, 1, (0, 7, 0), game.time)
        stockpiles.bring(game.state, 3, (0, 7, 0), game.time)
    carry_out(game, AbandonPlanet(1, 3))
    assert (legacy(game).spent, legacy(game).moved) == ((2_000, 300, 0), (0, 7, 0))
    assert moved(game, 1) == (0, -7, 0)
    slices = [[game.ask(query(0))[0]] for query in (ReadSpending, ReadStudies)]
    ranking = rank(slices[0], slices[1], "total")
    # 2300 on the planet that is gone.
    assert ranking.points[ranking.player_ids == 1].tolist() == [2]


def test_that_home_moves_to_the_oldest_planet_left(game: GameWorld) -> None:
    assert carry_out(game, AbandonPlanet(1, 1)) == 3
    assert (player(game).home_id, player(game).active_planet_id) == (3, 3)


def test_that_who_gives_up_his_active_planet_is_at_home(game: GameWorld) -> None:
    carry_out(game, SelectPlanet(1, 3))
    assert carry_out(game, AbandonPlanet(1, 3)) == 1
    assert (player(game).home_id, player(game).active_planet_id) == (1, 1)


def test_that_another_planet_stays_the_active_one(game: GameWorld) -> None:
    carry_out(game, SelectPlanet(1, 3))
    assert carry_out(game, AbandonPlanet(1, 1)) == 3


def test_that_nobody_gives_up_his_last_planet(game: GameWorld) -> None:
    moon(game, 2)
    assert refused(game, AbandonPlanet(2, 2)).code == "last_planet"
    carry_out(game, AbandonPlanet(1, 1))
    assert refused(game, AbandonPlanet(1, 3)).code == "last_planet"


def test_that_nobody_gives_up_what_is_not_his(game: GameWorld) -> None:
    assert refused(game, AbandonPlanet(1, 2)).code == "not_yours"
    assert refused(game, AbandonPlanet(1, 99)).code == "not_yours"
    assert refused(game, AbandonPlanet(9, 1)).code == "no_home"


# Moons -------------------------------------------------------------------------------------------


def test_that_a_moon_goes_with_its_planet(game: GameWorld, events: list[Event]) -> None:
    moon_id = moon(game)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        stockpiles.take_away(game.state, 1, (5, 0, 0), game.time)
        stockpiles.bring(game.state, moon_id, (5, 0, 0), game.time)
        stockpiles.pay(game.state, moon_id, (3, 0, 0), game.time)
    carry_out(game, SelectPlanet(1, moon_id))
    assert carry_out(game, AbandonPlanet(1, 3)) == 1
    assert {event.planet_id for event in events if isinstance(event, PlanetAbandoned)} == {
        3,
        moon_id,
    }
    assert game.state.world.tables[PLANET].ids.tolist() == [1, 2]
    assert game.state.galaxy.moon_at(COLONY) is None
    assert (legacy(game).spent, legacy(game).moved) == ((3, 0, 0), (5, 0, 0))


def test_that_a_moon_is_given_up_alone(game: GameWorld) -> None:
    moon_id = moon(game, 1)
    carry_out(game, AbandonPlanet(1, 3))
    assert carry_out(game, AbandonPlanet(1, moon_id)) == 1
    assert game.state.galaxy.moon_at((1, 1, 8)) is None
    assert game.state.galaxy.planet_at((1, 1, 8)) == 1


# What is in hand ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "work",
    [
        StartBuilding(1, "metal_mine", 3),
        OrderUnits(1, "rocket_launcher", 1, 3),
        StartResearch(1, "computer", 3),
    ],
    ids=lambda each: type(each).__name__,
)
def test_that_a_planet_is_not_given_up_while_work_is_in_hand(
    game: GameWorld, clock: ManualClock, work: Any
) -> None:
    carry_out(game, work)
    assert refused(game, AbandonPlanet(1, 3)).code == "work_in_hand"
    clock.advance(1e6)
    carry_out(game, AbandonPlanet(1, 3))


def test_that_work_elsewhere_is_no_hindrance(game: GameWorld) -> None:
    carry_out(game, StartBuilding(1, "metal_mine", 1))
    carry_out(game, StartResearch(1, "computer", 1))
    carry_out(game, AbandonPlanet(1, 3))


def test_that_what_is_built_on_its_moon_is_a_hindrance(game: GameWorld) -> None:
    moon_id = moon(game)
    set_up(game, moon_id, amounts=(1e6, 1e6, 1e6))
    carry_out(game, StartBuilding(1, "lunar_base", moon_id))
    assert refused(game, AbandonPlanet(1, 3)).code == "work_in_hand"


def test_that_a_planet_is_not_given_up_while_fleets_belong_to_it(
    game: GameWorld, clock: ManualClock
) -> None:
    away = send(game, 1, 2, planet_id=3)
    coming = send(game, 1, 3)
    refusal = refused(game, AbandonPlanet(1, 3))
    assert (refusal.code, refusal.facts) == ("fleets_in_flight", {"fleets": 2})
    # One that is on its way back from there is none of its any more.
    carry_out(game, RecallFleet(1, coming.fleet_id))
    assert refused(game, AbandonPlanet(1, 3)).facts == {"fleets": 1}
    clock.set(away.returns_at)
    carry_out(game, AbandonPlanet(1, 3))


def test_that_the_fleets_of_others_find_nothing(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    voyage = send(game, 2, 3, cargo={"metal": 100})
    carry_out(game, AbandonPlanet(1, 3))
    # A planet that is founded there meanwhile is another one.
    carry_out(game, FoundHome(4, "player4", COLONY))
    clock.set(voyage.returns_at)
    game.advance(voyage.returns_at)
    (arrived,) = (event for event in events if isinstance(event, FleetArrived))
    assert arrived.result == "no_target"
    assert moved(game, 2) == (0, 0, 0)


def test_that_offers_outlive_the_planet_they_come_from(game: GameWorld) -> None:
    for _ in range(2):
        carry_out(game, CreateOffer(1, "metal", 100, "crystal", 40, planet_id=3))
    carry_out(game, AbandonPlanet(1, 3))
    assert legacy(game).moved == (-200, 0, 0)
    carry_out(game, CancelOffer(1, 1))
    assert moved(game, 1) == (100, 0, 0)
    carry_out(game, AcceptOffer(2, 2))
    assert moved(game, 1) == (100, 40, 0)
    assert moved(game, 2) == (100, -40, 0)


def test_that_a_failure_leaves_everything_where_it_was(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    moon_id = moon(game)
    before = bits_of(game.state.world)

    def fail(*_args: object) -> None:
        raise RuntimeError("not today")

    monkeypatch.setattr("core.systems.abandonment.PlanetAbandoned", fail)
    assert game.execute(AbandonPlanet(1, 3)).outcome.code == "failed"  # type: ignore[union-attr]
    assert bits_of(game.state.world) == before
    assert game.state.galaxy.planet_at(COLONY) == 3
    assert game.state.galaxy.moon_at(COLONY) == moon_id


def test_that_a_home_elsewhere_is_untouched(game: GameWorld) -> None:
    found(game, 7)
    before = bits_of(game.state.world)["player"][7]
    carry_out(game, AbandonPlanet(1, 3))
    assert bits_of(game.state.world)["player"][7] == before
