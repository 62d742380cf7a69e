"""Fleets: what sets out, what it takes, what becomes of it where it arrives, and that it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.commands import AcceptFriend, DispatchFleet, RecallFleet, RevokeFriend
from core.components import (
    DEBRIS,
    FLEET,
    PLANET,
    PLAYER,
    UNITS,
    Debris,
    Fleet,
    Flight,
    Ledger,
    Planet,
    Player,
    Position,
    Stocks,
)
from core.ecs import Origin
from core.events import Event, FleetArrived, FleetDeparted, FleetReturned, PlanetFounded
from core.game import GameWorld
from core.missions import ERRANDS
from core.unit_stock import units_at
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, found, new_game, refused, set_up

RICH = (1e6, 1e6, 1e6)
ROOMY = {"metal_storage": 12, "crystal_storage": 12, "deuterium_tank": 12}
FLYING = {"combustion_drive": 6, "impulse_drive": 3, "astrophysics": 4, "computer": 1}
SHIPS = {"small_cargo": 20, "large_cargo": 5, "colony_ship": 2, "recycler": 4, "solar_satellite": 3}
# Planet 1 is moved there, and planet 2, of another player, next to it.
HOME, NEIGHBOUR = (1, 1, 8), (1, 1, 9)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock, galaxies=3, systems=499)
    found(game, 1)
    found(game, 2)
    move(game, 1, HOME)
    move(game, 2, NEIGHBOUR)
    set_up(game, 1, levels=ROOMY, amounts=RICH, units=SHIPS, technologies=FLYING)
    set_up(game, 2, levels=ROOMY, amounts=(0, 0, 0))
    return game


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def move(game: GameWorld, planet_id: int, place: tuple[int, int, int]) -> None:
    """Have a planet lie elsewhere, as if it had been founded there."""
    table = game.state.world.tables[PLANET]
    names = ("galaxy", "system", "position")
    game.state.galaxy.clear(tuple(table.get(planet_id, f"Position.{name}") for name in names))
    for name, number in zip(names, place, strict=True):
        table.set(planet_id, f"Position.{name}", number)
    game.state.galaxy.settle(place, planet_id)


def order(mission: str = "transport", **changes: Any) -> DispatchFleet:
    asked = DispatchFleet(1, mission, NEIGHBOUR, {"small_cargo": 1})
    return replace(asked, **changes)


def send(game: GameWorld, mission: str = "transport", **changes: Any) -> Voyage:
    voyage: Voyage = carry_out(game, order(mission, **changes))
    return voyage


def colony(game: GameWorld, place: tuple[int, int, int] = (1, 1, 10)) -> int:
    """Return the id of a second planet of player 1."""
    home = found(game, 9)
    move(game, home, place)
    table = game.state.world.tables[PLANET]
    table.set(home, "Planet.owner_id", 1)
    set_up(game, home, technologies=FLYING, units={}, amounts=(0, 0, 0))
    return home


def ships(game: GameWorld, planet_id: int = 1) -> dict[str, int]:
    counts = units_at(game.state, planet_id, game.time)
    return {name: n for name, n in zip(UNITS.labels, counts, strict=True) if n}


def view(game: GameWorld, component: type[Any], planet_id: int = 1) -> Any:
    return game.state.world.component_for_entity(PLANET, planet_id, component)


def until(game: GameWorld, clock: ManualClock, at: float) -> None:
    clock.set(at)
    game.advance(at)


def in_flight(game: GameWorld) -> list[int]:
    ids: list[int] = game.state.world.tables[FLEET].ids.tolist()
    return ids


# What a flight takes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "ships_sent", "tenths", "seconds", "fuel"),
    [
        # Next position: 1·5 + 1000 = 1005. small_cargo with combustion 6: 5000 · 1.6 = 8000.
        # 35000/10 · sqrt(10 · 1005 / 8000) + 10 = 3500 · 1.120826 + 10 = 3932.89 → 3933 s.
        # S = 3923, x = 35000/3923 · 1.120826 = 9.99971; 10·1005/35000 · (1.999971)² = 1.1486 → 1.
        (NEIGHBOUR, {"small_cargo": 1}, 10, 3_933, 1),
        # At half speed: 7000 · 1.120826 + 10 = 7855.78 → 7856 s; x = 5; 0.28714 · 2.25 = 0.65 → 1.
        (NEIGHBOUR, {"small_cargo": 1}, 5, 7_856, 1),
        # Next system: 95 + 2700 = 2795 (the planet at position 9 does not count).
        # large_cargo 7500 · 1.6 = 12000, small_cargo 8000 is slower:
        # 3500 · sqrt(27950/8000) + 10 = 3500 · 1.869158 + 10 = 6552.05 → 6552 s.
        # S = 6542, small x = 35000/6542 · 1.869158 = 10.00006: 10·4·2795/35000 · 4.00002 = 12.7772;
        # large x = 35000/6542 · sqrt(27950/12000) = 8.16494: 50·2·2795/35000 · 3.29950 = 26.3489;
        # the sum is 39.126 → 39.
        ((1, 2, 9), {"small_cargo": 4, "large_cargo": 2}, 10, 6_552, 39),
        # The axes wrap around: system 499 is next to system 1.
        ((1, 499, 9), {"small_cargo": 4, "large_cargo": 2}, 10, 6_552, 39),
        # Another galaxy, 3 is next to 1: 20000. 3500 · sqrt(200000/8000) + 10 = 17510 s.
        # x = 10: 10 · 20000/35000 · 4 = 22.857 → 23.
        ((3, 7, 4), {"small_cargo": 1}, 10, 17_510, 23),
    ],
)
def test_that_a_flight_takes_the_time_and_the_fuel_of_the_rules(
    game: GameWorld,
    target: tuple[int, int, int],
    ships_sent: dict[str, int],
    tenths: int,
    seconds: int,
    fuel: int,
) -> None:
    # A colony ship would be slower: something else has to be there to be visited.
    if game.state.galaxy.planet_at(target) is None:
        move(game, 2, target)
    before = view(game, Stocks).amount[2]
    voyage = send(game, target=target, ships=ships_sent, speed_tenths=tenths)
    assert voyage.arrives_at == voyage.departed_at + seconds
    assert voyage.returns_at == voyage.departed_at + 2 * seconds
    assert view(game, Stocks).amount[2] == pytest.approx(before - fuel, abs=1e-6)
    # What is burnt makes no points and is nowhere else.
    assert view(game, Ledger).spent == (0, 0, 0)
    assert view(game, Ledger).moved == (0, 0, 0)


def test_that_peaceful_fleets_fly_as_fast_as_the_world_has_them(clock: ManualClock) -> None:
    game = new_game(clock, galaxies=1, systems=2, fleet_speed_peaceful=10.0, fleet_speed_war=3.0)
    found(game, 1)
    found(game, 2)
    move(game, 1, HOME)
    move(game, 2, NEIGHBOUR)
    set_up(game, 1, levels=ROOMY, amounts=RICH, units=SHIPS, technologies=FLYING)
    # 3932.89 / 10 = 393.29 → 393 s; with combustion 6 a recycler has 2000 · 1.6 = 3200:
    # (3500 · sqrt(10050/3200) + 10) / 3 = (6202.60 + 10) / 3 = 2070.87 → 2071 s.
    peaceful = send(game)
    assert peaceful.arrives_at == peaceful.departed_at + 393
    war = send(game, "harvest", ships={"recycler": 1})
    assert war.arrives_at == war.departed_at + 2_071


# Missions ----------------------------------------------------------------------------------------


def test_that_a_transport_unloads_and_comes_home(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    voyage = send(game, ships={"small_cargo": 2}, cargo={"metal": 4_000, "deuterium": 500})
    assert ships(game)["small_cargo"] == 18
    assert view(game, Ledger).moved == (-4_000, 0, -500)
    until(game, clock, voyage.arrives_at)
    assert view(game, Ledger, 2).moved == (4_000, 0, 500)
    assert view(game, Stocks, 2).amount[0] >= 4_000
    until(game, clock, voyage.returns_at)
    assert ships(game) == SHIPS
    assert in_flight(game) == []
    told = [
        event for event in events if isinstance(event, FleetDeparted | FleetArrived | FleetReturned)
    ]
    assert [type(event) for event in told] == [FleetDeparted, FleetArrived, FleetReturned]
    assert [event.at for event in told] == [
        voyage.departed_at,
        voyage.arrives_at,
        voyage.returns_at,
    ]


def test_that_a_deployed_fleet_stays_with_everything(game: GameWorld, clock: ManualClock) -> None:
    other = colony(game)
    voyage = send(
        game, "deploy", target=(1, 1, 10), ships={"large_cargo": 5}, cargo={"crystal": 99}
    )
    until(game, clock, voyage.arrives_at)
    assert ships(game, other) == {"large_cargo": 5}
    assert view(game, Ledger, other).moved == (0, 99, 0)
    assert in_flight(game) == []


def test_that_no_more_ships_are_stationed_anywhere_than_can_be_counted(
    game: GameWorld, clock: ManualClock
) -> None:
    other = colony(game)
    deploy = order("deploy", target=(1, 1, 10), ships={"small_cargo": 5})
    set_up(game, other, units={"small_cargo": 2**31 - 5})
    refusal = refused(game, deploy)
    assert refusal.code == "unit_limit"
    assert refusal.facts == {"limit": 2**31 - 1, "count": 2**31 - 5}
    set_up(game, other, units={"small_cargo": 2**31 - 6})
    carry_out(game, deploy)
    late = carry_out(game, deploy)
    # Both set out while there was room for one.
    until(game, clock, late.returns_at)
    assert ships(game, other) == {"small_cargo": 2**31 - 1}
    assert ships(game)["small_cargo"] == SHIPS["small_cargo"] - 5
    assert in_flight(game) == []
    assert game.set_aside_count == 0


def test_that_a_fleet_lands_at_home_when_its_origin_is_no_longer_its_owners(
    game: GameWorld, clock: ManualClock
) -> None:
    other = colony(game)
    set_up(game, other, units={"small_cargo": 3}, amounts=(100, 100, 100))
    voyage = send(game, planet_id=other, cargo={"metal": 50})
    game.state.world.tables[PLANET].set(2, "Planet.owner_id", 2)
    game.state.world.tables[PLANET].set(other, "Planet.owner_id", 2)
    until(game, clock, voyage.returns_at)
    assert ships(game)["small_cargo"] == SHIPS["small_cargo"] + 1
    assert in_flight(game) == []


def test_that_a_colony_ship_founds_a_colony_and_is_used_up(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    place = (1, 2, 7)
    voyage = send(
        game,
        "colonize",
        target=place,
        ships={"colony_ship": 1, "small_cargo": 1},
        cargo={"metal": 1_000},
    )
    until(game, clock, voyage.arrives_at)
    planet_id = game.state.galaxy.planet_at(place)
    assert planet_id is not None
    planet = view(game, Planet, planet_id)
    first, last = game.state.rules.slots[6].fields
    assert (planet.owner_id, planet.founded_at) == (1, voyage.arrives_at)
    assert first <= planet.fields <= last
    assert view(game, Stocks, planet_id).amount == (1_500, 500, 0)
    assert view(game, Ledger, planet_id).received == (500, 500, 0)
    assert [event for event in events if isinstance(event, PlanetFounded)]
    until(game, clock, voyage.returns_at)
    assert ships(game) == SHIPS | {"colony_ship": 1}


@pytest.mark.parametrize(
    ("reason", "place", "technologies"),
    [
        ("taken", NEIGHBOUR, FLYING),
        ("planet_limit", (1, 2, 7), FLYING | {"astrophysics": 0}),
        ("requirements_not_met", (1, 2, 15), FLYING | {"astrophysics": 7}),
    ],
)
def test_that_a_colony_ship_that_cannot_settle_flies_home(
    game: GameWorld,
    clock: ManualClock,
    events: list[Event],
    reason: str,
    place: tuple[int, int, int],
    technologies: dict[str, int],
) -> None:
    set_up(game, 1, technologies=technologies)
    voyage = send(game, "colonize", target=place, ships={"colony_ship": 1}, cargo={"metal": 1})
    until(game, clock, voyage.returns_at)
    assert [event.result for event in events if isinstance(event, FleetArrived)] == [reason]
    assert ships(game) == SHIPS
    assert view(game, Ledger).moved == (0, 0, 0)
    assert len(game.state.world.tables[PLANET]) == 2


def test_that_of_two_colonists_at_the_same_second_the_first_fleet_settles(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 2, units={"colony_ship": 1}, technologies=FLYING, amounts=RICH)
    first = send(game, "colonize", target=(1, 2, 7), ships={"colony_ship": 1})
    second = send(game, "colonize", player_id=2, target=(1, 2, 7), ships={"colony_ship": 1})
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        flight = game.state.world.component_for_entity(FLEET, first.fleet_id, Flight)
        flight.fleet_due_at = second.arrives_at
    game.calendar.reload()
    until(game, clock, second.arrives_at)
    planet_id = game.state.galaxy.planet_at((1, 2, 7))
    assert planet_id is not None
    assert view(game, Planet, planet_id).owner_id == 1


def test_that_recyclers_load_debris_as_far_as_they_hold(
    game: GameWorld, clock: ManualClock
) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.create_entity(DEBRIS, Debris(*NEIGHBOUR, left=(30_000, 5_000, 0)))
    voyage = send(game, "harvest", ships={"recycler": 1, "small_cargo": 5})
    until(game, clock, voyage.returns_at)
    # A recycler holds 20000: a third each, 5000 of crystal, and what is left is metal.
    assert view(game, Ledger).moved == (15_000, 5_000, 0)
    (debris_id,) = game.state.world.tables[DEBRIS].ids.tolist()
    assert game.state.world.component_for_entity(DEBRIS, debris_id, Debris).left == (15_000, 0, 0)
    voyage = send(game, "harvest", ships={"recycler": 1})
    until(game, clock, voyage.returns_at)
    assert view(game, Ledger).moved == (30_000, 5_000, 0)
    assert len(game.state.world.tables[DEBRIS]) == 0


def test_that_a_fleet_holds_and_then_flies_home(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, AcceptFriend(2, 1))
    voyage = send(game, "hold", hold_hours=2)
    # 2 · 3933 s of flight and 7200 s there; 1 for the flight and max(floor(10 · 2 / 10), 1) more.
    assert voyage.returns_at == voyage.departed_at + 15_066
    until(game, clock, voyage.arrives_at + 7_199)
    assert ships(game)["small_cargo"] == 19
    until(game, clock, voyage.returns_at)
    assert ships(game) == SHIPS


def test_that_a_fleet_turns_at_the_planet_of_who_is_no_friend_any_more(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    carry_out(game, AcceptFriend(2, 1))
    voyage = send(game, "hold", hold_hours=2)
    carry_out(game, RevokeFriend(2, 1))
    until(game, clock, voyage.arrives_at)
    (arrived,) = (event for event in events if isinstance(event, FleetArrived))
    assert (arrived.result, arrived.voyage.state) == ("not_a_friend", "returning")
    until(game, clock, voyage.departed_at + 2 * 3_933)
    assert ships(game) == SHIPS


def test_that_whom_one_has_accepted_is_not_who_has_accepted_one(game: GameWorld) -> None:
    carry_out(game, AcceptFriend(1, 2))
    assert refused(game, order("hold", hold_hours=1)).code == "not_a_friend"


def test_that_a_fleet_that_holds_stays_when_it_is_revoked(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, AcceptFriend(2, 1))
    voyage = send(game, "hold", hold_hours=2)
    until(game, clock, voyage.arrives_at)
    carry_out(game, RevokeFriend(2, 1))
    until(game, clock, voyage.returns_at)
    assert ships(game) == SHIPS


# Recalls -----------------------------------------------------------------------------------------


def test_that_a_recalled_fleet_is_home_after_as_long_as_it_has_flown(
    game: GameWorld, clock: ManualClock
) -> None:
    voyage = send(game, cargo={"metal": 700})
    clock.set(voyage.departed_at + 1_000)
    back = carry_out(game, RecallFleet(1, voyage.fleet_id))
    assert back.returns_at == pytest.approx(voyage.departed_at + 2_000, abs=1e-3)
    until(game, clock, back.returns_at)
    assert ships(game) == SHIPS
    assert view(game, Ledger).moved == (0, 0, 0)
    assert view(game, Ledger, 2).moved == (0, 0, 0)


def test_that_a_fleet_that_holds_can_be_recalled(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, AcceptFriend(2, 1))
    voyage = send(game, "hold", hold_hours=2)
    clock.set(voyage.arrives_at + 100)
    back = carry_out(game, RecallFleet(1, voyage.fleet_id))
    assert back.returns_at == pytest.approx(voyage.arrives_at + 100 + 3_933, abs=1e-3)


def test_that_only_ones_own_fleet_that_is_not_on_its_way_home_is_recalled(
    game: GameWorld, clock: ManualClock
) -> None:
    voyage = send(game)
    assert refused(game, RecallFleet(2, voyage.fleet_id)).code == "no_in_flight_fleet"
    assert refused(game, RecallFleet(1, 99)).code == "no_in_flight_fleet"
    until(game, clock, voyage.arrives_at)
    assert refused(game, RecallFleet(1, voyage.fleet_id)).code == "no_in_flight_fleet"


# Refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "mission", "changes"),
    [
        ("unknown_type", "picnic", {}),
        ("ship_required", "espionage", {}),
        ("unknown_type", "transport", {"ships": {"canoe": 1}}),
        ("bad_value", "transport", {"ships": {}}),
        ("bad_value", "transport", {"ships": {"small_cargo": 0}}),
        ("bad_value", "transport", {"ships": {"small_cargo": -1}}),
        ("cannot_fly", "transport", {"ships": {"solar_satellite": 1}}),
        ("cannot_fly", "transport", {"ships": {"rocket_launcher": 1}}),
        ("unknown_type", "transport", {"cargo": {"gold": 1}}),
        ("bad_value", "transport", {"cargo": {"metal": -1}}),
        ("bad_value", "transport", {"speed_tenths": 0}),
        ("bad_value", "transport", {"speed_tenths": 11}),
        ("bad_value", "transport", {"target_type": "debris"}),
        ("bad_value", "hold", {"hold_hours": 33}),
        ("outside_universe", "transport", {"target": (4, 1, 1)}),
        ("outside_universe", "transport", {"target": (1, 1, 16)}),
        ("no_target", "transport", {"target": (1, 1, 3)}),
        ("no_target", "transport", {"target_type": "moon"}),
        ("same_place", "transport", {"target": HOME}),
        ("not_your_planet", "deploy", {}),
        ("not_a_friend", "hold", {"hold_hours": 1}),
        ("ship_required", "colonize", {"target": (1, 2, 7)}),
        ("ship_required", "harvest", {}),
        ("not_enough_ships", "transport", {"ships": {"small_cargo": 21}}),
        ("cargo_too_large", "transport", {"cargo": {"metal": 5_001}}),
        ("not_yours", "transport", {"planet_id": 2}),
    ],
)
def test_that_what_the_rules_refuse_changes_nothing(
    game: GameWorld, code: str, mission: str, changes: dict[str, Any]
) -> None:
    assert refused(game, order(mission, **changes)).code == code


def test_that_a_mission_that_nobody_can_carry_out_is_refused(
    game: GameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(ERRANDS, "harvest")
    assert refused(game, order("harvest", ships={"recycler": 1})).code == "mission_not_available"


def test_that_no_more_fleets_fly_than_there_are_slots(game: GameWorld, clock: ManualClock) -> None:
    voyage = send(game)
    send(game)
    refusal = refused(game, order())
    assert (refusal.code, refusal.facts) == ("fleet_slots_full", {"used": 2, "total": 2})
    until(game, clock, voyage.returns_at)
    send(game)


def test_that_fuel_must_be_there_and_fit_the_tanks(game: GameWorld) -> None:
    set_up(game, amounts=(1e6, 1e6, 0.5))
    refusal = refused(game, order())
    assert (refusal.code, refusal.facts) == (
        "insufficient_fuel",
        {"fuel": 1, "missing": {"deuterium": 1}},
    )
    set_up(game, amounts=(1e6, 1e6, 100), units={"espionage_probe": 1}, technologies=FLYING)
    move(game, 2, (3, 1, 1))
    # A probe's tank holds 5; to another galaxy it takes 1 · 20000/35000 · 4 = 2.29: that is less.
    send(game, target=(3, 1, 1), ships={"espionage_probe": 1})


def test_that_what_is_loaded_must_be_there_beside_the_fuel(game: GameWorld) -> None:
    set_up(game, amounts=(1e6, 1e6, 100))
    refusal = refused(game, order(cargo={"deuterium": 100}))
    assert refusal.code == "insufficient_resources"
    assert refusal.facts["missing"] == {"deuterium": 1}
    send(game, cargo={"deuterium": 99})
    assert view(game, Stocks).amount[2] == pytest.approx(0, abs=1e-3)


def test_that_a_fleet_has_a_seed_of_its_own(game: GameWorld) -> None:
    seeds = {
        game.state.world.component_for_entity(FLEET, send(game).fleet_id, Fleet).random_seed
        for _ in range(2)
    }
    assert len(seeds) == 2
    player = game.state.world.component_for_entity(PLAYER, 1, Player)
    assert player.home_id == 1
    assert view(game, Position).position == HOME[2]
