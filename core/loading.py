"""From rows to a world that can be played: tables, indexes, and what is to be done first."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.bots.strength import Bot
from core.clock import Clock
from core.commands import AdoptRules, ChangeSettings, Command, ExcuseAbsence, FoundHome
from core.components import KINDS, PLANET, UNIVERSE, UNIVERSE_ID, Universe
from core.config import Settings
from core.ecs import Origin, World, fields_of
from core.errors import DatabaseError, SettingsError
from core.galaxy import Galaxy
from core.game import GameWorld
from core.highscore import learn_prices
from core.indexes import prepare
from core.metrics import Metrics
from core.presence import STANDSTILL_S_EXCUSED
from core.rules import ECONOMY, RULES, Rules
from core.state import GameState
from core.sync import LoadedWorld
from core.systems.settings import refusal_of
from core.write_behind import SubmitSave

_REMEDY = "`starkeep check` lists what is wrong, `starkeep restore` brings a backup back"


def build_game(
    loaded: LoadedWorld,
    settings: Settings,
    clock: Clock,
    metrics: Metrics,
    submit_save: SubmitSave,
) -> GameWorld:
    """Return the world that was loaded, or a new one where there was none.

    A new world is changed already: its settings go with the first save. Raise SettingsError if the
    world cannot take on one of the settings that are given.
    """
    world = world_of(loaded, settings, clock.now())
    prepare(world)
    learn_prices(world)
    state = GameState(world, RULES, ECONOMY, galaxy_of(world))
    game = GameWorld(
        state,
        clock,
        metrics,
        submit_save,
        save_interval_s=settings.save_interval_seconds,
        persist_interval_s=settings.persist_interval_s,
        grace_s=settings.storage_grace_seconds,
        durable=loaded.clock,
        logs_commands=settings.command_log,
    )
    if world.marks[UNIVERSE].urgent_count:
        game.writer.note_urgent()
    _refuse_impossible(state, settings.world_settings)
    return game


def world_of(loaded: LoadedWorld, settings: Settings, at: float) -> World:
    """Return the entities that were loaded; where there are none, those of a new world."""
    world = World(KINDS)
    for kind, rows in loaded.tables.items():
        world.tables[kind].extend(rows.ids, rows.columns)
    if loaded.clock is not None:
        world.next_id = {kind: loaded.clock.next_ids[kind.name] for kind in KINDS}
    if loaded.clock is None or not len(world.tables[UNIVERSE]):
        _refuse_half_a_world(world)
        create_universe(world, settings.world_settings, at)
    return world


def opening_commands(
    loaded: LoadedWorld,
    settings: Settings,
    now: float | None = None,
    bots: Sequence[Bot] = (),
) -> list[Command]:
    """Return what a loaded world needs before its first tick, after it has caught up.

    `now` is when it is: who could not come because the world was off was not away.
    """
    commands: list[Command] = []
    if loaded.clock is not None:
        commands.append(AdoptRules(rules_fingerprint(RULES)))
        off_s = 0.0 if now is None else now - loaded.clock.world_time
        if off_s >= STANDSTILL_S_EXCUSED:
            commands.append(ExcuseAbsence(off_s))
        given = {
            name: value for name, value in settings.world_settings.items() if name != "systems"
        }
        if given:
            commands.append(ChangeSettings(given))
    # Computer players do not choose.
    brought = {bot.player_id for bot in bots} if _start_is_chosen(loaded, settings) else None
    commands += [
        FoundHome(account_id, name)
        for account_id, name in loaded.homeless
        if brought is None or account_id in brought
    ]
    return commands


def create_universe(world: World, given: Mapping[str, Any], at: float) -> None:
    """Make the settings of a new world: those that are given, the rules' for the rest."""
    values = {name: setting.default for name, setting in RULES.settings.items()} | dict(given)
    universe = Universe(
        **{name: values[name] for name in RULES.settings},
        # Positive in every database's signed 64 bits.
        random_seed=random.SystemRandom().getrandbits(62),
        rules_fingerprint=rules_fingerprint(RULES),
    )
    with world.unit_of_work(Origin.COMMAND, at):
        world.create_entity(UNIVERSE, universe, entity_id=UNIVERSE_ID)


def galaxy_of(world: World) -> Galaxy:
    """Return the index of taken places for the planets that a world has.

    Raise DatabaseError if there is none for one of them.
    """
    if UNIVERSE_ID not in world.tables[UNIVERSE].ids:
        raise DatabaseError(f"the database holds a world without its settings; {_REMEDY}")
    universe = world.component_for_entity(UNIVERSE, UNIVERSE_ID, Universe)
    size = (universe.galaxies, universe.systems, len(RULES.slots))
    if min(size) < 1:
        raise DatabaseError(f"the database holds a universe without a place in it; {_REMEDY}")
    planets = world.tables[PLANET]
    places = (
        planets.array("Position.galaxy"),
        planets.array("Position.system"),
        planets.array("Position.position"),
    )
    inside = [(place >= 1) & (place <= most) for place, most in zip(places, size, strict=True)]
    outside = planets.ids[~np.logical_and.reduce(inside)]
    if len(outside):
        raise DatabaseError(f"planet {outside[0]} lies outside of the universe; {_REMEDY}")
    galaxy = Galaxy(*size)
    galaxy.settle_many(*places, planets.array("Planet.is_moon"), planets.ids)
    return galaxy


def rules_fingerprint(rules: Rules) -> int:
    """Return a number that changes when any number of the rules does."""
    text = json.dumps(rules.source, sort_keys=True).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def _refuse_impossible(state: GameState, given: Mapping[str, Any]) -> None:
    """Refuse settings that would be ignored, the first of them in words for the host."""
    remedy = "; give a value that is, or leave the setting out"
    for name, value in given.items():
        has = getattr(state.universe, name)
        if value == has:
            continue
        text = f"{name.upper()} is {value!r}, which this world cannot take on: "
        if name == "systems":
            raise SettingsError(f"{text}it was made with {has}; permitted is {has}{remedy}")
        if name == "galaxies" and value < has:
            most = state.rules.settings[name].most
            raise SettingsError(f"{text}it may only grow; permitted is {has} to {most}{remedy}")
        refusal = refusal_of(state, {name: value})
        if refusal is not None:
            raise SettingsError(f"{text}{refusal.detail.rstrip('.')}{remedy}")


def _refuse_half_a_world(world: World) -> None:
    if any(len(table) for table in world.tables.values()):
        raise DatabaseError("the database holds a world without its settings or its clock")


def _start_is_chosen(loaded: LoadedWorld, settings: Settings) -> bool:
    """Return whether players choose where they begin: then the homeless are not crash victims."""
    if settings.require_start_choice is not None:
        return settings.require_start_choice
    universe = loaded.tables[UNIVERSE].columns
    key = "Universe.require_start_choice"
    return bool(universe[key][0]) if len(universe[key]) else False


_SETTING_NAMES = {field.name for field in fields_of(Universe)}
if RULES.settings.keys() != _SETTING_NAMES - {"random_seed", "rules_fingerprint"}:
    raise TypeError("rules.toml and core.components.Universe name different settings")
