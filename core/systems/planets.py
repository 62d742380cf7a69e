"""What a player sets of a planet: its name, and how much of its mines and power works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core import stockpiles
from core.commands import Accepted, ChangePlanet, Rejected
from core.components import PLANET, SLIDERS, Planet, Power
from core.events import Event, StocksChanged
from core.ownership import planet_of
from core.state import GameState


@dataclass(frozen=True, slots=True)
class PlanetSetup:
    """A planet's name and its sliders, (name, per cent) each."""

    planet_id: int
    name: str
    sliders: tuple[tuple[str, int], ...]


def change_planet(state: GameState, command: ChangePlanet, at: float) -> Accepted | Rejected:
    """Rename a planet and set sliders, which change its rates from this instant on."""
    planet_id = planet_of(state.world, command.player_id, command.planet_id)
    if isinstance(planet_id, Rejected):
        return planet_id
    refusal = _refusal(state, command.sliders)
    if refusal is not None:
        return refusal
    events: list[Event] = []
    planet = state.world.component_for_entity(PLANET, planet_id, Planet)
    if command.name is not None and command.name != planet.name:
        planet.name = command.name
    power = state.world.component_for_entity(PLANET, planet_id, Power)
    steps = _with(state, power.slider, command.sliders)
    if steps != power.slider:
        power.slider = steps
        stockpiles.change_rates(state, planet_id, at, refuelled=True)
        events.append(StocksChanged(at, command.player_id, planet_id))
    return Accepted(setup_of(state, planet_id), tuple(events))


def setup_of(state: GameState, planet_id: int) -> PlanetSetup:
    world = state.world
    steps = world.component_for_entity(PLANET, planet_id, Power).slider
    per_step = 100 // state.rules.sliders.steps
    return PlanetSetup(
        planet_id,
        world.component_for_entity(PLANET, planet_id, Planet).name,
        tuple((name, step * per_step) for name, step in zip(SLIDERS.labels, steps, strict=True)),
    )


def _refusal(state: GameState, sliders: Mapping[str, int]) -> Rejected | None:
    per_step = 100 // state.rules.sliders.steps
    for name, percent in sliders.items():
        if name not in SLIDERS.labels:
            return Rejected("unknown_type", f"There is no slider called {name}.")
        if not 0 <= percent <= 100 or percent % per_step:
            return Rejected(
                "bad_value", f"{name} is {percent}; permitted is 0 to 100 in steps of {per_step}."
            )
    return None


def _with(state: GameState, steps: tuple[int, ...], sliders: Mapping[str, int]) -> tuple[int, ...]:
    per_step = 100 // state.rules.sliders.steps
    return tuple(
        sliders[name] // per_step if name in sliders else step
        for name, step in zip(SLIDERS.labels, steps, strict=True)
    )
