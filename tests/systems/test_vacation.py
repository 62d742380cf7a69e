"""Vacation: when it may begin and end, and that nothing happens meanwhile."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from core import commands, vacation
from core.commands import (
    AbandonPlanet,
    AcceptFriend,
    AcceptOffer,
    CancelBuilding,
    CancelOffer,
    CancelResearch,
    ChangePlanet,
    ChangeSettings,
    Command,
    CreateOffer,
    DemolishBuilding,
    DispatchFleet,
    FoundHome,
    NotePresence,
    Once,
    OrderUnits,
    RecallFleet,
    RequestKey,
    SelectPlanet,
    SendMessage,
    SetVacation,
    StartBuilding,
    StartResearch,
)
from core.components import NEVER, PLANET, Power, Stocks
from core.ecs import Origin
from core.events import Event, StocksChanged
from core.game import GameWorld
from core.rules.planets import Nature
from core.settlement import create_planet, place_of
from core.stockpiles import amounts_at
from core.vacation import ReportVacation, VacationReport
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import bits_of, carry_out, new_game, refused, reload, set_up

HOUR_S = 3_600.0
LEVELS = {"metal_mine": 5, "solar_plant": 6, "shipyard": 2, "research_lab": 1}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    """Return a world in which player 1 has planets 1 and 3, player 2 has planet 2."""
    game = new_game(clock, store, galaxies=1, systems=4)
    for player_id, position in ((1, 4), (2, 5)):
        # Where no slot gives more metal.
        carry_out(game, FoundHome(player_id, f"player{player_id}", (1, 1, position)))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        create_planet(game.state, 1, "Colony", (1, 1, 15), Nature(90, 0), game.time)
    for planet_id in (1, 3):
        set_up(game, planet_id, levels=LEVELS, amounts=(5_000, 5_000, 5_000))
    return game


def stock(game: GameWorld, planet_id: int = 1) -> Stocks:
    return game.state.world.component_for_entity(PLANET, planet_id, Stocks)


def go(game: GameWorld) -> VacationReport:
    report: VacationReport = carry_out(game, SetVacation(1, on=True))
    return report


def come_back(game: GameWorld) -> VacationReport:
    report: VacationReport = carry_out(game, SetVacation(1, on=False))
    return report


def test_that_nothing_is_produced_on_any_planet(game: GameWorld, clock: ManualClock) -> None:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    clock.advance(HOUR_S)
    go(game)
    assert {e.planet_id for e in events if isinstance(e, StocksChanged)} == {1, 3}
    for planet_id in (1, 3):
        # Up to that instant the mine has worked: 30 · 5 · 1.1^5 = 241.5765, and 30 of basic income.
        assert stock(game, planet_id).amount[0] == pytest.approx(5_000 + 271.5765, abs=1e-3)
        assert stock(game, planet_id).production == (0, 0, 0)
        assert stock(game, planet_id).boundary_at == NEVER
    before = stock(game).amount
    clock.advance(100 * HOUR_S)
    game.advance(clock.now())
    assert amounts_at(stock(game), game.time) == before
    come_back(game)
    clock.advance(HOUR_S)
    after = amounts_at(stock(game), clock.now())
    assert after[0] - before[0] == pytest.approx(271.5765, abs=1e-3)


def test_that_stores_hold_what_they_held(game: GameWorld) -> None:
    capacity = stock(game).capacity
    go(game)
    assert stock(game).capacity == capacity


def test_that_a_reactor_burns_nothing(game: GameWorld, clock: ManualClock) -> None:
    levels = {"fusion_reactor": 9, "deuterium_synthesizer": 1, "solar_plant": 2}
    set_up(game, 1, levels=levels, amounts=(0, 0, 100))
    go(game)
    clock.advance(50 * HOUR_S)
    game.advance(clock.now())
    assert amounts_at(stock(game), game.time)[2] == pytest.approx(100, abs=1e-3)
    power = game.state.world.component_for_entity(PLANET, 1, Power)
    assert (power.reactor_runs, power.restart_at) == (True, NEVER)
    come_back(game)
    assert stock(game).consumption[2] > 0


def test_that_new_settings_leave_it_at_that(game: GameWorld) -> None:
    go(game)
    carry_out(game, ChangeSettings({"economy_speed": 7.0, "basic_income_metal": 100.0}))
    assert stock(game).production == (0, 0, 0)
    assert stock(game, 2).production[0] > 0


def test_that_it_lasts_two_days_at_least(game: GameWorld, clock: ManualClock) -> None:
    report = go(game)
    assert report == VacationReport(True, game.time, game.time + 48 * HOUR_S)
    assert game.ask(ReportVacation(1))[0] == report
    assert report.ends_earliest is not None
    clock.set(report.ends_earliest - 60)
    refusal = refused(game, SetVacation(1, on=False))
    assert refusal.code == "vacation_too_short"
    assert refusal.facts["seconds_left"] == pytest.approx(60)
    clock.set(report.ends_earliest)
    assert come_back(game) == VacationReport(False)
    assert game.ask(ReportVacation(1))[0] == VacationReport(False)


def test_that_who_is_on_it_stays_on_it(game: GameWorld, clock: ManualClock) -> None:
    report = go(game)
    clock.advance(10.0)
    again = game.execute(SetVacation(1, on=True))
    assert not again.changed
    assert go(game) == report
    assert not game.execute(SetVacation(2, on=False)).changed


def test_that_it_outlasts_a_restart(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    go(game)
    assert game.save_player_data().done()
    again = reload(store, clock)
    assert bits_of(again.state.world) == bits_of(game.state.world)
    assert refused(again, StartBuilding(1, "metal_mine")).code == "on_vacation"


def test_that_it_does_not_begin_while_fleets_are_under_way(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 1, units={"small_cargo": 1}, technologies={"combustion_drive": 2})
    order = DispatchFleet(1, "transport", place_of(game.state, 2), {"small_cargo": 1})
    voyage = carry_out(game, order)
    refusal = refused(game, SetVacation(1, on=True))
    assert (refusal.code, refusal.facts) == ("fleets_in_flight", {"fleets": 1})
    clock.set(voyage.returns_at)
    go(game)


@pytest.mark.parametrize(
    ("work", "facts"),
    [
        (StartBuilding(1, "metal_mine", 3), {"planets": [3]}),
        (OrderUnits(1, "rocket_launcher", 1, 1), {"planets": [1]}),
        (StartResearch(1, "energy", 3), {}),
    ],
)
def test_that_it_does_not_begin_while_work_is_in_hand(
    game: GameWorld, clock: ManualClock, work: Command, facts: dict[str, Any]
) -> None:
    carry_out(game, work)
    refusal = refused(game, SetVacation(1, on=True))
    assert (refusal.code, refusal.facts) == ("work_in_hand", facts)
    clock.advance(100 * HOUR_S)
    go(game)


CHANGES_THE_EMPIRE = (
    StartBuilding(1, "metal_mine"),
    DemolishBuilding(1, "metal_mine"),
    CancelBuilding(1, 0),
    StartResearch(1, "energy"),
    CancelResearch(1, 0),
    OrderUnits(1, "rocket_launcher", 1),
    ChangePlanet(1, 1, "Elsewhere"),
    CreateOffer(1, "metal", 1, "crystal", 1),
    AcceptOffer(1, 1),
    CancelOffer(1, 1),
    DispatchFleet(1, "transport", (1, 1, 5), {"small_cargo": 1}),
    RecallFleet(1, 1),
    AbandonPlanet(1, 3),
    Once(RequestKey(1, "a-key", 1), StartBuilding(1, "metal_mine")),
)


@pytest.mark.parametrize("command", CHANGES_THE_EMPIRE, ids=lambda each: type(each).__name__)
def test_that_nothing_in_the_empire_is_changed_meanwhile(game: GameWorld, command: Command) -> None:
    go(game)
    assert refused(game, command).code == "on_vacation"


@pytest.mark.parametrize(
    "command",
    [SelectPlanet(1, 3), SendMessage(1, 2, "Back soon."), AcceptFriend(1, 2), NotePresence(1)],
    ids=lambda each: type(each).__name__,
)
def test_that_the_rest_of_life_goes_on(game: GameWorld, command: Command) -> None:
    go(game)
    carry_out(game, command)


def test_that_every_command_of_players_is_weighed() -> None:
    """A command that is new is refused on vacation, unless somebody says that it may be given."""
    of_players = {
        value
        for value in vars(commands).values()
        if isinstance(value, type)
        and hasattr(value, "__dataclass_fields__")
        and "player_id" in {field.name for field in fields(value)}
    }
    assert set(vacation._MAY_BE_DONE_MEANWHILE) < of_players


def test_that_others_still_trade_with_him_and_bring_him_things(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, CreateOffer(1, "metal", 100, "crystal", 50))
    go(game)
    carry_out(game, AcceptOffer(2, 1))
    assert amounts_at(stock(game), game.time)[1] == pytest.approx(5_050)


def test_that_nobody_without_a_home_goes_on_vacation(game: GameWorld) -> None:
    assert refused(game, SetVacation(9, on=True)).code == "no_home"
    assert game.ask(ReportVacation(9))[0].code == "no_home"
