"""Kinds of entities that are made of nothing but columns of every type, for tests of the ECS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from core.ecs import Axis, Column, Kind, World
from core.ecs.component import Bool, FixedInt16, Float64, Int64, Text

COLOURS = Axis("colour", ("red", "green", "blue"))
PerColour = Annotated[tuple[float, ...], Column(np.dtype(np.float64), COLOURS)]


@dataclass(slots=True)
class Label:
    number: FixedInt16
    name: Text


@dataclass(slots=True)
class Light:
    level: PerColour
    is_on: Bool


@dataclass(slots=True)
class Weight:
    grams: Float64
    count: Int64


LAMP = Kind("lamp", Label, Light, Weight)
STONE = Kind("stone", Weight)
LAW = Kind("law", Weight, constant=True)


def new_world() -> World:
    return World((LAW, STONE, LAMP))


def lamp(number: int) -> tuple[object, ...]:
    """Return the components of a lamp, all of them different from those of another number."""
    return (
        Label(number, f"lamp {number}"),
        Light((number / 7, number + 0.5, -float(number)), number % 2 == 0),
        Weight(number / 3, number * 1_000_003),
    )
