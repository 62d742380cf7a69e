"""Debris in space: finding what lies at a place, adding to it and taking from it."""

from __future__ import annotations

import operator
from collections.abc import Sequence

from core.components import DEBRIS, Debris
from core.ecs import World
from core.galaxy import Coordinates
from core.indexes import DEBRIS_BY_PLACE

_NOTHING = 0  # ids begin with 1


def find(world: World, place: Coordinates) -> int | None:
    """Return what lies at a place, None for nothing, noting that this alone is read."""
    found = world.tables[DEBRIS].ids_with(DEBRIS_BY_PLACE, place)
    # That nothing lies here is seen, too: what follows from it must be saved before any debris that
    # comes later, or a restart would find that.
    world.note_reads(DEBRIS, found or [_NOTHING])
    return found[0] if found else None


def add(world: World, place: Coordinates, amounts: Sequence[int]) -> None:
    """Leave amounts at a place; nothing is no debris."""
    if not any(amounts):
        return
    debris_id = find(world, place)
    if debris_id is None:
        world.create_entity(DEBRIS, Debris(*place, left=tuple(amounts)))
        return
    lying = world.component_for_entity(DEBRIS, debris_id, Debris)
    lying.left = tuple(map(operator.add, lying.left, amounts))


def take(world: World, debris_id: int, amounts: Sequence[int]) -> None:
    """Take amounts that are there; when nothing is left it is gone."""
    lying = world.component_for_entity(DEBRIS, debris_id, Debris)
    left = tuple(map(operator.sub, lying.left, amounts))
    if any(left):
        lying.left = left
    else:
        world.delete_entity(DEBRIS, debris_id)
