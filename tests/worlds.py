"""Worlds for tests: small, with a manual clock and a store of their own."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from core import stockpiles
from core.clock import Clock
from core.commands import Accepted, Command, FoundHome, Rejected
from core.components import (
    BUILDINGS,
    KINDS,
    PLANET,
    PLAYER,
    TECHNOLOGIES,
    UNITS,
    UNIVERSE,
    UNIVERSE_ID,
    Buildings,
    Knowledge,
    Planet,
    Research,
    Units,
)
from core.config import Settings
from core.ecs import Kind, Origin, World
from core.ecs.component import fields_of
from core.galaxy import Galaxy
from core.game import GameWorld
from core.loading import build_game, create_universe, galaxy_of
from core.mailboxes import Mailboxes
from core.metrics import Metrics
from core.ownership import planet_ids_of
from core.persistence.worlds import LoadedTable, LoadedWorld
from core.rules import ECONOMY, RULES
from core.save_batch import WorldClock
from core.state import GameState
from tests.manual_clock import START, ManualClock
from tests.store import ManualStore

Bits = dict[str, dict[int, dict[str, Any]]]

RANDOM_SEED = 7
NO_LEVELS = dict.fromkeys(BUILDINGS.labels, 0)
NO_TECHNOLOGIES = dict.fromkeys(TECHNOLOGIES.labels, 0)

__all__ = [
    "NO_LEVELS",
    "NO_TECHNOLOGIES",
    "Bits",
    "Galaxy",
    "Kind",
    "WorldClock",
    "bits_of",
    "boxes_of",
    "carry_out",
    "changed_bits_of",
    "everything_of",
    "found",
    "loaded_from",
    "new_game",
    "new_state",
    "refused",
    "reload",
    "set_up",
    "stored_bits",
]


def new_state(**settings: Any) -> GameState:
    """Return an empty world with its universe."""
    world = World(KINDS)
    create_universe(world, settings, START)
    _fix_random_seed(world)
    return GameState(world, RULES, ECONOMY, galaxy_of(world))


def new_game(
    clock: Clock | None = None,
    store: ManualStore | None = None,
    metrics: Metrics | None = None,
    **settings: Any,
) -> GameWorld:
    """Return a new world on a manual clock; its universe is not saved yet."""
    game = build_game(
        loaded_from(ManualStore()),
        _settings(**settings),
        clock or ManualClock(),
        metrics or _metrics(),
        (store or ManualStore(at_once=True)).submit,
    )
    _fix_random_seed(game.state.world)
    return game


def reload(
    store: ManualStore, clock: Clock, metrics: Metrics | None = None, **settings: Any
) -> GameWorld:
    """Return the world that a restart would load from what the store has committed."""
    loaded = loaded_from(store)
    return build_game(loaded, _settings(**settings), clock, metrics or _metrics(), store.submit)


def loaded_from(store: ManualStore, homeless: Sequence[tuple[int, str]] = ()) -> LoadedWorld:
    """Return what a store has committed as it is read at a start."""
    tables = {kind: _loaded(kind, store) for kind in KINDS}
    return LoadedWorld(store.clock, tables, tuple(homeless))


def found(game: GameWorld, player_id: int, name: str | None = None) -> int:
    """Found a player's home and return the planet's id."""
    home = carry_out(game, FoundHome(player_id, name or f"player{player_id}"))
    planet_id: int = home.planet_id
    return planet_id


def carry_out(game: GameWorld, command: Command) -> Any:
    """Carry out a command that must be accepted, and return its value."""
    outcome = game.execute(command).outcome
    assert isinstance(outcome, Accepted), outcome
    return outcome.value


def refused(game: GameWorld, command: Command) -> Rejected:
    """Carry out a command that must be refused and leave no trace, and return the refusal."""
    # Its own instant: what is due until then is no trace of it.
    at = game.reach_next_instant()
    before = everything_of(game)
    outcome = game.execute_at(at, command).outcome
    assert isinstance(outcome, Rejected), outcome
    assert everything_of(game) == before
    return outcome


def set_up(
    game: GameWorld,
    planet_id: int = 1,
    *,
    levels: Mapping[str, int] | None = None,
    amounts: Sequence[float] | None = None,
    fields: int | None = None,
    temperature_max: int | None = None,
    technologies: Mapping[str, int] | None = None,
    units: Mapping[str, int] | None = None,
) -> None:
    """Make a planet as a test needs it, at the present instant, and have it marked urgent.

    `technologies` are its owner's, and those that all of his planets know.
    """
    world = game.state.world
    with world.unit_of_work(Origin.COMMAND, game.clock.now()):
        if levels is not None:
            built = {**NO_LEVELS, **levels}
            buildings = world.component_for_entity(PLANET, planet_id, Buildings)
            buildings.level = tuple(built[name] for name in BUILDINGS.labels)
        planet = world.component_for_entity(PLANET, planet_id, Planet)
        planet.fields = planet.fields if fields is None else fields
        if temperature_max is not None:
            planet.temperature_max = temperature_max
        if units is not None:
            there = world.component_for_entity(PLANET, planet_id, Units)
            there.count = tuple(units.get(name, 0) for name in UNITS.labels)
        if amounts is not None:
            stockpiles.receive(game.state, planet_id, amounts, game.clock.now())
        changed = [planet_id]
        if technologies is not None:
            changed = planet_ids_of(world, planet.owner_id)
            _teach(world, planet.owner_id, changed, {**NO_TECHNOLOGIES, **technologies})
        for each in changed:
            stockpiles.change_rates(game.state, each, game.clock.now())
    game.calendar.reload()
    game.writer.note_urgent()


def _teach(
    world: World, player_id: int, planet_ids: Iterable[int], technologies: Mapping[str, int]
) -> None:
    levels = tuple(technologies[name] for name in TECHNOLOGIES.labels)
    world.component_for_entity(PLAYER, player_id, Research).level = levels
    for planet_id in planet_ids:
        world.component_for_entity(PLANET, planet_id, Knowledge).technology = levels


def bits_of(world: World) -> Bits:
    """Return every column of every entity, to be compared with ==; the marks left out."""
    return {kind.name: _rows_of(world, kind, world.tables[kind].ids) for kind in world.kinds}


def changed_bits_of(world: World) -> Bits:
    """Return every column of the entities with changes that no save has taken yet."""
    return {
        kind.name: _rows_of(
            world,
            kind,
            [i for i in world.tables[kind].ids if world.marks[kind].flags_of(int(i))],
        )
        for kind in world.kinds
    }


def stored_bits(store: ManualStore, world: World) -> Bits:
    """Return what the store has on disk, in the shape of `bits_of`."""
    return {kind.name: dict(sorted(store.rows[kind.name].items())) for kind in world.kinds}


def everything_of(game: GameWorld) -> object:
    """Return all that a refused command must leave alone: columns, marks, ids, taken places."""
    world = game.state.world
    marks = {
        (kind.name, field): table.array(f"mark.{field}")[table.ids.argsort()].tolist()
        for kind, table in world.tables.items()
        for field in ("flags", "since", "written_slot")
    }
    return (
        bits_of(world),
        marks,
        {kind.name: [int(i) for i in world.marks[kind].urgent_ids] for kind in world.kinds},
        {kind.name: dict(ids) for kind, ids in world.tombstones.items()},
        {kind.name: number for kind, number in world.next_id.items()},
        game.state.galaxy.shape,
        [column.tobytes() for column in vars(game.state.galaxy).values()],
        boxes_of(game.state.mailboxes),
    )


def boxes_of(mailboxes: Mailboxes) -> dict[tuple[int, int], list[int]]:
    """Return the messages that are in each mailbox by player and kind."""
    return {box: ids.tolist() for box, ids in vars(mailboxes)["_ids"].items()}


def _rows_of(world: World, kind: Kind, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    table = world.tables[kind]
    keys = [field.key for field in table.fields]
    rows = {entity_id: table.row(entity_id) for entity_id in sorted(map(int, ids))}
    return {
        entity_id: {key: table.value_at(row, key) for key in keys}
        for entity_id, row in rows.items()
    }


@functools.cache
def _settings(**settings: Any) -> Settings:
    # To read the environment takes longer than to make the world.
    return Settings(**settings)


def _fix_random_seed(world: World) -> None:
    # A failure must be repeatable.
    world.tables[UNIVERSE].set(UNIVERSE_ID, "Universe.random_seed", RANDOM_SEED)


def _metrics() -> Metrics:
    return Metrics(tick_ring_capacity=100, save_ring_capacity=100)


def _loaded(kind: Kind, store: ManualStore) -> LoadedTable:
    rows = store.rows[kind.name]
    ids = np.array(sorted(rows), dtype=np.int64)
    fields = chain.from_iterable(map(fields_of, kind.components))
    columns = {field.key: field.empty(len(ids)) for field in fields}
    for place, entity_id in enumerate(ids.tolist()):
        for key, value in rows[entity_id].items():
            columns[key][place] = value
    return LoadedTable(ids, columns)
