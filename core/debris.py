"""Debris in space: finding what lies at a place, and taking from it."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

from core.components import DEBRIS, Debris
from core.ecs import World
from core.galaxy import Coordinates


def find(world: World, place: Coordinates) -> int | None:
    """Return what lies at a place, None for nothing."""
    ids, columns = world.get_components(DEBRIS, Debris)
    here = np.ones(len(ids), dtype=np.bool_)
    for name, number in zip(("galaxy", "system", "position"), place, strict=True):
        here &= columns[f"Debris.{name}"] == number
    found = ids[here]
    return int(found[0]) if len(found) else None


def take(world: World, debris_id: int, amounts: Sequence[int]) -> None:
    """Take amounts that are there; when nothing is left it is gone."""
    lying = world.component_for_entity(DEBRIS, debris_id, Debris)
    left = tuple(map(operator.sub, lying.left, amounts))
    if any(left):
        lying.left = left
    else:
        world.delete_entity(DEBRIS, debris_id)
