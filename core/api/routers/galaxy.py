"""Who lives where."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field

from core.api.answers import Amounts, Answer, whole
from core.api.context import InContext, InLogin
from core.api.documentation import may_answer, new_router
from core.galaxy_view import InhabitedPlace, Moon, SystemView, ViewSystem

router = new_router(tags=["world"])


class PlanetInSystem(Answer):
    name: str


class OwnerInSystem(Answer):
    id: int
    name: str


class MoonInSystem(Answer):
    name: str
    size: Annotated[int, Field(description="diameter in km")]


class PositionAnswer(Answer):
    """One position of a system; all but debris is null where nobody lives."""

    position: int
    planet: PlanetInSystem | None
    owner: OwnerInSystem | None
    flags: Annotated[
        list[str],
        Field(description="own, inactive, long_inactive, vacation; newbie or strong: protected"),
    ]
    debris: Amounts | None = None
    moon: MoonInSystem | None = None


class SystemAnswer(Answer):
    galaxy: int
    system: int
    positions: list[PositionAnswer]


@router.get(
    "/galaxy/{galaxy}/{system}", summary="A system", responses=may_answer(401, 422, 429, 503)
)
async def galaxy(
    galaxy: Annotated[int, Path(ge=1, le=1000)],
    system: Annotated[int, Path(ge=1, le=499)],
    login: InLogin,
    context: InContext,
) -> SystemAnswer:
    """Return who lives at each position of a system, and what battles have left there."""
    view = await context.door.ask(ViewSystem(galaxy, system, login.account.id))
    return _system(view)


def _system(view: SystemView) -> SystemAnswer:
    positions = zip(view.places, view.debris, strict=True)
    return SystemAnswer(
        galaxy=view.galaxy,
        system=view.system,
        positions=[_position(number, *each) for number, each in enumerate(positions, start=1)],
    )


def _position(
    number: int, place: InhabitedPlace | None, left: tuple[int, ...] | None
) -> PositionAnswer:
    debris = None if left is None else whole(left)
    if place is None:
        return PositionAnswer(position=number, planet=None, owner=None, flags=[], debris=debris)
    return PositionAnswer(
        position=number,
        planet=PlanetInSystem(name=place.planet_name),
        owner=OwnerInSystem(id=place.owner_id, name=place.owner_name),
        moon=None if place.moon is None else _moon(place.moon),
        flags=list(place.flags),
        debris=debris,
    )


def _moon(moon: Moon) -> MoonInSystem:
    return MoonInSystem(name=moon.name, size=moon.diameter_km)
