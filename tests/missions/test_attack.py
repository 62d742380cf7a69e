"""Attack: who fights, what is left of everybody, what is taken along, and who is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core import debris, settlement
from core.battlefield import BattleUnderWay, FoughtHere
from core.battles import combatants, order_of
from core.combat import UNITS_MAX, BattleOrder, BattleReport
from core.commands import AcceptFriend, ChangeSettings, OrderUnits, RecallFleet
from core.components import (
    DEBRIS,
    FLEET,
    MESSAGE,
    PLANET,
    PLAYER,
    REPORT,
    UNITS,
    Flight,
    Ledger,
    Message,
    Planet,
    Report,
    Stocks,
    UnitQueue,
)
from core.ecs import Origin
from core.events import BattleFought, Event, FleetArrived, PlanetFounded
from core.game import GameWorld
from core.missions import ERRANDS
from core.reports import NO_SUCH_REPORT, ListReports, ReadReport, read_report, reports_of
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.missions.war import (
    HOME,
    NEIGHBOUR,
    ROOMY,
    THIRD,
    debris_at,
    fleet_of,
    listen,
    named,
    neighbours,
    of_planet,
    order,
    send,
    unaccounted,
    units,
    until,
    wreckage,
)
from tests.worlds import bits_of, carry_out, refused, set_up


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    return neighbours(clock)


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    return listen(game)


def attack(game: GameWorld, ships: dict[str, int], **changes: Any) -> Voyage:
    return send(game, "attack", ships, **changes)


def hold_there(game: GameWorld, ships: dict[str, int], **changes: Any) -> Voyage:
    """Have player 3 hold at the planet of player 2, whose friend he is."""
    carry_out(game, AcceptFriend(2, 3))
    set_up(game, 3, units=ships)
    return send(game, "hold", ships, player_id=3, hold_hours=8, **changes)


def battle_order(game: GameWorld, voyage: Voyage) -> BattleOrder:
    sides = combatants(game.state, voyage.fleet_id, voyage.arrives_at)
    return order_of(game.state, voyage.fleet_id, sides)


def arrivals(events: list[Event], voyage: Voyage) -> list[str]:
    return [
        event.result
        for event in events
        if isinstance(event, FleetArrived) and event.voyage.fleet_id == voyage.fleet_id
    ]


def battle_reports(game: GameWorld, player_id: int) -> list[dict[str, Any]]:
    page = reports_of(game.state, ListReports(player_id, "battle", 50))
    return [dict(report.content) for report in page.reports]


# The victor --------------------------------------------------------------------------------------


def test_that_a_victor_takes_half_of_what_fits_and_comes_home(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"small_cargo": 3, "cruiser": 2})
    set_up(game, 2, amounts=(40_000, 3_001, 9_000))
    voyage = attack(game, {"small_cargo": 3, "cruiser": 2})
    until(game, clock, voyage.arrives_at)
    assert arrivals(events, voyage) == ["won"]
    # Nobody was there. Room is 3 · 5000 + 2 · 800 = 16600; shares are 20000, 1500 and 4500. A third
    # is 5533: 5533, 1500, 4500 leave 5067, and all of that is metal.
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    assert fleet.cargo == (10_600, 1_500, 4_500)
    assert of_planet(game, Ledger, 2).moved == (-10_600, -1_500, -4_500)
    assert of_planet(game, Stocks, 2).amount == (29_400, 1_501, 4_500)
    until(game, clock, voyage.returns_at)
    assert units(game, 1) == {"small_cargo": 3, "cruiser": 2}
    assert of_planet(game, Ledger, 1).moved == (10_600, 1_500, 4_500)
    assert unaccounted(game) == [0, 0, 0]


def test_that_cargo_that_is_aboard_already_takes_room(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 1, units={"small_cargo": 1})
    set_up(game, 2, amounts=(40_000, 0, 0))
    voyage = attack(game, {"small_cargo": 1}, cargo={"crystal": 4_900})
    until(game, clock, voyage.arrives_at)
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    assert fleet.cargo == (100, 4_900, 0)


def test_that_the_share_of_loot_is_the_worlds(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, ChangeSettings({"loot_share_percent": 10.0}))
    set_up(game, 1, units={"large_cargo": 1})
    set_up(game, 2, amounts=(1_000, 101, 0))
    voyage = attack(game, {"large_cargo": 1})
    until(game, clock, voyage.returns_at)
    assert of_planet(game, Ledger, 1).moved == (100, 10, 0)


def test_that_loot_is_of_what_lies_there_at_the_arrival(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, ChangeSettings({"basic_income_metal": 3_600.0}))
    set_up(game, 1, units={"large_cargo": 1})
    set_up(game, 2, amounts=(0, 0, 0))
    begun_at = game.time
    voyage = attack(game, {"large_cargo": 1})
    # Looked at later, it is the same.
    until(game, clock, voyage.arrives_at + 500)
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    # One metal a second, at position 9 with 23 % more.
    assert fleet.cargo[0] == int((voyage.arrives_at - begun_at) * 1.23 / 2)


def test_that_a_victor_loses_ships_and_they_become_debris(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"light_fighter": 100})
    set_up(game, 2, units={"light_fighter": 70}, amounts=(0, 0, 0))
    voyage = attack(game, {"light_fighter": 100})
    until(game, clock, voyage.arrives_at)
    assert arrivals(events, voyage) == ["won"]
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    left = named(fleet.ships)["light_fighter"]
    assert 0 < left < 100
    assert units(game, 2) == {}
    lost = 170 - left
    # 30 % of 3000 metal and of 1000 crystal each.
    assert debris_at(game) == (900 * lost, 300 * lost, 0)
    assert wreckage(game, 1).debris_made == (900 * lost, 300 * lost, 0)
    assert wreckage(game, 2).debris_made == (0, 0, 0)
    assert unaccounted(game) == [0, 0, 0]


def test_that_debris_is_of_what_the_world_says(game: GameWorld, clock: ManualClock) -> None:
    debris_of = {"debris_from_ships_percent": 50.0, "debris_from_defence_percent": 10.0}
    carry_out(game, ChangeSettings({**debris_of, "deuterium_in_debris": True}))
    set_up(game, 1, units={"deathstar": 1})
    set_up(game, 2, units={"cruiser": 2, "gauss_cannon": 10}, amounts=(0, 0, 0))
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    # Half of 2 · 20k/7k/2k and a tenth of 10 · 20k/15k/2k: what returns was lost all the same.
    assert debris_at(game) == (40_000, 22_000, 4_000)


def test_that_debris_grows_where_some_lies(game: GameWorld, clock: ManualClock) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        debris.add(game.state.world, NEIGHBOUR, (5, 7, 0))
    set_up(game, 1, units={"deathstar": 1})
    set_up(game, 2, units={"light_fighter": 2}, amounts=(0, 0, 0))
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    assert debris_at(game) == (1_805, 607, 0)
    assert len(game.state.world.tables[DEBRIS]) == 1


# Moons -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "comes"), [(100, True), (0, False)])
def test_that_much_debris_may_become_a_moon(
    game: GameWorld, clock: ManualClock, events: list[Event], most: int, comes: bool
) -> None:
    carry_out(game, ChangeSettings({"moon_chance_percent_max": most}))
    set_up(game, 1, units={"deathstar": 60})
    set_up(game, 2, units={"deathstar": 4}, amounts=(0, 0, 0))
    voyage = attack(game, {"deathstar": 60})
    until(game, clock, voyage.arrives_at)
    # 4 · 30 % of 9M are 10.8M: 108 % before the limit, and more than the greatest moon is made of.
    assert debris_at(game) == (6_000_000, 4_800_000, 0)
    (report,) = battle_reports(game, 2)
    moon_id = game.state.galaxy.moon_at(NEIGHBOUR)
    assert report["moon_chance_percent"] == most
    if not comes:
        assert (moon_id, report["moon_diameter_km"]) == (None, None)
        return
    assert moon_id is not None
    moon = of_planet(game, Planet, moon_id)
    assert (moon.owner_id, moon.is_moon, moon.diameter_km) == (2, True, 8_944)
    assert report["moon_diameter_km"] == 8_944
    assert PlanetFounded(voyage.arrives_at, 2, moon_id) in events


def test_that_a_planet_gets_no_second_moon(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, ChangeSettings({"moon_chance_percent_max": 100}))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        moon_id = settlement.create_moon(game.state, 2, 5_000, game.time)
    set_up(game, 1, units={"deathstar": 60})
    set_up(game, moon_id, units={"deathstar": 4})
    voyage = attack(game, {"deathstar": 60}, target_type="moon")
    until(game, clock, voyage.arrives_at)
    # Debris of what fights at a moon lies beside its planet.
    assert debris_at(game) == (6_000_000, 4_800_000, 0)
    assert game.state.galaxy.moon_at(NEIGHBOUR) == moon_id
    (report,) = battle_reports(game, 2)
    assert (report["type"], report["planet"]) == ("moon", moon_id)
    assert (report["moon_chance_percent"], report["moon_diameter_km"]) == (0, None)


# The vanquished ----------------------------------------------------------------------------------


def test_that_nothing_comes_home_of_a_fleet_that_is_lost(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"small_cargo": 5})
    set_up(game, 2, units={"plasma_turret": 50}, amounts=(1_000, 1_000, 1_000))
    voyage = attack(game, {"small_cargo": 5}, cargo={"metal": 700, "deuterium": 8})
    until(game, clock, voyage.arrives_at)
    assert arrivals(events, voyage) == ["lost"]
    assert fleet_of(game, voyage) is None
    assert units(game, 2) == {"plasma_turret": 50}
    # 5 · 2000 · 30 %; what was aboard is lost, and is not in it.
    assert debris_at(game) == (3_000, 3_000, 0)
    assert wreckage(game, 1).cargo_lost == (700, 0, 8)
    assert of_planet(game, Ledger, 2).moved == (0, 0, 0)
    assert unaccounted(game) == [0, 0, 0]
    until(game, clock, voyage.returns_at + 1)
    assert units(game, 1) == {}


def test_that_a_draw_brings_no_loot(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    # Neither gets through the other's shield: 5 · 0.01 of 10000 bounces, and so does 1 at 25.
    set_up(game, 1, units={"large_cargo": 4})
    set_up(game, 2, units={"large_shield_dome": 1}, amounts=(9_000, 9_000, 9_000))
    voyage = attack(game, {"large_cargo": 4})
    until(game, clock, voyage.arrives_at)
    assert arrivals(events, voyage) == ["draw"]
    fleet = fleet_of(game, voyage)
    assert fleet is not None
    assert (named(fleet.ships), fleet.cargo) == ({"large_cargo": 4}, (0, 0, 0))
    assert len(game.state.world.tables[DEBRIS]) == 0
    until(game, clock, voyage.returns_at)
    assert units(game, 1) == {"large_cargo": 4}


@pytest.mark.parametrize(("percent", "left"), [(0.0, {}), (100.0, {"rocket_launcher": 30})])
def test_that_so_much_of_the_defence_returns_as_the_world_says(
    game: GameWorld, clock: ManualClock, percent: float, left: dict[str, int]
) -> None:
    carry_out(game, ChangeSettings({"defence_repair_percent": percent}))
    set_up(game, 1, units={"deathstar": 1})
    # Ships do not return.
    set_up(game, 2, units={"rocket_launcher": 30, "small_cargo": 2}, amounts=(0, 0, 0))
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    assert units(game, 2) == left


def test_that_satellites_fall_with_the_planet_and_so_does_its_energy(
    game: GameWorld, clock: ManualClock
) -> None:
    levels = {**ROOMY, "metal_mine": 5}
    set_up(game, 1, units={"deathstar": 1})
    set_up(game, 2, units={"solar_satellite": 40}, levels=levels, amounts=(0, 0, 0))
    before = of_planet(game, Stocks, 2).production[0]
    assert before > 0
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    assert units(game, 2) == {}
    assert of_planet(game, Stocks, 2).production[0] == 0


def test_that_what_the_shipyard_has_delivered_by_then_fights(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, ChangeSettings({"defence_repair_percent": 0.0, "newbie_protection": False}))
    set_up(game, 1, units={"deathstar": 1})
    set_up(game, 2, levels={**ROOMY, "shipyard": 1}, amounts=(90_000, 0, 0))
    voyage = attack(game, {"deathstar": 1})
    # 3600 · 2000 / 2500 / 2 = 1440 s each.
    clock.set(voyage.arrives_at - 3_000)
    carry_out(game, OrderUnits(2, "rocket_launcher", 4))
    until(game, clock, voyage.arrives_at)
    (report,) = battle_reports(game, 2)
    assert report["defenders"][0]["units"] == {"rocket_launcher": 2}
    assert units(game, 2) == {}
    queue = of_planet(game, UnitQueue, 2)
    assert (queue.units_ordered, queue.units_delivered) == (4, 2)
    until(game, clock, voyage.arrives_at + 3_000)
    assert units(game, 2) == {"rocket_launcher": 2}


def test_that_missiles_stay_in_their_silo(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 1, units={"deathstar": 1})
    missiles = {"interceptor_missile": 3, "interplanetary_missile": 2}
    set_up(game, 2, units=missiles, amounts=(0, 0, 0))
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    assert units(game, 2) == missiles


# Those who hold ----------------------------------------------------------------------------------


def test_that_a_fleet_that_holds_fights_with_what_its_owner_knows(
    game: GameWorld, clock: ManualClock
) -> None:
    known = {"combustion_drive": 6, "weapons": 3, "shielding": 2, "armour": 1}
    set_up(game, 3, technologies=known)
    holder = hold_there(game, {"light_fighter": 7})
    set_up(game, 1, units={"small_cargo": 1})
    set_up(game, 2, units={"rocket_launcher": 1}, amounts=(0, 0, 0))
    until(game, clock, holder.arrives_at)
    voyage = attack(game, {"small_cargo": 1})
    fought = battle_order(game, voyage)
    assert [named(each.counts) for each in fought.defenders] == [
        {"rocket_launcher": 1},
        {"light_fighter": 7},
    ]
    assert [each.levels for each in fought.defenders] == [(0, 0, 0), (3, 2, 1)]
    # Who has not come yet, or is on his way home, takes no part.
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        flight = game.state.world.component_for_entity(FLEET, holder.fleet_id, Flight)
        flight.fleet_state = 3
    assert len(battle_order(game, voyage).defenders) == 1


def test_that_a_fleet_that_holds_may_be_lost_with_its_cargo(
    game: GameWorld, clock: ManualClock
) -> None:
    holder = hold_there(game, {"small_cargo": 2}, cargo={"crystal": 300})
    set_up(game, 1, units={"deathstar": 2})
    until(game, clock, holder.arrives_at)
    voyage = attack(game, {"deathstar": 2})
    until(game, clock, voyage.arrives_at)
    assert fleet_of(game, holder) is None
    assert wreckage(game, 3).cargo_lost == (0, 300, 0)
    assert wreckage(game, 1).debris_made == (1_200, 1_200, 0)
    assert unaccounted(game) == [0, 0, 0]
    # All three are told, each in a report of his own.
    assert [len(battle_reports(game, player_id)) for player_id in (1, 2, 3)] == [1, 1, 1]
    until(game, clock, voyage.returns_at)
    assert units(game, 3) == {}


def test_that_what_is_left_of_a_fleet_that_holds_goes_on_holding(
    game: GameWorld, clock: ManualClock
) -> None:
    holder = hold_there(game, {"deathstar": 1})
    set_up(game, 1, units={"cruiser": 3})
    until(game, clock, holder.arrives_at)
    voyage = attack(game, {"cruiser": 3})
    until(game, clock, voyage.arrives_at)
    assert fleet_of(game, voyage) is None
    fleet = fleet_of(game, holder)
    assert fleet is not None
    assert named(fleet.ships) == {"deathstar": 1}
    until(game, clock, holder.returns_at)
    assert units(game, 3) == {"deathstar": 1}


# Order, seeds, and battles that take their time --------------------------------------------------


def test_that_the_same_fleet_ends_in_the_same_way(clock: ManualClock) -> None:
    def played(steps: int) -> Any:
        here = ManualClock()
        game = neighbours(here)
        set_up(game, 1, units={"light_fighter": 60})
        set_up(game, 2, units={"rocket_launcher": 40}, amounts=(5_000, 5_000, 5_000))
        voyage = attack(game, {"light_fighter": 60})
        for step in range(1, steps + 1):
            until(
                game,
                here,
                voyage.departed_at + (voyage.returns_at - voyage.departed_at) * step / steps,
            )
        return bits_of(game.state.world)

    assert played(1) == played(7)


def test_that_of_two_attacks_in_the_same_second_the_first_fleet_fights_first(
    game: GameWorld, clock: ManualClock
) -> None:
    for player_id in (1, 3):
        set_up(game, player_id, units={"large_cargo": 1})
    set_up(game, 2, amounts=(1_000, 0, 0))
    first = attack(game, {"large_cargo": 1})
    second = attack(game, {"large_cargo": 1}, player_id=3)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        for voyage in (second, first):
            flight = game.state.world.component_for_entity(FLEET, voyage.fleet_id, Flight)
            flight.fleet_due_at = second.arrives_at
    game.calendar.reload()
    until(game, clock, second.arrives_at)
    cargo = [fleet_of(game, voyage) for voyage in (first, second)]
    assert [fleet.cargo[0] for fleet in cargo if fleet] == [500, 250]


def test_that_a_battle_that_is_under_way_leaves_everything_as_it_is(
    game: GameWorld, clock: ManualClock
) -> None:
    class Slow(FoughtHere):
        def report_of(self, order: BattleOrder) -> BattleReport:
            raise BattleUnderWay

    game.state.battles = Slow()
    set_up(game, 1, units={"cruiser": 4})
    set_up(game, 2, units={"light_laser": 9}, amounts=(10, 10, 10))
    voyage = attack(game, {"cruiser": 4})
    world = game.state.world
    before = bits_of(world)
    unit = world.unit_of_work(Origin.EVENT, voyage.arrives_at)
    with pytest.raises(BattleUnderWay), unit:
        ERRANDS["attack"].arrive(game.state, voyage.fleet_id, voyage.arrives_at)
    assert bits_of(world) == before
    assert not unit.changed


def test_that_more_units_than_any_battle_has_fly_home(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    crowd = dict.fromkeys(UNITS.labels[:8], 2**31 - 1)
    assert sum(crowd.values()) > UNITS_MAX
    set_up(game, 1, units={"small_cargo": 1})
    set_up(game, 2, units=crowd, amounts=(1_000, 0, 0))
    voyage = attack(game, {"small_cargo": 1})
    until(game, clock, voyage.returns_at)
    assert arrivals(events, voyage) == ["too_many_units"]
    assert units(game, 1) == {"small_cargo": 1}


# Refusals, and fleets that find nobody to fight --------------------------------------------------


def test_that_nobody_attacks_himself_or_nothing(game: GameWorld) -> None:
    set_up(game, 1, units={"cruiser": 1})
    set_up(game, 3, units={"cruiser": 1})
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 1)
    assert refused(game, order("attack", {"cruiser": 1})).code == "own_planet"
    nowhere = order("attack", {"cruiser": 1}, target=(1, 2, 3))
    assert refused(game, nowhere).code == "no_target"
    assert refused(game, order("attack", {"cruiser": 1}, target=HOME)).code == "same_place"


def test_that_an_attack_on_what_has_become_ones_own_turns_round(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"cruiser": 1})
    set_up(game, 2, amounts=(1_000, 0, 0))
    voyage = attack(game, {"cruiser": 1})
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 1)
    until(game, clock, voyage.returns_at)
    assert arrivals(events, voyage) == ["own_planet"]
    assert units(game, 1) == {"cruiser": 1}
    assert len(game.state.world.tables[REPORT]) == 0


def test_that_an_attack_on_a_planet_that_is_gone_turns_round(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"cruiser": 1})
    voyage = attack(game, {"cruiser": 1}, target=THIRD)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.delete_entity(PLANET, 3)
    until(game, clock, voyage.arrives_at)
    assert arrivals(events, voyage) == ["no_target"]


def test_that_a_recalled_attack_fights_nobody(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 1, units={"cruiser": 1})
    voyage = attack(game, {"cruiser": 1})
    clock.set(voyage.departed_at + 100)
    back = carry_out(game, RecallFleet(1, voyage.fleet_id))
    until(game, clock, back.returns_at)
    assert units(game, 1) == {"cruiser": 1}
    assert len(game.state.world.tables[REPORT]) == 0


def test_that_an_attack_flies_at_the_speed_of_war(clock: ManualClock) -> None:
    game = neighbours(clock, fleet_speed_war=3.0, fleet_speed_peaceful=10.0)
    set_up(game, 1, units={"small_cargo": 1}, technologies={"combustion_drive": 6})
    voyage = attack(game, {"small_cargo": 1})
    # 3932.89 / 3 = 1310.96.
    assert voyage.arrives_at == voyage.departed_at + 1_311


# What is told ------------------------------------------------------------------------------------


def test_that_both_sides_get_a_report_of_their_own(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, units={"deathstar": 1}, technologies={"hyperspace_drive": 8, "weapons": 4})
    set_up(game, 2, units={"light_fighter": 2}, amounts=(100, 0, 0))
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    (report,), (same,) = battle_reports(game, 1), battle_reports(game, 2)
    assert report == same
    assert (report["galaxy"], report["system"], report["position"]) == NEIGHBOUR
    assert (report["planet"], report["planet_name"]) == (2, "Homeworld")
    assert (report["type"], report["outcome"]) == ("planet", "attackers")
    assert report["mission_id"] == voyage.fleet_id
    assert report["attackers"] == [
        {
            "player": 1,
            "name": "player1",
            "fleet": voyage.fleet_id,
            "weapons": 4,
            "shielding": 0,
            "armour": 0,
            "units": {"deathstar": 1},
            "lost": {},
            "restored": {},
        }
    ]
    (defender,) = report["defenders"]
    assert (defender["player"], defender["fleet"]) == (2, None)
    assert (defender["units"], defender["lost"]) == ({"light_fighter": 2}, {"light_fighter": 2})
    assert report["rounds"][0]["attackers"]["units"] == [{"deathstar": 1}]
    assert report["loot"] == {"metal": 50, "crystal": 0, "deuterium": 0}
    assert report["debris"] == {"metal": 1_800, "crystal": 600, "deuterium": 0}
    assert report["moon_chance_percent"] == 0
    fought = [event for event in events if isinstance(event, BattleFought)]
    assert [(event.player_id, event.result, event.attacked) for event in fought] == [
        (1, "won", True),
        (2, "lost", False),
    ]
    table = game.state.world.tables[MESSAGE]
    texts = [
        game.state.world.component_for_entity(MESSAGE, each, Message).text
        for each in table.ids.tolist()
    ]
    assert texts == [
        f"Your attack on 1:1:9 was won; report {fought[0].report_id} tells of it.",
        f"The battle of 1:1:9 was lost; report {fought[1].report_id} tells of it.",
    ]


def test_that_a_report_is_its_owners_alone_and_is_forgotten(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 1, units={"deathstar": 1})
    voyage = attack(game, {"deathstar": 1})
    until(game, clock, voyage.arrives_at)
    (mine,) = reports_of(game.state, ListReports(1, "battle", 50)).reports
    assert read_report(game.state, ReadReport(1, "battle", mine.report_id)) == mine
    assert read_report(game.state, ReadReport(2, "battle", mine.report_id)) == NO_SUCH_REPORT
    assert read_report(game.state, ReadReport(1, "espionage", mine.report_id)) == NO_SUCH_REPORT
    assert read_report(game.state, ReadReport(1, "battle", 99)) == NO_SUCH_REPORT
    week = game.state.rules.messages.kept_s
    until(game, clock, voyage.arrives_at + week - 1)
    assert len(game.state.world.tables[REPORT]) == 2
    until(game, clock, voyage.arrives_at + week)
    assert len(game.state.world.tables[REPORT]) == 0


def test_that_the_newest_reports_come_first_and_the_oldest_make_room(
    game: GameWorld, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = replace(game.state.rules, messages=replace(game.state.rules.messages, kept_most=3))
    monkeypatch.setattr(game.state, "rules", rules)
    set_up(game, 1, units={"cruiser": 5})
    voyages = [attack(game, {"cruiser": 1}) for _ in range(5)]
    until(game, clock, voyages[-1].arrives_at)
    page = reports_of(game.state, ListReports(1, "battle", 2, 1))
    assert page.total == 3
    assert [report.content["mission_id"] for report in page.reports] == [
        voyages[3].fleet_id,
        voyages[2].fleet_id,
    ]
    table = game.state.world.tables[REPORT]
    owners = [
        game.state.world.component_for_entity(REPORT, each, Report).owner_id
        for each in table.ids.tolist()
    ]
    assert sorted(owners) == [1, 1, 1, 2, 2, 2]


def test_that_an_attack_is_saved_whole_and_at_once(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 1, units={"cruiser": 1})
    voyage = attack(game, {"cruiser": 1})
    urgent: list[bool] = []
    game.on_event = lambda event, shown, is_urgent: urgent.append(is_urgent)
    until(game, clock, voyage.arrives_at)
    assert urgent
    assert all(urgent)


def test_that_a_fleet_whose_owner_is_gone_fights_nobody(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 1, units={"cruiser": 1})
    voyage = attack(game, {"cruiser": 1})
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.delete_entity(PLAYER, 1)
    until(game, clock, voyage.returns_at)
    assert fleet_of(game, voyage) is None
    assert len(game.state.world.tables[REPORT]) == 0
