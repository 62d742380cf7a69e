"""Moons: what is built on them, fleets that fly there, and what phalanxes and gates do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.commands import (
    CancelBuilding,
    DemolishBuilding,
    DispatchFleet,
    JumpThroughGate,
    OrderUnits,
    ScanWithPhalanx,
    StartBuilding,
    StartResearch,
)
from core.components import FLEET, PLANET, Ledger, Planet, Stocks
from core.fleet_reports import ReportFleets
from core.game import GameWorld
from core.ownership import planet_ids_of
from core.queries import ReportPlanet
from core.systems import moons
from core.unit_stock import units_at
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.systems.test_fleets import HOME, NEIGHBOUR, move, ships, until
from tests.test_settlement import give_moon
from tests.worlds import carry_out, found, new_game, refused, set_up

RICH = (1e6, 1e6, 1e6)
KNOWN = {"combustion_drive": 6, "impulse_drive": 3, "astrophysics": 3, "computer": 2}
SHIPS = {"small_cargo": 20, "colony_ship": 2}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    """Return a world in which planets 1 and 2, of two players, have the moons 3 and 4."""
    game = new_game(clock, galaxies=1, systems=499)
    for planet_id, place in ((1, HOME), (2, NEIGHBOUR)):
        found(game, planet_id)
        move(game, planet_id, place)
    assert (give_moon(game, 1), give_moon(game, 2)) == (3, 4)
    set_up(game, 1, amounts=RICH, units=SHIPS, technologies=KNOWN)
    set_up(game, 3, amounts=RICH, units=SHIPS)
    return game


def send(game: GameWorld, mission: str = "transport", **changes: Any) -> Voyage:
    asked: dict[str, Any] = {"player_id": 1, "mission": mission, "target": NEIGHBOUR}
    asked |= {"ships": {"small_cargo": 1}, "target_type": "moon"}
    voyage: Voyage = carry_out(game, DispatchFleet(**{**asked, **changes}))
    return voyage


# Building ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "building",
    [
        *("metal_mine", "crystal_mine", "deuterium_synthesizer", "solar_plant", "fusion_reactor"),
        *("research_lab", "nanite_factory", "terraformer"),
    ],
)
def test_that_what_belongs_on_planets_is_not_built_on_a_moon(
    game: GameWorld, building: str
) -> None:
    set_up(game, 3, levels={"lunar_base": 4})
    refusal = refused(game, StartBuilding(1, building, 3))
    assert refusal.code == "cannot_stand_here"
    assert refusal.detail == f"{building} is built on planets alone."


@pytest.mark.parametrize("building", ["lunar_base", "sensor_phalanx", "jump_gate"])
def test_that_what_belongs_on_moons_is_not_built_on_a_planet(
    game: GameWorld, building: str
) -> None:
    assert refused(game, StartBuilding(1, building, 1)).code == "cannot_stand_here"


def test_that_the_first_field_of_a_moon_is_for_its_base(
    game: GameWorld, clock: ManualClock
) -> None:
    item = carry_out(game, StartBuilding(1, "lunar_base", 3))
    # The base adds fields when it stands: until then it may still be cancelled.
    assert refused(game, StartBuilding(1, "metal_storage", 3)).code == "no_free_fields"
    # 3600 · 60000 / (2500 · (4 - 1/2))
    assert item.due_at - item.started_at == 24_685
    until(game, clock, item.due_at)
    report, _ = game.ask(ReportPlanet(1, 3))
    assert (report.fields, report.fields_used) == (4, 1)
    for building in ("robot_factory", "robot_factory", "sensor_phalanx"):
        carry_out(game, StartBuilding(1, building, 3))
    assert refused(game, StartBuilding(1, "metal_storage", 3)).code == "no_free_fields"
    # Cost of the base alone: 20000/40000/20000.
    spent = game.state.world.component_for_entity(PLANET, 3, Ledger).spent
    assert spent == (20_400, 40_120, 20_200)
    carry_out(game, CancelBuilding(1, 0, 3))


def test_that_a_base_whose_fields_are_used_cannot_go(game: GameWorld) -> None:
    # 1 + 3 · 2 = 7 fields, of which 4 would be left; one of the five is the base's own.
    set_up(game, 3, levels={"lunar_base": 2, "metal_storage": 4}, amounts=RICH)
    refusal = refused(game, DemolishBuilding(1, "lunar_base", 3))
    assert refusal.code == "no_free_fields"
    set_up(game, 3, levels={"lunar_base": 2, "metal_storage": 3}, amounts=RICH)
    carry_out(game, DemolishBuilding(1, "lunar_base", 3))


def test_that_a_phalanx_and_a_gate_need_a_base(game: GameWorld) -> None:
    for building in ("sensor_phalanx", "jump_gate"):
        refusal = refused(game, StartBuilding(1, building, 3))
        assert refusal.code == "requirements_not_met"
        assert refusal.facts["missing"]["lunar_base"] == 1


def test_that_nothing_is_researched_on_a_moon(game: GameWorld) -> None:
    assert refused(game, StartResearch(1, "energy", 3)).code == "requirements_not_met"


def test_that_a_moon_builds_ships(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 3, levels={"lunar_base": 2, "robot_factory": 2, "shipyard": 2}, amounts=RICH)
    item = carry_out(game, OrderUnits(1, "small_cargo", 2, 3))
    until(game, clock, item.due_at)
    assert ships(game, 3)["small_cargo"] == 22


# Fleets ------------------------------------------------------------------------------------------


def test_that_it_is_no_distance_from_a_planet_to_its_moon(
    game: GameWorld, clock: ManualClock
) -> None:
    voyage = send(game, "deploy", target=HOME, cargo={"metal": 900})
    # 3500 · sqrt(10 · 5 / 8000) + 10 = 286.70
    assert voyage.arrives_at == voyage.departed_at + 287
    assert (voyage.origin_type, voyage.target_type) == ("planet", "moon")
    assert (voyage.origin_id, voyage.target_id) == (1, 3)
    until(game, clock, voyage.arrives_at)
    assert ships(game, 3)["small_cargo"] == 21
    assert game.state.world.component_for_entity(PLANET, 3, Ledger).moved == (900, 0, 0)


def test_that_a_fleet_starts_from_a_moon_and_comes_home_to_it(
    game: GameWorld, clock: ManualClock
) -> None:
    voyage = send(game, target_type="planet", planet_id=3, cargo={"metal": 900})
    assert (voyage.origin_type, voyage.target_type) == ("moon", "planet")
    assert (voyage.origin, voyage.origin_id, voyage.target_id) == (HOME, 3, 2)
    assert (ships(game, 1)["small_cargo"], ships(game, 3)["small_cargo"]) == (20, 19)
    until(game, clock, voyage.returns_at)
    assert ships(game, 3) == SHIPS
    ledgers = [game.state.world.component_for_entity(PLANET, i, Ledger).moved for i in (1, 2, 3, 4)]
    assert ledgers == [(0, 0, 0), (900, 0, 0), (-900, 0, 0), (0, 0, 0)]


def test_that_what_is_for_a_moon_is_unloaded_there(game: GameWorld, clock: ManualClock) -> None:
    voyage = send(game, cargo={"crystal": 70})
    until(game, clock, voyage.arrives_at)
    assert game.state.world.component_for_entity(PLANET, 4, Ledger).moved == (0, 70, 0)
    assert game.state.world.component_for_entity(PLANET, 2, Ledger).moved == (0, 0, 0)


def test_that_only_the_same_body_is_the_same_place(game: GameWorld) -> None:
    order = DispatchFleet(1, "deploy", HOME, {"small_cargo": 1}, target_type="moon", planet_id=3)
    assert refused(game, order).code == "same_place"
    send(game, "deploy", target=HOME, target_type="planet", planet_id=3)
    send(game, "deploy", target=HOME)


def test_that_there_is_no_moon_where_there_is_only_a_planet(game: GameWorld) -> None:
    found(game, 5)
    move(game, 5, (1, 2, 5))
    order = DispatchFleet(1, "transport", (1, 2, 5), {"small_cargo": 1}, target_type="moon")
    refusal = refused(game, order)
    assert (refusal.code, refusal.detail) == ("no_target", "There is no moon at (1, 2, 5).")


def test_that_nobody_deploys_on_the_moon_of_somebody_else(game: GameWorld) -> None:
    order = DispatchFleet(1, "deploy", NEIGHBOUR, {"small_cargo": 1}, target_type="moon")
    assert refused(game, order).code == "not_your_planet"


def test_that_a_moon_is_no_colony(game: GameWorld, clock: ManualClock) -> None:
    # With astrophysics 3 there may be 1 + 2 planets; the moon is not counted.
    for position in (4, 5):
        voyage = send(
            game,
            "colonize",
            target=(1, 1, position),
            target_type="planet",
            ships={"colony_ship": 1},
        )
        until(game, clock, voyage.arrives_at)
    assert len(planet_ids_of(game.state.world, 1)) == 4
    assert len(planet_ids_of(game.state.world, 1, with_moons=False)) == 3
    order = DispatchFleet(1, "colonize", (1, 1, 6), {"colony_ship": 1}, target_type="moon")
    assert refused(game, order).code == "bad_value"
    assert [game.state.world.component_for_entity(PLANET, i, Planet).is_moon for i in (5, 6)] == [
        False,
        False,
    ]
    assert units_at(game.state, 3, game.time)[10] == 2


def test_that_what_stands_on_a_moon_is_told_apart(game: GameWorld) -> None:
    set_up(game, 3, units={"small_cargo": 7})
    report, _ = game.ask(ReportFleets(1, 3))
    assert report.units[0] == 7
    assert game.ask(ReportFleets(1, 1))[0].units[0] == 20
    assert len(game.state.world.tables[FLEET]) == 0


# Phalanxes ---------------------------------------------------------------------------------------


def scan(**changes: Any) -> ScanWithPhalanx:
    return replace(ScanWithPhalanx(1, 3, NEIGHBOUR), **changes)


def with_phalanx(game: GameWorld, level: int = 1) -> None:
    set_up(game, 3, levels={"lunar_base": 1, "sensor_phalanx": level}, amounts=(0, 0, 12_000))


def test_that_a_phalanx_sees_the_fleets_to_and_from_a_planet(
    game: GameWorld, clock: ManualClock
) -> None:
    with_phalanx(game)
    drives = {"combustion_drive": 6, "computer": 4}
    set_up(game, 2, amounts=RICH, units={"large_cargo": 3}, technologies=drives)
    set_up(game, 1, technologies={**KNOWN, "computer": 4})
    outbound = send(game, target_type="planet", ships={"small_cargo": 2}, cargo={"metal": 7})
    clock.advance(10)
    away: dict[str, Any] = {"player_id": 2, "target": HOME, "target_type": "planet"}
    returning = send(game, **away, ships={"large_cargo": 1})
    # Neither what flies to the moon of the planet nor what flies elsewhere is seen.
    send(game, target_type="moon")
    send(game, target=HOME, target_type="moon")
    until(game, clock, returning.arrives_at)
    spent = game.state.world.component_for_entity(PLANET, 3, Ledger).spent
    seen = carry_out(game, scan())
    assert seen.planet_id == 2
    assert [(each.fleet_id, each.owner_name, each.state) for each in seen.fleets] == [
        (outbound.fleet_id, "player1", "outbound"),
        (returning.fleet_id, "player2", "returning"),
    ]
    assert seen.fleets[0].ships == (("small_cargo", 2),)
    assert seen.fleets[1].origin == NEIGHBOUR
    assert seen.unseen == 0
    # 5000 of 12000 are burnt, which is no spending.
    assert game.state.world.component_for_entity(PLANET, 3, Stocks).amount == (0, 0, 7_000)
    assert game.state.world.component_for_entity(PLANET, 3, Ledger).spent == spent == (0, 0, 0)


def test_that_a_scan_that_cannot_be_paid_shows_nothing(game: GameWorld) -> None:
    with_phalanx(game)
    carry_out(game, scan())
    carry_out(game, scan())
    refusal = refused(game, scan())
    assert refusal.code == "insufficient_resources"
    assert refusal.facts["missing"] == {"deuterium": 3_000}


@pytest.mark.parametrize(
    ("level", "system", "code"),
    [
        (1, 1, None),
        (1, 2, "out_of_range"),
        # 2² - 1 = 3 systems, in both directions: 499 and 1 are neighbours.
        (2, 4, None),
        (2, 5, "out_of_range"),
        (2, 497, None),
        (2, 496, "out_of_range"),
    ],
)
def test_that_a_phalanx_sees_so_many_systems_far(
    game: GameWorld, level: int, system: int, code: str | None
) -> None:
    with_phalanx(game, level)
    move(game, 2, (1, system, 9))
    if code is None:
        assert carry_out(game, scan(target=(1, system, 9))).fleets == ()
    else:
        assert refused(game, scan(target=(1, system, 9))).code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"moon_id": 4}, "not_yours"),
        ({"moon_id": 1}, "requirements_not_met"),
        ({"target": (1, 1, 2)}, "no_target"),
        ({"target": (1, 1, 16)}, "outside_universe"),
        ({"target": (2, 1, 9)}, "out_of_range"),
        ({"player_id": 7}, "no_home"),
    ],
)
def test_that_what_a_phalanx_cannot_see_is_refused(
    clock: ManualClock, change: dict[str, Any], code: str
) -> None:
    game = new_game(clock, galaxies=2, systems=9)
    for planet_id, place in ((1, HOME), (2, NEIGHBOUR)):
        found(game, planet_id)
        move(game, planet_id, place)
    assert (give_moon(game, 1), give_moon(game, 2)) == (3, 4)
    with_phalanx(game, 9)
    assert refused(game, scan(**change)).code == code


def test_that_a_moon_sees_no_more_fleets_than_an_answer_holds(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_phalanx(game)
    first = send(game, target_type="planet")
    send(game, target_type="planet", speed_tenths=5)
    monkeypatch.setattr(moons, "SEEN_MOST", 1)
    seen = carry_out(game, scan())
    assert [each.fleet_id for each in seen.fleets] == [first.fleet_id]
    assert seen.unseen == 1


# Gates -------------------------------------------------------------------------------------------

GATE = {"lunar_base": 2, "jump_gate": 1}


@pytest.fixture
def gates(game: GameWorld) -> GameWorld:
    """Return the world with a second moon of player 1, number 4, and a gate on both."""
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 1)
    game.state.world.tables[PLANET].set(4, "Planet.owner_id", 1)
    for moon_id in (3, 4):
        set_up(game, moon_id, levels=GATE, units=SHIPS)
    return game


def jump(**changes: Any) -> JumpThroughGate:
    return replace(JumpThroughGate(1, 3, 4, {"small_cargo": 5}), **changes)


def test_that_ships_are_at_the_other_gate_at_once(gates: GameWorld, clock: ManualClock) -> None:
    set_up(gates, 4, levels={**GATE, "jump_gate": 3}, units={})
    before = gates.state.world.component_for_entity(PLANET, 3, Stocks).amount
    jumped = carry_out(gates, jump())
    assert jumped.ships == (("small_cargo", 5),)
    assert ships(gates, 3) == {**SHIPS, "small_cargo": 15}
    assert ships(gates, 4) == {"small_cargo": 5}
    # 3600 · (1 - 0.1 · 0) at level 1, 3600 · (1 - 0.1 · 2) at level 3.
    assert jumped.from_ready_at == gates.time + 3_600
    assert jumped.to_ready_at == gates.time + 2_880
    # It takes nothing along and burns nothing.
    assert gates.state.world.component_for_entity(PLANET, 3, Stocks).amount == before
    report, _ = gates.ask(ReportPlanet(1, 3))
    assert report.gate_ready_at == jumped.from_ready_at
    assert gates.ask(ReportPlanet(1, 1))[0].gate_ready_at is None
    clock.set(jumped.to_ready_at)
    refusal = refused(gates, jump(from_moon_id=4, to_moon_id=3))
    assert refusal.code == "gate_not_ready"
    assert refusal.facts == {"planet": 3, "seconds_left": 720}
    clock.set(jumped.from_ready_at)
    carry_out(gates, jump(from_moon_id=4, to_moon_id=3))
    assert ships(gates, 3) == SHIPS


def test_that_gates_rest_the_less_the_faster_peaceful_fleets_fly(clock: ManualClock) -> None:
    game = new_game(clock, galaxies=1, systems=9, fleet_speed_peaceful=100.0)
    found(game, 1)
    found(game, 2)
    for moon_id in (give_moon(game, 1), give_moon(game, 2)):
        game.state.world.tables[PLANET].set(moon_id, "Planet.owner_id", 1)
        set_up(game, moon_id, levels=GATE, units=SHIPS)
    # 3600 / 100 would be 36.
    assert carry_out(game, jump()).to_ready_at == game.time + 60


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"from_moon_id": 1}, "requirements_not_met"),
        ({"to_moon_id": 1}, "requirements_not_met"),
        ({"to_moon_id": 3}, "same_place"),
        ({"from_moon_id": 9}, "not_yours"),
        ({"to_moon_id": 5}, "not_yours"),
        ({"ships": {"small_cargo": 21}}, "not_enough_ships"),
        ({"ships": {"small_cargo": -1}}, "bad_value"),
        ({"ships": {}}, "bad_value"),
        ({"ships": {"solar_satellite": 1}}, "cannot_fly"),
        ({"ships": {"rocket_launcher": 1}}, "cannot_fly"),
        ({"ships": {"canoe": 1}}, "unknown_type"),
    ],
)
def test_that_what_cannot_jump_stays(gates: GameWorld, change: dict[str, Any], code: str) -> None:
    found(gates, 5)
    assert refused(gates, jump(**change)).code == code


def test_that_no_more_ships_jump_than_can_be_counted(gates: GameWorld) -> None:
    set_up(gates, 4, levels=GATE, units={"small_cargo": 2**31 - 5})
    assert refused(gates, jump()).code == "unit_limit"
    carry_out(gates, jump(ships={"small_cargo": 4}))
