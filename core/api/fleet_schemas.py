"""What requests about fleets hold."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AliasChoices, Field, model_validator

from core.api.schemas import Body, PlanetId, TypeName

# More kinds of ships than there are is no mistake of ours.
_SHIP_TYPES_MAX = 64
_COUNT_MAX = 2**31 - 1
ShipCounts = Annotated[
    dict[TypeName, Annotated[int, Field(ge=0, le=_COUNT_MAX)]],
    Field(max_length=_SHIP_TYPES_MAX, examples=[{"small_cargo": 3}]),
]
# Far beyond what any fleet carries, and so that the sum of a few is a number of 64 bits.
_CARGO_MAX = 10**15
CargoAmounts = Annotated[
    dict[TypeName, Annotated[int, Field(ge=0, le=_CARGO_MAX)]],
    Field(max_length=_SHIP_TYPES_MAX, examples=[{"metal": 1000}]),
]
# What a player may call a mission, and what it is.
_SAME_MISSIONS = {"transfer": "deploy"}


def mission_called(name: str) -> str:
    return _SAME_MISSIONS.get(name, name)


class _Flying(Body):
    ships: ShipCounts
    speed: Annotated[
        float, Field(ge=0.1, le=1.0, description="of what is possible, in tenths", strict=False)
    ] = 1.0

    @model_validator(mode="after")
    def _is_in_tenths(self) -> Self:
        if abs(self.speed * 10 - self.speed_tenths) > _SPEED_TOLERANCE:
            raise ValueError("the speed is 0.1 to 1 in steps of 0.1")
        return self

    @property
    def speed_tenths(self) -> int:
        return round(self.speed * 10)


# 0.3 · 10 is no whole number.
_SPEED_TOLERANCE = 1e-6


class FleetOrderBody(_Flying):
    galaxy: Annotated[int, Field(ge=1, le=1000, examples=[1])]
    system: Annotated[int, Field(ge=1, le=499, examples=[12])]
    position: Annotated[int, Field(ge=1, le=100, examples=[7])]
    mission: Annotated[TypeName, Field(examples=["transport"], description="transfer is deploy")]
    cargo: CargoAmounts = Field(default_factory=dict)
    hold_hours: Annotated[int, Field(ge=0, le=1000, description="for missions that stay")] = 0
    target_type: Annotated[
        TypeName | None, Field(examples=["planet"], description="planet, moon or debris")
    ] = None
    planet: Annotated[PlanetId | None, Field(description="the active planet if none is named")] = (
        None
    )
    target_unit: Annotated[
        TypeName | None,
        Field(examples=["rocket_launcher"], description="the defence that missiles hit first"),
    ] = None


class SomePlace(Body):
    galaxy: Annotated[int, Field(ge=1, le=1000, examples=[1])]
    system: Annotated[int, Field(ge=1, le=499, examples=[12])]
    position: Annotated[
        int,
        Field(ge=1, le=100, examples=[7], validation_alias=AliasChoices("position", "planet")),
    ]

    @property
    def coordinates(self) -> tuple[int, int, int]:
        return self.galaxy, self.system, self.position


class FlightQuestion(_Flying):
    origin: SomePlace
    target: SomePlace
    mission: Annotated[TypeName, Field(examples=["transport"])] = "transport"
