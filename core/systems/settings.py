"""Changing the world's settings while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from core import stockpiles
from core.commands import Accepted, AdoptRules, ChangeSettings, Rejected
from core.components import (
    BUILDINGS,
    PLANET,
    Universe,
)
from core.conditions import conditions_of_all
from core.ecs import fields_of
from core.ecs.table import Table
from core.events import SettingsChanged
from core.rules import Rates, stocks
from core.rules.expeditions import Outcome
from core.rules.production import reactor_runs_on, seconds_to_restart
from core.state import GameState

# What nobody changes once a world is there.
FIXED = frozenset({"systems", "random_seed", "rules_fingerprint"})
# No due event that may wait reads these: changing them leaves every planet as it is. Those of war
# are read where a fleet arrives, which reads a planet beside the fleet and so never waits.
_LEAVE_PLANETS_ALONE = frozenset(
    {
        "galaxies",
        "starter_metal",
        "starter_crystal",
        "starter_deuterium",
        "registration_open",
        "require_start_choice",
        "debris_from_ships_percent",
        "debris_from_defence_percent",
        "deuterium_in_debris",
        "defence_repair_percent",
        "moon_chance_percent_max",
        "loot_share_percent",
        *(outcome.weight_setting for outcome in Outcome),
        "market_fee_percent",
        "market_offer_days",
        "newbie_protection",
        "inactive_after_days",
        "long_inactive_after_days",
    }
)


def change_settings(state: GameState, command: ChangeSettings, at: float) -> Accepted | Rejected:
    """Take on new settings at this instant: every planet is settled at the old ones first.

    All planets change in this one unit of work, so reading a setting is like reading a constant.
    """
    universe = state.universe
    refusal = refusal_of(state, command.values)
    if refusal is not None:
        return refusal
    changed = {
        name: value for name, value in command.values.items() if getattr(universe, name) != value
    }
    if not changed:
        return Accepted(())
    galaxies = state.galaxy.shape[0]
    new_galaxies = int(changed.get("galaxies", galaxies))
    for name, value in changed.items():
        setattr(universe, name, value)
    if changed.keys() - _LEAVE_PLANETS_ALONE:
        revalue_all_planets(state, at)
    if new_galaxies > galaxies:
        state.world.on_undo(lambda: state.galaxy.resize(galaxies))
        state.galaxy.resize(new_galaxies)
    return Accepted(tuple(changed), (SettingsChanged(at, tuple(changed)),))


def refusal_of(state: GameState, values: Mapping[str, Any]) -> Rejected | None:
    """Return why this world cannot take on such settings, None if it can."""
    known = {field.name for field in fields_of(Universe)} - FIXED
    if values.keys() - known:
        name = min(values.keys() - known)
        return Rejected("unknown_setting", f"{name} is not a setting that can be changed.")
    for name, value in values.items():
        permitted = state.rules.settings[name]
        if not permitted.permits(value):
            return Rejected(
                "bad_value", f"{name} is {value!r}; permitted is {permitted.permitted}."
            )
    galaxies = state.galaxy.shape[0]
    if int(values.get("galaxies", galaxies)) < galaxies:
        return Rejected("cannot_shrink", f"The universe has {galaxies} galaxies and may only grow.")
    return None


def adopt_rules(state: GameState, command: AdoptRules, at: float) -> Accepted:
    """Give every planet the rates of new rules from this instant on; the past keeps the old."""
    universe = state.universe
    if universe.rules_fingerprint == command.fingerprint:
        return Accepted(False)
    universe.rules_fingerprint = command.fingerprint
    revalue_all_planets(state, at)
    return Accepted(True)


def revalue_all_planets(state: GameState, at: float) -> None:
    """Settle every planet at `at` and give it the rates of the present rules and settings."""
    world = state.world
    table = world.tables[PLANET]
    amount, production, consumption, capacity = (
        table.array(f"Stocks.{name}")
        for name in ("amount", "production", "consumption", "capacity")
    )
    elapsed_s = at - table.array("Stocks.settled_at")[:, np.newaxis]
    amounts = stocks.amounts_after(amount, production, consumption, capacity, elapsed_s)
    rates, runs, restart_s = _rates_of_all(state, table, amounts)
    received = stocks.received_after(table.array("Ledger.received"), amount, amounts)
    world.write_column(PLANET, "Ledger.received", received)
    columns = {
        "Stocks.amount": amounts,
        "Stocks.production": _columns(rates.production, len(table)),
        "Stocks.consumption": _columns(rates.consumption, len(table)),
        "Stocks.capacity": _columns(rates.capacity, len(table)),
    }
    for key, values in columns.items():
        world.write_column(PLANET, key, values)
    world.write_column(PLANET, "Stocks.settled_at", at)
    world.write_column(PLANET, "Power.reactor_runs", runs)
    world.write_column(PLANET, "Power.restart_at", at + restart_s)
    due = at + stocks.seconds_to_boundaries(*columns.values()).min(axis=1, initial=np.inf)
    world.write_column(PLANET, "Stocks.boundary_at", due)


def _rates_of_all(
    state: GameState, table: Table, amounts: npt.NDArray[np.float64]
) -> tuple[Rates, npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return the rates of all planets, whose reactors run, and in how many seconds others do.

    See core.stockpiles for one planet.
    """
    count = len(table)
    levels = table.array("Buildings.level")
    by_name = {name: levels[:, index] for index, name in enumerate(BUILDINGS.labels)}
    slots = table.array("Position.position")
    temperatures = table.array("Planet.temperature_max").astype(np.float64)
    conditions = conditions_of_all(table)

    def rates_if(runs: Any) -> Rates:
        return state.economy.rates(
            by_name,
            slots,
            temperatures,
            state.economy_settings(),
            replace(conditions, reactor_runs=runs),
        )

    running = rates_if(True)
    fuel = stockpiles.fuel_of(state.rules)
    if fuel is None:
        return running, np.ones(count, np.bool_), np.full(count, np.inf)
    burn, income = (
        _columns((values[fuel],), count)[:, 0]
        for values in (running.consumption, running.production)
    )
    fusion, there = state.rules.fusion, amounts[:, fuel]
    runs = reactor_runs_on(fusion, table.array("Power.reactor_runs"), there, income, burn)
    if runs.all():
        return running, runs, np.full(count, np.inf)
    rates = rates_if(runs)
    meanwhile, capacity = (
        _columns((values[fuel],), count)[:, 0] for values in (rates.production, rates.capacity)
    )
    restart_s = seconds_to_restart(fusion, there, meanwhile, burn, capacity)
    return rates, runs, np.where(runs, np.inf, restart_s)


def _columns(values: tuple[Any, ...], count: int) -> npt.NDArray[np.float64]:
    return np.stack([np.broadcast_to(np.asarray(v, np.float64), count) for v in values], axis=1)
