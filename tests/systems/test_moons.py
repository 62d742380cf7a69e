"""Moons: what is built on them, and fleets that fly to them and from them."""

from __future__ import annotations

from typing import Any

import pytest

from core.commands import (
    CancelBuilding,
    DemolishBuilding,
    DispatchFleet,
    OrderUnits,
    StartBuilding,
    StartResearch,
)
from core.components import FLEET, PLANET, Ledger, Planet
from core.fleet_reports import ReportFleets
from core.game import GameWorld
from core.ownership import planet_ids_of
from core.queries import ReportPlanet
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
