"""What moons are for: phalanxes and jump gates."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.api.answers import Answer, Message, Time, iso_time
from core.api.context import InContext, OwnPlayer
from core.api.documentation import may_answer, new_router
from core.api.fleet_answers import Ships
from core.api.fleet_schemas import ShipCounts
from core.api.request_keys import PlayersKey
from core.api.schemas import Body, PlanetId
from core.commands import JumpThroughGate, ScanWithPhalanx
from core.galaxy import Coordinates
from core.systems.moons import Jump, PhalanxScan, SeenFleet

_CHANGING = (400, 401, 403, 404, 409, 413, 422, 429, 503, 504)

router = new_router(tags=["players"])


class ScanOrder(Body):
    moon: PlanetId
    galaxy: Annotated[int, Field(ge=1, le=1000, examples=[1])]
    system: Annotated[int, Field(ge=1, le=499, examples=[12])]
    position: Annotated[int, Field(ge=1, le=100, examples=[7])]


class JumpOrder(Body):
    from_moon: Annotated[PlanetId, Field(alias="from")]
    to_moon: Annotated[PlanetId, Field(alias="to")]
    ships: ShipCounts


class PlaceOfFleet(Answer):
    galaxy: int
    system: int
    position: int
    type: Annotated[str, Field(description="planet, moon, debris or deep_space")]


class Owner(Answer):
    id: int
    name: str


class SeenMission(Answer):
    """Somebody's fleet, but for what it carries."""

    id: int
    owner: Owner
    mission: Annotated[str, Field(examples=["transport"])]
    state: Annotated[str, Field(description="outbound, holding or returning")]
    ships: Ships
    origin: PlaceOfFleet
    target: PlaceOfFleet
    arrival_time: Time
    return_time: Time


class ScanAnswer(Answer):
    """The fleets to and from a planet at an instant, the next to arrive or return first."""

    planet: int
    time: Time
    fleets: list[SeenMission]
    unseen: Annotated[int, Field(description="how many more there were")]


class JumpAnswer(Message):
    ships: Ships
    from_ready: Annotated[Time, Field(description="from when on the gate may be used again")]
    to_ready: Time


@router.post("/player/{id}/phalanx", summary="Look at fleets", responses=may_answer(*_CHANGING))
async def scan(
    player_id: OwnPlayer, body: ScanOrder, context: InContext, key: PlayersKey
) -> ScanAnswer:
    """Return the fleets to and from a planet that a moon's phalanx can see; it takes deuterium."""
    target = (body.galaxy, body.system, body.position)
    return _scan(await context.door.order(ScanWithPhalanx(player_id, body.moon, target), key))


@router.post("/player/{id}/jump", summary="Jump through a gate", responses=may_answer(*_CHANGING))
async def jump(
    player_id: OwnPlayer, body: JumpOrder, context: InContext, key: PlayersKey
) -> JumpAnswer:
    """Have ships be at another gate at once; both gates rest afterwards."""
    order = JumpThroughGate(player_id, body.from_moon, body.to_moon, body.ships)
    return _jump(await context.door.order(order, key))


def _scan(scan: PhalanxScan) -> ScanAnswer:
    return ScanAnswer(
        planet=scan.planet_id,
        time=iso_time(scan.at),
        fleets=[_mission(fleet) for fleet in scan.fleets],
        unseen=scan.unseen,
    )


def _mission(fleet: SeenFleet) -> SeenMission:
    return SeenMission(
        id=fleet.fleet_id,
        owner=Owner(id=fleet.owner_id, name=fleet.owner_name),
        mission=fleet.mission,
        state=fleet.state,
        ships=dict(fleet.ships),
        origin=_place(fleet.origin, fleet.origin_type),
        target=_place(fleet.target, fleet.target_type),
        arrival_time=iso_time(fleet.arrives_at),
        return_time=iso_time(fleet.returns_at),
    )


def _place(coordinates: Coordinates, kind: str) -> PlaceOfFleet:
    galaxy, system, position = coordinates
    return PlaceOfFleet(galaxy=galaxy, system=system, position=position, type=kind)


def _jump(jump: Jump) -> JumpAnswer:
    return JumpAnswer(
        message="The ships are there.",
        ships=dict(jump.ships),
        from_ready=iso_time(jump.from_ready_at),
        to_ready=iso_time(jump.to_ready_at),
    )
