"""Seeded worlds: plausible, playable, and full to the last place where they must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import stockpiles
from core.commands import Accepted, CancelBuilding, DemolishBuilding, StartBuilding
from core.components import (
    BUILDINGS,
    KINDS,
    NEVER,
    NO_UNIT,
    PLANET,
    PLAYER,
    TECHNOLOGIES,
    UNITS,
    UNIVERSE,
)
from core.ecs import World
from core.errors import StarkeepError
from core.game import GameWorld
from core.invariants import violations
from core.knowledge import known_on, technologies_of
from core.loading import galaxy_of
from core.rules import ECONOMY, RULES
from core.rules.research import technology_cost
from core.seed import GALAXIES_MAX, SeedPlan, add_rows, make_planets, make_players, plan_seed
from core.state import economy_settings_of
from core.systems.construction import levels_of, queue_of
from core.systems.shipyard import orders_of
from core.unit_stock import units_at
from tests.manual_clock import START, ManualClock
from tests.worlds import bits_of, new_game

SYSTEMS = 4


def seeded(players: int, planets: int, random_seed: int = 1) -> GameWorld:
    """Return a game with a seeded world, as it would be loaded."""
    plan = plan_seed(players, planets, 1, SYSTEMS)
    clock = ManualClock()
    game = new_game(clock, galaxies=plan.galaxies, systems=SYSTEMS)
    world = game.state.world
    generator = np.random.default_rng(random_seed)
    owners = np.arange(1, players + 1, dtype=np.int64)
    rows = make_planets(plan, owners, 1, economy_settings_of(world), START, generator)
    add_rows(world, PLANET, rows)
    names = [f"player{number}" for number in range(1, players + 1)]
    add_rows(world, PLAYER, make_players(owners, names, rows, START))
    game.state.galaxy = galaxy_of(world)
    return game


@pytest.mark.parametrize(
    ("players", "planets", "galaxies", "expected"),
    [
        (1, 1, 9, 9),  # never fewer than there are
        (10, 60, 1, 1),  # 4 systems of 15 places
        (10, 61, 1, 2),
        (36, 36, 1, 1),  # 9 of the places are habitable
        (37, 37, 1, 2),
        (100, 1000, 1, 17),
    ],
)
def test_that_there_are_as_many_galaxies_as_are_needed(
    players: int, planets: int, galaxies: int, expected: int
) -> None:
    plan = plan_seed(players, planets, galaxies, SYSTEMS)
    assert plan == SeedPlan(players, planets, expected, SYSTEMS)


@pytest.mark.parametrize(("players", "planets"), [(0, 1), (2, 1), (-1, 5)])
def test_that_every_player_has_a_planet(players: int, planets: int) -> None:
    with pytest.raises(StarkeepError, match="a planet for each player"):
        plan_seed(players, planets, 1, SYSTEMS)


def test_that_there_is_a_largest_universe() -> None:
    most = GALAXIES_MAX * SYSTEMS * len(RULES.slots)
    assert plan_seed(1, most, 1, SYSTEMS).galaxies == GALAXIES_MAX
    with pytest.raises(StarkeepError, match="1000 is the most"):
        plan_seed(1, most + 1, 1, SYSTEMS)


@settings(max_examples=25)
@given(st.integers(1, 36), st.integers(0, 60), st.integers(0, 2**32))
def test_that_a_seeded_world_is_one_that_could_have_been_played(
    players: int, colonies: int, random_seed: int
) -> None:
    game = seeded(players, players + colonies, random_seed)
    world = game.state.world
    table = world.tables[PLANET]
    places = set()
    for planet_id, row in bits_of(world)["planet"].items():
        place = (row["Position.galaxy"], row["Position.system"], row["Position.position"])
        places.add(place)
        assert game.state.galaxy.contains(place)
        assert game.state.galaxy.planet_at(place) == planet_id
        slot = RULES.slots[place[2] - 1]
        low, high = slot.temperature_max
        assert low <= row["Planet.temperature_max"] <= high
        is_home = planet_id <= players
        assert row["Planet.name"] == ("Homeworld" if is_home else "Colony")
        if is_home:
            assert 4 <= place[2] <= 12
            assert row["Planet.owner_id"] == planet_id
            assert row["Planet.fields"] == 163
        else:
            assert slot.fields[0] <= row["Planet.fields"] <= slot.fields[1]
        levels = dict(zip(BUILDINGS.labels, row["Buildings.level"], strict=True))
        assert sum(levels.values()) <= row["Planet.fields"]
        assert all(
            0 <= amount <= capacity
            for amount, capacity in zip(row["Stocks.amount"], row["Stocks.capacity"], strict=True)
        )
        technologies = technologies_of(world, row["Planet.owner_id"])
        assert known_on(world, planet_id) == technologies
        assert_is_met(levels, technologies)
        check_rates(game, planet_id, row)
        check_ledger(game, planet_id, row, levels, technologies if is_home else {})
        check_queue(game, planet_id, row)
        check_units(game, planet_id, levels, row)
    assert len(places) == len(table)
    assert world.next_id[PLANET] == len(table) + 1
    assert world.next_id[PLAYER] == players + 1
    assert violations(PLANET, {field.key: table.array(field.key) for field in table.fields}) == ()


def assert_is_met(levels: dict[str, int], technologies: dict[str, int]) -> None:
    """Hold what stands on a planet to what it requires."""
    for name, level in levels.items():
        if level:
            for needed, least in RULES.buildings[name].requires.items():
                assert {**levels, **technologies}[needed] >= least, name


def check_rates(game: GameWorld, planet_id: int, row: dict[str, Any]) -> None:
    rates = stockpiles.rates_of(game.state, planet_id)
    assert row["Power.reactor_runs"]
    assert row["Stocks.production"] == tuple(float(rate) for rate in rates.production)
    assert row["Stocks.consumption"] == tuple(float(rate) for rate in rates.consumption)
    assert row["Stocks.capacity"] == tuple(float(amount) for amount in rates.capacity)


def check_ledger(
    game: GameWorld,
    planet_id: int,
    row: dict[str, Any],
    levels: dict[str, int],
    technologies: dict[str, int],
) -> None:
    prices = [
        ECONOMY.cost(name, level) for name, built in levels.items() for level in range(1, built + 1)
    ]
    prices += [
        technology_cost(RULES.technologies[name], level)
        for name, known in technologies.items()
        for level in range(1, known + 1)
    ]
    units = dict(zip(UNITS.labels, row["Units.count"], strict=True))
    prices += [
        tuple(amount * count for amount in RULES.units[name].cost) for name, count in units.items()
    ]
    built = np.sum([(0, 0, 0), *prices], axis=0)
    ordered = [item.cost for item in orders_of(game.state, planet_id, START)]
    paid = np.sum([(0, 0, 0), *ordered], axis=0) + row["BuildQueue.paid"]
    assert row["Ledger.spent"] == tuple(built + paid)


def check_queue(game: GameWorld, planet_id: int, row: dict[str, object]) -> None:
    queue = queue_of(game.state, planet_id)
    if not queue:
        assert row["BuildQueue.finish_at"] == NEVER
        assert row["BuildQueue.paid"] == (0.0, 0.0, 0.0)
        return
    (item,) = queue
    assert item.cost == ECONOMY.cost(item.building, item.level)
    assert item.started_at is not None
    assert item.due_at is not None
    assert item.started_at <= START < item.due_at


def test_that_players_of_a_seeded_world_have_researched_something() -> None:
    game = seeded(36, 60)
    known = game.state.world.tables[PLAYER].array("Research.level")
    assert known.any(axis=1).sum() > 18
    assert {"energy", "computer", "impulse_drive"} <= {
        name for name, levels in zip(TECHNOLOGIES.labels, known.T, strict=True) if levels.any()
    }
    for player_id, levels in enumerate(known.tolist(), start=1):
        home = levels_of(game.state, player_id)
        assert_research_is_met(dict(zip(TECHNOLOGIES.labels, levels, strict=True)), home)


def assert_research_is_met(technologies: dict[str, int], home: dict[str, int]) -> None:
    for name, level in technologies.items():
        if level:
            for needed, least in RULES.technologies[name].requires.items():
                assert {**home, **technologies}[needed] >= least, name


def check_units(
    game: GameWorld, planet_id: int, levels: dict[str, int], row: dict[str, Any]
) -> None:
    orders = orders_of(game.state, planet_id, START)
    units = units_at(game.state, planet_id, START)
    # What could be built is there, and nothing is due that was not delivered.
    assert units == row["Units.count"]
    assert row["UnitQueue.units_due_at"] > START
    present = [name for name, count in zip(UNITS.labels, units, strict=True) if count]
    for name in (*present, *(order.unit for order in orders)):
        met = {**levels, **known_on(game.state.world, planet_id)}
        assert all(met[needed] >= n for needed, n in RULES.units[name].requires.items())
    if orders:
        assert orders[0].started_at is not None
        assert orders[0].started_at <= START
        assert orders[0].count >= 1


def test_that_seeded_shipyards_build_and_deliver() -> None:
    game = seeded(20, 400)
    planets = game.state.world.tables[PLANET]
    is_building = planets.array("UnitQueue.unit_building") != NO_UNIT
    assert 5 < is_building.sum() < 200
    assert (planets.array("UnitQueue.units_waiting")[is_building] != "").any()
    before = planets.array("Units.count").sum()
    assert isinstance(game.clock, ManualClock)
    game.clock.advance(10 * 24 * 3600)
    game.advance(game.clock.now())
    assert game.set_aside_count == 0
    assert planets.array("Units.count").sum() > before
    assert (planets.array("UnitQueue.unit_building") == NO_UNIT).all()


def test_that_a_seeded_world_can_be_played() -> None:
    game = seeded(20, 60)
    assert isinstance(game.clock, ManualClock)
    game.clock.advance(10 * 24 * 3600)
    game.advance(game.clock.now())
    assert game.set_aside_count == 0
    accepted = 0
    for player_id in range(1, 21):
        for command in (
            StartBuilding(player_id, "metal_mine"),
            DemolishBuilding(player_id, "solar_plant"),
            CancelBuilding(player_id, 0),
        ):
            accepted += isinstance(game.execute(command).outcome, Accepted)
    assert accepted > 20


def test_that_the_same_seed_makes_the_same_world() -> None:
    first, second, other = (bits_of(seeded(9, 30, seed).state.world) for seed in (5, 5, 6))
    assert first["planet"] == second["planet"]
    assert first["planet"] != other["planet"]


def test_that_a_universe_can_be_filled_to_the_last_place() -> None:
    game = seeded(36, 60)
    assert list(game.state.galaxy.free_places()) == []


def test_that_rows_join_a_world_with_its_counters() -> None:
    world = World(KINDS)
    owners, generator = np.array([3, 8]), np.random.default_rng(1)
    settings_ = economy_settings_of(new_game().state.world)
    homes = make_planets(SeedPlan(2, 2, 1, 1), owners, 1, settings_, START, generator)
    rows = make_players(owners, ["a", "b"], homes, START)
    add_rows(world, PLAYER, rows)
    assert world.next_id[PLAYER] == 9
    assert world.next_id[UNIVERSE] == 1
    assert [world.tables[PLAYER].get(i, "Player.name") for i in (3, 8)] == ["a", "b"]
