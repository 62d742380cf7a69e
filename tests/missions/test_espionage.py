"""Espionage: what probes see, whether they are seen, and what becomes of them then."""

from __future__ import annotations

from typing import Any

import pytest

from core.commands import AcceptFriend
from core.components import MESSAGE, PLANET, REPORT, Message
from core.events import AttackAnnounced, EspionageReported, Event, FleetArrived, PlanetSpiedUpon
from core.fleet_reports import FleetReport, ReportFleets
from core.game import GameWorld
from core.missions import ERRANDS
from core.reports import ListReports, reports_of
from tests.manual_clock import ManualClock
from tests.missions.war import (
    HOME,
    NEIGHBOUR,
    ROOMY,
    debris_at,
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

LEVELS = {"combustion_drive": 6, "computer": 5}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    return neighbours(clock)


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    return listen(game)


def spy(game: GameWorld, clock: ManualClock, ships: dict[str, int]) -> tuple[Any, dict[str, Any]]:
    """Send ships to the neighbour, and return the voyage and the report of it."""
    set_up(game, 1, units=ships)
    voyage = send(game, "espionage", ships)
    until(game, clock, voyage.arrives_at)
    (report,) = reports_of(game.state, ListReports(1, "espionage", 50)).reports
    assert report.reported_at == voyage.arrives_at
    return voyage, dict(report.content)


def know(game: GameWorld, planet_id: int, espionage: int) -> None:
    set_up(game, planet_id, technologies={**LEVELS, "espionage": espionage})


def results(events: list[Event]) -> list[str]:
    return [event.result for event in events if isinstance(event, FleetArrived)]


@pytest.mark.parametrize(
    ("probes", "attacker", "defender", "seen"),
    [
        (1, 3, 3, set()),
        (2, 3, 3, {"fleet"}),
        (3, 3, 3, {"fleet", "defence"}),
        (5, 3, 3, {"fleet", "defence", "buildings"}),
        (7, 3, 3, {"fleet", "defence", "buildings", "research"}),
        # 6 - 2² = 2 count.
        (6, 3, 5, {"fleet"}),
        (1, 7, 3, {"fleet", "defence", "buildings", "research"}),
    ],
)
def test_that_a_report_shows_what_levels_and_probes_reach(
    game: GameWorld,
    clock: ManualClock,
    probes: int,
    attacker: int,
    defender: int,
    seen: set[str],
) -> None:
    know(game, 1, attacker)
    know(game, 2, defender)
    set_up(game, 2, amounts=(1_234.9, 5, 0), units={"rocket_launcher": 4})
    _, report = spy(game, clock, {"espionage_probe": probes})
    assert report["resources"] == {"metal": 1_234, "crystal": 5, "deuterium": 0}
    assert report.keys() & {"fleet", "defence", "buildings", "research"} == seen


def test_that_a_report_says_what_there_is(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    know(game, 1, 8)
    know(game, 2, 1)
    there = {"small_cargo": 2, "solar_satellite": 1, "light_laser": 3, "interceptor_missile": 4}
    set_up(game, 2, units=there)
    know(game, 3, 0)
    carry_out(game, AcceptFriend(2, 3))
    set_up(game, 3, units={"small_cargo": 5})
    holder = send(game, "hold", {"small_cargo": 5}, player_id=3, hold_hours=5)
    until(game, clock, holder.arrives_at)
    voyage, report = spy(game, clock, {"espionage_probe": 1})
    assert (report["galaxy"], report["system"], report["position"]) == NEIGHBOUR
    assert (report["type"], report["planet"], report["planet_name"]) == ("planet", 2, "Homeworld")
    assert (report["player"], report["mission_id"]) == (2, voyage.fleet_id)
    # With what holds there.
    assert report["fleet"] == {"small_cargo": 7, "solar_satellite": 1}
    assert report["defence"] == {"light_laser": 3, "interceptor_missile": 4}
    assert report["buildings"] == ROOMY
    assert report["research"] == {**LEVELS, "espionage": 1}
    # Seven levels ahead nobody sees them.
    assert (report["counter_chance_percent"], report["noticed"]) == (0, False)
    assert results(events)[-1] == "spied"
    until(game, clock, voyage.returns_at)
    assert units(game, 1) == {"espionage_probe": 1}


def test_that_both_sides_are_told(game: GameWorld, clock: ManualClock, events: list[Event]) -> None:
    voyage, _ = spy(game, clock, {"espionage_probe": 1})
    (report_id,) = game.state.world.tables[REPORT].ids.tolist()
    assert EspionageReported(voyage.arrives_at, 1, report_id, NEIGHBOUR) in events
    assert PlanetSpiedUpon(voyage.arrives_at, 2, 2, NEIGHBOUR, HOME) in events
    world = game.state.world
    written = [
        world.component_for_entity(MESSAGE, each, Message)
        for each in world.tables[MESSAGE].ids.tolist()
    ]
    assert [(message.owner_id, message.text) for message in written] == [
        (1, f"Your probes have been at 1:1:9; report {report_id} tells of it."),
        (2, "Probes from 1:1:8 were seen at 1:1:9."),
    ]


# 5 ships · (2 - 2 + 1) / (4 · 1 probe) is over 1.
CERTAIN = {"light_fighter": 5}


def test_that_probes_that_are_seen_fight_the_ships_and_nothing_else(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    know(game, 1, 2)
    know(game, 2, 2)
    set_up(game, 2, units={**CERTAIN, "plasma_turret": 9}, amounts=(800, 0, 0))
    voyage, report = spy(game, clock, {"espionage_probe": 1})
    assert (report["counter_chance_percent"], report["noticed"]) == (100, True)
    assert fleet_of(game, voyage) is None
    assert results(events) == ["lost"]
    # 30 % of 1000 crystal.
    assert debris_at(game) == (0, 300, 0)
    assert wreckage(game, 1).debris_made == (0, 300, 0)
    assert unaccounted(game) == [0, 0, 0]
    (battle,) = reports_of(game.state, ListReports(2, "battle", 50)).reports
    assert battle.content["defenders"][0]["units"] == CERTAIN
    assert units(game, 2) == {**CERTAIN, "plasma_turret": 9}


def test_that_the_fight_of_probes_is_foreseen_if_they_will_be_seen(
    game: GameWorld, clock: ManualClock
) -> None:
    know(game, 1, 2)
    know(game, 2, 2)
    set_up(game, 1, units={"espionage_probe": 1})
    set_up(game, 2, units=CERTAIN)
    voyage = send(game, "espionage", {"espionage_probe": 1})
    foresee = ERRANDS["espionage"].foresee
    assert foresee is not None
    fought = foresee(game.state, voyage.fleet_id, voyage.arrives_at)
    assert fought is not None
    assert named(fought.defenders[0].counts) == CERTAIN
    set_up(game, 2, units={})
    assert foresee(game.state, voyage.fleet_id, voyage.arrives_at) is None
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 1)
    assert foresee(game.state, voyage.fleet_id, voyage.arrives_at) is None


def test_that_probes_with_an_escort_may_come_home_without_loot(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    know(game, 1, 2)
    know(game, 2, 2)
    set_up(game, 1, technologies={**LEVELS, "espionage": 2, "hyperspace_drive": 8})
    set_up(game, 2, units=CERTAIN, amounts=(8_000, 0, 0))
    voyage, report = spy(game, clock, {"espionage_probe": 1, "deathstar": 1})
    assert report["noticed"]
    assert results(events) == ["spied"]
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    assert named(fleet.ships)["deathstar"] == 1
    assert fleet.cargo == (0, 0, 0)
    assert units(game, 2) == {}


def test_that_without_ships_nobody_sees_probes(game: GameWorld, clock: ManualClock) -> None:
    know(game, 2, 9)
    set_up(game, 2, units={"plasma_turret": 50})
    _, report = spy(game, clock, {"espionage_probe": 1})
    assert (report["counter_chance_percent"], report["noticed"]) == (0, False)


def test_that_the_chance_is_drawn_from_the_seed_of_the_fleet(
    clock: ManualClock,
) -> None:
    drawn = []
    for _ in range(2):
        game = neighbours(ManualClock())
        know(game, 1, 2)
        know(game, 2, 2)
        # 50 %.
        set_up(game, 1, units={"espionage_probe": 40})
        set_up(game, 2, units={"light_fighter": 2})
        voyages = [send(game, "espionage", {"espionage_probe": 1}) for _ in range(6)]
        game.clock.set(voyages[-1].arrives_at)  # type: ignore[attr-defined]
        game.advance(voyages[-1].arrives_at)
        reports = reports_of(game.state, ListReports(1, "espionage", 50)).reports
        assert {report.content["counter_chance_percent"] for report in reports} == {50}
        drawn.append([report.content["noticed"] for report in reports])
    assert drawn[0] == drawn[1]
    assert set(drawn[0]) == {True, False}


def test_that_nobody_spies_upon_himself_or_without_probes(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"espionage_probe": 2, "cruiser": 1})
    assert refused(game, order("espionage", {"cruiser": 1})).code == "ship_required"
    nowhere = order("espionage", {"espionage_probe": 1}, target=(1, 2, 3))
    assert refused(game, nowhere).code == "no_target"
    voyage = send(game, "espionage", {"espionage_probe": 1})
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 1)
    assert refused(game, order("espionage", {"espionage_probe": 1})).code == "own_planet"
    until(game, clock, voyage.arrives_at)
    assert results(events) == ["own_planet"]


# Who sees whom coming ----------------------------------------------------------------------------


def test_that_an_attack_is_seen_coming_and_probes_are_not(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    def incoming(player_id: int) -> list[int]:
        report, _ = game.ask(ReportFleets(player_id))
        assert isinstance(report, FleetReport)
        return [voyage.fleet_id for voyage in report.incoming]

    set_up(game, 1, units={"cruiser": 2, "espionage_probe": 1, "small_cargo": 1})
    send(game, "espionage", {"espionage_probe": 1})
    send(game, "transport", {"small_cargo": 1})
    attack = send(game, "attack", {"cruiser": 1})
    assert incoming(2) == [attack.fleet_id]
    assert incoming(1) == incoming(3) == []
    announced = [event for event in events if isinstance(event, AttackAnnounced)]
    assert announced == [AttackAnnounced(attack.departed_at, 2, attack)]
    until(game, clock, attack.arrives_at)
    assert incoming(2) == []
