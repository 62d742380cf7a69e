"""Filling a new world with plausible players, levels and queues, for trials and benchmarks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.components import (
    BUILDINGS,
    NEVER,
    PLACES,
    PLANET,
    PLAYER,
    RESEARCH_PLACES,
    RESOURCES,
    SLIDERS,
    TECHNOLOGIES,
    UNITS,
)
from core.ecs import Kind, World
from core.ecs.table import AnyArray, Ids
from core.errors import StarkeepError
from core.rules import ECONOMY, RULES, EconomySettings, stocks
from core.rules.production import Conditions
from core.rules.research import technology_cost
from core.save_batch import TableRows
from core.seed_units import cost_of_units, unit_columns

_POSITIONS = len(RULES.slots)
GALAXIES_MAX = 1000

# How far a building of a typical planet gets, in levels, relative to the planet's age.
_TYPICAL_LEVELS = {
    "metal_mine": 16,
    "crystal_mine": 14,
    "deuterium_synthesizer": 11,
    "solar_plant": 17,
    "metal_storage": 5,
    "crystal_storage": 4,
    "deuterium_tank": 3,
    "robot_factory": 6,
    "shipyard": 5,
    "research_lab": 7,
    "fusion_reactor": 4,
    "missile_silo": 2,
}
# How far a technology gets, in levels, relative to the age of its player's home.
_TYPICAL_TECHNOLOGIES = {
    "energy": 8,
    "laser": 8,
    "ion": 5,
    "hyperspace": 4,
    "plasma": 3,
    "combustion_drive": 7,
    "impulse_drive": 6,
    "hyperspace_drive": 3,
    "espionage": 6,
    "computer": 7,
    "astrophysics": 6,
    "weapons": 6,
    "shielding": 6,
    "armour": 7,
}
_BUILDING_SHARE = 0.2  # of the planets are building something


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """How much to make, and with how many galaxies it fits."""

    players: int
    planets: int
    galaxies: int
    systems: int


def plan_seed(players: int, planets: int, galaxies: int, systems: int) -> SeedPlan:
    """Return a plan with enough galaxies. Raise StarkeepError if there cannot be enough."""
    if not 1 <= players <= planets:
        raise StarkeepError("seed needs at least one player, and a planet for each player")
    first, last = RULES.home_positions
    needed = max(
        math.ceil(planets / (systems * _POSITIONS)),
        math.ceil(players / (systems * (last - first + 1))),
    )
    if needed > GALAXIES_MAX:
        raise StarkeepError(
            f"{planets} planets need {needed} galaxies; {GALAXIES_MAX} is the most there can be"
        )
    return SeedPlan(players, planets, max(galaxies, needed), systems)


def make_planets(
    plan: SeedPlan,
    player_ids: Ids,
    first_planet_id: int,
    settings: EconomySettings,
    now: float,
    generator: np.random.Generator,
) -> TableRows:
    """Return planets; the first `plan.players` of them are the homes, in the players' order.

    What a player has researched is the same on all his planets: see `make_players`.
    """
    count = plan.planets
    galaxy, system, position = _places(plan, generator)
    home_count = plan.players
    owners = np.concatenate(
        (player_ids, generator.choice(player_ids, size=count - home_count, replace=True))
    )
    slots = position.astype(np.intp) - 1
    temperature = _between(generator, _slot_table("temperature_max")[slots])
    fields = _between(generator, _slot_table("fields")[slots])
    fields[:home_count] = RULES.home_fields
    age = generator.random(count) ** 1.5
    levels = _levels(generator, age)
    _leave_fields(levels, fields)
    technologies = _technologies(generator, age[:home_count], levels[:home_count])
    known = technologies[np.searchsorted(player_ids, owners)]
    _wait_for_requirements(levels, known)
    units = unit_columns(generator, levels, known, settings, now)
    rates = ECONOMY.rates(
        {name: levels[:, index] for index, name in enumerate(BUILDINGS.labels)},
        position,
        temperature.astype(np.float64),
        settings,
        _conditions(known, units["Units.count"]),
    )
    production, consumption, capacity = (
        np.stack([np.broadcast_to(np.asarray(v, np.float64), count) for v in values], axis=1)
        for values in (rates.production, rates.consumption, rates.capacity)
    )
    # Nowhere nothing: a reactor would have shut down.
    amount = np.floor(capacity * generator.random((count, len(RESOURCES))) * 0.9) + 1
    due = stocks.seconds_to_boundaries(amount, production, consumption, capacity).min(axis=1)
    queues = _queues(generator, levels, settings, now)
    spent = _cost_of(levels) + queues["BuildQueue.paid"] + cost_of_units(units)
    spent[:home_count] += _cost_of_research(technologies)
    columns: dict[str, AnyArray] = {
        "Position.galaxy": galaxy,
        "Position.system": system,
        "Position.position": position,
        "Planet.owner_id": owners,
        "Planet.name": np.where(np.arange(count) < home_count, "Homeworld", "Colony"),
        "Planet.temperature_max": temperature.astype(np.int16),
        "Planet.fields": fields.astype(np.int16),
        "Planet.founded_at": np.full(count, now),
        "Planet.is_moon": np.zeros(count, dtype=np.bool_),
        "Planet.diameter_km": np.zeros(count, dtype=np.int16),
        "Stocks.amount": amount,
        "Stocks.production": production,
        "Stocks.consumption": consumption,
        "Stocks.capacity": capacity,
        "Stocks.settled_at": np.full(count, now),
        "Stocks.boundary_at": now + due,
        "Ledger.received": amount + spent,
        "Ledger.moved": np.zeros_like(spent),
        "Ledger.spent": spent,
        "Buildings.level": levels,
        **queues,
        "Knowledge.technology": known,
        "Knowledge.lab_busy": np.zeros(count, dtype=np.bool_),
        "Knowledge.on_vacation": np.zeros(count, dtype=np.bool_),
        "Power.slider": np.full((count, len(SLIDERS)), RULES.sliders.steps, dtype=np.int8),
        "Power.reactor_runs": np.ones(count, dtype=np.bool_),
        "Power.restart_at": np.full(count, NEVER),
        **units,
        "Gate.gate_ready_at": np.zeros(count),
    }
    ids = np.arange(first_planet_id, first_planet_id + count, dtype=np.int64)
    return TableRows(PLANET.name, ids, columns)


def make_players(player_ids: Ids, names: Sequence[str], homes: TableRows, now: float) -> TableRows:
    """Return players with their homes, the first planets, and what is known there."""
    count, places = len(player_ids), len(RESEARCH_PLACES)
    home_ids = homes.ids[:count]
    return TableRows(
        PLAYER.name,
        player_ids,
        {
            "Player.name": np.array(names, dtype=np.dtypes.StringDType()),
            "Player.home_id": home_ids,
            "Player.active_planet_id": home_ids,
            "Player.joined_at": np.full(count, now),
            "Research.level": homes.columns["Knowledge.technology"][:count].copy(),
            "ResearchQueue.queued": np.zeros((count, places), dtype=np.int16),
            "ResearchQueue.planet_id": np.zeros((count, places), dtype=np.int64),
            "ResearchQueue.paid": np.zeros((count, len(RESOURCES))),
            "ResearchQueue.started_at": np.zeros(count),
            "ResearchQueue.finish_at": np.full(count, NEVER),
            "Trader.fees_paid": np.zeros((count, len(RESOURCES))),
            "Wreckage.debris_made": np.zeros((count, len(RESOURCES)), dtype=np.int64),
            "Wreckage.cargo_lost": np.zeros((count, len(RESOURCES)), dtype=np.int64),
            "Presence.active_at": np.full(count, now),
            "Vacation.on_vacation": np.zeros(count, dtype=np.bool_),
            "Vacation.vacation_since": np.zeros(count),
            "Legacy.spent": np.zeros((count, len(RESOURCES))),
            "Legacy.moved": np.zeros((count, len(RESOURCES))),
            "Finds.resources_found": np.zeros((count, len(RESOURCES)), dtype=np.int64),
        },
    )


def add_rows(world: World, kind: Kind, rows: TableRows) -> None:
    """Put rows into a world in memory, as if they had been loaded."""
    world.tables[kind].extend(rows.ids, rows.columns)
    world.next_id[kind] = max(world.next_id[kind], int(rows.ids.max(initial=0)) + 1)


def _places(
    plan: SeedPlan, generator: np.random.Generator
) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.int16], npt.NDArray[np.int8]]:
    """Draw distinct places: homes at habitable positions, the others anywhere."""
    everywhere = generator.permutation(plan.galaxies * plan.systems * _POSITIONS)
    first, last = RULES.home_positions
    position = everywhere % _POSITIONS + 1
    habitable = (position >= first) & (position <= last)
    homes = np.flatnonzero(habitable)[: plan.players]
    others = np.ones(len(everywhere), dtype=bool)
    others[homes] = False
    chosen = everywhere[
        np.concatenate((homes, np.flatnonzero(others)[: plan.planets - plan.players]))
    ]
    system_number, position = np.divmod(chosen, _POSITIONS)
    galaxy, system = np.divmod(system_number, plan.systems)
    return (
        (galaxy + 1).astype(np.int16),
        (system + 1).astype(np.int16),
        (position + 1).astype(np.int8),
    )


def _slot_table(name: str) -> npt.NDArray[np.int64]:
    return np.array([getattr(slot, name) for slot in RULES.slots])


def _between(
    generator: np.random.Generator, bounds: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    return generator.integers(bounds[:, 0], bounds[:, 1], endpoint=True)


def _levels(generator: np.random.Generator, age: npt.NDArray[np.float64]) -> npt.NDArray[np.int16]:
    """Draw levels: old planets have more of everything."""
    typical = np.array([_TYPICAL_LEVELS.get(name, 0) for name in BUILDINGS.labels], dtype=float)
    spread = generator.uniform(0.7, 1.3, (len(age), len(typical)))
    levels: npt.NDArray[np.int16] = np.floor(age[:, None] * typical * spread).astype(np.int16)
    return levels


def _technologies(
    generator: np.random.Generator,
    age: npt.NDArray[np.float64],
    home_levels: npt.NDArray[np.int16],
) -> npt.NDArray[np.int16]:
    """Draw what players know, by the age and the lab of their homes."""
    typical = np.array(
        [_TYPICAL_TECHNOLOGIES.get(name, 0) for name in TECHNOLOGIES.labels], dtype=float
    )
    spread = generator.uniform(0.7, 1.3, (len(age), len(typical)))
    known: npt.NDArray[np.int16] = np.floor(age[:, None] * typical * spread).astype(np.int16)
    # What needs something waits for it, and what needs that in turn.
    before = known + 1
    while (known != before).any():
        before = known.copy()
        for index, name in enumerate(TECHNOLOGIES.labels):
            requires = RULES.technologies[name].requires
            known[~_are_met(requires, home_levels, known), index] = 0
    return known


def _wait_for_requirements(levels: npt.NDArray[np.int16], known: npt.NDArray[np.int16]) -> None:
    """Take away what could not have been built yet."""
    for index, name in enumerate(BUILDINGS.labels):
        levels[~_are_met(RULES.buildings[name].requires, levels, known), index] = 0


def _are_met(
    requires: Mapping[str, int],
    levels: npt.NDArray[np.int16],
    known: npt.NDArray[np.int16],
) -> npt.NDArray[np.bool_]:
    met = np.ones(len(levels), dtype=np.bool_)
    for needed, level in requires.items():
        if needed in RULES.technologies:
            met &= known[:, TECHNOLOGIES.index(needed)] >= level
        else:
            met &= levels[:, BUILDINGS.index(needed)] >= level
    return met


def _leave_fields(levels: npt.NDArray[np.int16], fields: npt.NDArray[np.int64]) -> None:
    """Halve what stands on planets that have no room for it: nobody has more than fits."""
    crowded = levels.sum(axis=1) >= fields
    levels[crowded] //= 2


def _conditions(known: npt.NDArray[np.int16], units: AnyArray) -> Conditions:
    def level_of(name: str | None) -> AnyArray | int:
        return 0 if name is None else known[:, TECHNOLOGIES.index(name)]

    return Conditions(
        energy_technology=level_of(RULES.energy_technology),
        plasma=level_of(RULES.plasma.technology),
        satellites=units[:, UNITS.index(RULES.satellite.unit)],
    )


def _cost_of(levels: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return what these levels cost, per resource."""
    cost = np.zeros((len(levels), len(RESOURCES)))
    for index, name in enumerate(BUILDINGS.labels):
        prices = [ECONOMY.cost(name, level) for level in range(1, levels[:, index].max() + 1)]
        up_to = np.cumsum([(0,) * len(RESOURCES), *prices], axis=0, dtype=np.float64)
        cost += up_to[levels[:, index]]
    return cost


def _cost_of_research(known: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return what these technologies cost, per resource."""
    cost = np.zeros((len(known), len(RESOURCES)))
    for index, technology in enumerate(RULES.technologies.values()):
        highest = int(known[:, index].max(initial=0))
        prices = [technology_cost(technology, level) for level in range(1, highest + 1)]
        up_to = np.cumsum([(0,) * len(RESOURCES), *prices], axis=0, dtype=np.float64)
        cost += up_to[known[:, index]]
    return cost


def _queues(
    generator: np.random.Generator,
    levels: npt.NDArray[np.int16],
    settings: EconomySettings,
    now: float,
) -> dict[str, AnyArray]:
    """Have some planets build the next level of a mine, at some point of its time."""
    count = len(levels)
    queued = np.zeros((count, len(PLACES)), dtype=np.int16)
    paid = np.zeros((count, len(RESOURCES)))
    started_at = np.zeros(count)
    finish_at = np.full(count, NEVER)
    builders = np.flatnonzero(generator.random(count) < _BUILDING_SHARE)
    building = generator.integers(0, 3, len(builders))
    next_level = levels[builders, building] + 1
    factory = levels[builders, BUILDINGS.index(RULES.construction.factory)]
    kinds, inverse = np.unique(
        np.stack((building, next_level, factory), axis=1), axis=0, return_inverse=True
    )
    orders = [
        _order(int(kind), int(level), int(factory_level), settings)
        for kind, level, factory_level in kinds
    ]
    prices = np.array([price for price, _ in orders], dtype=float).reshape(-1, len(RESOURCES))
    seconds = np.array([seconds for _, seconds in orders], dtype=float)
    inverse = inverse.reshape(-1)
    queued[builders, 0] = building + 1
    paid[builders] = prices[inverse]
    # Anywhere within its time: orders come at any fraction of a second, and so do their ends.
    started_at[builders] = now - generator.random(len(builders)) * seconds[inverse]
    finish_at[builders] = started_at[builders] + seconds[inverse]
    return {
        "BuildQueue.queued": queued,
        "BuildQueue.paid": paid,
        "BuildQueue.started_at": started_at,
        "BuildQueue.finish_at": finish_at,
    }


def _order(
    building: int, level: int, factory_level: int, settings: EconomySettings
) -> tuple[tuple[int, ...], int]:
    name = BUILDINGS.labels[building]
    seconds = ECONOMY.build_seconds(name, level, factory_level, settings.economy_speed)
    return ECONOMY.cost(name, level), seconds
