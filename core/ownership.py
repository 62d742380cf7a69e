"""Whose planet a command means, and whether it is the sender's."""

from __future__ import annotations

from core.commands import Rejected
from core.components import FLEET, PLANET, PLAYER, Planet, Player
from core.ecs import World
from core.indexes import FLEETS_BY_OWNER, PLANETS_BY_OWNER

NOT_YOURS = Rejected("not_yours", "This is not yours.")
NO_SUCH_PLAYER = Rejected("no_such_player", "Nobody of this name lives in this world.")
NO_HOME = Rejected("no_home", "You have no home in this world yet; choose a start.")


def planet_of(world: World, player_id: int, planet_id: int | None) -> int | Rejected:
    """Return the planet that a player names, his active one for None; or a refusal."""
    if not world.exists(PLAYER, player_id):
        return NO_HOME
    if planet_id is None:
        return world.component_for_entity(PLAYER, player_id, Player).active_planet_id
    if not world.exists(PLANET, planet_id):
        return NOT_YOURS
    if world.component_for_entity(PLANET, planet_id, Planet).owner_id != player_id:
        return NOT_YOURS
    return planet_id


def own_planet_or_home(world: World, player_id: int, planet_id: int) -> int:
    """Return a planet if it is still the player's, else his home: where what is his returns to."""
    is_his = (
        world.exists(PLANET, planet_id)
        and world.component_for_entity(PLANET, planet_id, Planet).owner_id == player_id
    )
    return planet_id if is_his else world.component_for_entity(PLAYER, player_id, Player).home_id


def fleet_ids_of(world: World, player_id: int) -> list[int]:
    """Return the ids of all fleets of a player, in ascending order, noting that they are read."""
    return world.ids_with(FLEET, FLEETS_BY_OWNER, player_id)


def planet_ids_of(world: World, player_id: int, *, with_moons: bool = True) -> list[int]:
    """Return the ids of all planets of a player, in ascending order, noting that they are read."""
    table = world.tables[PLANET]
    ids = table.ids_with(PLANETS_BY_OWNER, (player_id,))
    if not with_moons:
        ids = [each for each in ids if not table.get(each, "Planet.is_moon")]
    world.note_reads(PLANET, ids)
    return ids
