"""Ships that a player names: whether there are any such, where they stand, where there is room."""

from __future__ import annotations

from collections.abc import Mapping

from core import unit_queue, unit_stock
from core.commands import Rejected
from core.components import UNITS
from core.state import GameState


def malformed_ships(state: GameState, ships: Mapping[str, int]) -> Rejected | None:
    """Return why there is no such fleet anywhere, None if there may be."""
    for name, count in ships.items():
        if name not in state.rules.units:
            return Rejected("unknown_type", f"There is no ship called {name}.")
        if count < 0:
            return Rejected("bad_value", f"{name} is {count}; permitted is 0 or more.")
        if count and not state.rules.units[name].can_be_sent:
            return Rejected("cannot_fly", f"{name} cannot be sent anywhere.", {"unit": name})
    if not any(ships.values()):
        return Rejected("bad_value", "A fleet has one ship at least.")
    return None


def too_few_ships(
    state: GameState, planet_id: int, ships: Mapping[str, int], at: float
) -> Rejected | None:
    """Return which of some units are not on a planet at an instant, None if all are."""
    there = dict(zip(UNITS.labels, unit_stock.units_at(state, planet_id, at), strict=True))
    missing = {name: count - there[name] for name, count in ships.items() if count > there[name]}
    if not missing:
        return None
    short = ", ".join(f"{count} {name}" for name, count in missing.items())
    return Rejected("not_enough_ships", f"Short of {short}.", {"missing": missing})


def no_room_for(state: GameState, planet_id: int, ships: Mapping[str, int]) -> Rejected | None:
    """Return why some units cannot all land on a planet beside those it has and has ordered."""
    there = unit_stock.spoken_for(state, planet_id)
    refusals = (
        unit_queue.too_many(state.rules.units[name], there[name], count)
        for name, count in ships.items()
    )
    return next((refusal for refusal in refusals if refusal is not None), None)
