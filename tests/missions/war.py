"""A world of two or three neighbours who may attack one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.commands import DispatchFleet
from core.components import (
    DEBRIS,
    FLEET,
    OFFER,
    PLANET,
    PLAYER,
    UNITS,
    Debris,
    Fleet,
    Wreckage,
)
from core.events import Event
from core.game import GameWorld
from core.unit_stock import units_at
from core.voyages import Voyage
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, found, new_game, set_up

HOME, NEIGHBOUR, THIRD = (1, 1, 8), (1, 1, 9), (1, 1, 10)
RICH = (1e6, 1e6, 1e6)
ROOMY = {"metal_storage": 12, "crystal_storage": 12, "deuterium_tank": 12}
FLYING = {"combustion_drive": 6, "impulse_drive": 5, "hyperspace_drive": 8, "computer": 5}


def neighbours(clock: ManualClock, **settings: Any) -> GameWorld:
    """Return a world in which player 1 has everything that flies, and nobody earns anything."""
    no_income = dict.fromkeys(
        ("basic_income_metal", "basic_income_crystal", "basic_income_deuterium"), 0.0
    )
    game = new_game(clock, galaxies=3, systems=499, **(no_income | settings))
    for player_id, place in enumerate((HOME, NEIGHBOUR, THIRD), start=1):
        found(game, player_id)
        move(game, player_id, place)
    set_up(game, 1, levels=ROOMY, amounts=RICH, technologies=FLYING)
    set_up(game, 2, levels=ROOMY, amounts=(0, 0, 0))
    set_up(game, 3, levels=ROOMY, amounts=RICH, technologies=FLYING)
    return game


def move(game: GameWorld, planet_id: int, place: tuple[int, int, int]) -> None:
    """Have a planet lie elsewhere, as if it had been founded there."""
    table = game.state.world.tables[PLANET]
    names = ("galaxy", "system", "position")
    game.state.galaxy.clear(tuple(table.get(planet_id, f"Position.{name}") for name in names))
    for name, number in zip(names, place, strict=True):
        table.set(planet_id, f"Position.{name}", number)
    game.state.galaxy.settle(place, planet_id)


def order(mission: str, ships: Mapping[str, int], **changes: Any) -> DispatchFleet:
    return replace(DispatchFleet(1, mission, NEIGHBOUR, dict(ships)), **changes)


def send(game: GameWorld, mission: str, ships: Mapping[str, int], **changes: Any) -> Voyage:
    voyage: Voyage = carry_out(game, order(mission, ships, **changes))
    return voyage


def until(game: GameWorld, clock: ManualClock, at: float) -> None:
    clock.set(at)
    game.advance(at)


def units(game: GameWorld, planet_id: int) -> dict[str, int]:
    return named(units_at(game.state, planet_id, game.time))


def named(counts: tuple[int, ...]) -> dict[str, int]:
    return {name: n for name, n in zip(UNITS.labels, counts, strict=True) if n}


def fleet_of(game: GameWorld, voyage: Voyage) -> Fleet | None:
    if voyage.fleet_id not in game.state.world.tables[FLEET]:
        return None
    return game.state.world.component_for_entity(FLEET, voyage.fleet_id, Fleet)


def of_planet(game: GameWorld, component: type[Any], planet_id: int) -> Any:
    return game.state.world.component_for_entity(PLANET, planet_id, component)


def wreckage(game: GameWorld, player_id: int) -> Wreckage:
    return game.state.world.component_for_entity(PLAYER, player_id, Wreckage)


def debris_at(game: GameWorld, place: tuple[int, int, int] = NEIGHBOUR) -> tuple[int, ...]:
    world = game.state.world
    for debris_id in world.tables[DEBRIS].ids.tolist():
        lying = world.component_for_entity(DEBRIS, debris_id, Debris)
        if (lying.galaxy, lying.system, lying.position) == place:
            return lying.left
    return (0, 0, 0)


def unaccounted(game: GameWorld) -> list[float]:
    """Return by how much what is in the world is off what battles have made and destroyed."""
    tables = game.state.world.tables
    assert not len(tables[OFFER])
    total = (
        tables[PLANET].array("Ledger.moved").sum(axis=0)
        + tables[FLEET].array("Fleet.cargo").sum(axis=0)
        + tables[DEBRIS].array("Debris.left").sum(axis=0)
        + tables[PLAYER].array("Trader.fees_paid").sum(axis=0)
        + tables[PLAYER].array("Wreckage.cargo_lost").sum(axis=0)
        - tables[PLAYER].array("Wreckage.debris_made").sum(axis=0)
        - tables[PLAYER].array("Finds.resources_found").sum(axis=0)
    )
    return [float(amount) for amount in total]


def listen(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events
